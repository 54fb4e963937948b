"""Which parts of SQL have a colour of their own, in SQLite's own dialect."""

import pytest

from nl2sql_tui.tui.highlight import LONGEST_HIGHLIGHTED, sql_spans


def coloured(sql: str) -> list[tuple[str, str]]:
    return [(sql[start:end], name.removeprefix("sql--")) for start, end, name in sql_spans(sql)]


def test_keywords_functions_strings_numbers_and_comments() -> None:
    sql = "SELECT COUNT(*), 1.5e3 FROM t WHERE a LIKE 'it''s' -- why"
    assert coloured(sql) == [
        ("SELECT", "keyword"),
        ("COUNT", "function"),
        ("1.5e3", "number"),
        ("FROM", "keyword"),
        ("WHERE", "keyword"),
        ("LIKE", "keyword"),
        ("'it''s'", "string"),
        ("-- why", "comment"),
    ]


@pytest.mark.parametrize(
    "name", ["count", "type", "year", "T1.desc", '"order"', "`group`", "[from]", "fromage", "select_"]
)
def test_names_have_no_colour(name: str) -> None:
    assert [text for text, _ in coloured(f"SELECT {name} FROM t")] == ["SELECT", "FROM"]


@pytest.mark.parametrize("sql", ["SELECT 'open", 'SELECT "open', "SELECT /* open", "SELECT x'00", "", "\x00 ' \ud800"])
def test_sql_that_is_still_being_typed_is_no_error(sql: str) -> None:
    assert all(0 <= start < end <= len(sql) for start, end, _ in sql_spans(sql))


def test_a_very_long_text_stays_plain() -> None:
    assert sql_spans("SELECT 1 " * LONGEST_HIGHLIGHTED) == ()
