"""Each form of comparison: what it demands and what it ignores; the search for columns against trying every order."""

import random
from collections.abc import Sequence
from itertools import permutations

import pytest

from nl2sql_tui.database.execute import Cell, Row
from nl2sql_tui.evaluation import comparison
from nl2sql_tui.evaluation.cells import TOLERANCE, same_cell
from nl2sql_tui.evaluation.column_search import GaveUp, TwoResults, same_in_any_row_order
from nl2sql_tui.evaluation.comparison import Comparison, Result, compare, orders_rows
from nl2sql_tui.evaluation.judgement import Form

_ANY_ORDER, _IN_ORDER = "SELECT a FROM t", "SELECT a FROM t ORDER BY a"
_ALL = frozenset(Form)


def _compare(gold: Sequence[Row], answer: Sequence[Row], sql: str = _ANY_ORDER) -> Comparison:
    width = [len(rows[0]) if rows else 1 for rows in (gold, answer)]
    results = [
        Result(tuple(map(str, range(columns))), list(rows)) for columns, rows in zip(width, (gold, answer), strict=True)
    ]
    return compare(results[0], results[1], sql)


def _forms(gold: Sequence[Row], answer: Sequence[Row], sql: str = _ANY_ORDER) -> frozenset[Form]:
    return _compare(gold, answer, sql).forms


def test_equal_rows_are_right_by_every_form() -> None:
    assert _forms([(1, "a"), (None, "b")], [(1.0, "a"), (None, "b")], _IN_ORDER) == _ALL


def test_two_results_without_rows_are_the_same() -> None:
    assert _forms([], []) == _ALL
    assert not _forms([], [(1,)])
    assert not _forms([(1,)], [])


def test_the_order_of_rows_counts_only_where_the_gold_orders() -> None:
    assert _forms([(1,), (2,)], [(2,), (1,)]) == _ALL
    assert _forms([(1,), (2,)], [(2,), (1,)], _IN_ORDER) == {Form.BIRD}


def test_the_test_suite_style_also_minds_an_order_within() -> None:
    sql = "SELECT a FROM (SELECT a FROM t ORDER BY a)"
    assert _forms([(1,), (2,)], [(2,), (1,)], sql) == _ALL - {Form.TEST_SUITE}


def test_the_order_of_columns_counts_only_for_two_forms() -> None:
    gold, answer = [(1, "a"), (2, "b")], [("b", 2), ("a", 1)]
    assert _forms(gold, answer) == {Form.EXECUTION, Form.TEST_SUITE, Form.CONTAINED}
    assert _forms(gold, answer[::-1], _IN_ORDER) == {Form.EXECUTION, Form.TEST_SUITE, Form.CONTAINED}


def test_duplicate_rows_count_but_for_the_bird_style() -> None:
    assert _forms([(1,), (1,), (2,)], [(1,), (2,)]) == {Form.BIRD}
    assert _forms([(1,), (1,), (2,)], [(1,), (2,), (2,)]) == {Form.BIRD}


def test_floats_are_close_enough_but_for_the_exact_forms() -> None:
    assert _forms([(1 / 3,), (5,)], [(5,), (0.3333333,)]) == {Form.EXECUTION, Form.SAME_COLUMN_ORDER, Form.CONTAINED}
    assert not _forms([(1 / 3,)], [(0.3333,)])
    assert not _forms([(10_000_001,)], [(10_000_002,)])


def test_further_columns_pass_the_laxest_form_alone() -> None:
    assert _forms([("a",), ("b",)], [(1, "b"), (2, "a")]) == {Form.CONTAINED}
    assert not _forms([(1, "b"), (2, "a")], [("a",), ("b",)])
    assert not _forms([("a",), ("a",)], [(1, "b"), (2, "a")])


def test_columns_must_fit_together_not_each_by_itself() -> None:
    gold, answer = [(1, "a"), (2, "b")], [(1, "b"), (2, "a")]
    assert not _forms(gold, answer)
    assert not _forms(gold, [(*row, 7) for row in answer])


def test_one_column_of_the_answer_stands_for_one_of_the_gold_alone() -> None:
    assert not _forms([(1, 1), (2, 2)], [(1, 3), (2, 4)])
    assert not _forms([(1, 1), (2, 2)], [(1, 3), (2, 4)], _IN_ORDER)


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("SELECT a FROM t ORDER BY a", True),
        ("select a from t order/* */by a limit 3", True),
        ("SELECT a FROM t UNION SELECT b FROM u ORDER\nBY 1", True),
        ("WITH x AS (SELECT 1) SELECT * FROM x ORDER BY 1", True),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a)", False),
        ("WITH x AS (SELECT a FROM t ORDER BY a) SELECT * FROM x", False),
        ("SELECT row_number() OVER (ORDER BY a) FROM t", False),
        ("SELECT 'x ORDER BY y' FROM t -- ORDER BY a", False),
        ('SELECT "order", by FROM t', False),
        ("SELECT ')' FROM t ORDER BY a", True),
    ],
)
def test_an_order_at_the_top_level_is_told_from_others(sql: str, ordered: bool) -> None:
    assert orders_rows(sql) is ordered


