"""Keeps question/SQL pairs that ran, in a SQLite file of its own, and which of them users accepted; learns nothing.

The file is the program's, not a user's: it is opened here and not through database/, which guards users' databases and
only reads them. It never holds a cell of a result, only the question, the SQL and what is known of the run.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nl2sql_tui.errors import ExitCode, UserError
from nl2sql_tui.folders import data_folder
from nl2sql_tui.schema import Schema
from nl2sql_tui.text import visible

if TYPE_CHECKING:
    import sqlite_utils

_BUSY_SECONDS: Final = 1.0
"""How long to wait for another program that writes; it takes milliseconds where nothing is wrong."""
_TABLE: Final = "accepted"
_COLUMNS: Final = {
    "database": str,
    "schema_fingerprint": str,
    "question": str,
    "sql": str,
    "edited": int,
    "model": str,
    "row_count": int,
    "times_run": int,
    "last_run": str,
    "confidence": float,
    "accepted": int,
}
_ADDED_LATER: Final = {"confidence": "REAL", "accepted": "INTEGER NOT NULL DEFAULT 1"}
"""Columns that files of earlier versions lack. What these kept, they kept as accepted."""
_KEY: Final = ("database", "question", "sql")
_COUNT_ONE_MORE_RUN: Final = """
    INSERT INTO accepted (
        database, schema_fingerprint, question, sql, edited, model, row_count, times_run, last_run, confidence, accepted
    )
    VALUES (
        :database, :schema_fingerprint, :question, :sql, :edited, :model, :row_count, :times_run, :last_run,
        :confidence, :accepted
    )
    ON CONFLICT (database, question, sql) DO UPDATE SET
        schema_fingerprint = excluded.schema_fingerprint, edited = excluded.edited, model = excluded.model,
        row_count = excluded.row_count, times_run = times_run + excluded.times_run,
        last_run = MAX(last_run, excluded.last_run), confidence = excluded.confidence,
        accepted = MAX(accepted, excluded.accepted)
"""
_NEWEST_FIRST: Final = "SELECT rowid AS id, * FROM accepted WHERE database = ? ORDER BY last_run DESC, rowid DESC"
_file_lock = threading.Lock()


class HistoryError(UserError):
    """The history's file cannot be read or written; nothing else is the worse for it."""

    exit_code = ExitCode.INPUT


@dataclass(frozen=True, slots=True)
class AcceptedPair:
    """A question, and SQL that the user ran as an answer to it and that ended without an error."""

    database: Path
    """Where the database lies; kept absolute and without symbolic links."""
    schema_fingerprint: str
    """`schema_fingerprint` of the database's schema when the SQL was run last."""
    question: str
    """As the user asked it; white space around it and runs of it within are kept as one space."""
    sql: str
    """The statement that ran."""
    edited: bool
    """Whether the user changed what the model had written."""
    model: str
    """Name of the model that was asked."""
    row_count: int
    """Rows that the last run fetched; there may have been more where a limit cut them."""
    last_run: datetime
    """When it ended last, with its time zone; kept in UTC."""
    times_run: int = 1
    confidence: float | None = None
    """How likely it was said to be right, from 0 to 1; None where that was not known, or the user changed it."""


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """A pair as it stands in the log of all that ran, be it accepted or not."""

    id: int
    """Names it among all, for `History.forget_one`."""
    pair: AcceptedPair
    accepted: bool


def can_be_accepted(*, is_unsure: bool, row_count: int, has_findings: bool) -> bool:
    """Whether a person who ran an answer and saw what came of it can be taken to have found it right.

    Not where the answer stood in doubt, and it may have been run to see what it gives; nor where there was nothing to
    see, or something was found to be odd about it.
    """
    return not is_unsure and row_count > 0 and not has_findings


def default_history_file() -> Path:
    """Where the history lies on this computer."""
    return data_folder() / "history.sqlite"


def now() -> datetime:
    """The time, for `AcceptedPair.last_run`."""
    return datetime.now(UTC)


def schema_fingerprint(schema: Schema) -> str:
    """A short text that changes when a table, column, type or key of `schema` does, and with nothing else."""
    tables = [
        [
            table.name,
            table.is_view,
            [[column.name, column.declared_type, column.primary_key, column.not_null] for column in table.columns],
            [[key.column, key.to_table, key.to_column] for key in table.foreign_keys],
        ]
        for table in schema.tables
    ]
    return sha256(json.dumps(tables).encode("ascii")).hexdigest()[:32]


