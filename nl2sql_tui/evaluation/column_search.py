"""Which column of one result stands for which of another, so that their rows are the same; exact within a bound.

A column is only tried for one that holds the same cells as often. Each choice divides the rows of both results into
groups that agree in the columns chosen so far; as soon as the groups' sizes differ, the choice is taken back. So rows,
not columns by themselves, decide, and the number of orders of the columns does not matter. There are results, dense
with symmetry, for which any such search takes too long: it then gives up, and says so.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from nl2sql_tui.database.execute import Cell, Row
from nl2sql_tui.evaluation.cells import CellClasses, same_cell
from nl2sql_tui.evaluation.matching import has_matching_of_all

MOST_LOOKS: Final = 40_000_000
"""Rows looked at, each time anew, before a search gives up: some ten seconds."""

Choices = Sequence[Sequence[int]]
"""For each of the gold's columns the columns of the answer that may stand for it."""


class GaveUp(Exception):
    """The search reached its bound without a result."""


class TwoResults:
    """Two results with the same number of rows, at least one, each column as a list of cell classes."""

    def __init__(self, gold: list[Row], answer: list[Row], tolerance: float) -> None:
        self.gold = gold
        self.answer = answer
        self.tolerance = tolerance
        classes = CellClasses(chain.from_iterable(chain(gold, answer)), tolerance)
        self.loose = classes.loose
        self.gold_columns = [[classes.number(cell) for cell in column] for column in zip(*gold, strict=True)]
        self.answer_columns = [[classes.number(cell) for cell in column] for column in zip(*answer, strict=True)]

    def any_column(self) -> Choices:
        """For each of the gold's columns, those of the answer that hold the same cells as often."""
        by_cells: dict[frozenset[tuple[int, int]], list[int]] = defaultdict(list)
        for place, column in enumerate(self.answer_columns):
            by_cells[_counted(column)].append(place)
        return [by_cells.get(_counted(column), ()) for column in self.gold_columns]

    def own_column(self) -> Choices:
        """For each of the gold's columns, the one at the same place."""
        return [[place] for place in range(len(self.gold_columns))]


def _counted(column: list[int]) -> frozenset[tuple[int, int]]:
    return frozenset(Counter(column).items())


def same_in_row_order(two: TwoResults, choices: Choices) -> bool:
    """Whether the answer has, for each of the gold's columns, one of its own with the same cells in the same order."""
    possible = []
    for place, allowed in enumerate(choices):
        column = two.gold_columns[place]
        possible.append(
            [other for other in allowed if two.answer_columns[other] == column and _same_cells(two, place, other)]
        )
    return has_matching_of_all(possible)


def _same_cells(two: TwoResults, gold_place: int, answer_place: int) -> bool:
    """Whether two columns of equal classes are equal row by row."""
    return not two.loose or all(
        same_cell(gold[gold_place], answer[answer_place], two.tolerance)
        for gold, answer in zip(two.gold, two.answer, strict=True)
    )


def same_in_any_row_order(two: TwoResults, choices: Choices, most_looks: int = MOST_LOOKS) -> bool:
    """Whether columns can be chosen for all of the gold's, each once, so that the rows are the same as multisets.

    Raises GaveUp if that takes more than `most_looks`.
    """
    return has_matching_of_all(choices) and _Search(two, choices, most_looks).succeeds()


@dataclass(slots=True)
class _Level:
    """The state before a column is chosen for one of the gold's."""

    untried: Iterator[int]
    gold_groups: list[int]
    """For each row of the gold the number of its group; rows agree within a group, also across the two results."""
    answer_groups: list[int]
    tried: set[int] = field(default_factory=set)
    """Kinds of columns tried here in vain: equal columns fail alike."""


