"""When two cells are the same, and classes of cells that may be; knows nothing of rows and columns.

Equality within a tolerance is not transitive: a may equal b and b equal c while a and c differ. So the cells of two
results are first put into classes such that equal cells are in one class. Within most classes all cells are equal,
and comparing class numbers is exact; the few classes of which that cannot be said are called loose.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

from nl2sql_tui.database.execute import Cell

TOLERANCE: Final = 1e-6
"""Relative difference up to which a float equals another number."""

_Number = int | float


def same_cell(one: Cell, other: Cell, tolerance: float) -> bool:
    """Whether two cells hold the same.

    Numbers compare by value, whatever their type; within `tolerance` (relative) if one of them is a float. NULL equals
    NULL. A text, a BLOB and a number never equal one another.
    """
    if one == other:
        return True
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return False
    return (isinstance(one, float) or isinstance(other, float)) and _close(one, other, tolerance)


def _close(one: _Number, other: _Number, tolerance: float) -> bool:
    # Two infinities are equal and were found so before; an infinity is close to nothing.
    return math.isclose(one, other, rel_tol=tolerance)


class CellClasses:
    """Numbers for cells: cells that are the same by `same_cell` have the same number."""

    def __init__(self, cells: Iterable[Cell], tolerance: float) -> None:
        self.tolerance = tolerance
        self.loose: set[int] = set()
        """Numbers that also cells which are not the same may share."""
        self._numbers: dict[Cell, int] = {}
        floats: set[_Number] = set()
        integers: set[_Number] = set()
        for cell in cells:
            if cell.__class__ is float:
                floats.add(cell)
            elif cell.__class__ is int:
                integers.add(cell)
            else:
                self._numbers.setdefault(cell, len(self._numbers))
        self._add_numbers(floats, integers)

    def number(self, cell: Cell) -> int:
        """The class of one of the cells that this was made of."""
        return self._numbers[cell]

    def _add_numbers(self, floats: set[_Number], integers: set[_Number]) -> None:
        """Put numbers into classes: neighbours in size that a float reaches with the tolerance stay together."""
        in_order = sorted(floats | integers)
        joined = self._joined_to_next(in_order, floats)
        start = 0
        next_class = len(self._numbers)
        for end in range(len(in_order)):
            if joined[end]:
                continue
            members = in_order[start : end + 1]
            for member in members:
                self._numbers[member] = next_class
            if not self._all_the_same(members, integers):
                self.loose.add(next_class)
            start, next_class = end + 1, next_class + 1

    def _joined_to_next(self, in_order: list[_Number], floats: set[_Number]) -> list[bool]:
        joined = [False] * len(in_order)
        # A little wider than the tolerance, as these bounds are rounded: a class too large costs time, not truth.
        reach = self.tolerance * (1 + 1e-9)
        done = 0
        for value in sorted(floats) if self.tolerance else ():
            ends = (value * (1 - reach), value / (1 - reach))
            first, last = bisect_left(in_order, min(ends)), bisect_right(in_order, max(ends)) - 1
            for place in range(max(first, done), last):
                joined[place] = True
            done = max(done, last)
        return joined

    def _all_the_same(self, members: list[_Number], integers: set[_Number]) -> bool:
        if len(members) == 1:
            return True
        whole = sum(member in integers for member in members)
        return whole < 2 and _close(members[0], members[-1], self.tolerance)
