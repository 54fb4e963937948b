"""Asks a database a little about a column, to check a condition before it runs: does it hold this text, how does it
write its values. Which column and which text is for others to say."""

import sqlite3
from collections.abc import Callable
from typing import Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.connect import GuardedConnection
from nl2sql_tui.quoting import quoted

_SECONDS: Final = 0.5
"""A question waits for its answer: what takes longer stays unknown."""
_SAMPLE: Final = 20
_LONGEST: Final = 40
"""Characters of a sampled value; a date has fewer."""


class ColumnLookup:
    """What the columns of one database hold, asked anew each time."""

    def __init__(self, connect: Callable[[], GuardedConnection], cancel: Cancel) -> None:
        self._connect = connect
        self._cancel = cancel

    def holds(self, table: str, column: str, text: str) -> bool | None:
        """Whether `column` = `text` somewhere, compared as the column compares; None if that cannot be told in time.

        Raises DatabaseError if the file cannot be opened, Stopped on cancel.
        """
        sql = f"SELECT 1 FROM {quoted(table)} WHERE {_name(table, column)} = ? LIMIT 1"
        rows = self._rows(sql, (text,))
        return None if rows is None else bool(rows)

    def first_values(self, table: str, column: str) -> tuple[str, ...]:
        """The first values of `column` as texts, each cut at 40 characters, at most 20; none if they cannot be read.

        Raises DatabaseError if the file cannot be opened, Stopped on cancel.
        """
        name = _name(table, column)
        sql = (
            f"SELECT substr(CAST({name} AS TEXT), 1, {_LONGEST}) FROM {quoted(table)} "
            f"WHERE {name} IS NOT NULL AND {name} <> '' LIMIT {_SAMPLE}"
        )
        return tuple(str(value) for (value,) in self._rows(sql, ()) or ())

    def holds_null(self, table: str, column: str) -> bool | None:
        """Whether a cell of `column` is NULL; None if that cannot be told in time. Raises as `holds` does."""
        rows = self._rows(f"SELECT 1 FROM {quoted(table)} WHERE {_name(table, column)} IS NULL LIMIT 1", ())
        return None if rows is None else bool(rows)

    def _rows(self, sql: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]] | None:
        """The rows; None where the statement fails or takes too long."""
        try:
            with self._connect() as connection, connection.running(_SECONDS, self._cancel):
                return connection.execute(sql, parameters).fetchall()
        except (sqlite3.Error, UnicodeEncodeError):
            self._cancel.raise_if_requested()
            return None


def _name(table: str, column: str) -> str:
    """Both, as SQLite takes a quoted column that is not there for a text, unless its table stands before it."""
    return f"{quoted(table)}.{quoted(column)}"
