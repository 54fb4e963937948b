"""Rows come in pages, a cut is known, and what came before an error or a cancel stays."""

import time
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.execute import Ending, Limits, Page, Row
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import SqlError, Stopped
from tests.databases import make_database

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n{}) SELECT i FROM n"


def _up_to(count: int) -> str:
    return _NUMBERS.format(f" WHERE i < {count}")


def test_typed_rows_arrive_whole(concerts: Database) -> None:
    result = concerts.fetch_all("SELECT Title, Year, Fee, x'00ff' AS raw FROM concert", Cancel(), Limits())
    assert result.columns == ("Title", "Year", "Fee", "raw")
    assert result.rows == [("Auditions", 2014, 12.5, b"\x00\xff"), ("Home Visits", 2015, None, b"\x00\xff")]
    assert (result.ending.row_count, result.ending.cut, result.ending.error) == (2, "", None)


def test_a_result_without_rows_still_has_columns(concerts: Database) -> None:
    result = concerts.fetch_all("SELECT Name FROM singer WHERE 0", Cancel(), Limits())
    assert (result.columns, result.rows) == (("Name",), [])


@pytest.mark.parametrize(("available", "cut"), [(249, ""), (250, ""), (251, "rows")])
def test_a_cut_is_told_from_a_result_that_just_fits(concerts: Database, available: int, cut: str) -> None:
    result = concerts.fetch_all(_up_to(available), Cancel(), Limits(rows=250))
    assert result.ending.cut == cut
    assert [row[0] for row in result.rows] == list(range(1, min(available, 250) + 1))


def test_many_pages_give_every_row_once_and_in_order(concerts: Database) -> None:
    parts = list(concerts.execute(_up_to(30_000), Cancel(), Limits(rows=None)))
    pages = [part for part in parts if isinstance(part, Page)]
    assert len(pages) > 3
    assert [row[0] for page in pages for row in page.rows] == list(range(1, 30_001))
    assert isinstance(parts[-1], Ending)
    assert sum(isinstance(part, Ending) for part in parts) == 1


def test_the_memory_limit_cuts_a_wide_result(concerts: Database) -> None:
    wide = _up_to(1_000).replace("SELECT i FROM", "SELECT i, hex(zeroblob(50000)) FROM")
    result = concerts.fetch_all(wide, Cancel(), Limits(bytes=20_000_000))
    assert result.ending.cut == "bytes"
    assert 100 <= len(result.rows) < 1_000


def test_the_memory_limit_holds_within_a_page_of_large_cells(concerts: Database) -> None:
    bombs = _up_to(50).replace("SELECT i FROM", "SELECT zeroblob(10000000) FROM")
    result = concerts.fetch_all(bombs, Cancel(), Limits(bytes=30_000_000))
    assert result.ending.cut == "bytes"
    assert len(result.rows) <= 6


def test_an_error_in_the_middle_keeps_the_rows_before_it(concerts: Database) -> None:
    failing = _up_to(5_000).replace(
        "SELECT i FROM", "SELECT CASE WHEN i < 400 THEN i ELSE abs(-9223372036854775808) END FROM"
    )
    result = concerts.fetch_all(failing, Cancel(), Limits())
    assert isinstance(result.ending.error, SqlError)
    assert "integer overflow" in result.ending.error.message
    assert result.rows[:3] == [(1,), (2,), (3,)]
    assert 100 <= len(result.rows) < 400


def test_the_deadline_is_told_as_such(concerts: Database) -> None:
    result = concerts.fetch_all(
        _NUMBERS.format("").replace("SELECT i FROM", "SELECT COUNT(*) FROM"), Cancel(), Limits(seconds=0.05)
    )
    assert isinstance(result.ending.error, SqlError)
    assert "Ended after 0.05 seconds" in result.ending.error.message


def test_a_reader_that_takes_its_time_takes_none_of_the_statements(concerts: Database) -> None:
    parts = concerts.execute(_up_to(20_000), Cancel(), Limits(seconds=2.0))
    first = next(parts)
    time.sleep(2.5)
    *_, ending = parts
    assert isinstance(first, Page)
    assert isinstance(ending, Ending)
    assert (ending.error, ending.row_count) == (None, 20_000)


def test_a_cancel_keeps_the_rows_that_came(concerts: Database) -> None:
    cancel = Cancel()
    rows: list[Row] = []
    ending: Ending | None = None
    for part in concerts.execute(_NUMBERS.format(""), cancel, Limits(rows=None, bytes=None)):
        if isinstance(part, Page):
            rows += part.rows
            cancel.request()
        else:
            ending = part
    assert ending is not None
    assert isinstance(ending.error, Stopped)
    assert rows[0] == (1,)
    assert len(rows) == ending.row_count


@pytest.mark.parametrize("sql", ["DELETE FROM singer", "SELECT nope FROM singer", 'SELECT "nope" FROM singer', ""])
def test_what_is_not_valid_is_not_run(concerts: Database, sql: str) -> None:
    with pytest.raises(SqlError):
        concerts.fetch_all(sql, Cancel(), Limits())


def test_a_blob_bomb_is_an_error_and_not_the_end(concerts: Database) -> None:
    result = concerts.fetch_all("SELECT zeroblob(1000000000)", Cancel(), Limits())
    assert isinstance(result.ending.error, SqlError)


def test_column_names_come_as_they_are(concerts: Database) -> None:
    assert concerts.fetch_all("SELECT 1 AS `a\x1b[31m`", Cancel(), Limits()).columns == ("a\x1b[31m",)


def test_a_result_that_ends_at_the_memory_limit_is_not_called_cut(concerts: Database) -> None:
    one, two = "SELECT zeroblob(20000000)", "SELECT zeroblob(20000000) UNION ALL SELECT 2"
    assert concerts.fetch_all(one, Cancel(), Limits(bytes=1_000_000)).ending.cut == ""
    assert concerts.fetch_all(two, Cancel(), Limits(bytes=1_000_000)).ending.cut == "bytes"


def test_damage_in_the_middle_keeps_the_rows_before_it(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO t SELECT 'row number ' || i FROM n;"
    )
    path = make_database(tmp_path / "damaged.sqlite", script)
    content = bytearray(path.read_bytes())
    content[40 * 4096 : 42 * 4096] = b"\xff" * (2 * 4096)
    path.write_bytes(content)
    result = Database(path).fetch_all("SELECT a FROM t", Cancel(), Limits())
    assert isinstance(result.ending.error, SqlError)
    assert "is damaged" in result.ending.error.message
    assert result.rows[0] == ("row number 1",)
    assert len(result.rows) > 100
