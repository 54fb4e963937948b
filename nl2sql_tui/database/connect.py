"""The one door to a database file: opens it read-only and guards what passes; knows nothing of questions.

Four guards stand behind each other. The file is opened with `mode=ro`, the connection is set `query_only`, an
authorizer lets only reading actions through, and a progress handler ends what runs past its deadline.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.cursor import Connection
from nl2sql_tui.errors import DatabaseError
from nl2sql_tui.quoting import quoted
from nl2sql_tui.text import visible

SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_WAL_VERSION: Final = b"\x02"
_CANNOT_WRITE_BESIDE: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_BUSY_SECONDS: Final = 1.0
"""How long to wait for a lock. Short: the reader is a person who can press the key again."""
_LARGEST_VALUE_BYTES: Final = 64 * 1024 * 1024
"""The largest text or BLOB that may be read or come into being."""
_LARGEST_HEAP_BYTES: Final = 1024 * 1024 * 1024
"""What SQLite may take for all connections together: a row may have 2,000 values of the size above."""
_LONGEST_PATTERN_BYTES: Final = 1_000
"""LIKE and GLOB compare in a time that grows with the pattern times the text, and cannot be interrupted."""
_STEPS_BETWEEN_DEADLINE_CHECKS: Final = 10_000
"""Virtual machine steps: a check about every millisecond."""

HARMLESS_PRAGMAS: Final = frozenset(
    "collation_list compile_options database_list data_version encoding foreign_key_check foreign_key_list "
    "freelist_count function_list index_info index_list index_xinfo integrity_check module_list page_count "
    "page_size pragma_list quick_check schema_version table_info table_list table_xinfo user_version".split()
)
_PRAGMAS_WITH_A_TABLE: Final = frozenset(
    "foreign_key_check foreign_key_list index_info index_list index_xinfo integrity_check quick_check table_info "
    "table_list table_xinfo".split()
)
_FORBIDDEN_FUNCTIONS: Final = frozenset(
    "load_extension fts3_tokenizer readfile writefile edit sqlite_rename_table".split()
)

_WRITE_NAMES: Final = {
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
    sqlite3.SQLITE_CREATE_TABLE: "CREATE TABLE",
    sqlite3.SQLITE_CREATE_INDEX: "CREATE INDEX",
    sqlite3.SQLITE_CREATE_VIEW: "CREATE VIEW",
    sqlite3.SQLITE_CREATE_TRIGGER: "CREATE TRIGGER",
    sqlite3.SQLITE_CREATE_VTABLE: "CREATE VIRTUAL TABLE",
    sqlite3.SQLITE_CREATE_TEMP_TABLE: "CREATE TEMP TABLE",
    sqlite3.SQLITE_CREATE_TEMP_INDEX: "CREATE TEMP INDEX",
    sqlite3.SQLITE_CREATE_TEMP_VIEW: "CREATE TEMP VIEW",
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER: "CREATE TEMP TRIGGER",
    sqlite3.SQLITE_DROP_TABLE: "DROP TABLE",
    sqlite3.SQLITE_DROP_INDEX: "DROP INDEX",
    sqlite3.SQLITE_DROP_VIEW: "DROP VIEW",
    sqlite3.SQLITE_DROP_TRIGGER: "DROP TRIGGER",
    sqlite3.SQLITE_DROP_VTABLE: "DROP VIRTUAL TABLE",
    sqlite3.SQLITE_DROP_TEMP_TABLE: "DROP TEMP TABLE",
    sqlite3.SQLITE_DROP_TEMP_INDEX: "DROP TEMP INDEX",
    sqlite3.SQLITE_DROP_TEMP_VIEW: "DROP TEMP VIEW",
    sqlite3.SQLITE_DROP_TEMP_TRIGGER: "DROP TEMP TRIGGER",
    sqlite3.SQLITE_ALTER_TABLE: "ALTER TABLE",
    sqlite3.SQLITE_REINDEX: "REINDEX",
    sqlite3.SQLITE_ANALYZE: "ANALYZE",
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_TRANSACTION: "TRANSACTION",
    sqlite3.SQLITE_SAVEPOINT: "SAVEPOINT",
}
_SCHEMA_TABLES: Final = frozenset(("sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"))


@dataclass(frozen=True, slots=True)
class Refusal:
    """An action that the authorizer did not let through."""

    action: str
    """In SQL's words, e.g. "DELETE", "PRAGMA journal_mode", "function load_extension"."""
    target: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.target}".strip()


