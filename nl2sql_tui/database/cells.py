"""How a value from the database looks in a cell of a table and in full; decides no colour and draws nothing."""

import json
from dataclasses import dataclass
from typing import Final, Literal

from rich.cells import cell_len, set_cell_size

from nl2sql_tui.database.execute import Cell
from nl2sql_tui.text import ELLIPSIS, byte_size, shortened

Kind = Literal["null", "number", "text", "blob"]

LONGEST_IN_CELL: Final = 200
"""Characters of a text that a grid cell may show; the viewer shows all."""
_HEX_SHOWN: Final = 64 * 1024
"""Bytes of a BLOB that the viewer shows."""
_LONGEST_JSON: Final = 1_000_000
_BYTES_PER_LINE: Final = 16


@dataclass(frozen=True, slots=True)
class CellText:
    """What a cell of a table shows."""

    text: str
    """On one line, safe to show."""
    kind: Kind
    width: int
    """In terminal cells."""


def cell_text(value: Cell, longest: int = LONGEST_IN_CELL) -> CellText:
    """What stands for `value` in a table: numbers in full, at most `longest` letters of a text, NULL, BLOB by name."""
    if value is None:
        return CellText("NULL", "null", 4)
    if isinstance(value, str):
        text = shortened(value, longest)
        return CellText(text, "text", len(text) if text.isascii() else cell_len(text))
    if isinstance(value, bytes):
        text = f"BLOB {byte_size(len(value))}"
        return CellText(text, "blob", len(text))
    text = repr(value)
    return CellText(text, "number", len(text))


def fitted(cell: CellText, width: int) -> str:
    """The cell's text in exactly `width` terminal cells: numbers to the right, too long a text cut."""
    if cell.width > width:
        return cut(cell.text, width)
    blank = " " * (width - cell.width)
    return blank + cell.text if cell.kind == "number" else cell.text + blank


def cut(text: str, width: int) -> str:
    """`text` in exactly `width` terminal cells, with an ellipsis at the end if it is longer."""
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    return set_cell_size(text, width - 1) + ELLIPSIS if width > 0 else ""


def described(value: Cell) -> str:
    """The kind and size of `value`, for a viewer's title."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return f"text, {len(value):,} characters"
    if isinstance(value, bytes):
        return f"BLOB, {len(value):,} bytes"
    return "integer" if isinstance(value, int) else "real"


def full_text(value: Cell) -> str:
    """The whole of `value` to read: JSON with indents, a BLOB as hexadecimal; not yet safe to show."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return _hex_dump(value)
    if isinstance(value, str):
        return _indented_json(value) or value
    return repr(value)


def copied_text(value: Cell) -> str:
    """What copying `value` copies: the text itself, the empty text for NULL, a BLOB as a SQL literal."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"X'{value.hex().upper()}'"
    return value if isinstance(value, str) else repr(value)


def _indented_json(text: str) -> str:
    """`text` with indents if it is a JSON object or array, otherwise empty."""
    if len(text) > _LONGEST_JSON or text.lstrip()[:1] not in ("{", "["):
        return ""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _hex_dump(data: bytes) -> str:
    lines = []
    for start in range(0, min(len(data), _HEX_SHOWN), _BYTES_PER_LINE):
        piece = data[start : start + _BYTES_PER_LINE]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)
        lines.append(f"{start:08x}  {piece.hex(' '):<{_BYTES_PER_LINE * 3}} {letters}")
    if len(data) > _HEX_SHOWN:
        lines.append(f"{ELLIPSIS} the first {_HEX_SHOWN:,} of {len(data):,} bytes")
    return "\n".join(lines)
