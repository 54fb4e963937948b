"""What is not a readable database gets one clear line; what is one can only be read."""

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database import connect as connecting
from nl2sql_tui.database.connect import GuardedConnection, connect
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import DatabaseError, ExitCode
from tests.databases import make_database


def _missing(folder: Path) -> Path:
    return folder / "missing.sqlite"


def _directory(folder: Path) -> Path:
    return folder


def _text(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("Dear diary, this is not a database.\n" * 50)
    return path


def _empty(folder: Path) -> Path:
    path = folder / "empty.sqlite"
    path.touch()
    return path


def _corrupt(folder: Path) -> Path:
    path = make_database(folder / "corrupt.sqlite")
    content = bytearray(path.read_bytes())
    content[100:] = b"\x55" * (len(content) - 100)
    path.write_bytes(content)
    return path


def _cut_short(folder: Path) -> Path:
    path = make_database(folder / "short.sqlite")
    path.write_bytes(path.read_bytes()[:60])
    return path


def _nul_in_name(folder: Path) -> Path:
    return folder / "a\x00b"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_missing, "There is no file"),
        (_directory, "is a directory"),
        (_text, "is not a SQLite database"),
        (_empty, "is an empty file"),
        (_corrupt, "is damaged or encrypted"),
        (_cut_short, "is damaged or encrypted"),
        (_nul_in_name, "There is no file"),
    ],
)
def test_what_is_no_database_is_named_in_one_line(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    path = make(tmp_path)
    with pytest.raises(DatabaseError) as caught:
        Database(path).schema()
    assert words in caught.value.message
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == ExitCode.DATABASE


def test_a_locked_database_is_said_to_be_locked(concerts_file: Path) -> None:
    holder = sqlite3.connect(concerts_file, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseError, match="is locked by another program"):
            connect(concerts_file)
    finally:
        holder.close()
    connect(concerts_file).close()


def test_a_database_in_wal_mode_is_read_with_its_pending_log(concerts_file: Path) -> None:
    writer = sqlite3.connect(concerts_file, isolation_level=None)
    try:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO singer VALUES (4, 'Late', 'Peru', 20)")
        with connect(concerts_file) as connection:
            assert connection.execute("SELECT COUNT(*) FROM singer").fetchone() == (4,)
    finally:
        writer.close()


@pytest.mark.parametrize("name", ["with space.sqlite", 'it\'s "quoted".db', "100%?#.sqlite", "naïve-日本.db"])
def test_odd_file_names_open(tmp_path: Path, name: str) -> None:
    with connect(make_database(tmp_path / name)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM singer").fetchone() == (3,)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM singer",
        "UPDATE singer SET Age = 1",
        "INSERT INTO singer VALUES (9, 'x', 'y', 1)",
        "WITH doomed AS (SELECT 1) DELETE FROM singer",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "DROP TABLE singer",
        "ALTER TABLE singer ADD COLUMN x",
        "ATTACH ':memory:' AS other",
        "VACUUM INTO 'copy.sqlite'",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = ON",
        "PRAGMA query_only = OFF",
        "PRAGMA user_version = 7",
        "BEGIN",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('x')",
    ],
)
def test_the_connection_itself_refuses_whatever_is_not_reading(
    concerts_file: Path, statement: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    before = concerts_file.read_bytes()
    with connect(concerts_file) as connection, pytest.raises(sqlite3.Error):
        connection.execute(statement)
    assert concerts_file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [concerts_file]


def test_full_text_and_spatial_tables_can_be_read_but_not_written(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "virtual.sqlite",
        "CREATE VIRTUAL TABLE note USING fts5(body); INSERT INTO note VALUES ('red house'), ('blue house');"
        "CREATE VIRTUAL TABLE place USING rtree(id, x0, x1); INSERT INTO place VALUES (1, 0, 2);",
    )
    with connect(path) as connection:
        assert connection.execute("SELECT body FROM note WHERE note MATCH 'red'").fetchall() == [("red house",)]
        assert connection.execute("SELECT id FROM place WHERE x0 < 1").fetchall() == [(1,)]
        for statement in ("DELETE FROM note", "DELETE FROM place", "INSERT INTO note VALUES ('x')"):
            with pytest.raises(sqlite3.Error):
                connection.execute(statement)


def test_a_damaged_virtual_table_spoils_no_other(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "damaged.sqlite",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1);"
        "CREATE VIRTUAL TABLE place USING rtree(id, x0, x1); UPDATE place_node SET data = x'00';",
    )
    database = Database(path)
    assert [(table.name, len(table.columns)) for table in database.schema().tables] == [("t", 1), ("place", 0)]
    assert list(database.row_counts(Cancel())) == [("t", 1), ("place", None)]
    with connect(path) as connection:
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
        with pytest.raises(sqlite3.DatabaseError, match="RTree"):
            connection.execute("SELECT id FROM place")


