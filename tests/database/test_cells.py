"""How a value from the database looks in a cell, in the viewer and on the clipboard."""

import pytest
from rich.cells import cell_len

from nl2sql_tui.database.cells import cell_text, copied_text, cut, fitted, full_text
from nl2sql_tui.database.execute import Cell
from nl2sql_tui.text import byte_size


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (None, "NULL", "null"),
        (0.1 + 0.2, "0.30000000000000004", "number"),
        (9_223_372_036_854_775_807, "9223372036854775807", "number"),
        (-1e-300, "-1e-300", "number"),
        (float("inf"), "inf", "number"),
        (b"\x00" * 1234, "BLOB 1.2 kB", "blob"),
        (b"", "BLOB 0 B", "blob"),
        ("NULL", "NULL", "text"),
        ("", "", "text"),
        ("a\nb\tc", "a␊b␉c", "text"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇", "text"),
    ],
)
def test_a_cell_says_what_it_holds(value: Cell, text: str, kind: str) -> None:
    assert (cell_text(value).text, cell_text(value).kind) == (text, kind)


def test_numbers_stand_at_the_right_and_text_at_the_left() -> None:
    assert fitted(cell_text(42), 6) == "    42"
    assert fitted(cell_text("42"), 6) == "42    "


@pytest.mark.parametrize("text", ["plain text that is long", "日本語のとても長い文字列です", "ab日本語", "é" * 30])
@pytest.mark.parametrize("width", [1, 2, 5, 6, 7, 12])
def test_a_cut_text_takes_exactly_the_width_it_is_given(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) == width
    assert cell_len(fitted(cell_text(text), width)) == width


def test_a_cut_text_ends_with_an_ellipsis_and_a_short_one_does_not() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("abc", 4) == "abc "


def test_sizes_are_read_by_people() -> None:
    assert [byte_size(count) for count in (0, 999, 1000, 1_500_000, 2_000_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.5 MB",
        "2.0 GB",
    ]


def test_the_viewer_shows_json_with_indents_and_a_blob_in_hexadecimal() -> None:
    assert full_text('{"a":[1,"é"]}') == '{\n  "a": [\n    1,\n    "é"\n  ]\n}'
    assert full_text("{not json") == "{not json"
    assert full_text(b"AB\x00\xff") == f"00000000  {'41 42 00 ff':<48} AB.."
    assert full_text("[" * 100_000) == "[" * 100_000


def test_what_is_copied_is_the_value_to_the_letter() -> None:
    assert copied_text("a\x1b[31mb") == "a\x1b[31mb"
    assert copied_text(None) == ""
    assert copied_text(b"\x0a\xff") == "X'0AFF'"
    assert copied_text(1 / 3) == "0.3333333333333333"