class History:
    """The pairs of all databases. Any thread may call at any time, and any number of programs at once.

    Every call opens a connection of its own and raises HistoryError if the file is locked, read-only, damaged, or has
    no room. A history that does not exist yet is an empty one; only `accept` and `log` make the file, which only
    its owner may read.
    """

    def __init__(self, file: Path) -> None:
        """Nothing is opened yet."""
        self.file = file

    def accept(self, pair: AcceptedPair) -> None:
        """Keep `pair`, or add its runs to the row that its database, question and SQL already have."""
        self._keep(pair, accepted=True)

    def log(self, pair: AcceptedPair) -> None:
        """Keep that `pair` was run, without taking it for accepted; what was accepted before stays so."""
        self._keep(pair, accepted=False)

    def pairs(self, database: Path) -> list[AcceptedPair]:
        """For each question to `database` the pair that was accepted last, the newest question first."""
        newest: dict[str, AcceptedPair] = {}
        with self._usable():
            for row in self._read(_NEWEST_FIRST, _name_of(database)):
                if _is_accepted(row):
                    newest.setdefault(row["question"], _pair_of(row))
        return list(newest.values())

    def runs(self, database: Path) -> list[LoggedRun]:
        """Every statement that was run as the answer to a question to `database`, the one run last first."""
        with self._usable():
            rows = self._read(_NEWEST_FIRST, _name_of(database))
            return [LoggedRun(row["id"], _pair_of(row), _is_accepted(row)) for row in rows]

    def databases(self) -> list[tuple[str, int]]:
        """Each database that has pairs, by its absolute path, with the number of its questions; in order of path."""
        counts = (
            "SELECT database, COUNT(DISTINCT question) AS questions FROM accepted GROUP BY database ORDER BY database"
        )
        with self._usable():
            return [(row["database"], row["questions"]) for row in self._read(counts)]

    def forget(self, database: Path) -> int:
        """Remove every row of `database` for good, earlier SQL of a question included; give how many there were."""
        with self._usable():
            return self._delete("database = ?", _name_of(database))

    def forget_one(self, database: Path, run: int) -> bool:
        """Remove for good the one of the `runs` of `database` that has this id; give whether there was such a one."""
        with self._usable():
            # As a text, since SQLite refuses numbers that are too large for it.
            return self._delete("database = ? AND CAST(rowid AS TEXT) = ?", _name_of(database), str(run)) > 0

    def _delete(self, condition: str, *parameters: str) -> int:
        if not self._read(f"SELECT 1 FROM accepted WHERE {condition} LIMIT 1", *parameters):
            return 0
        with self._opened() as history:
            # What is forgotten is overwritten: SQLite would leave its text in the file otherwise.
            history.execute("PRAGMA secure_delete = ON")
            with _writing(history):
                return int(history.execute(f"DELETE FROM accepted WHERE {condition}", parameters).rowcount)

    def _keep(self, pair: AcceptedPair, *, accepted: bool) -> None:
        with self._usable():
            self._make_file()
            with self._opened() as history, _writing(history):
                not_null = set(_COLUMNS) - {"confidence"}
                history.create_table(_TABLE, _COLUMNS, pk=_KEY, not_null=not_null, if_not_exists=True)
                for column in _ADDED_LATER.keys() - history[_TABLE].columns_dict:
                    history.execute(f"ALTER TABLE accepted ADD COLUMN {column} {_ADDED_LATER[column]}")
                history.execute(_COUNT_ONE_MORE_RUN, _row_of(pair) | {"accepted": int(accepted)})

    def _read(self, sql: str, *parameters: str) -> list[dict[str, Any]]:
        """The rows of a query; none where there is no history yet."""
        if not self.file.exists():
            return []
        with self._opened() as history:
            return list(history.query(sql, parameters)) if history[_TABLE].exists() else []

    def _make_file(self) -> None:
        """Make the file with its permissions, so that it is never readable to others, not even for a moment."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # Closing a file that another thread has opened through SQLite would drop that thread's locks on it.
        with _file_lock:
            if not self.file.exists():
                self.file.touch(mode=0o600)

    @contextmanager
    def _opened(self) -> Iterator["sqlite_utils.Database"]:
        import sqlite_utils

        uri = f"{self.file.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, timeout=_BUSY_SECONDS, uri=True)) as connection:
            # Plugins of sqlite-utils that happen to be installed have no business here.
            yield sqlite_utils.Database(connection, execute_plugins=False)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Raise HistoryError for whatever is wrong with the file."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise HistoryError(
                f"The history in {visible(str(self.file))} cannot be used: {_reason(error)}.",
                "Answers do not need it; the setting history turns it off.",
            ) from error


@contextmanager
def _writing(history: "sqlite_utils.Database") -> Iterator[None]:
    """A transaction that waits for other writers before it reads anything, as waiting later could be refused."""
    history.execute("BEGIN IMMEDIATE")
    yield
    # After an error there is no need to roll back: the connection is closed.
    history.execute("COMMIT")


def _reason(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "another program has locked it"
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "it is damaged, or something else; moved away, it is begun anew"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return "it cannot be opened, or not be written to"
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full"
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return visible(words)


def _name_of(database: Path) -> str:
    """The absolute path as a text that SQLite takes, whatever bytes the file system allows in a name."""
    return os.path.realpath(database).encode("utf-8", "backslashreplace").decode("utf-8")


def _row_of(pair: AcceptedPair) -> dict[str, str | int | float | None]:
    return {
        "database": _name_of(pair.database),
        "schema_fingerprint": pair.schema_fingerprint,
        "question": " ".join(pair.question.split()),
        "sql": pair.sql,
        "edited": int(pair.edited),
        "model": pair.model,
        "row_count": pair.row_count,
        "times_run": pair.times_run,
        # With a fixed number of digits, the order of the texts is that of the times.
        "last_run": pair.last_run.astimezone(UTC).isoformat(timespec="microseconds"),
        "confidence": pair.confidence,
    }


def _is_accepted(row: dict[str, Any]) -> bool:
    """Whether it was accepted; a file that was last written by an earlier version holds nothing else."""
    return bool(row.get("accepted", True))


def _pair_of(row: dict[str, Any]) -> AcceptedPair:
    return AcceptedPair(
        database=Path(row["database"]),
        schema_fingerprint=row["schema_fingerprint"],
        question=row["question"],
        sql=row["sql"],
        edited=bool(row["edited"]),
        model=row["model"],
        row_count=row["row_count"],
        last_run=datetime.fromisoformat(row["last_run"]),
        times_run=row["times_run"],
        confidence=row.get("confidence"),
    )
