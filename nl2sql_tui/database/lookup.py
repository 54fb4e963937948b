"""Asks a database a little about a column, to check a condition before it runs: does it hold this text, how does it
write its values. Which column and which text is for others to say."""

import math
import sqlite3
from collections.abc import Callable
from typing import Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.connect import GuardedConnection
from nl2sql_tui.quoting import quoted
from nl2sql_tui.schema import LONGEST_SAMPLED

_SECONDS: Final = 0.5
"""A question waits for its answer: what takes longer stays unknown."""
_SAMPLE: Final = 20
_TOO_LARGE: Final = 2**63


class ColumnLookup:
    """What the columns of one database hold, asked anew each time."""

    def __init__(self, connect: Callable[[], GuardedConnection], cancel: Cancel) -> None:
        self._connect = connect
        self._cancel = cancel

    def holds(self, table: str, column: str, text: str) -> bool | None:
        """Whether `column` = `text` somewhere, compared as the column compares; None if that cannot be told in time.

        Raises DatabaseError if the file cannot be opened, Stopped on cancel.
        """
        sql = f"SELECT 1 FROM {quoted(table)} WHERE {_name(table, column)} IN (?, ?) LIMIT 1"
        # A column without a type holds numbers that equal no text.
        rows = self._rows(sql, (text, _as_number(text)))
        return None if rows is None else bool(rows)

    def first_values(self, table: str, column: str) -> tuple[str, ...]:
        """The first values of `column` as texts, at most 20 of LONGEST_SAMPLED characters; none if they cannot be read.

        Raises DatabaseError if the file cannot be opened, Stopped on cancel.
        """
        name = _name(table, column)
        sql = (
            f"SELECT substr(CAST({name} AS TEXT), 1, {LONGEST_SAMPLED}) FROM {quoted(table)} "
            f"WHERE {name} IS NOT NULL AND {name} <> '' LIMIT {_SAMPLE}"
        )
        return tuple(str(value) for (value,) in self._rows(sql, ()) or ())

    def holds_only_numbers(self, table: str, column: str) -> bool | None:
        """Whether no cell of `column` is anything but NULL, empty, a number, or a text such as 12 or -3.5.

        None if that cannot be told in time. Raises as `holds` does.
        """
        name = _name(table, column)
        sql = (
            f"SELECT 1 FROM {quoted(table)} WHERE typeof({name}) IN ('text', 'blob') AND {name} <> '' "
            f"AND (ltrim({name}, '-') GLOB '*[^0-9.]*' OR {name} GLOB '*.*.*' OR {name} NOT GLOB '*[0-9]*') LIMIT 1"
        )
        rows = self._rows(sql, ())
        return None if rows is None else not rows

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


def _as_number(text: str) -> str | int | float:
    """The number that is written so; else the text itself."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text and math.isfinite(number) and abs(number) < _TOO_LARGE:
            return number
    return text
