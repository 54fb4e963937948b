"""The texts of one database's cells, found again by their letters: written once, then only looked into.

It is a SQLite file or memory of our own, never the user's file. Which texts are put in is `values`' to say, where a
file lies and how long it holds `value_cache`'s.

A text with slips is found by the pieces that the slips left whole: of a text with one slip the first or the last part
is untouched, of one with two slips the first, the middle or the last, and the rare case that only the middle is stays
unfound. Two plain indexes, over the beginnings and over the endings of texts of one length, find such texts; measured
on 300,000 texts, that took a quarter of the time to build that FTS5's trigrams take and a tenth of the time to ask.
"""

import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from nl2sql_tui.schema import CellValue
from nl2sql_tui.spelling import folded, slips_between, slips_forgiven

_TABLES: Final = (
    "CREATE TABLE source (identity TEXT)",
    "CREATE TABLE place (id INTEGER PRIMARY KEY, table_name TEXT, column_name TEXT)",
    "CREATE TABLE cell (length INTEGER, folded TEXT, ending TEXT, place INTEGER, stored TEXT)",
)
_INDEXES: Final = (
    "CREATE INDEX by_beginning ON cell (length, folded)",
    "CREATE INDEX by_ending ON cell (length, ending)",
)
_FOUND: Final = (
    "SELECT cell.rowid, table_name, column_name, stored, folded FROM cell JOIN place ON place.id = cell.place WHERE "
)
_ENDING_LETTERS: Final = 4
_AFTER_ALL_LETTERS: Final = "\U0010ffff"
_ROWS_AT_A_TIME: Final = 10_000
_MOST_CANDIDATES: Final = 2_000
"""Texts compared letter by letter for each length; more begin or end alike only in texts that a program made."""
_MOST_MEANT: Final = 2
"""A text that is as near to more stored ones than this means none of them in particular."""

_Found = tuple[int, str, str, str, str]


class ValueIndex:
    """Looks up texts. Any thread may ask at any time; what cannot be read is not found."""

    def __init__(self, connection: sqlite3.Connection | None = None) -> None:
        """Over an index that was written to `connection`, which it closes; without one, over no texts at all."""
        if connection is None:
            connection = open_in_memory()
            write_index(connection, (), "")
        self._connection = connection
        self._lock = threading.Lock()
        self.damaged = False
        """Whether it turned out to be unreadable."""
        weakref.finalize(self, connection.close)

    def find(self, text: str) -> Sequence[CellValue]:
        """Where this text stands, without regard to case, in the order of the schema."""
        wanted, lower = folded(text), text.lower()
        return _cells(row for row in self._equal(wanted) if row[3].lower() == lower)

    def similar(self, text: str) -> Sequence[CellValue]:
        """The stored texts that differ from `text` in accents only; if none does, in the fewest slips.

        One slip is forgiven from five letters on, two from nine. Nothing is found where several texts are as near.
        """
        wanted = folded(text)
        return _cells(self._equal(wanted) or self._nearest(wanted))

    def __len__(self) -> int:
        """Texts, each counted once for each column that it stands in."""
        return next(iter(self._rows("SELECT COUNT(*) FROM cell", ())), (0,))[0]

    def _equal(self, wanted: str) -> list[_Found]:
        return self._rows(_FOUND + "length = ? AND folded = ? ORDER BY cell.rowid", (len(wanted), wanted))

    def _nearest(self, wanted: str) -> list[_Found]:
        most = slips_forgiven(wanted)
        if not most:
            return []
        slips = {
            row: slips_between(wanted, row[4], most)
            for row in self._alike(wanted, most)
            # Whoever misspells a name does not mean the blanks that are stored around it.
            if row[3] == row[3].strip()
        }
        fewest = min((count for count in slips.values() if count is not None), default=None)
        nearest = sorted(row for row, count in slips.items() if count == fewest and fewest is not None)
        return nearest if len({row[4] for row in nearest}) <= _MOST_MEANT else []

    def _alike(self, wanted: str, slips: int) -> Iterator[_Found]:
        """Texts of about the length of `wanted` that begin or end as it does."""
        # Two letters that are swapped may belong to both halves; the pieces leave room for them between.
        whole = (len(wanted) - 1) // 2 if slips == 1 else len(wanted) // 3
        beginning, ending = wanted[:whole], _ending(wanted)[:whole]
        for length in range(len(wanted) - slips, len(wanted) + slips + 1):
            for column, piece in (("folded", beginning), ("ending", ending)):
                yield from self._rows(
                    f"{_FOUND} length = ? AND {column} >= ? AND {column} < ? LIMIT {_MOST_CANDIDATES}",
                    (length, piece, piece + _AFTER_ALL_LETTERS),
                )

    def _rows(self, sql: str, parameters: tuple[int | str, ...]) -> list[_Found]:
        try:
            with self._lock:
                return self._connection.execute(sql, parameters).fetchall()
        except (sqlite3.DatabaseError, UnicodeEncodeError) as error:
            self.damaged = self.damaged or isinstance(error, sqlite3.DatabaseError)
            return []


def open_in_memory() -> sqlite3.Connection:
    """A connection for an index that is not kept."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def write_index(connection: sqlite3.Connection, cells: Iterable[CellValue], identity: str) -> None:
    """Write an index over `cells`, in their order, to an empty database; `identity` says what it was made from.

    Raises sqlite3.Error, and whatever `cells` raises.
    """
    places: dict[tuple[str, str], int] = {}
    rows = (
        (len(letters), letters, _ending(letters), places.setdefault((cell.table, cell.column), len(places)), cell.text)
        for cell in cells
        for letters in (folded(cell.text),)
    )
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("BEGIN")
    while part := list(islice(rows, _ROWS_AT_A_TIME)):
        connection.executemany("INSERT INTO cell VALUES (?, ?, ?, ?, ?)", part)
    connection.executemany("INSERT INTO place VALUES (?, ?, ?)", ((id_, *place) for place, id_ in places.items()))
    connection.execute("INSERT INTO source VALUES (?)", (identity,))
    for statement in _INDEXES:
        connection.execute(statement)
    connection.execute("COMMIT")


def identity_of(connection: sqlite3.Connection) -> str:
    """What the index was made from, as `write_index` was told. Raises sqlite3.Error if it is damaged or none."""
    row = connection.execute("SELECT identity FROM source").fetchone()
    return str(row[0]) if row else ""


def _ending(letters: str) -> str:
    """The last letters, the last first."""
    return letters[: -_ENDING_LETTERS - 1 : -1]


def _cells(rows: Iterable[_Found]) -> list[CellValue]:
    return [CellValue(table, column, stored) for _, table, column, stored, _ in rows]
