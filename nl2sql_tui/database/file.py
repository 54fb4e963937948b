"""A database file as the rest of the program sees it: its schema, its values, and SQL checked and run on it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.check import Verdict, check
from nl2sql_tui.database.connect import GuardedConnection, connect, opening_error
from nl2sql_tui.database.execute import Ending, Limits, Page, ResultSet, execute, fetch_all
from nl2sql_tui.database.inspect import count_rows, read_schema
from nl2sql_tui.database.lookup import ColumnLookup
from nl2sql_tui.database.value_cache import FileState, ValueCache
from nl2sql_tui.database.value_index import ValueIndex
from nl2sql_tui.database.values import cell_texts
from nl2sql_tui.errors import DatabaseError
from nl2sql_tui.schema import CellValue, Schema
from nl2sql_tui.text import visible


class Database:
    """One SQLite file. Every call opens a guarded connection of its own, so any thread may call at any time.

    The schema and the values are read when first needed and again after the file has changed.
    """

    def __init__(self, path: Path) -> None:
        """Raises DatabaseError if there is no readable SQLite database at `path`."""
        self.path = path
        self._schema_lock = threading.Lock()
        self._values_lock = threading.Lock()
        """A lock of its own, as reading the values may take long, and SQL can be checked meanwhile."""
        self._schema: tuple[FileState, Schema] | None = None
        self._values: tuple[FileState, ValueIndex] | None = None
        connect(path).close()

    @property
    def name(self) -> str:
        """The file's name, safe to show."""
        return visible(self.path.name)

    def schema(self) -> Schema:
        """The tables as they are now. Raises DatabaseError if they cannot be read."""
        with self._schema_lock:
            state = self._state()
            if self._schema is None or self._schema[0] != state:
                with self._connection() as connection:
                    try:
                        self._schema = (state, read_schema(connection))
                    except sqlite3.Error as error:
                        raise opening_error(self.path, error) from error
            return self._schema[1]

    def values(self, cancel: Cancel) -> ValueIndex:
        """The texts in the cells, for linking. Raises DatabaseError, Stopped.

        A large file takes seconds when it is asked for the first time and after each change, else milliseconds.
        """
        schema = self.schema()
        with self._values_lock:
            state = self._state()
            if self._values is not None and self._values[1].damaged:
                self._values = None
                with suppress(OSError):
                    ValueCache().forget(self.path)
            if self._values is None or self._values[0] != state:
                self._values = (state, ValueCache().index(self.path, state, lambda: self._cell_texts(schema, cancel)))
            return self._values[1]

    def _cell_texts(self, schema: Schema, cancel: Cancel) -> Iterator[CellValue]:
        with self._connection() as connection:
            yield from cell_texts(connection, schema, cancel)

    def cells(self, cancel: Cancel) -> ColumnLookup:
        """What single columns hold, asked when it is needed."""
        return ColumnLookup(self._connection, cancel)

    def require_tables(self) -> Schema:
        """The schema; raises DatabaseError if it has no table to ask about."""
        schema = self.schema()
        if not schema.tables:
            raise DatabaseError(
                f"{visible(str(self.path))} has no tables, so there is nothing to ask about.",
                "It is unchanged.",
            )
        return schema

    def check(self, sql: str) -> Verdict:
        """What `sql` is, without running it. Raises DatabaseError if the file cannot be read."""
        schema = self.schema()
        with self._connection() as connection:
            return check(connection, sql, schema)

    def execute(self, sql: str, cancel: Cancel, limits: Limits) -> Iterator[Page | Ending]:
        """Run `sql`, in pages; see `database.execute.execute`. Raises DatabaseError, SqlError."""
        with self._connection() as connection:
            yield from execute(connection, sql, cancel, limits)

    def fetch_all(self, sql: str, cancel: Cancel, limits: Limits) -> ResultSet:
        """Run `sql` and keep every row. Raises DatabaseError, SqlError."""
        with self._connection() as connection:
            return fetch_all(connection, sql, cancel, limits)

    def row_counts(self, cancel: Cancel) -> Iterator[tuple[str, int | None]]:
        """(table, rows) for each table in order; None where that cannot be told in time. Views are left out."""
        tables = [table.name for table in self.schema().tables if not table.is_view]
        with self._connection() as connection:
            for table in tables:
                if cancel.requested:
                    return
                yield table, count_rows(connection, table, cancel)

    def _connection(self) -> GuardedConnection:
        return connect(self.path)

    def _state(self) -> FileState:
        """Changes whenever the file, or the log of changes beside it, does."""
        found = []
        # SQLite keeps the log beside the file itself, not beside a link to it.
        file = self.path.resolve()
        for path in (file, file.with_name(file.name + "-wal")):
            try:
                stat = path.stat()
            except OSError:
                continue
            # Reading a database that has no log may make an empty one, which says nothing new.
            if stat.st_size:
                found.append((stat.st_mtime_ns, stat.st_size))
        return tuple(found)
