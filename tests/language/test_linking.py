"""Which stored values a question names."""

from collections.abc import Sequence

import pytest

from nl2sql_tui.language.linking import link_values
from nl2sql_tui.schema import CellValue, NoValues


class _Cells:
    """A lookup over a fixed list of cells."""

    def __init__(self, *cells: tuple[str, str, str]) -> None:
        self._cells = [CellValue(*cell) for cell in cells]

    def find(self, text: str) -> Sequence[CellValue]:
        return [cell for cell in self._cells if cell.text.lower() == text.lower()]


_CELLS = _Cells(
    ("singer", "Country", "France"),
    ("city", "Name", "New York"),
    ("city", "Name", "York"),
    ("airport", "City", "Aberdeen"),
    ("flight", "City", "Aberdeen"),
    ("office", "City", "Aberdeen"),
    ("flag", "Name", "The"),
    ("person", "Name", "O'Brien"),
)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How many singers come from france?", ["France"]),
        ("Who lives in New York?", ["New York"]),
        ("Which airport is in ABERDEEN", ["Aberdeen", "Aberdeen"]),
        ('Find the "France" row.', ["France"]),
        ("Loans of O'Brien, please", ["O'Brien"]),
        ("What is the total?", []),
        ("New York, France and York in Aberdeen", ["New York", "France", "York"]),
        ("", []),
    ],
)
def test_phrases_are_found_whole_and_longest_first(question: str, found: list[str]) -> None:
    assert [value.text for value in link_values(question, _CELLS)] == found


def test_a_value_in_many_columns_is_linked_to_the_first_two() -> None:
    assert [value.table for value in link_values("in Aberdeen", _CELLS)] == ["airport", "flight"]


def test_nothing_is_linked_where_values_are_forbidden() -> None:
    assert link_values("singers from France", NoValues()) == ()