def test_text_that_is_not_utf8_shows_its_bytes(tmp_path: Path) -> None:
    path = make_database(tmp_path / "latin.sqlite", "CREATE TABLE t (a); INSERT INTO t VALUES (CAST(x'4DFC' AS TEXT));")
    with connect(path) as connection:
        assert connection.execute("SELECT a FROM t").fetchall() == [("M\\xfc",)]


_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


def _run_endless(connection: GuardedConnection, seconds: float, cancel: Cancel) -> None:
    with connection.running(seconds, cancel):
        connection.execute(_ENDLESS).fetchall()


def test_the_deadline_ends_an_endless_statement(concerts_file: Path) -> None:
    with connect(concerts_file) as connection, pytest.raises(sqlite3.OperationalError, match="interrupted"):
        _run_endless(connection, 0.05, Cancel())


def test_a_cancel_from_another_thread_ends_an_endless_statement(concerts_file: Path) -> None:
    cancel = Cancel()
    threading.Timer(0.05, cancel.request).start()
    with connect(concerts_file) as connection, pytest.raises(sqlite3.OperationalError, match="interrupted"):
        _run_endless(connection, 60, cancel)


def test_a_cancel_that_came_before_the_statement_ends_it_too(concerts_file: Path) -> None:
    cancel = Cancel()
    cancel.request()
    with connect(concerts_file) as connection, pytest.raises(sqlite3.OperationalError, match="interrupted"):
        _run_endless(connection, 60, cancel)


def test_a_cancel_that_comes_when_the_connection_is_closed_harms_nobody(concerts_file: Path) -> None:
    connection = connect(concerts_file)
    with connection.running(60, Cancel()):
        pass
    connection.close()
    # A request that was under way while the block ended calls this after all.
    connection._interrupt()


def test_a_file_name_that_is_not_utf8_opens(tmp_path: Path) -> None:
    path = make_database(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.sqlite")))
    with connect(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM singer").fetchone() == (3,)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY | 6 << 8])
@pytest.mark.parametrize("empty_log", [True, False])
def test_a_database_in_wal_mode_opens_where_nothing_can_be_written(
    concerts_file: Path, monkeypatch: pytest.MonkeyPatch, code: int, empty_log: bool
) -> None:
    writer = sqlite3.connect(concerts_file)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.close()
    if empty_log:
        concerts_file.with_name(concerts_file.name + "-wal").touch()
    real_open = connecting._open

    def open_in_read_only_folder(path: Path, *, immutable: bool) -> sqlite3.Connection:
        if not immutable:
            error = sqlite3.OperationalError("attempt to write a readonly database")
            error.sqlite_errorcode = code
            raise error
        return real_open(path, immutable=True)

    # Root may write everywhere, so that the refusal itself has to be played.
    monkeypatch.setattr(connecting, "_open", open_in_read_only_folder)
    with connect(concerts_file) as connection:
        assert connection.execute("SELECT COUNT(*) FROM singer").fetchone() == (3,)


def test_a_row_cannot_take_all_the_memory(concerts_file: Path) -> None:
    values = ", ".join(["zeroblob(60000000)"] * 40)
    with connect(concerts_file) as connection, pytest.raises(MemoryError):
        connection.execute(f"SELECT {values}").fetchall()
    with connect(concerts_file) as connection:
        assert connection.execute("SELECT COUNT(*) FROM singer").fetchone() == (3,)
