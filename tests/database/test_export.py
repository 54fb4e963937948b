"""Every format against a file that a careful reader has checked; data formats lose nothing."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nl2sql_tui.database.execute import Cell, Ending, Page, Row
from nl2sql_tui.database.export import write_rows
from nl2sql_tui.database.formats import FORMATS, Format
from nl2sql_tui.errors import SqlError

_COLUMNS = ("id", "name", "amount", "mixed", "name")
_ROWS: list[Row] = [
    (1, "Zoë O'Brien", 1234567.891, None, "plain"),
    (2, 'tab\there\nnext, "quoted"', 0.1, b"\x00\xff", "日本"),
    (9007199254740993, "\x1b]52;c;x\x07", -1e300, "pipe | and \\", "x" * 80),
]


def _written(form: Format, rows: list[Row] = _ROWS) -> str:
    out = io.StringIO()
    parts: list[Page | Ending] = [Page(_COLUMNS, rows[:2]), Page(_COLUMNS, rows[2:]), Ending(0.5, len(rows))]
    ending = write_rows(parts, form, out)
    assert ending.row_count == len(rows)
    return out.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_as_recorded(form: Format) -> None:
    golden = Path(__file__).parent / "golden" / f"rows.{form}"
    assert _written(form) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["table", "md"])
def test_formats_for_reading_drive_no_terminal(form: Format) -> None:
    assert not set(_written(form)) & {chr(code) for code in (*range(10), *range(11, 32), 127)}


def test_json_gives_the_values_back() -> None:
    records = json.loads(_written("json"))
    assert records[0] == {"id": 1, "name": "Zoë O'Brien", "amount": 1234567.891, "mixed": None, "name_2": "plain"}
    assert records[1]["mixed"] == {"$base64": True, "encoded": "AP8="}
    assert records[2]["id"] == 9007199254740993
    assert [json.loads(line) for line in _written("jsonl").splitlines()] == records


def test_csv_gives_the_texts_back() -> None:
    header, *rows = list(csv.reader(io.StringIO(_written("csv"))))
    assert header == list(_COLUMNS)
    assert [row[1] for row in rows] == [row[1] for row in _ROWS]
    assert rows[1][3] == "X'00FF'"


def test_what_breaks_off_is_closed_before_it_is_told() -> None:
    def broken(*pages: Page) -> Iterator[Page | Ending]:
        yield from pages
        raise SqlError("Ended in the middle")

    out = io.StringIO()
    with pytest.raises(SqlError, match="Ended in the middle"):
        write_rows(broken(Page(_COLUMNS, _ROWS)), "json", out)
    assert len(json.loads(out.getvalue())) == len(_ROWS)
    nothing = io.StringIO()
    with pytest.raises(SqlError):
        write_rows(broken(), "json", nothing)
    assert nothing.getvalue() == ""


@pytest.mark.parametrize(("form", "empty"), [("json", "[]\n"), ("jsonl", ""), ("csv", "id,name,amount,mixed,name\n")])
def test_no_rows(form: Format, empty: str) -> None:
    assert _written(form, []) == empty


@pytest.mark.parametrize("cell", [float("inf"), float("-inf")])
def test_json_stays_json_beside_infinity(cell: Cell) -> None:
    text = _written("json", [(cell, None, None, None, None)])
    assert json.loads(text, parse_constant=pytest.fail)[0]["id"] == str(cell)


@pytest.mark.parametrize("form", ["table", "md", "csv", "jsonl"])
def test_an_error_before_the_first_page_writes_nothing(form: Format) -> None:
    out = io.StringIO()
    write_rows([Ending(0.0, 0)], form, out)
    assert out.getvalue() == ""