_NEAR: list[Cell] = [None, "1", b"1", 1, 1.0, 1.0000007, 1.0000014, 10_000_001, 10_000_002, 10_000_001.5, 2, "x"]


def _same_by_trying(gold: list[Row], answer: list[Row], columns: int, ordered: bool, *, own: bool) -> bool:
    """Whether some choice of columns and, unless ordered, some order of rows makes the answer the gold."""
    if len(gold) != len(answer):
        return False
    row_orders = [tuple(range(len(answer)))] if ordered else list(permutations(range(len(answer))))
    wanted = range(len(gold[0]))
    column_choices = [tuple(wanted)] if own else permutations(range(columns), len(wanted))
    return any(
        all(
            same_cell(gold[row][place], answer[order[row]][choice[place]], TOLERANCE)
            for row in range(len(gold))
            for place in wanted
        )
        for choice in column_choices
        for order in row_orders
    )


@pytest.mark.parametrize("seed", range(150))
def test_the_search_finds_what_trying_every_order_finds(seed: int) -> None:
    dice = random.Random(seed)
    rows, width = dice.randint(1, 5), dice.randint(1, 4)
    values = dice.sample(_NEAR, dice.randint(2, 6))
    gold: list[Row] = [tuple(dice.choice(values) for _ in range(width)) for _ in range(rows)]
    # An answer near the gold: columns and rows in another order, some cells replaced by near ones, perhaps one more.
    further = dice.randint(0, 1)
    order = dice.sample(range(width), width)
    answer: list[Row] = []
    for row in dice.sample(gold, rows):
        cells: list[Cell] = [row[place] for place in order]
        cells += [dice.choice(values) for _ in range(further)]
        answer.append(tuple(dice.choice(values) if dice.random() < 0.1 else cell for cell in cells))
    for sql, ordered in ((_ANY_ORDER, False), (_IN_ORDER, True)):
        found = _compare(gold, answer, sql)
        assert not found.undecided
        contained = _same_by_trying(gold, answer, width + further, ordered, own=False)
        own = not further and _same_by_trying(gold, answer, width, ordered, own=True)
        assert (Form.CONTAINED in found.forms) == contained
        assert (Form.EXECUTION in found.forms) == (contained and not further)
        assert (Form.SAME_COLUMN_ORDER in found.forms) == own


def test_many_columns_with_the_same_cells_are_told_apart_by_their_rows() -> None:
    dice = random.Random(1)
    gold_columns = [dice.sample(range(15), 15) for _ in range(15)]
    gold: list[Row] = list(zip(*gold_columns, strict=True))
    answer: list[Row] = list(zip(*dice.sample(gold_columns, 15), strict=True))
    dice.shuffle(answer)
    assert Form.EXECUTION in _forms(gold, answer)
    answer[0], answer[1] = (*answer[0][:-1], answer[1][-1]), (*answer[1][:-1], answer[0][-1])
    found = _compare(gold, answer)
    assert Form.EXECUTION not in found.forms
    assert not found.undecided


def test_many_equal_columns_are_not_tried_in_every_order() -> None:
    gold: list[Row] = [(1,) * 30 + (1, 2), (2,) * 30 + (1, 1)]
    answer: list[Row] = [(1,) * 30 + (2, 1), (2,) * 30 + (1, 1)]
    assert Form.EXECUTION in _forms(gold, answer)
    found = _compare([(1,) * 30 + (1, 3), (2,) * 30 + (3, 1)], [(1,) * 30 + (1, 3), (2,) * 30 + (1, 3)])
    assert not found.forms
    assert not found.undecided


def test_a_search_beyond_its_bound_says_so() -> None:
    rows: list[Row] = [(1, 2), (2, 1)]
    two = TwoResults(rows, rows, TOLERANCE)
    with pytest.raises(GaveUp):
        same_in_any_row_order(two, two.any_column(), most_looks=3)


def test_a_comparison_that_was_given_up_is_told_from_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object) -> bool:
        raise GaveUp

    monkeypatch.setattr(comparison, "same_in_any_row_order", give_up)
    found = _compare([(1,), (2,)], [(2,), (1,)])
    assert found.forms == {Form.BIRD}
    assert found.undecided == _ALL - {Form.BIRD}


def test_near_numbers_are_paired_even_where_sorting_pairs_them_wrong() -> None:
    # Sorted, the first gold row meets an answer row that its second cell is too far from.
    gold: list[Row] = [(1.0, 5.0), (1.0000006, 9.0)]
    answer: list[Row] = [(1.0000003, 9.0), (1.0000005, 5.0)]
    assert Form.EXECUTION in _forms(gold, answer)
    chain: list[Row] = [(1.0,), (1.0000008,), (1.0000016,)]
    assert Form.EXECUTION in _forms(chain, [(1.0000004,), (1.0000012,), (1.000002,)])
    assert Form.EXECUTION not in _forms(chain, [(1.0,), (1.0000001,), (1.0000002,)])
