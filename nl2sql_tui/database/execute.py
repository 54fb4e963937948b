"""Runs one reading statement and fetches its rows in pages, within limits; shows nothing and formats nothing."""

import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.check import check
from nl2sql_tui.database.connect import Deadline, GuardedConnection
from nl2sql_tui.errors import SqlError, Stopped, UserError
from nl2sql_tui.text import visible

Cell = None | int | float | str | bytes
Row = tuple[Cell, ...]

_FIRST_PAGE = 100
"""Rows of the first page: what fits a screen comes at once."""
_LARGEST_PAGE = 5_000
_LARGEST_PAGE_BYTES = 16 * 1024 * 1024
"""Texts and BLOBs of a page: the limit on memory is kept between pages, so none may be large by itself."""
_LONGEST_WAIT_FOR_A_PAGE = 0.1
"""Seconds after which the rows so far are given, however few."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a statement may bring and how long it may take."""

    rows: int | None = 1_000_000
    """Rows at most; None for all."""
    bytes: int | None = 512 * 1024 * 1024
    """Memory of the fetched cells at most, as Python holds them; None for no limit."""
    seconds: float = 300.0
    """For finding the rows; what a reader takes to read them is not counted."""


Cut = Literal["", "rows", "bytes"]


@dataclass(slots=True)
class Page:
    """Some rows in order, and the names of their columns as SQLite gives them."""

    columns: tuple[str, ...]
    rows: list[Row]


@dataclass(slots=True)
class Ending:
    """How a statement ended. Rows that came before an error are good and stay."""

    seconds: float
    row_count: int
    cut: Cut = ""
    """There was more, and this limit held it back."""
    error: UserError | None = None
    """What ended it early: SqlError, or Stopped by the user."""


@dataclass(slots=True)
class ResultSet:
    """All rows of a statement in memory, and how it ended."""

    columns: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    ending: Ending = field(default_factory=lambda: Ending(0.0, 0))


def execute(connection: GuardedConnection, sql: str, cancel: Cancel, limits: Limits) -> Iterator[Page | Ending]:
    """Check `sql`, run it, and give its rows as they come: one or more Pages, then one Ending.

    The first page comes even if it has no rows, so that the columns are known. Raises SqlError before the first
    page if the statement is refused or does not compile; whatever happens later stands in the Ending.
    """
    verdict = check(connection, sql)
    if not verdict.valid:
        raise SqlError(verdict.error, verdict.hint)
    started = time.perf_counter()
    taken = 0

    def ended(cut: Cut = "", error: UserError | None = None) -> Ending:
        return Ending(time.perf_counter() - started, taken, cut, error)

    with connection.running(limits.seconds, cancel) as deadline:
        try:
            cursor = connection.execute(sql.rstrip("; \t\r\n"))
            columns = tuple(item[0] for item in cursor.description or ())
            taken_bytes, size = 0, _FIRST_PAGE
            while True:
                # One row more than may be given tells a result that was cut from one that just fitted.
                left = size if limits.rows is None else min(size, limits.rows - taken + 1)
                rows, more, error = _next_rows(cursor, left)
                if limits.rows is not None and taken + len(rows) > limits.rows:
                    rows = rows[: limits.rows - taken]
                    taken += len(rows)
                    yield Page(columns, rows)
                    yield ended("rows")
                    return
                taken += len(rows)
                if rows or taken == 0:
                    with deadline.paused():
                        yield Page(columns, rows)
                if error is not None:
                    raise error
                if not more:
                    yield ended()
                    return
                taken_bytes += _bytes_of(rows)
                if limits.bytes is not None and taken_bytes > limits.bytes:
                    one_more, _, error = _next_rows(cursor, 1)
                    if error is not None:
                        raise error
                    yield ended("bytes" if one_more else "")
                    return
                size = min(size * 4, _LARGEST_PAGE)
        except (sqlite3.Error, MemoryError, OverflowError) as error:
            yield ended(error=_meaning(error, deadline, cancel))


def _next_rows(cursor: sqlite3.Cursor, count: int) -> tuple[list[Row], bool, Exception | None]:
    """At most `count` rows, whether there may be more, and the error that came after them.

    Rows are taken one by one, so that those before an error are not lost (but for the last of them, as Python's
    driver reads one ahead), those of a slow statement come as they are found, and large cells end a page early.
    """
    rows: list[Row] = []
    room = _LARGEST_PAGE_BYTES
    ends = time.monotonic() + _LONGEST_WAIT_FOR_A_PAGE
    try:
        for row in cursor:
            rows.append(row)
            for cell in row:
                if cell.__class__ is str or cell.__class__ is bytes:
                    room -= len(cell)
            if len(rows) == count or room < 0 or time.monotonic() > ends:
                return rows, True, None
    except (sqlite3.Error, MemoryError, OverflowError) as error:
        return rows, False, error
    return rows, False, None


def fetch_all(connection: GuardedConnection, sql: str, cancel: Cancel, limits: Limits) -> ResultSet:
    """Run `sql` and keep all its rows. Raises SqlError as `execute` does."""
    return collected(execute(connection, sql, cancel, limits))


def collected(parts: Iterable[Page | Ending]) -> ResultSet:
    """All of what `execute` gives, in one."""
    result = ResultSet()
    for part in parts:
        if isinstance(part, Page):
            result.columns = part.columns
            result.rows += part.rows
        else:
            result.ending = part
    return result


def _bytes_of(rows: list[Row]) -> int:
    """Memory of `rows`, measured on a few of them evenly spread, as pages are long and columns alike."""
    sample = rows[:: max(1, len(rows) // 50)]
    measured = sum(sys.getsizeof(row) + sum(map(sys.getsizeof, row)) for row in sample)
    return measured * len(rows) // len(sample)


def _meaning(error: Exception, deadline: Deadline, cancel: Cancel) -> UserError:
    """What an error during the run means to the person who started it."""
    if cancel.requested:
        return Stopped("Stopped; the rows that came before are kept.")
    if isinstance(error, MemoryError):
        return SqlError("The statement needs more memory than it may take.", "Ask for less at once.")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT and deadline.passed:
        return SqlError(
            f"Ended after {deadline.seconds:g} seconds.",
            "Narrow it with WHERE or LIMIT, or allow more time with --timeout.",
        )
    if code == sqlite3.SQLITE_CORRUPT:
        return SqlError("The database file is damaged here; rows that came before are good.", "It is unchanged.")
    if code == sqlite3.SQLITE_BUSY:
        return SqlError("Another program has locked the database.", "Nothing was changed; try again.")
    return SqlError(f"SQLite reported: {visible(str(error))}.")
