"""Whether two results are the same, by each of the forms; runs nothing, and leaves the search for columns to others."""

from collections.abc import Callable
from dataclasses import dataclass

from nl2sql_tui.database.execute import Row
from nl2sql_tui.evaluation.cells import TOLERANCE
from nl2sql_tui.evaluation.column_search import (
    Choices,
    GaveUp,
    TwoResults,
    same_in_any_row_order,
    same_in_row_order,
)
from nl2sql_tui.evaluation.judgement import Form
from nl2sql_tui.quoting import tokens


@dataclass(frozen=True, slots=True)
class Result:
    """All rows of a statement."""

    columns: tuple[str, ...]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Comparison:
    """By which forms two results are the same."""

    forms: frozenset[Form]
    undecided: frozenset[Form] = frozenset()
    """Forms that could not be settled within the bounds of the search."""


def orders_rows(sql: str) -> bool:
    """Whether a statement has ORDER BY at its top level: outside all parentheses.

    In SQLite every other place for one, a subquery, a WITH table, a window, an aggregate, stands in parentheses.
    """
    depth, before = 0, ""
    for token in tokens(sql):
        if token.is_blank:
            continue
        word = token.text.lower()
        if token.kind == "mark":
            depth += (word == "(") - (word == ")")
        elif depth == 0 and before == "order" and word == "by":
            return True
        before = word if token.kind == "word" else ""
    return False


def compare(gold: Result, answer: Result, gold_sql: str) -> Comparison:
    """Compare the rows of an answer with those of the gold query `gold_sql` by every form.

    Two results without rows are the same by each of them, whatever their columns.
    """
    if gold.rows == answer.rows:
        return Comparison(frozenset(Form))
    forms, undecided = set(), set()
    if set(gold.rows) == set(answer.rows):
        forms.add(Form.BIRD)
    if len(gold.rows) == len(answer.rows):
        for form, holds in _searches(gold, answer, gold_sql).items():
            try:
                if holds():
                    forms.add(form)
            except GaveUp:
                undecided.add(form)
    return Comparison(frozenset(forms), frozenset(undecided))


def _searches(gold: Result, answer: Result, gold_sql: str) -> dict[Form, Callable[[], bool]]:
    """The forms that look for columns, each as what finds out whether it holds."""
    ordered = orders_rows(gold_sql)
    near = TwoResults(gold.rows, answer.rows, TOLERANCE)
    any_column = near.any_column()

    def same(two: TwoResults, choices: Choices, in_order: bool) -> bool:
        return same_in_row_order(two, choices) if in_order else same_in_any_row_order(two, choices)

    def exactly_the_same() -> bool:
        exact = TwoResults(gold.rows, answer.rows, 0.0)
        return same(exact, exact.any_column(), "order by" in gold_sql.lower())

    searches: dict[Form, Callable[[], bool]] = {Form.CONTAINED: lambda: same(near, any_column, ordered)}
    if len(gold.columns) == len(answer.columns):
        searches[Form.EXECUTION] = searches[Form.CONTAINED]
        searches[Form.SAME_COLUMN_ORDER] = lambda: same(near, near.own_column(), ordered)
        searches[Form.TEST_SUITE] = exactly_the_same
    return searches
