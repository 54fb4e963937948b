"""Rows that came before an error, and rows of a slow statement, are given as they come."""

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.execute import Ending, Limits, Page
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import SqlError, Stopped

FAILS_AT_THE_FOURTH = "SELECT abs(column1) FROM (VALUES (1), (2), (3), (-9223372036854775808), (5))"
NEVER_ENDS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i <= 150"


def test_rows_before_an_error_are_given(concerts: Database) -> None:
    result = concerts.fetch_all(FAILS_AT_THE_FOURTH, Cancel(), Limits())
    # The third was read ahead by Python's driver, and is lost with the error.
    assert result.rows == [(1,), (2,)]
    assert result.ending.row_count == 2
    assert isinstance(result.ending.error, SqlError)
    assert "integer overflow" in result.ending.error.message


def test_rows_found_before_a_stop_are_given(concerts: Database) -> None:
    cancel = Cancel()
    rows = []
    for part in concerts.execute(NEVER_ENDS, cancel, Limits()):
        if isinstance(part, Page):
            rows += part.rows
            cancel.request()
        else:
            assert isinstance(part, Ending)
            assert isinstance(part.error, Stopped)
            assert part.row_count == len(rows)
    assert 100 <= len(rows) <= 150
