"""When cells are the same, and that classes never part cells that are."""

import random
from itertools import product

import pytest

from nl2sql_tui.database.execute import Cell
from nl2sql_tui.evaluation.cells import TOLERANCE, CellClasses, same_cell


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, None),
        (1, 1.0),
        (1.0, 1.0000005),
        (-2.5, -2.5000001),
        (10_000_000, 10_000_001.0),
        (float("inf"), float("inf")),
        ("a", "a"),
        (b"a", b"a"),
        (0, -0.0),
    ],
)
def test_the_same(one: Cell, other: Cell) -> None:
    assert same_cell(one, other, TOLERANCE)
    assert same_cell(other, one, TOLERANCE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, 0),
        (None, ""),
        (1, "1"),
        (1.5, "1.5"),
        ("a", "A"),
        ("a", b"a"),
        (1.0, 1.00001),
        (10_000_000, 10_000_001),
        (0, 1e-17),
        (float("inf"), 1.7e308),
        (float("inf"), float("-inf")),
        (1, -1.0),
    ],
)
def test_not_the_same(one: Cell, other: Cell) -> None:
    assert not same_cell(one, other, TOLERANCE)
    assert not same_cell(other, one, TOLERANCE)


@pytest.mark.parametrize("seed", range(20))
def test_cells_of_one_class_are_the_same_unless_it_is_loose_and_no_others_are(seed: int) -> None:
    dice = random.Random(seed)
    cells: list[Cell] = [None, "1", b"1", float("inf"), 0, 0.0]
    for _ in range(40):
        base = dice.choice([1, -1, 3.3, 10_000_000, -10_000_000])
        cells.append(base + dice.choice([0, 1, 2, 0.0, base * 4e-7, base * 8e-7, base * 2e-6]))
    classes = CellClasses(cells, TOLERANCE)
    assert classes.loose
    for one, other in product(cells, repeat=2):
        together = classes.number(one) == classes.number(other)
        if same_cell(one, other, TOLERANCE):
            assert together
        elif together:
            assert classes.number(one) in classes.loose


def test_without_a_tolerance_only_equal_cells_share_a_class() -> None:
    classes = CellClasses([1, 1.0, 1.0000001, "1", None], 0.0)
    assert classes.number(1) == classes.number(1.0)
    assert len({classes.number(cell) for cell in (1, 1.0000001, "1", None)}) == 4
    assert not classes.loose


def test_integers_far_from_every_float_stay_apart() -> None:
    classes = CellClasses([10_000_000, 10_000_001, 2.5], TOLERANCE)
    assert classes.number(10_000_000) != classes.number(10_000_001)
    assert not classes.loose
