"""Keeps the demo database's file: builds it when it is missing, damaged or of another version.

This is the one place that writes a database without the guarded connection, and its own file is all it writes.
"""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from nl2sql_tui.errors import DatabaseError
from nl2sql_tui.text import visible

DEMO_VERSION: Final = 1
"""Goes up whenever the contents change, so that older files are replaced."""

_FILE_NAME: Final = "demo_bank.sqlite"
_APPLICATION_ID: Final = 0x4E4C3253
_IN_USE: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_WAIT_SECONDS: Final = 1.0


def ensure_demo(folder: Path) -> Path:
    """The demo database in `folder`, which is made if need be.

    A file that is there and sound is left as it is. Any other of that name is replaced in one step by a finished
    one, so several processes may ask at once. Raises DatabaseError if the folder cannot be written.
    """
    path = folder / _FILE_NAME
    if not _is_sound(path):
        with closing(_built_in_memory()) as bank:
            try:
                _save(bank, path)
            except (OSError, sqlite3.OperationalError) as error:
                # Where an open file cannot be replaced, another process may have been first.
                if not _is_sound(path):
                    raise _not_writable(folder, error) from error
    return path


def _is_sound(path: Path) -> bool:
    """There is a demo database of this version and SQLite finds no damage in it."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS)) as connection:
            marks = [connection.execute(f"PRAGMA {mark}").fetchone()[0] for mark in ("application_id", "user_version")]
            if marks != [_APPLICATION_ID, DEMO_VERSION]:
                return False
            return connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.Error as error:
        # Somebody is writing to it at this moment: it is in use, not damaged.
        return getattr(error, "sqlite_errorcode", None) in _IN_USE


def _built_in_memory() -> sqlite3.Connection:
    # Imported here because most starts of the program find the file and need none of this.
    from nl2sql_tui.database.demo.build import build

    connection = sqlite3.connect(":memory:")
    build(connection)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {DEMO_VERSION}")
    return connection


def _save(bank: sqlite3.Connection, path: Path) -> None:
    """Write a copy under a temporary name, then give it the real one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{path.stem}-", suffix=".part", dir=path.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        with closing(sqlite3.connect(unfinished)) as copy:
            # Nothing reads the copy before it is whole, so it needs no journal.
            copy.execute("PRAGMA journal_mode = OFF")
            bank.backup(copy)
        for left_over in ("-journal", "-wal", "-shm"):
            # SQLite would take the log of the old file for the new one's.
            path.with_name(path.name + left_over).unlink(missing_ok=True)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _not_writable(folder: Path, error: Exception) -> DatabaseError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DatabaseError(
        f"The demo database cannot be written to {visible(str(folder))}: {visible(reason)}.",
        "Make that folder writable, or name a database file of your own.",
    )
