"""Cell texts are found without regard to case, within bounds, and only texts that can be names."""

from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.database.values import LONGEST_VALUE, VALUES_PER_COLUMN
from nl2sql_tui.errors import Stopped
from nl2sql_tui.schema import CellValue
from tests.databases import make_database


def test_texts_are_found_as_they_are_stored(concerts: Database) -> None:
    values = concerts.values(Cancel())
    assert values.find("FRANCE") == [CellValue("singer", "Country", "France")]
    assert values.find("zoë o'brien") == [CellValue("singer", "Name", "Zoë O'Brien")]
    assert values.find("Fran") == ()


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


def test_a_cancel_ends_the_reading(concerts: Database) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Stopped):
        concerts.values(cancel)
    assert concerts.values(Cancel()).find("france")
