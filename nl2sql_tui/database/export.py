"""Writes result rows as a table, Markdown, JSON, JSON lines or CSV; runs nothing.

Table and Markdown are for reading: cells are cleaned for the screen. The others are data: every value is written
whole, so that it can be read back.
"""

import base64
import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TextIO

from rich.cells import cell_len

from nl2sql_tui.database.cells import CellText, cell_text, fitted
from nl2sql_tui.database.execute import Cell, Ending, Page, Row
from nl2sql_tui.database.formats import Format
from nl2sql_tui.errors import UserError
from nl2sql_tui.text import shortened, visible

_WIDEST_CELL: Final = 60
"""Columns of the screen that a cell of a table takes at most."""


def write_rows(parts: Iterable[Page | Ending], form: Format, out: TextIO) -> Ending:
    """Write the rows of `parts`, as `database.execute` gives them, to `out`; return how they ended.

    Raises what `parts` raises, for a UserError behind the first page after closing what was begun, and OSError if `out`
    cannot be written.
    """
    endings: list[Ending | UserError] = []

    def pages() -> Iterable[Page]:
        begun = False
        try:
            for part in parts:
                if isinstance(part, Page):
                    begun = True
                    yield part
                else:
                    endings.append(part)
        except UserError as error:
            if not begun:
                raise
            endings.append(error)

    _WRITERS[form](pages(), out)
    if isinstance(endings[0], UserError):
        raise endings[0]
    return endings[0]


def _write_table(pages: Iterable[Page], out: TextIO) -> None:
    columns, rows = _collected(pages)
    if not columns:
        return
    names = [shortened(name, _WIDEST_CELL) for name in columns]
    cells = [[cell_text(value) for value in row] for row in rows]
    widths = _widths(names, cells, widest=_WIDEST_CELL)
    header = (_aligned(name, width, cells, place) for place, (name, width) in _places(names, widths))
    out.write("  ".join(header).rstrip() + "\n")
    out.write("  ".join("─" * width for width in widths) + "\n")
    for row in cells:
        out.write("  ".join(fitted(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def _write_markdown(pages: Iterable[Page], out: TextIO) -> None:
    columns, rows = _collected(pages)
    if not columns:
        return
    names = [_escaped(visible(name)) for name in columns]
    cells = [[_escaped_cell(cell_text(value, longest=sys.maxsize)) for value in row] for row in rows]
    widths = [max(3, width) for width in _widths(names, cells, widest=sys.maxsize)]

    def line(texts: Iterable[str]) -> str:
        return f"| {' | '.join(texts)} |\n"

    out.write(line(_aligned(name, width, cells, place) for place, (name, width) in _places(names, widths)))
    numeric = [_is_numeric(cells, place) for place in range(len(names))]
    out.write(line("-" * (width - right) + ":" * right for width, right in zip(widths, numeric, strict=True)))
    for row in cells:
        out.write(line(fitted(cell, width) for cell, width in zip(row, widths, strict=True)))


def _write_json(pages: Iterable[Page], out: TextIO) -> None:
    separator = "[\n  "
    for page in pages:
        for record in _records(page):
            out.write(separator + json.dumps(record, ensure_ascii=False))
            separator = ",\n  "
    out.write("[]\n" if separator.startswith("[") else "\n]\n")


def _write_json_lines(pages: Iterable[Page], out: TextIO) -> None:
    for page in pages:
        for record in _records(page):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_csv(pages: Iterable[Page], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    header_written = False
    for page in pages:
        if not header_written:
            writer.writerow(page.columns)
            header_written = True
        writer.writerows([_csv_value(cell) for cell in row] for row in page.rows)


_WRITERS: Final[dict[Format, Callable[[Iterable[Page], TextIO], None]]] = {
    "table": _write_table,
    "md": _write_markdown,
    "json": _write_json,
    "jsonl": _write_json_lines,
    "csv": _write_csv,
}


def _collected(pages: Iterable[Page]) -> tuple[tuple[str, ...], list[Row]]:
    columns: tuple[str, ...] = ()
    rows: list[Row] = []
    for page in pages:
        columns = page.columns
        rows += page.rows
    return columns, rows


def _records(page: Page) -> Iterable[dict[str, Any]]:
    names = _distinct(page.columns)
    return ({name: json_value(cell) for name, cell in zip(names, row, strict=True)} for row in page.rows)


def _distinct(names: Sequence[str]) -> list[str]:
    """The names with a number behind those that have come before, as an object's keys must differ."""
    found: list[str] = []
    for name in names:
        candidate, number = name, 2
        while candidate in found:
            candidate, number = f"{name}_{number}", number + 1
        found.append(candidate)
    return found


def json_value(cell: Cell) -> Any:
    """BLOBs become {"$base64": true, "encoded": …}, as sqlite-utils reads and writes them."""
    if isinstance(cell, bytes):
        return {"$base64": True, "encoded": base64.b64encode(cell).decode("ascii")}
    if isinstance(cell, float) and not math.isfinite(cell):
        return str(cell)
    return cell


def _csv_value(cell: Cell) -> Any:
    """BLOBs become SQL's own notation, X'00FF'; NULL an empty field."""
    return f"X'{cell.hex().upper()}'" if isinstance(cell, bytes) else cell


def _places(names: Sequence[str], widths: Sequence[int]) -> Iterable[tuple[int, tuple[str, int]]]:
    return enumerate(zip(names, widths, strict=True))


def _widths(names: Sequence[str], cells: list[list[CellText]], widest: int) -> list[int]:
    widths = [cell_len(name) for name in names]
    for row in cells:
        widths = [max(width, min(cell.width, widest)) for width, cell in zip(widths, row, strict=True)]
    return widths


def _is_numeric(cells: list[list[CellText]], place: int) -> bool:
    """Whether a column holds numbers and, but for NULLs, nothing else: its name then stands at the right."""
    kinds = {row[place].kind for row in cells} - {"null"}
    return kinds == {"number"}


def _aligned(name: str, width: int, cells: list[list[CellText]], place: int) -> str:
    blank = " " * (width - cell_len(name))
    return blank + name if _is_numeric(cells, place) else name + blank


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _escaped_cell(cell: CellText) -> CellText:
    text = _escaped(cell.text)
    return CellText(text, cell.kind, cell_len(text))
