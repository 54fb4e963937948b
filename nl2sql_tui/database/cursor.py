"""A connection whose every error is a sqlite3.Error, also where SQLite's words for it are not UTF-8.

Python reads SQLite's messages and column names strictly, unlike the cells, and raises UnicodeDecodeError, which is no
sqlite3.Error, where one repeats bytes of the file that are no text.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_next_row = sqlite3.Cursor.__next__


class Connection(sqlite3.Connection):
    """Runs statements through the cursor below."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Compile and start `sql`. Raises sqlite3.Error, as fetching its rows does."""
        return self.cursor(_Cursor).execute(sql, parameters)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = (), /) -> "_Cursor":
        with _as_sqlite_error():
            return super().execute(sql, parameters)

    def __next__(self) -> Any:
        try:  # not the block below, as this is asked for every row
            return _next_row(self)
        except UnicodeDecodeError as error:
            raise _in_words(error) from None

    def fetchone(self) -> Any:
        with _as_sqlite_error():
            return super().fetchone()

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        with _as_sqlite_error():
            return super().fetchmany(size)

    def fetchall(self) -> list[Any]:
        with _as_sqlite_error():
            return super().fetchall()


@contextmanager
def _as_sqlite_error() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise _in_words(error) from None


def _in_words(error: UnicodeDecodeError) -> sqlite3.OperationalError:
    """What SQLite said, with the bytes that are no text escaped. Its code for it is lost."""
    found = sqlite3.OperationalError(error.object.decode("utf-8", "backslashreplace"))
    found.sqlite_errorcode, found.sqlite_errorname = sqlite3.SQLITE_ERROR, "SQLITE_ERROR"
    return found
