"""The figures of a run, from judged answers made by hand."""

from dataclasses import replace

import pytest

from nl2sql_tui.evaluation.judgement import Category, Form, Judgement
from nl2sql_tui.evaluation.scores import Share, scores_of
from nl2sql_tui.evaluation.statistics import wilson
from tests.evaluation.examples import outcome

_RIGHT, _WRONG = Category.RIGHT, Category.MISMATCH


def test_broken_golds_count_nowhere() -> None:
    scores = scores_of([outcome(1, _RIGHT), outcome(2, Category.NO_GOLD), outcome(3, Category.NO_COLUMN)])
    assert (scores.questions, scores.left_out) == (3, 1)
    assert (scores.accuracy, scores.valid) == (Share(1, 2), Share(1, 2))
    assert scores.categories == {_RIGHT: 1, Category.NO_COLUMN: 1}


@pytest.mark.parametrize(
    ("category", "valid"),
    [
        (Category.TIMEOUT, 1),
        (Category.TOO_LARGE, 1),
        (Category.EMPTY, 1),
        (Category.UNDECIDED, 1),
        (Category.NO_SQL, 0),
        (Category.NOT_READING, 0),
        (Category.SEVERAL, 0),
        (Category.SYNTAX, 0),
    ],
)
def test_what_compiles_is_valid(category: Category, valid: int) -> None:
    assert scores_of([outcome(1, category)]).valid == Share(valid, 1)


def test_each_form_has_its_share() -> None:
    bird_alone = outcome(1, _WRONG)
    bird_alone = replace(bird_alone, judgement=Judgement(_WRONG, frozenset((Form.BIRD,))))
    scores = scores_of([bird_alone, outcome(2, _RIGHT), outcome(3, _WRONG)])
    assert scores.forms[Form.BIRD] == Share(2, 3)
    assert scores.forms[Form.EXECUTION] == scores.accuracy == Share(1, 3)


def test_splits_stand_in_their_order() -> None:
    scores = scores_of(
        [outcome(1, _RIGHT, joins=5), outcome(2, _WRONG), outcome(3, _RIGHT), outcome(4, _WRONG, joins=1)]
    )
    assert list(scores.splits["joins"].items()) == [
        ("0", Share(1, 2)),
        ("1", Share(0, 1)),
        ("3 or more", Share(1, 1)),
    ]


def test_seconds_are_told_where_they_are_known() -> None:
    scores = scores_of([outcome(place, _WRONG, seconds=float(place) or None) for place in range(21)])
    assert (scores.seconds_at(0.5), scores.seconds_at(0.95)) == (10.0, 19.0)
    assert scores_of([outcome(1, _RIGHT)]).seconds_at(0.5) is None


def test_two_runs_are_compared_question_by_question() -> None:
    outcomes = [outcome(place, _RIGHT, other=_WRONG) for place in range(5)]
    outcomes += [outcome(5, _WRONG, other=_RIGHT), outcome(6, _RIGHT, other=_RIGHT)]
    two = scores_of(outcomes).two_runs
    assert two is not None
    assert (two.gained, two.lost, two.other) == ((0, 1, 2, 3, 4), (5,), Share(2, 7))
    assert two.p_value == pytest.approx(2 * 7 / 64)
    assert scores_of([outcome(1, _RIGHT)]).two_runs is None


def test_empty_golds_and_missing_answers_are_counted() -> None:
    unanswered = replace(outcome(1, Category.NO_SQL), answer=None)
    scores = scores_of([unanswered, outcome(2, _RIGHT, empty_gold=True)])
    assert (scores.unanswered, scores.empty_golds) == (1, 1)


def test_a_share_is_told_with_its_interval() -> None:
    share = Share(81, 263)
    assert share.interval == wilson(81, 263)
    assert str(share) == "30.8% (25.5% to 36.6%; 81 of 263)"
    assert share.as_json() == {"right": 81, "total": 263, "share": 0.307985, "low": 0.255289, "high": 0.36621}
    assert Share(0, 0).value == 0.0


def test_scores_are_written_for_programs() -> None:
    row = scores_of([outcome(1, _RIGHT, seconds=2.0, other=_WRONG)]).as_json()
    assert row["forms"]["execution accuracy"]["share"] == 1.0
    assert row["seconds"] == {"known": 1, "p50": 2.0, "p95": 2.0}
    assert row["compare"]["gained"] == [1]
    assert row["splits"]["joins"]["0"]["total"] == 1
