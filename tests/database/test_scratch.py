"""Databases made of CREATE statements that nobody has looked at."""

import sqlite3
from pathlib import Path

import pytest

from nl2sql_tui.database.inspect import read_schema
from nl2sql_tui.database.scratch import empty_database
from nl2sql_tui.errors import InputError


def test_tables_keys_and_views_are_there_without_rows() -> None:
    connection = empty_database(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT CHECK (length(n) > 1));"
        "CREATE TABLE b (a_id INTEGER REFERENCES a(id)); CREATE INDEX i ON b(a_id); CREATE VIEW v AS SELECT n FROM a;"
    )
    schema = read_schema(connection)
    assert [table.name for table in schema.tables] == ["a", "b", "v"]
    assert schema.tables[1].foreign_keys[0].to_table == "a"
    assert connection.execute("SELECT COUNT(*) FROM a").fetchone() == (0,)


@pytest.mark.parametrize(
    "statements",
    [
        "ATTACH 'FILE' AS x",
        "CREATE TABLE a (x); INSERT INTO a VALUES (1)",
        "CREATE TABLE a (x); DROP TABLE a",
        "PRAGMA writable_schema = ON",
        "VACUUM INTO 'FILE'",
        "CREATE TABLE a (x",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
        "\x00",
    ],
)
def test_anything_else_is_refused_and_touches_no_file(statements: str, tmp_path: Path) -> None:
    file = tmp_path / "x.sqlite"
    with pytest.raises(InputError, match="cannot be used"):
        empty_database(statements.replace("FILE", str(file)))
    assert not file.exists()


def test_it_cannot_be_written_afterwards() -> None:
    connection = empty_database("CREATE TABLE a (x)")
    with pytest.raises(sqlite3.DatabaseError):
        connection.execute("INSERT INTO a VALUES (1)")


def test_a_query_inside_a_create_statement_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nl2sql_tui.database.scratch._MOST_SECONDS", 0.05)
    ten = "(" + " UNION ALL ".join(["SELECT 1"] * 10) + ")"
    with pytest.raises(InputError, match="interrupted"):
        empty_database(f"CREATE TABLE a AS SELECT COUNT(*) FROM {', '.join([ten] * 7)}")