class _Search:
    def __init__(self, two: TwoResults, choices: Choices, most_looks: int) -> None:
        self._two = two
        self._choices = choices
        self._looks_left = most_looks
        # Columns with few choices first, and those that tell many rows apart: wrong choices then show early.
        self._order = sorted(
            range(len(choices)), key=lambda place: (len(choices[place]), -len(set(two.gold_columns[place])))
        )
        self._kinds = self._kinds_of_columns()

    def _kinds_of_columns(self) -> list[int]:
        """A number for each column of the answer, the same for equal ones."""
        if self._two.loose:
            return list(range(len(self._two.answer_columns)))
        kinds: dict[tuple[int, ...], int] = {}
        return [kinds.setdefault(tuple(column), len(kinds)) for column in self._two.answer_columns]

    def succeeds(self) -> bool:
        rows = len(self._two.gold)
        levels = [self._level(0, [0] * rows, [0] * rows)]
        chosen: list[int] = []
        while levels:
            level = levels[-1]
            column = self._next(level, chosen)
            if column is None:
                levels.pop()
                if chosen:
                    chosen.pop()
                continue
            groups = self._divided(level, self._order[len(chosen)], column)
            if groups is None:
                continue
            if len(chosen) + 1 < len(self._order):
                chosen.append(column)
                levels.append(self._level(len(chosen), *groups))
            elif self._rows_pair_up([*chosen, column], *groups):
                return True
        return False

    def _level(self, depth: int, gold_groups: list[int], answer_groups: list[int]) -> _Level:
        return _Level(iter(self._choices[self._order[depth]]), gold_groups, answer_groups)

    def _next(self, level: _Level, chosen: list[int]) -> int | None:
        for column in level.untried:
            kind = self._kinds[column]
            if column not in chosen and kind not in level.tried:
                level.tried.add(kind)
                return column
        return None

    def _divided(self, level: _Level, gold_place: int, answer_place: int) -> tuple[list[int], list[int]] | None:
        """The groups divided by one more column; None if they then differ between the two results."""
        self._look(2 * len(self._two.gold))
        numbers: dict[tuple[int, int], int] = {}
        gold = [
            numbers.setdefault(key, len(numbers))
            for key in zip(level.gold_groups, self._two.gold_columns[gold_place], strict=True)
        ]
        answer = [
            numbers.get(key, -1)
            for key in zip(level.answer_groups, self._two.answer_columns[answer_place], strict=True)
        ]
        return (gold, answer) if Counter(gold) == Counter(answer) else None

    def _look(self, rows: int) -> None:
        self._looks_left -= rows
        if self._looks_left < 0:
            raise GaveUp

    def _rows_pair_up(self, chosen: list[int], gold_groups: list[int], answer_groups: list[int]) -> bool:
        """Whether the rows of each group, of equal classes all, can be paired so that each pair is the same."""
        two = self._two
        if not two.loose:
            return True
        self._look(2 * len(two.gold))
        loose_rows_of_gold, loose_rows_of_answer = defaultdict(list), defaultdict(list)
        first_of_group: dict[int, int] = {}
        for number, group in enumerate(gold_groups):
            first_of_group.setdefault(group, number)
        loose_columns = {
            group: [step for step, place in enumerate(self._order) if two.gold_columns[place][number] in two.loose]
            for group, number in first_of_group.items()
        }
        for row, group in zip(two.gold, gold_groups, strict=True):
            if columns := loose_columns[group]:
                loose_rows_of_gold[group].append([row[self._order[step]] for step in columns])
        for row, group in zip(two.answer, answer_groups, strict=True):
            if columns := loose_columns[group]:
                loose_rows_of_answer[group].append([row[chosen[step]] for step in columns])
        return all(self._can_be_paired(rows, loose_rows_of_answer[group]) for group, rows in loose_rows_of_gold.items())

    def _can_be_paired(self, gold: list[list[Cell]], answer: list[list[Cell]]) -> bool:
        """Whether rows of numbers, as many on each side, can be paired so that each pair is the same."""
        gold, answer = sorted(gold), sorted(answer)
        if all(self._same(one, other) for one, other in zip(gold, answer, strict=True)):
            return True
        firsts: list[float] = [row[0] for row in answer]  # type: ignore[misc]
        reach = self._two.tolerance * (1 + 1e-9)
        possible = []
        for row in gold:
            first: float = row[0]  # type: ignore[assignment]
            ends = (first * (1 - reach), first / (1 - reach))
            near = range(bisect_left(firsts, min(ends)), bisect_right(firsts, max(ends)))
            self._look(len(near))
            possible.append([place for place in near if self._same(row, answer[place])])
        return has_matching_of_all(possible)

    def _same(self, gold: list[Cell], answer: list[Cell]) -> bool:
        return all(same_cell(one, other, self._two.tolerance) for one, other in zip(gold, answer, strict=True))
