"""Writes result rows as a table, Markdown, JSON, JSON lines or CSV; runs nothing.

Table and Markdown are for reading: cells are cleaned for the screen. The others are data: every value is written
whole, so that it can be read back.
"""

import base64
import csv
import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, TextIO, get_args

from rich.cells import cell_len, set_cell_size

from nl2sql_tui.database.execute import Cell, Ending, Page, Row
from nl2sql_tui.text import ELLIPSIS, visible

Format = Literal["table", "json", "jsonl", "csv", "md"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
FOR_READING: Final[frozenset[Format]] = frozenset(("table", "md"))
"""Formats whose columns must be measured before the first line, so that all rows are held in memory."""

_WIDEST_CELL: Final = 60
"""Columns of the screen that a cell of a table takes at most."""


def write_rows(parts: Iterable[Page | Ending], form: Format, out: TextIO) -> Ending:
    """Write the rows of `parts`, as `database.execute` gives them, to `out`; return how they ended.

    Raises what `parts` raises, and OSError if `out` cannot be written.
    """
    ending: list[Ending] = []

    def pages() -> Iterable[Page]:
        for part in parts:
            if isinstance(part, Page):
                yield part
            else:
                ending.append(part)

    _WRITERS[form](pages(), out)
    return ending[0]


def cell_text(cell: Cell) -> str:
    """A cell for reading: numbers at full precision, NULL and BLOBs said as such, texts made visible."""
    if cell is None:
        return "NULL"
    if isinstance(cell, bytes):
        return f"BLOB {len(cell):,} B"
    return visible(cell) if isinstance(cell, str) else str(cell)


def _write_table(pages: Iterable[Page], out: TextIO) -> None:
    names, rows = _collected(pages)
    if not names:
        return
    columns = [visible(name) for name in names]
    texts = [[_shortened_cell(cell) for cell in row] for row in rows]
    widths = _widths(columns, texts)
    numeric = _numeric_columns(rows, len(columns))
    out.write(
        "  ".join(_padded(name, width, False) for name, width in zip(columns, widths, strict=True)).rstrip() + "\n"
    )
    out.write("  ".join("─" * width for width in widths) + "\n")
    for row in texts:
        cells = (_padded(text, width, right) for text, width, right in zip(row, widths, numeric, strict=True))
        out.write("  ".join(cells).rstrip() + "\n")


def _write_markdown(pages: Iterable[Page], out: TextIO) -> None:
    columns, rows = _collected(pages)
    if not columns:
        return
    names = [_escaped(visible(name)) for name in columns]
    texts = [[_escaped(cell_text(cell)) for cell in row] for row in rows]
    widths = [max(3, width) for width in _widths(names, texts)]
    numeric = _numeric_columns(rows, len(columns))

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |\n"

    out.write(line(_padded(n, width, right) for n, width, right in zip(names, widths, numeric, strict=True)))
    rules = ("-" * (width - right) + ":" * right for width, right in zip(widths, numeric, strict=True))
    out.write(line(rules))
    for row in texts:
        out.write(line(_padded(t, width, right) for t, width, right in zip(row, widths, numeric, strict=True)))


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


def _widths(columns: Sequence[str], texts: list[list[str]]) -> list[int]:
    widths = [cell_len(name) for name in columns]
    for row in texts:
        widths = [max(width, cell_len(text)) for width, text in zip(widths, row, strict=True)]
    return widths


def _numeric_columns(rows: list[Row], count: int) -> list[bool]:
    """Which columns hold numbers and no texts: those stand at the right."""
    found = [False] * count
    for place in range(count):
        kinds = {type(row[place]) for row in rows} - {type(None)}
        found[place] = bool(kinds) and kinds <= {int, float}
    return found


def _shortened_cell(cell: Cell) -> str:
    text = cell_text(cell)
    return text if cell_len(text) <= _WIDEST_CELL else set_cell_size(text, _WIDEST_CELL - 1) + ELLIPSIS


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")
