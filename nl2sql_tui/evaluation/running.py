"""Runs one statement for the judge within its bounds and puts what went wrong into a category; compares nothing.

SQLite decides what a statement means: `"France"` in double quotes is a text where no column is called so, as every
benchmark's judge has it, although the program's own check warns of it.
"""

import re
import sqlite3
import time
from pathlib import Path
from typing import Final

from nl2sql_tui.database.cells import cell_text
from nl2sql_tui.database.check import READING_STATEMENTS
from nl2sql_tui.database.connect import Deadline, connect
from nl2sql_tui.database.execute import Row
from nl2sql_tui.errors import DatabaseError
from nl2sql_tui.evaluation.comparison import Result
from nl2sql_tui.evaluation.judgement import Category, Ran, Sample
from nl2sql_tui.quoting import tokens
from nl2sql_tui.text import shortened

MOST_ROWS: Final = 200_000
MOST_BYTES: Final = 256 * 1024 * 1024
"""Of a result, estimated as Python holds it."""
_ROW_BYTES, _CELL_BYTES = 56, 40

_SAMPLE_ROWS: Final = 5
_SAMPLE_COLUMNS: Final = 12
_SAMPLE_LETTERS: Final = 60
_ERROR_LETTERS: Final = 200

_NOT_READING: Final = frozenset(
    "alter analyze attach begin commit create delete detach drop end insert reindex release replace rollback "
    "savepoint update vacuum".split()
)
_MESSAGES: Final = (
    (re.compile("no such column"), Category.NO_COLUMN),
    (re.compile("no such table"), Category.NO_TABLE),
    (re.compile("ambiguous column name"), Category.AMBIGUOUS),
    (re.compile("not authorized|is prohibited"), Category.NOT_READING),
    (re.compile("syntax error|incomplete input|unrecognized token"), Category.SYNTAX),
)
_REFUSED: Final = (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
_NO_ROOM: Final = (sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


class _Failed(Exception):
    """What a statement failed of."""

    def __init__(self, category: Category, error: str) -> None:
        super().__init__(category, error)
        self.category = category
        self.error = error


def run(database: Path, sql: str, seconds: float) -> tuple[Ran, Result | None]:
    """Run `sql` on a guarded connection for at most `seconds`; the rows are None if it fails.

    Whatever goes wrong stands in the first part. A call inside SQLite that cannot be interrupted may take longer:
    whoever calls must be able to end this process.
    """
    began = time.perf_counter()
    try:
        result = _run(database, sql, seconds)
    except _Failed as failed:
        return Ran(failed.category, failed.error, time.perf_counter() - began, None), None
    return Ran(None, "", time.perf_counter() - began, _sample(result)), result


def _run(database: Path, sql: str, seconds: float) -> Result:
    _require_one_reading_statement(sql)
    try:
        connection = connect(database)
    except DatabaseError as error:
        raise _Failed(Category.OTHER_ERROR, error.message) from error
    with connection, connection.running(seconds) as deadline:
        try:
            cursor = connection.execute(sql)
            columns = tuple(item[0] for item in cursor.description or ())
            return Result(columns, _fetched(cursor, deadline))
        # A name or a statement that is no text raises ValueError, in one version of Python a Warning.
        except (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, ValueError) as error:
            raise _failure(error, deadline) from error


def _require_one_reading_statement(sql: str) -> None:
    """Raise _Failed for a text of no statement, of several, or of one that is no question at all."""
    pieces = [token for token in tokens(sql) if not token.is_blank]
    words = [place for place, piece in enumerate(pieces) if piece.text != ";"]
    if not words:
        raise _Failed(Category.NO_SQL, "")
    first = pieces[words[0]].text
    if first.lower() in _NOT_READING:
        raise _Failed(Category.NOT_READING, first.upper())
    if any(piece.text == ";" for piece in pieces[words[0] : words[-1]]):
        raise _Failed(Category.SEVERAL, "")
    if first.lower() not in READING_STATEMENTS:
        raise _Failed(Category.SYNTAX, f"No statement begins with {shortened(first, _ERROR_LETTERS)}.")


def _fetched(cursor: sqlite3.Cursor, deadline: Deadline) -> list[Row]:
    rows: list[Row] = []
    room = MOST_BYTES
    for row in cursor:
        room -= _ROW_BYTES + _CELL_BYTES * len(row)
        for cell in row:
            if cell.__class__ is str or cell.__class__ is bytes:
                room -= len(cell)
        if len(rows) == MOST_ROWS:
            raise _Failed(Category.TOO_LARGE, f"More than {MOST_ROWS:,} rows.")
        if room < 0:
            raise _Failed(Category.TOO_LARGE, f"More than {MOST_BYTES // 2**20} MB.")
        if deadline.passed:
            raise _timeout(deadline)
        rows.append(row)
    return rows


def _failure(error: Exception, deadline: Deadline) -> _Failed:
    message = shortened(str(error), _ERROR_LETTERS)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT:
        return _timeout(deadline)
    if isinstance(error, MemoryError) or code in _NO_ROOM:
        return _Failed(Category.TOO_LARGE, message or "out of memory")
    if code in _REFUSED:
        return _Failed(Category.NOT_READING, message)
    for pattern, category in _MESSAGES:
        if pattern.search(message):
            return _Failed(category, message)
    return _Failed(Category.OTHER_ERROR, message)


def _timeout(deadline: Deadline) -> _Failed:
    return _Failed(Category.TIMEOUT, f"Ended after {deadline.seconds:g} s.")


def _sample(result: Result) -> Sample:
    return Sample(
        columns=tuple(shortened(name, _SAMPLE_LETTERS) for name in result.columns[:_SAMPLE_COLUMNS]),
        rows=tuple(
            tuple(cell_text(cell, _SAMPLE_LETTERS).text for cell in row[:_SAMPLE_COLUMNS])
            for row in result.rows[:_SAMPLE_ROWS]
        ),
        row_count=len(result.rows),
        column_count=len(result.columns),
    )
