"""Cell texts are found without regard to case, within bounds, and only texts that can be names."""

from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database import values as values_module
from nl2sql_tui.database.file import Database
from nl2sql_tui.database.values import LONGEST_VALUE, VALUES_PER_COLUMN
from nl2sql_tui.errors import Stopped
from nl2sql_tui.schema import CellValue
from tests.databases import make_database


def test_texts_are_found_as_they_are_stored(concerts: Database) -> None:
    values = concerts.values(Cancel())
    assert values.find("FRANCE") == [CellValue("singer", "Country", "France")]
    assert values.find("zoë o'brien") == [CellValue("singer", "Name", "Zoë O'Brien")]
    assert values.find("Fran") == []


def test_the_same_text_in_two_columns_is_found_twice_in_schema_order(tmp_path: Path) -> None:
    script = "CREATE TABLE b (x); CREATE TABLE a (y); INSERT INTO b VALUES ('Oslo'); INSERT INTO a VALUES ('oslo');"
    values = Database(make_database(tmp_path / "t.sqlite", script)).values(Cancel())
    assert values.find("oslo") == [CellValue("b", "x", "Oslo"), CellValue("a", "y", "oslo")]


def test_numbers_digits_blobs_prose_and_views_stay_out(tmp_path: Path) -> None:
    long = "w" * (LONGEST_VALUE + 1)
    script = (
        f"CREATE TABLE t (a); INSERT INTO t VALUES (42), ('42'), (x'4142'), ('{long}'), ('a'), (NULL), ('ok');"
        "CREATE VIEW v AS SELECT a || '!' AS b FROM t;"
    )
    values = Database(make_database(tmp_path / "t.sqlite", script)).values(Cancel())
    assert len(values) == 1
    assert values.find("ok")


def test_each_column_is_bounded(tmp_path: Path) -> None:
    count = VALUES_PER_COLUMN + 500
    script = (
        f"CREATE TABLE t (a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        "INSERT INTO t SELECT 'name ' || i, 'same' FROM n;"
    )
    values = Database(make_database(tmp_path / "t.sqlite", script)).values(Cancel())
    assert len(values) == VALUES_PER_COLUMN + 1


def test_a_database_of_very_many_columns_shares_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values_module, "MOST_VALUES", 400)
    script = (
        "CREATE TABLE t (a, b); CREATE TABLE u (a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 500) INSERT INTO t SELECT 'a ' || i, 'b ' || i FROM n; INSERT INTO u SELECT * FROM t;"
    )
    values = Database(make_database(tmp_path / "t.sqlite", script)).values(Cancel())
    assert len(values) == 400
    assert [cell.table for cell in values.find("b 100")] == ["t", "u"]
    assert values.find("b 101") == []


def test_hostile_cells_stay_out_and_do_no_harm(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE t (a); INSERT INTO t VALUES ('bell' || char(7)),"
        "('esc' || char(27) || '[2J'), ('nul' || char(0)),"
        "('two' || char(10) || 'lines'), ('ab' || char(0) || printf('%.*c', 10000000, 'x')),"
        "(printf('%.*c', 10000000, 'y')), (CAST(x'636166e9' AS TEXT)), ('café'), ('x' || char(57344)), ('plain');"
    )
    values = Database(make_database(tmp_path / "t.sqlite", script)).values(Cancel())
    assert [bool(values.find(text)) for text in ("café", "plain", "x\ue000")] == [True, True, True]
    assert len(values) == 3


def test_a_column_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE odd (a COLLATE NOCASE, b TEXT); INSERT INTO odd VALUES ('Bergen', 'Tromsø');"
        "CREATE TABLE good (a TEXT); INSERT INTO good VALUES ('Oslo'); PRAGMA writable_schema = ON;"
        "UPDATE sqlite_master SET sql = replace(sql, 'NOCASE', 'of_another_program');"
    )
    values = Database(make_database(tmp_path / "t.sqlite", script)).values(Cancel())
    assert [bool(values.find(text)) for text in ("Bergen", "Tromsø", "Oslo")] == [False, True, True]


def test_a_cancel_ends_the_reading(concerts: Database) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Stopped):
        concerts.values(cancel)
    assert concerts.values(Cancel()).find("france")