def _refusal(action: int, first: str, second: str | None) -> Refusal | None:
    """Why an action, with the arguments that SQLite gives its authorizer, is not mere reading; None if it is."""
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
        return None
    if action == sqlite3.SQLITE_FUNCTION:
        name = second or ""
        return Refusal("function", name) if name.lower() in _FORBIDDEN_FUNCTIONS else None
    if action == sqlite3.SQLITE_PRAGMA:
        pragma = first.lower()
        sets_a_value = second is not None and pragma not in _PRAGMAS_WITH_A_TABLE
        return Refusal("PRAGMA", first) if pragma not in HARMLESS_PRAGMAS or sets_a_value else None
    if action == sqlite3.SQLITE_UPDATE and first in _SCHEMA_TABLES:
        # Every virtual table, json_each and pragma_table_info among them, is declared to SQLite this way
        # when it is first used. A statement's own UPDATE of it does not compile.
        return None
    target = (second or "") if action == sqlite3.SQLITE_ALTER_TABLE else first
    return Refusal(_WRITE_NAMES.get(action, f"action {action}"), target)


class AccessLog:
    """What the statements compiled since its start read, and what they would write or were refused."""

    def __init__(self, *, only_explained: bool = False) -> None:
        self.only_explained = only_explained
        self.reads: dict[tuple[str, str], None] = {}
        """(table, column) in order of first mention; the column is empty for `COUNT(*)`."""
        self.refusals: dict[Refusal, None] = {}


class GuardedConnection:
    """A connection that can only read, and only until its deadline. Use it from one thread at a time."""

    def __init__(self, raw: Connection) -> None:
        self._raw = raw
        self._log = AccessLog()
        raw.set_authorizer(self._authorize)

    def _authorize(
        self, action: int, first: str | None, second: str | None, _database: str | None, _source: str | None
    ) -> int:
        if action == sqlite3.SQLITE_READ:
            self._log.reads[first or "", second or ""] = None
            return sqlite3.SQLITE_OK
        refusal = _refusal(action, first or "", second)
        if refusal is None:
            return sqlite3.SQLITE_OK
        # CREATE and DROP are told twice: as themselves, and as a change of the table that holds the schema.
        if refusal.target not in _SCHEMA_TABLES:
            self._log.refusals[refusal] = None
        # A write that is only explained may compile to its end, so that all it would do is known.
        harmless = self._log.only_explained and action in _WRITE_NAMES
        return sqlite3.SQLITE_OK if harmless else sqlite3.SQLITE_DENY

    @contextmanager
    def logging_access_of_explained(self) -> Iterator[AccessLog]:
        """Give the log of what is compiled within the block, which must be nothing but EXPLAIN."""
        log, before = AccessLog(only_explained=True), self._log
        self._log = log
        try:
            yield log
        finally:
            self._log = before

    @contextmanager
    def running(self, seconds: float, cancel: Cancel | None = None) -> Iterator["Deadline"]:
        """Interrupt what runs within the block after `seconds`, or as soon as `cancel` is requested."""
        deadline, stop = Deadline(seconds), cancel or Cancel()
        # The handler asks for the cancel too: an interrupt that comes before the statement starts is forgotten.
        self._raw.set_progress_handler(lambda: int(deadline.passed or stop.requested), _STEPS_BETWEEN_DEADLINE_CHECKS)
        try:
            with stop.calling(self._interrupt):
                yield deadline
        finally:
            self._raw.set_progress_handler(None, 0)

    def _interrupt(self) -> None:
        # The block may have ended, and the connection been closed, while the request was on its way.
        with suppress(sqlite3.ProgrammingError):
            self._raw.interrupt()

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Compile and start `sql`. Raises sqlite3.Error as SQLite says it."""
        return self._raw.execute(sql, parameters)

    def close(self) -> None:
        self._raw.close()

    def __enter__(self) -> "GuardedConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Deadline:
    """A moment after which work is ended; it moves on by the time for which the work waits for somebody else."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        return time.monotonic() > self._end

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Within the block the work waits for somebody else."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._end += time.monotonic() - began


