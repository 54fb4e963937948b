"""Keeps the indexes of cell texts on disk, one file for each database, in the cache and never beside the user's file.

A file is written whole under another name and then put in its place, and never changed again. So two programs at once
never see half of one, and an index that is open outlives its successor. SQLite does not tell which tables a change
touched, and a table can be known unchanged only by reading it; after a change the whole index is written anew.

The files hold texts of the user's databases: only the user may read them, `forget` removes them, and those that were
not used for long, or that take too much room together, go by themselves.
"""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from nl2sql_tui.database.value_index import ValueIndex, identity_of, open_in_memory, write_index
from nl2sql_tui.folders import cache_folder
from nl2sql_tui.schema import CellValue

MOST_BYTES: Final = 512 * 1024 * 1024
"""Of all indexes together."""
MOST_DAYS_UNUSED: Final = 90
LEAST_DATABASE_BYTES: Final = 250_000
"""A smaller database is read in some ten milliseconds, and its texts need not be copied anywhere."""

FileState = tuple[tuple[int, int], ...]
"""(time of the last change in nanoseconds, size) of a database's file, and of the log beside it if it has one."""

_FORMAT: Final = "1"
"""Another one after any change of what is put into an index."""
_ENDING: Final = ".values"
_BEING_WRITTEN: Final = ".new"
_SECONDS_PER_DAY: Final = 86_400
_LONGEST_WRITING_SECONDS: Final = 3_600
_CLOCK_STEP_NS: Final = 2_000_000_000
"""Two changes within one step of a file system's clock cannot be told apart; two seconds is the longest step."""


class ValueCache:
    """The indexes of one folder. Nothing here raises what a full disk or a damaged file causes."""

    def __init__(self, folder: Path | None = None, most_bytes: int = MOST_BYTES) -> None:
        """`folder` is the program's own if none is named; it need not exist."""
        self.folder = folder or cache_folder() / "values"
        self._most_bytes = most_bytes

    def index(self, database: Path, state: FileState, cells: Callable[[], Iterable[CellValue]]) -> ValueIndex:
        """The index of the database as it is in `state`; where there is none yet, over what `cells` gives.

        Raises what `cells` raises.
        """
        if sum(size for _, size in state) < LEAST_DATABASE_BYTES:
            return _in_memory(cells)
        # Compared with None: an index of no texts is false.
        kept = self._load(database, state)
        return kept if kept is not None else self._build(database, state, cells)

    def forget(self, database: Path) -> bool:
        """Remove the index of `database`, which need not exist any more; whether there was one.

        Raises OSError if it is there and cannot be removed.
        """
        try:
            self._file(database).unlink()
        except FileNotFoundError:
            return False
        return True

    def _load(self, database: Path, state: FileState) -> ValueIndex | None:
        """The index of the database as it is in `state`; None if there is none, or only one of another state."""
        file = self._file(database)
        with suppress(OSError, sqlite3.Error):
            os.utime(file)
            connection = _opened(file)
            try:
                if identity_of(connection) == _identity(database, state):
                    return ValueIndex(connection)
            except BaseException:
                connection.close()
                raise
            connection.close()
        return None

    def _build(self, database: Path, state: FileState, cells: Callable[[], Iterable[CellValue]]) -> ValueIndex:
        """An index over what `cells` gives, kept if the disk lets us and the state is old enough to be trusted."""
        if not _is_racy(state):
            with suppress(OSError, sqlite3.Error):
                return self._written(database, state, cells())
        return _in_memory(cells)

    def _written(self, database: Path, state: FileState, cells: Iterable[CellValue]) -> ValueIndex:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made by mkstemp, the file is its owner's alone from the first moment.
        handle, name = tempfile.mkstemp(suffix=_BEING_WRITTEN, dir=self.folder)
        os.close(handle)
        new, file = Path(name), self._file(database)
        try:
            connection = sqlite3.connect(new, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = OFF")
                connection.execute("PRAGMA synchronous = OFF")
                write_index(connection, cells, _identity(database, state))
            finally:
                connection.close()
            with new.open("rb+") as written:
                os.fsync(written.fileno())
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)
        self._make_room(file)
        return ValueIndex(_opened(file))

    def _make_room(self, newest: Path) -> None:
        """Remove indexes that were unused for long, and the least recently used of more than may be kept."""
        now = time.time()
        found = []
        for file in self.folder.iterdir():
            with suppress(OSError):
                stat = file.stat()
                found.append((stat.st_mtime, stat.st_size, file))
        room = self._most_bytes
        for used, size, file in sorted(found, reverse=True):
            room -= size
            unwanted = room < 0 or now - used > MOST_DAYS_UNUSED * _SECONDS_PER_DAY
            left_behind = file.suffix == _BEING_WRITTEN and now - used > _LONGEST_WRITING_SECONDS
            ours = file.suffix == _ENDING and file != newest
            if left_behind or (ours and unwanted):
                with suppress(OSError):
                    file.unlink()

    def _file(self, database: Path) -> Path:
        return self.folder / (sha256(os.fsencode(database.resolve())).hexdigest()[:32] + _ENDING)


def _in_memory(cells: Callable[[], Iterable[CellValue]]) -> ValueIndex:
    memory = open_in_memory()
    write_index(memory, cells(), "")
    return ValueIndex(memory)


def _identity(database: Path, state: FileState) -> str:
    """What an index must say of itself to be the one of this database in this state."""
    # A name may hold bytes that are no text.
    return f"{_FORMAT} {os.fsencode(database.resolve())!r} {state}"


def _is_racy(state: FileState) -> bool:
    """Whether the database changed so lately that another change might leave the same state behind."""
    return any(time.time_ns() - changed < _CLOCK_STEP_NS for changed, _ in state)


def _opened(file: Path) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(file.absolute()))}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
