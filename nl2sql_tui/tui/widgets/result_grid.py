"""Shows rows in a grid that holds a million of them: only what is on the screen is measured and drawn.

Textual's own DataTable copies and measures each row when it is added. Here the rows stay the tuples that SQLite
gave, and a line is made when it is looked at.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nl2sql_tui.database.cells import cell_text, copied_text, cut, described, fitted, full_text
from nl2sql_tui.database.execute import Cell, Row
from nl2sql_tui.text import ELLIPSIS, shortened
from nl2sql_tui.tui.messages import CellOpened, ColumnsMoved, CopyRequested

_WIDEST_COLUMN = 32
_WIDEST_OF_FEW = 72
"""Bound on a column's width where there are at most two of them."""
_NARROWEST_COLUMN = 3
_ROWS_MEASURED = 60
"""Rows of each arriving page that are measured for the column widths; those on the screen always are."""
_GAP = "  "
_LONGEST_OF_ROW = 10_000
"""Characters of each cell that the view of a whole row shows."""


class ResultGrid(ScrollView, can_focus=True):
    """Rows and columns with a cell cursor, a header that stays, and row numbers."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--header",
        "grid--header-cursor",
        "grid--gutter",
        "grid--row",
        "grid--cursor-row",
        "grid--cursor",
        "grid--null",
        "grid--blob",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open_cell", "Open cell", id="grid.open_cell"),
        Binding("r", "open_row", "Open row", id="grid.open_row"),
        Binding("y", "copy_cell", "Copy cell", id="grid.copy_cell"),
        Binding("up,k", "move(-1, 0)", "Up", id="grid.up", show=False),
        Binding("down,j", "move(1, 0)", "Down", id="grid.down", show=False),
        Binding("left,h", "move(0, -1)", "Left", id="grid.left", show=False),
        Binding("right,l", "move(0, 1)", "Right", id="grid.right", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "A page up", id="grid.page_up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "A page down", id="grid.page_down", show=False),
        Binding("home,0", "first_column", "First column", id="grid.first_column", show=False),
        Binding("end,dollar_sign", "last_column", "Last column", id="grid.last_column", show=False),
        Binding("ctrl+home,g", "first_row", "First row", id="grid.first_row", show=False),
        Binding("ctrl+end,G", "last_row", "Last row", id="grid.last_row", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns: tuple[str, ...] = ()
        self.rows: list[Row] = []
        self.cursor_row = 0
        self.cursor_column = 0
        self._widths: list[int] = []
        self._starts: list[int] = []
        """Where each column begins, and at the end where one more would."""
        self._place_told = ""
        self._numeric: list[bool] = []
        """Whether a column's first value that is not NULL is a number, for the header's alignment."""

    # What is shown

    def show_columns(self, columns: Sequence[str]) -> None:
        """Begin a new result without rows. The names are made safe here."""
        self.columns = tuple(shortened(name, _WIDEST_COLUMN) or " " for name in columns)
        self.rows = []
        self.cursor_row = self.cursor_column = 0
        self._widths = [max(_NARROWEST_COLUMN, cell_len(name)) for name in self.columns]
        self._numeric = [False] * len(self.columns)
        self._place_columns()
        self.scroll_to(0, 0, animate=False)
        self.refresh()

    def add_rows(self, rows: list[Row]) -> None:
        """Append rows; each must have as many cells as there are columns."""
        if not rows:
            return
        if not self.rows:
            self._find_numeric(rows)
        first_new, gutter_before = len(self.rows), self._gutter_width
        self.rows.extend(rows)
        widened = self._measure(rows[:: max(1, len(rows) // _ROWS_MEASURED)])
        self._update_virtual_size()
        last_visible = int(self.scroll_y) + self.size.height
        if widened or first_new <= last_visible or gutter_before != self._gutter_width:
            self.refresh()

    @property
    def cell(self) -> Cell:
        """The value under the cursor; None also where there is none."""
        return self.rows[self.cursor_row][self.cursor_column] if self.rows and self.columns else None

    def _find_numeric(self, rows: list[Row]) -> None:
        for index in range(len(self.columns)):
            first = next((row[index] for row in rows if row[index] is not None), None)
            self._numeric[index] = isinstance(first, int | float)

    # Widths and places

    def _measure(self, rows: Sequence[Row]) -> bool:
        """Widen the columns to hold `rows`, within bounds; whether any became wider."""
        widths = self._widths
        bound = _WIDEST_OF_FEW if len(widths) <= 2 else _WIDEST_COLUMN
        before = sum(widths)
        for row in rows:
            for index, value in enumerate(row):
                cell = cell_text(value)
                if cell.width > widths[index]:
                    widths[index] = max(widths[index], min(cell.width, bound))
        if sum(widths) == before:
            return False
        self._place_columns()
        return True

    def _place_columns(self) -> None:
        self._starts = list(accumulate((width + len(_GAP) for width in self._widths), initial=0))
        self._update_virtual_size()

    def _update_virtual_size(self) -> None:
        self.virtual_size = Size(self._gutter_width + self._starts[-1], 1 + len(self.rows))
        self._tell_place()

    @property
    def _gutter_width(self) -> int:
        return max(2, len(f"{len(self.rows):,}")) + 2

    def _measure_visible(self) -> None:
        top = int(self.scroll_y)
        if self._measure(self.rows[top : top + self.size.height]):
            self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._measure_visible()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the header, a row, or nothing."""
        base = self.rich_style
        if not self.columns:
            return Strip.blank(self.size.width, base)
        if y == 0:
            return self._header_strip()
        row = int(self.scroll_y) + y - 1
        if row >= len(self.rows):
            return Strip.blank(self.size.width, base)
        return self._row_strip(row)

    def _header_strip(self) -> Strip:
        style = self.get_component_rich_style("grid--header")
        at_cursor = self.get_component_rich_style("grid--header-cursor")
        segments = []
        for index in self._columns_in_view():
            name, width = self.columns[index], self._widths[index]
            length = cell_len(name)
            text = " " * (width - length) + name if self._numeric[index] and length < width else cut(name, width)
            segments.append(Segment(text, at_cursor if self._is_cursor_column(index) else style))
            segments.append(Segment(_GAP, style))
        return self._line(" " * self._gutter_width, style, segments, style)

    def _row_strip(self, row: int) -> Strip:
        on_cursor_row = row == self.cursor_row and self.has_focus
        style = self.get_component_rich_style("grid--cursor-row" if on_cursor_row else "grid--row")
        looks = {
            "null": style + self.get_component_rich_style("grid--null", partial=True),
            "blob": style + self.get_component_rich_style("grid--blob", partial=True),
        }
        values = self.rows[row]
        segments = []
        for index in self._columns_in_view():
            cell = cell_text(values[index])
            look = looks.get(cell.kind, style)
            if on_cursor_row and index == self.cursor_column:
                look = self.get_component_rich_style("grid--cursor")
            segments.append(Segment(fitted(cell, self._widths[index]), look))
            segments.append(Segment(_GAP, style))
        number = f"{row + 1:>{self._gutter_width - 1},} "
        gutter = style + self.get_component_rich_style("grid--gutter", partial=True)
        return self._line(number, gutter, segments, style)

    def _line(self, gutter: str, gutter_style: Style, segments: list[Segment], style: Style) -> Strip:
        """The gutter, which stays, and what there is room for of `segments`, from the first column in view."""
        left = int(self.scroll_x) - self._starts[self._columns_in_view().start]
        room = max(0, self.size.width - len(gutter))
        shown = Strip(segments).crop_extend(left, left + room, style)
        shown = _with_cuts_marked(shown, segments, left)
        return Strip([Segment(gutter, gutter_style), *shown]).crop(0, self.size.width)

    @property
    def place(self) -> str:
        """Which column the cursor is in, where not all of them are on the screen; otherwise empty."""
        room = self.scrollable_content_region.width - self._gutter_width
        if not self.columns or self._starts[-1] - len(_GAP) <= room:
            return ""
        return f"column {self.cursor_column + 1:,} of {len(self.columns):,}"

    def _tell_place(self) -> None:
        if self.place != self._place_told:
            self._place_told = self.place
            self.post_message(ColumnsMoved())

    def _columns_in_view(self) -> range:
        """The columns of which at least a part is on the screen."""
        left = int(self.scroll_x)
        room = max(1, self.size.width - self._gutter_width)
        first = max(0, bisect_right(self._starts, left) - 1)
        last = bisect_right(self._starts, left + room)
        return range(min(first, len(self.columns) - 1), min(last, len(self.columns)))

    def _is_cursor_column(self, index: int) -> bool:
        return index == self.cursor_column and self.has_focus and bool(self.rows)

    # The cursor

    def move_to(self, row: int, column: int) -> None:
        """Put the cursor on the nearest cell there is, and bring it into view."""
        if not self.rows or not self.columns:
            return
        self.cursor_row = min(max(0, row), len(self.rows) - 1)
        self.cursor_column = min(max(0, column), len(self.columns) - 1)
        self._bring_into_view()
        self._tell_place()
        self.refresh()

    @property
    def _rows_in_view(self) -> int:
        return max(1, self.scrollable_content_region.height - 1)

    def _bring_into_view(self) -> None:
        top, left = int(self.scroll_y), int(self.scroll_x)
        if self.cursor_row < top:
            top = self.cursor_row
        elif self.cursor_row >= top + self._rows_in_view:
            top = self.cursor_row - self._rows_in_view + 1
        room = max(1, self.scrollable_content_region.width - self._gutter_width)
        start = self._starts[self.cursor_column]
        end = start + self._widths[self.cursor_column] + len(_GAP)
        if start < left or end - start > room:
            left = start
        elif end > left + room:
            # From the start of a column, so that no number is shown without its first digits.
            left = self._starts[bisect_left(self._starts, end - room)]
        self.scroll_to(left, top, animate=False)

    def action_move(self, rows: int, columns: int) -> None:
        self.move_to(self.cursor_row + rows, self.cursor_column + columns)

    def action_page(self, pages: int) -> None:
        self.move_to(self.cursor_row + pages * self._rows_in_view, self.cursor_column)

    def action_first_column(self) -> None:
        self.move_to(self.cursor_row, 0)

    def action_last_column(self) -> None:
        self.move_to(self.cursor_row, len(self.columns) - 1)

    def action_first_row(self) -> None:
        self.move_to(0, self.cursor_column)

    def action_last_row(self) -> None:
        self.move_to(len(self.rows) - 1, self.cursor_column)

    def on_click(self, event: events.Click) -> None:
        row = int(self.scroll_y) + event.y - 1
        column = bisect_right(self._starts, int(self.scroll_x) + event.x - self._gutter_width) - 1
        if event.y > 0 and row < len(self.rows):
            self.move_to(row, column)

    def on_resize(self) -> None:
        self._measure_visible()
        self._tell_place()

    # What can be done with a cell

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Without rows there is nothing to open or copy."""
        return bool(self.rows) or action not in ("open_cell", "open_row", "copy_cell")

    def action_open_cell(self) -> None:
        value = self.cell
        title = f"{self.columns[self.cursor_column]} · row {self.cursor_row + 1:,} · {described(value)}"
        self.post_message(CellOpened(title, full_text(value), lambda: copied_text(value)))

    def action_open_row(self) -> None:
        row = self.rows[self.cursor_row]
        width = max(len(name) for name in self.columns)
        indent = "\n" + " " * (width + 2)
        lines = [
            f"{name:<{width}}  {full_text(value)[:_LONGEST_OF_ROW].replace(chr(10), indent)}"
            for name, value in zip(self.columns, row, strict=True)
        ]
        text = "\n".join(lines)

        def copied() -> str:
            return "\t".join(copied_text(value) for value in row)

        self.post_message(CellOpened(f"Row {self.cursor_row + 1:,}", text, copied))

    def action_copy_cell(self) -> None:
        self.post_message(CopyRequested(copied_text(self.cell), f"the cell {self.columns[self.cursor_column]}"))


def _with_cuts_marked(line: Strip, segments: list[Segment], left: int) -> Strip:
    """`line`, which shows `segments` from the cell `left` on, marked where its ends are in the middle of a text.

    Otherwise what is left of a value would read as a whole one.
    """
    place, right = 0, left + line.cell_length
    for segment in segments:
        mark = Segment(ELLIPSIS, segment.style)
        if place < left < place + segment.cell_length and segment.split_cells(left - place)[0].text.strip():
            line = Strip([mark, *line.crop(1, line.cell_length)])
        if place < right < place + segment.cell_length and segment.split_cells(right - place)[1].text.strip():
            line = Strip([*line.crop(0, line.cell_length - 1), mark])
        place += segment.cell_length
    return line
