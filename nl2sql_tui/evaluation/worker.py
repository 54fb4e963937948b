"""The judge's worker process: runs statements, keeps their rows to itself and says how they compare.

It holds what a hostile statement could break: it has bounds on memory and on what it writes, and its parent ends it
when it does not answer. It takes one request at a time from a pipe and sends one reply to each.
"""

import signal
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from nl2sql_tui.evaluation.comparison import Result, compare
from nl2sql_tui.evaluation.judgement import Form, Ran
from nl2sql_tui.evaluation.running import run

_MOST_MEMORY: Final = 3 * 1024**3
"""Of the process: two results, SQLite's own bound, and what the comparison needs."""
_MOST_FILE_BYTES: Final = 512 * 1024**2
"""Of a temporary file that SQLite writes while it sorts."""


@dataclass(frozen=True, slots=True)
class Start:
    """Forget the last question; what follows is about this database. The reply is None."""

    database: Path


@dataclass(frozen=True, slots=True)
class RunGold:
    """Run a gold query and keep its rows. The reply is a Ran."""

    sql: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """Run an answer and keep its rows. The reply is a Ran."""

    sql: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CompareRows:
    """Compare the answer with every gold query that ran. The reply is Compared."""


Request = Start | RunGold | RunAnswer | CompareRows


@dataclass(frozen=True, slots=True)
class Compared:
    """The forms by which an answer is right, judged by the gold query it is most like."""

    forms: frozenset[Form]
    undecided: frozenset[Form]


Reply = Ran | Compared | None


def main(pipe: Connection) -> None:
    """Answer requests until the parent closes its end."""
    _bound_this_process()
    session = _Session()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(session.reply(pipe.recv()))


def _bound_this_process() -> None:
    # Ctrl+C reaches all processes of a terminal; what it means is decided by the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        import resource
    except ImportError:
        return  # Windows has no such bounds; SQLite's own, and those on rows and bytes, hold there too
    for kind, most in (
        (resource.RLIMIT_AS, _MOST_MEMORY),
        (resource.RLIMIT_FSIZE, _MOST_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # some systems have no such bound
            resource.setrlimit(kind, (bound, hard))


@dataclass(slots=True)
class _Session:
    """What the worker remembers of the question at hand."""

    database: Path = Path()
    golds: list[tuple[str, Result]] = field(default_factory=list)
    answer: Result | None = None

    def reply(self, request: Request) -> Reply:
        match request:
            case Start(database):
                self.database, self.answer = database, None
                self.golds.clear()
                return None
            case RunGold(sql, seconds):
                ran, result = run(self.database, sql, seconds)
                if result is not None:
                    self.golds.append((sql, result))
                return ran
            case RunAnswer(sql, seconds):
                self.answer = None
                ran, self.answer = run(self.database, sql, seconds)
                return ran
            case CompareRows():
                try:
                    return self._compared()
                except MemoryError:
                    return Compared(frozenset(), frozenset(Form))

    def _compared(self) -> Compared:
        forms: frozenset[Form] = frozenset()
        undecided: frozenset[Form] = frozenset()
        if self.answer is None:
            return Compared(forms, undecided)
        for sql, result in self.golds:
            comparison = compare(result, self.answer, sql)
            forms |= comparison.forms
            undecided |= comparison.undecided
        return Compared(forms, undecided - forms)
