"""An empty database in memory from CREATE statements of unknown origin; touches no file, and runs nothing else."""

import sqlite3
from typing import Final

from nl2sql_tui.database.connect import Deadline, GuardedConnection
from nl2sql_tui.database.cursor import Connection
from nl2sql_tui.errors import InputError
from nl2sql_tui.text import shortened

_CREATING: Final = frozenset(
    (
        sqlite3.SQLITE_CREATE_TABLE,
        sqlite3.SQLITE_CREATE_INDEX,
        sqlite3.SQLITE_CREATE_VIEW,
        sqlite3.SQLITE_REINDEX,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_FUNCTION,
    )
)
_MOST_SECONDS: Final = 2.0
_LARGEST_VALUE_BYTES: Final = 1_000_000
_STEPS_BETWEEN_CHECKS: Final = 10_000
_BOOK_KEEPING: Final = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE)
"""Creating a table also writes it into the table of tables."""


def empty_database(statements: str) -> GuardedConnection:
    """A connection to a new database with the tables of `statements`, without rows.

    Raises InputError if they do anything but create tables, views and indexes, or do not compile.
    """
    raw = sqlite3.connect(
        ":memory:", isolation_level=None, check_same_thread=False, cached_statements=0, factory=Connection
    )
    deadline = Deadline(_MOST_SECONDS)
    try:
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE_BYTES)
        # CREATE TABLE … AS runs a query.
        raw.set_progress_handler(lambda: int(deadline.passed), _STEPS_BETWEEN_CHECKS)
        raw.set_authorizer(_creating_only)
        raw.executescript(statements)
        raw.set_authorizer(None)
        raw.set_progress_handler(None, 0)
        raw.execute("PRAGMA query_only = ON")
    except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError) as error:
        raw.close()
        raise InputError(f"The CREATE statements cannot be used: {shortened(str(error), 120)}.") from error
    return GuardedConnection(raw)


def _creating_only(action: int, first: str | None, _second: str | None, _database: str | None, _by: str | None) -> int:
    keeps_books = action in _BOOK_KEEPING and (first or "").startswith("sqlite_")
    return sqlite3.SQLITE_OK if action in _CREATING or keeps_books else sqlite3.SQLITE_DENY
