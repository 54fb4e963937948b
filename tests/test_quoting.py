"""The lexer gives every character back, and the quoting is what SQLite itself asks for."""

import sqlite3

import pytest

from nl2sql_tui.quoting import RESERVED, identifier, needs_quotes, string_literal, tokens, unquoted


@pytest.mark.parametrize(
    ("sql", "kinds"),
    [
        ("SELECT 'it''s' -- why; not\n", ["word", "space", "string", "space", "comment", "space"]),
        ('"a ""b""".[c]', ["quoted name", "mark", "quoted name"]),
        ("x'0F' || 1.5e-3", ["blob", "space", "mark", "space", "number"]),
        ("/* open", ["comment"]),
        ("'open", ["unknown", "word"]),
        ("größe>=?1", ["word", "mark", "mark", "number"]),
    ],
)
def test_pieces_and_their_kinds(sql: str, kinds: list[str]) -> None:
    found = list(tokens(sql))
    assert [token.kind for token in found] == kinds
    assert "".join(token.text for token in found) == sql


@pytest.mark.parametrize("name", [*sorted(RESERVED), "unit price", 'the "best"', "1st", "a-b", "", "größe", "it's"])
def test_quoted_names_work_in_sqlite(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(f'CREATE TABLE t ("{name.replace(chr(34), chr(34) * 2)}" TEXT)')
    connection.execute("INSERT INTO t VALUES ('cell')")
    assert connection.execute(f"SELECT t.{identifier(name)} FROM t").fetchall() == [("cell",)]
    assert needs_quotes(name)


@pytest.mark.parametrize("name", ["plain", "_x", "Name2", "date", "count", "key", "year", "left", "desc"])
def test_names_that_sqlite_takes_as_they_are_stay_plain(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE {name if name != 'desc' else 'x'} (a)")
    assert identifier(name) == name


@pytest.mark.parametrize(
    ("written", "name"),
    [("plain", "plain"), ('"a ""b"""', 'a "b"'), ("`it``s`", "it`s"), ("[two words]", "two words"), ('""', "")],
)
def test_the_name_behind_its_quotes(written: str, name: str) -> None:
    assert unquoted(written) == name


def test_string_literals() -> None:
    text = "it's ''quoted''"
    assert sqlite3.connect(":memory:").execute(f"SELECT {string_literal(text)}").fetchone() == (text,)
