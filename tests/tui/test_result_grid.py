"""The grid: a million rows, typed cells, columns that fit, and a cursor that reaches every cell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from nl2sql_tui.database.execute import Row
from nl2sql_tui.tui.widgets.result_grid import ResultGrid
from tests.tui.harness import Host

WIDTH, HEIGHT = 60, 12


@asynccontextmanager
async def grid_of(columns: tuple[str, ...], rows: list[Row]) -> AsyncIterator[tuple[ResultGrid, Pilot[None]]]:
    grid = ResultGrid()
    async with Host(grid).run_test(size=(WIDTH, HEIGHT)) as pilot:
        grid.focus()
        grid.show_columns(columns)
        grid.add_rows(rows)
        await pilot.pause()
        yield grid, pilot


def lines(grid: ResultGrid) -> list[str]:
    return [grid.render_line(y).text for y in range(grid.size.height)]


async def test_values_are_shown_typed_and_numbers_in_full() -> None:
    rows: list[Row] = [(1, 0.1 + 0.2, "Zoë", None), (1234567890123, -2.5, "x", b"abc")]
    async with grid_of(("id", "ratio", "name", "rest"), rows) as (grid, _):
        header, first, second, *_ = lines(grid)
    assert header.split() == ["id", "ratio", "name", "rest"]
    assert first.split() == ["1", "1", "0.30000000000000004", "Zoë", "NULL"]
    assert second.split() == ["2", "1234567890123", "-2.5", "x", "BLOB", "3", "B"]
    # Right-aligned numbers end in the same place, and so do the names of their columns.
    assert first.index("0.30000000000000004") + len("0.30000000000000004") == second.index("-2.5") + len("-2.5")
    assert header.index("ratio") + len("ratio") == second.index("-2.5") + len("-2.5")


async def test_a_million_rows_can_be_walked_to_the_last() -> None:
    rows: list[Row] = [(number, f"name {number}") for number in range(1_000_000)]
    async with grid_of(("id", "name"), rows) as (grid, pilot):
        await pilot.press("G")
        assert grid.cursor_row == 999_999
        assert lines(grid)[-1].split() == ["1,000,000", "999999", "name", "999999"]
        assert lines(grid)[0].split() == ["id", "name"]
        await pilot.press("pageup")
        assert 0 < 999_999 - grid.cursor_row < HEIGHT
        await pilot.press("ctrl+home")
        assert (grid.cursor_row, int(grid.scroll_y)) == (0, 0)
        await pilot.press("ctrl+end", "up", "k")
        assert grid.cursor_row == 999_997


async def test_rows_come_in_pages_and_the_columns_widen_for_them() -> None:
    async with grid_of(("n",), [(1,)]) as (grid, pilot):
        grid.add_rows([(12345678901234567,)] * 3)
        await pilot.pause()
        assert len(grid.rows) == 4
        assert lines(grid)[2].split() == ["2", "12345678901234567"]


async def test_a_number_that_was_not_measured_is_in_full_once_it_is_on_the_screen() -> None:
    rows: list[Row] = [(0.5,)] * 5000
    rows[4321] = (0.1234567890123456,)
    async with grid_of(("x",), rows) as (grid, pilot):
        grid.move_to(4321, 0)
        await pilot.pause()
        assert any("0.1234567890123456" in line for line in lines(grid))


@pytest.mark.parametrize("text", ["日本語テキスト", "👩‍👩‍👧 family", "ab日本", "é́"])
async def test_wide_characters_do_not_shift_what_stands_behind_them(text: str) -> None:
    async with grid_of(("a", "b"), [(text, "|"), ("plain", "|")]) as (grid, _):
        first, second = lines(grid)[1:3]
    assert cell_len(first[: first.index("|")]) == cell_len(second[: second.index("|")])
    assert cell_len(first) == cell_len(second) == WIDTH


async def test_every_line_has_the_width_of_the_grid_wherever_it_is_scrolled() -> None:
    rows: list[Row] = [tuple(f"日本 {row} {column}" for column in range(30)) for row in range(50)]
    async with grid_of(tuple(f"column {number}" for number in range(30)), rows) as (grid, pilot):
        for _ in range(35):
            assert {cell_len(line) for line in lines(grid)[:HEIGHT]} == {grid.size.width}
            await pilot.press("right")
        assert grid.cursor_column == 29
        assert "column 29" in lines(grid)[0]
        await pilot.press("home")
        assert "column 0" in lines(grid)[0]


async def test_the_column_under_the_cursor_is_always_in_view() -> None:
    names = tuple(f"c{number}" for number in range(40))
    async with grid_of(names, [tuple(range(40))]) as (grid, pilot):
        for name in names:
            assert name in lines(grid)[0].split()
            await pilot.press("l")
        for name in reversed(names):
            assert name in lines(grid)[0].split()
            await pilot.press("h")


async def test_a_hostile_cell_and_column_name_are_shown_harmless() -> None:
    rows: list[Row] = [("\x1b]52;c;aGk=\x07[/b] \u202eevil\x9b31m", "[red]x[/red]")]
    async with grid_of(("\x1b[2J[/b]", "b"), rows) as (grid, _):
        drawn = "".join(lines(grid))
    assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in drawn)
    assert "\u202e" not in drawn
    assert "␛]52;c;aGk=␇[/b]" in drawn
    assert "[red]x[/red]" in drawn


async def test_without_rows_the_columns_are_shown_and_no_key_harms() -> None:
    async with grid_of(("a", "b"), []) as (grid, pilot):
        await pilot.press("down", "G", "enter", "y", "r", "end", "pagedown")
        assert lines(grid)[0].split() == ["a", "b"]
        assert grid.cell is None


async def test_a_value_that_the_edge_cuts_does_not_read_as_a_whole_one() -> None:
    number = 1234567890123456789
    async with grid_of(("a_column_of_numbers", "b", "c"), [(number, number, number)]) as (grid, pilot):
        room = WIDTH - 4 - 2 * 21
        assert lines(grid)[1].split()[1:] == [str(number), str(number), str(number)[: room - 1] + "…"]
        await pilot.press("end")
        header, row, *_ = lines(grid)
        assert 0 < grid.scroll_x < 19
        cut, *whole = row.split()[1:]
        assert cut == "…" + str(number)[int(grid.scroll_x) + 1 :]
        assert whole == [str(number)] * 2
        assert header.split()[0].startswith("…")
        assert {cell_len(line) for line in lines(grid)[:HEIGHT]} == {grid.size.width}
        await pilot.press("home")
        assert lines(grid)[1].split()[1] == str(number)