def connect(path: Path) -> GuardedConnection:
    """Open the database file at `path` for reading.

    Raises DatabaseError, saying what is wrong, for whatever is not a readable SQLite database.
    """
    header = _header(path)
    try:
        raw = _open(path, immutable=False)
    except sqlite3.OperationalError as error:
        # A database in WAL mode wants to write its index beside the file. Where the folder cannot be written and no
        # log is pending, the file alone is the whole truth and may be read as unchanging.
        needs_no_log = header[18:19] == _WAL_VERSION and not _has_pending_log(path)
        if error.sqlite_errorcode & 0xFF not in _CANNOT_WRITE_BESIDE or not needs_no_log:
            raise opening_error(path, error) from error
        try:
            raw = _open(path, immutable=True)
        except sqlite3.Error as second:
            raise opening_error(path, second) from second
    except sqlite3.Error as error:
        raise opening_error(path, error) from error
    return GuardedConnection(raw)


def _has_pending_log(path: Path) -> bool:
    """Whether changes wait beside a database in WAL mode that are not in its file yet."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def _header(path: Path) -> bytes:
    """The first 100 bytes of a file that may be a database. Raises DatabaseError for what cannot be one."""
    name = visible(str(path))
    try:
        if path.is_dir():
            raise DatabaseError(f"{name} is a directory, not a database.", "Name the SQLite file inside it.")
        if not path.exists():
            raise DatabaseError(f"There is no file {name}.", "Check the path, or try --demo.")
        if not path.is_file():
            raise DatabaseError(f"{name} is not a regular file.", "Name a SQLite file.")
        with path.open("rb") as file:
            header = file.read(100)
    except PermissionError as error:
        raise DatabaseError(f"{name} may not be read by you.", f"Ask its owner, or try: chmod u+r {name}") from error
    except (OSError, ValueError) as error:
        raise DatabaseError(f"{name} cannot be read: {_reason(error)}.", "Check the path.") from error
    if not header:
        raise DatabaseError(f"{name} is an empty file: it holds no database.", "Nothing was changed.")
    if not header.startswith(SQLITE_MAGIC):
        raise DatabaseError(
            f"{name} is not a SQLite database.",
            "It is unchanged. A database begins with the words “SQLite format 3”; an encrypted one, a dump or "
            "a CSV file does not: load those with the sqlite3 or sqlite-utils command first.",
        )
    return header


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or visible(str(error))


def _open(path: Path, *, immutable: bool) -> Connection:
    uri = f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode=ro{'&immutable=1' if immutable else ''}"  # noqa: PTH100
    # Statements are not cached: a statement taken from the cache is not shown to the authorizer again.
    raw = sqlite3.connect(
        uri,
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=0,
        factory=Connection,
    )
    try:
        # A text that is not UTF-8 shows its raw bytes instead of making the whole table unreadable.
        raw.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
        raw.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE_BYTES)
        raw.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN_BYTES)
        raw.execute(f"PRAGMA hard_heap_limit = {_LARGEST_HEAP_BYTES}")
        raw.execute("PRAGMA query_only = ON")
        raw.execute("PRAGMA trusted_schema = OFF")
        _connect_virtual_tables(raw)
    except BaseException:
        raw.close()
        raise
    return raw


def _connect_virtual_tables(raw: Connection) -> None:
    """Use each virtual table once before the authorizer stands: some compile writes of their own at start."""
    names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage = 0").fetchall()
    for (name,) in names:
        # A module that this SQLite lacks, or damage in a table of its own, makes its table unusable, and only that.
        with suppress(sqlite3.Error):
            raw.execute(f"SELECT 1 FROM {quoted(name)} LIMIT 0").close()


def opening_error(path: Path, error: sqlite3.Error) -> DatabaseError:
    """What SQLite's error means to the person who named the file `path`."""
    name = visible(str(path))
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseError(
            f"{name} is locked by another program.",
            "Nothing was changed. Try again when that program has finished, or open a copy of the file.",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DatabaseError(
            f"{name} is damaged or encrypted: {visible(str(error))}.",
            f"It is unchanged. To save what can be read: sqlite3 {name} .recover | sqlite3 rescued.sqlite",
        )
    if code == sqlite3.SQLITE_READONLY and path.with_name(path.name + "-journal").exists():
        return DatabaseError(
            f"{name} was left in the middle of a change by another program.",
            "It is unchanged. Open it once with that program, or with: sqlite3 FILE 'PRAGMA quick_check'",
        )
    return DatabaseError(f"{name} cannot be opened: {visible(str(error))}.", "It is unchanged.")
