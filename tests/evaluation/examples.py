"""Judged outcomes that tests of scores and reports make for themselves."""

from pathlib import Path

from nl2sql_tui.evaluation.dataset import Example, Predicted
from nl2sql_tui.evaluation.judgement import Category, Form, Judgement, Ran, Sample
from nl2sql_tui.evaluation.runner import Question
from nl2sql_tui.evaluation.scores import CheckedExample, Outcome
from nl2sql_tui.evaluation.splits import Shape, Traits

ONE_ROW = Sample(("a",), (("1",),), 1, 1)
_NO_ROW = Sample(("a",), (), 0, 1)


def outcome(
    identity: int,
    category: Category,
    *,
    joins: int = 0,
    seconds: float | None = None,
    other: Category | None = None,
    empty_gold: bool = False,
    text: str = "How many?",
    sql: str = "SELECT 2",
    gold: str = "SELECT 1",
    error: str = "",
    sample: Sample | None = None,
) -> Outcome:
    """An outcome of one question; `other` is its category in another run."""
    broken = category is Category.NO_GOLD
    ran = Ran(Category.NO_TABLE, "no such table: x", 0.1, None) if broken else Ran(None, "", 0.1, _gold(empty_gold))
    example = Example(Question(identity, Path("d.sqlite"), text), (gold,))
    traits = Traits(Shape(joins, False, False, False, False), 3, "d")
    return Outcome(
        CheckedExample(example, (ran,), traits),
        Predicted(sql, seconds),
        Judgement(category, _forms(category), error, 0.1, sample, None if broken else _gold(empty_gold)),
        Predicted("SELECT 3") if other else None,
        Judgement(other, _forms(other)) if other else None,
    )


def _gold(empty: bool) -> Sample:
    return _NO_ROW if empty else ONE_ROW


def _forms(category: Category) -> frozenset[Form]:
    return frozenset(Form) if category is Category.RIGHT else frozenset()
