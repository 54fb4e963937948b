"""A column is asked for a text and for examples of its values, also where the names need quotes or the file is gone."""

from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import DatabaseError, Stopped
from tests.databases import make_database


def test_a_text_is_found_as_the_column_compares(tmp_path: Path) -> None:
    script = 'CREATE TABLE "a b" ("c d" TEXT, e TEXT COLLATE NOCASE); INSERT INTO "a b" VALUES (\'Oslo\', \'Oslo\');'
    cells = Database(make_database(tmp_path / "t.sqlite", script)).cells(Cancel())
    assert cells.holds("a b", "c d", "Oslo") is True
    assert cells.holds("a b", "c d", "oslo") is False
    assert cells.holds("a b", "e", "oslo") is True
    assert cells.holds("a b", "c d", "\ud800") is None
    assert cells.holds("no such table", "x", "y") is None


def test_values_are_given_as_short_texts(tmp_path: Path) -> None:
    script = "CREATE TABLE t (a); INSERT INTO t VALUES (NULL), (''), (7), ('2024-01-02'), (hex(zeroblob(40)));"
    cells = Database(make_database(tmp_path / "t.sqlite", script)).cells(Cancel())
    assert cells.first_values("t", "a") == ("7", "2024-01-02", "0" * 40)
    assert cells.first_values("t", "b") == ()


def test_a_column_that_takes_too_long_stays_unknown_and_a_cancel_ends_it(tmp_path: Path) -> None:
    endless = "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;"
    database = Database(make_database(tmp_path / "t.sqlite", endless))
    assert database.cells(Cancel()).holds("v", "i", "x") is None
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Stopped):
        database.cells(cancel).holds("v", "i", "x")


def test_a_file_that_is_gone_is_an_error(concerts: Database, concerts_file: Path) -> None:
    cells = concerts.cells(Cancel())
    concerts_file.unlink()
    with pytest.raises(DatabaseError):
        cells.holds("singer", "Name", "Joe")
