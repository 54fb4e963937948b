"""Where SQLite's own words repeat bytes that are no text, these are shown as such and stop nothing else."""

import sqlite3
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.connect import connect
from nl2sql_tui.database.execute import Limits
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import DatabaseError, SqlError
from tests.databases import make_database


def _with_bytes(path: Path, script: str, old: bytes = b"Quux", new: bytes = b"\xffuux") -> Path:
    """A database whose file has `new` wherever `old` would stand: SQLite takes no such bytes in a statement."""
    make_database(path, script)
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


def test_a_view_with_such_bytes_is_listed_without_columns(tmp_path: Path) -> None:
    script = "CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT Quux FROM t;"
    database = Database(_with_bytes(tmp_path / "view.sqlite", script))
    assert [(table.name, len(table.columns)) for table in database.schema().tables] == [("t", 1), ("v", 0)]
    assert database.fetch_all("SELECT a FROM t", Cancel(), Limits()).rows == [(1,)]
    with pytest.raises(SqlError, match=r"There is no column \\xffuux"):
        database.fetch_all("SELECT * FROM v", Cancel(), Limits())


@pytest.mark.parametrize("before", ["", "SELECT 1 UNION ALL SELECT 2 UNION ALL "])
def test_an_error_that_quotes_a_cell_ends_the_statement(tmp_path: Path, before: str) -> None:
    script = "CREATE TABLE t (a); INSERT INTO t VALUES (CAST(x'ff61' AS TEXT));"
    database = Database(make_database(tmp_path / "cell.sqlite", script))
    error = database.fetch_all(f"{before}SELECT json_extract('{{}}', a) FROM t", Cancel(), Limits()).ending.error
    assert isinstance(error, SqlError)
    assert "\\xffa" in error.message


@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall", "__next__"])
def test_whichever_way_rows_are_fetched(concerts_file: Path, fetch: str) -> None:
    failing = "SELECT 1 UNION ALL SELECT json_extract('{}', CAST(x'ff61' AS TEXT))"
    with connect(concerts_file) as connection:
        cursor = connection.execute(failing)
        with pytest.raises(sqlite3.OperationalError, match=r"\\xffa") as told:
            getattr(cursor, fetch)()
    assert told.value.sqlite_errorname == "SQLITE_ERROR"


def test_a_column_with_such_a_name_spoils_no_other(tmp_path: Path) -> None:
    script = "CREATE TABLE t (Quux, b); INSERT INTO t VALUES (1, 2);"
    database = Database(_with_bytes(tmp_path / "column.sqlite", script))
    assert database.fetch_all("SELECT b FROM t", Cancel(), Limits()).rows == [(2,)]
    with pytest.raises(SqlError, match=r"t\.\\xffuux"):
        database.fetch_all("SELECT * FROM t", Cancel(), Limits())


def test_a_schema_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = _with_bytes(tmp_path / "schema.sqlite", "CREATE VIEW Quux AS SELECT 1;")
    path.write_bytes(path.read_bytes().replace(b"CREATE VIEW", b"CREATE ZIEW"))
    with pytest.raises(DatabaseError, match=r"malformed database schema \(\\xffuux\)"):
        Database(path)
