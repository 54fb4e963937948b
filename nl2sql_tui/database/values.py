"""An index of the texts that stand in a database's cells, so that a question's words can be found there.

It is bounded by rows and by distinct values, not by time, so that the same database gives the same index on a
slow computer as on a fast one. It lives in memory, for one session.
"""

import sqlite3
from collections.abc import Sequence

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.connect import GuardedConnection
from nl2sql_tui.quoting import quoted
from nl2sql_tui.schema import CellValue, Schema

ROWS_READ_PER_TABLE = 200_000
"""Rows looked at in each table, from its beginning."""
VALUES_PER_COLUMN = 2_000
"""Distinct texts kept of each column; the default adapter was trained with the same bound."""
LONGEST_VALUE = 40
"""Longer texts are prose, not names; they are not indexed."""
SECONDS_PER_COLUMN = 5.0
"""A guard against a damaged or remote file, far above what the row bound takes."""


class ValueIndex:
    """Cell texts by their lower-case form. Built once; reading it needs no connection."""

    def __init__(self) -> None:
        self._places: dict[str, list[CellValue]] = {}

    def add(self, table: str, column: str, text: str) -> None:
        """Note that `text` stands in a cell of that column."""
        self._places.setdefault(text.lower(), []).append(CellValue(table, column, text))

    def find(self, text: str) -> Sequence[CellValue]:
        """Where this text stands, without regard to case, in the order of the schema."""
        return self._places.get(text.lower(), ())

    def __len__(self) -> int:
        return len(self._places)


def build_value_index(connection: GuardedConnection, schema: Schema, cancel: Cancel) -> ValueIndex:
    """Read the texts of every table's columns within the bounds above. Views are left out.

    A column that cannot be read is skipped: a missing link costs an answer its hint, no more. Raises Stopped
    on cancel.
    """
    index = ValueIndex()
    for table in schema.tables:
        if table.is_view:
            continue
        for column in table.columns:
            cancel.raise_if_requested()
            for text in _texts(connection, table.name, column.name, cancel):
                index.add(table.name, column.name, text)
    return index


def _texts(connection: GuardedConnection, table: str, column: str, cancel: Cancel) -> list[str]:
    name = quoted(column)
    sql = (
        f"SELECT DISTINCT {name} FROM (SELECT {name} FROM {quoted(table)} LIMIT {ROWS_READ_PER_TABLE}) "
        f"WHERE typeof({name}) = 'text' AND length({name}) BETWEEN 2 AND {LONGEST_VALUE} "
        f"LIMIT {VALUES_PER_COLUMN}"
    )
    try:
        with connection.running(SECONDS_PER_COLUMN, cancel):
            rows = connection.execute(sql).fetchall()
    except sqlite3.Error:
        cancel.raise_if_requested()
        return []
    return [text for (text,) in rows if not text.isdigit()]
