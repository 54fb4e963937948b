"""Reads the texts that stand in a database's cells, so that a question's words can be found among them.

It is bounded by rows and by distinct values, and only far beyond them by time, so that the same database gives the
same texts on a slow computer as on a fast one. Finding them again is `value_index`' part.
"""

import re
import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.connect import Deadline, GuardedConnection
from nl2sql_tui.quoting import quoted
from nl2sql_tui.schema import CellValue, Schema

ROWS_READ_PER_TABLE: Final = 200_000
"""Rows looked at in each table, from its beginning."""
VALUES_PER_COLUMN: Final = 2_000
"""Distinct texts kept of each column; the default adapter was trained with the same bound."""
LONGEST_VALUE: Final = 40
"""Longer texts are prose, not names; they are not indexed."""
MOST_VALUES: Final = 1_000_000
"""Texts kept of a whole database. Where its columns might hold more, each gets an equal share."""
LEAST_SHARE: Final = 50
SECONDS_PER_COLUMN: Final = 5.0
"""A guard against a damaged or remote file, far above what the row bound takes."""
SECONDS_ALTOGETHER: Final = 120.0

_MOST_BYTES: Final = 4 * LONGEST_VALUE
"""SQLite counts the characters of a text only up to the first NUL; its bytes are counted as well."""
_NO_NAME: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|\\x[0-9a-f]{2}")
"""Control characters, which no question names, and the bytes of texts that are no UTF-8, as `connect` gives them."""


def cell_texts(connection: GuardedConnection, schema: Schema, cancel: Cancel) -> Iterator[CellValue]:
    """The texts of every table's columns within the bounds above, in the order of the schema. Views are left out.

    A column that cannot be read is skipped: a missing link costs an answer its hint, no more. Raises Stopped
    on cancel.
    """
    tables = [table for table in schema.tables if not table.is_view]
    columns = sum(len(table.columns) for table in tables)
    share = min(VALUES_PER_COLUMN, max(LEAST_SHARE, MOST_VALUES // max(1, columns)))
    deadline = Deadline(SECONDS_ALTOGETHER)
    texts = (
        CellValue(table.name, column.name, text)
        for table in tables
        for column in table.columns
        if not deadline.passed
        for text in _texts(connection, table.name, column.name, share, cancel)
    )
    yield from islice(texts, MOST_VALUES)


def _texts(connection: GuardedConnection, table: str, column: str, most: int, cancel: Cancel) -> list[str]:
    cancel.raise_if_requested()
    name = quoted(column)
    sql = (
        f"SELECT DISTINCT {name} FROM (SELECT {name} FROM {quoted(table)} LIMIT {ROWS_READ_PER_TABLE}) "
        f"WHERE typeof({name}) = 'text' AND length({name}) BETWEEN 2 AND {LONGEST_VALUE} "
        f"AND length(CAST({name} AS BLOB)) <= {_MOST_BYTES} LIMIT {most}"
    )
    try:
        with connection.running(SECONDS_PER_COLUMN, cancel):
            rows = connection.execute(sql).fetchall()
    except sqlite3.Error:
        cancel.raise_if_requested()
        return []
    return [text for (text,) in rows if not text.isdigit() and not _NO_NAME.search(text)]
