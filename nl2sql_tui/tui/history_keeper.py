"""Has question/SQL pairs that ran kept in the background, as accepted once nothing is found to speak against that."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import UserError
from nl2sql_tui.history.accepted import AcceptedPair, History, can_be_accepted, now, schema_fingerprint
from nl2sql_tui.language.recall import Remembered
from nl2sql_tui.tui.background import InternalError
from nl2sql_tui.tui.widgets.turn import Turn


@dataclass(frozen=True, slots=True)
class _Run:
    """An answer that ran to its end, of whose result nothing has been found yet."""

    question: str
    sql: str
    model: str
    edited: bool
    row_count: int
    ran_at: datetime
    is_unsure: bool
    confidence: float | None


class HistoryKeeper:
    """Writes each pair on a daemon thread of its own, and says at most once that it cannot."""

    def __init__(self, database: Database, history: History, tell: Callable[[UserError], None]) -> None:
        """`tell` is called on another thread, with what keeps pairs from being kept."""
        self._database = database
        self._history = history
        self._tell = tell
        self._lock = threading.Lock()
        self._told = False
        self._unexamined: dict[int, _Run] = {}
        """By the number of their turn."""

    def note_run(self, turn: Turn, row_count: int) -> None:
        """Note that the turn's SQL ran to its end; it is kept once its result has been examined."""
        # "And per month" is no question that anything could be learnt from.
        if turn.answers is None or turn.leans_on_last:
            return
        answer = turn.as_answered
        self._unexamined[turn.number] = _Run(
            turn.answers,
            turn.sql,
            turn.model,
            turn.edited,
            row_count,
            now(),
            is_unsure=answer is not None and answer.doubt is not None,
            confidence=answer.confidence if answer is not None else None,
        )

    def note_examined(self, turn: int, *, has_findings: bool) -> None:
        """Keep what was run in that turn, if anything was that is to be kept; returns at once."""
        run = self._unexamined.pop(turn, None)
        if run is not None:
            threading.Thread(target=lambda: self._keep(run, has_findings), name="history", daemon=True).start()

    def remembered(self) -> list[Remembered]:
        """What was kept of this database, the newest first; nothing if it cannot be read, which is told."""
        try:
            pairs = self._history.pairs(self._database.path)
        except UserError as error:
            self._tell_once(error)
            return []
        return [Remembered(pair.question, pair.sql, pair.last_run, pair.confidence) for pair in pairs]

    def _keep(self, run: _Run, has_findings: bool) -> None:
        try:
            pair = AcceptedPair(
                database=self._database.path,
                schema_fingerprint=schema_fingerprint(self._database.schema()),
                question=run.question,
                sql=run.sql,
                edited=run.edited,
                model=run.model,
                row_count=run.row_count,
                last_run=run.ran_at,
                confidence=run.confidence,
            )
            accepted = can_be_accepted(is_unsure=run.is_unsure, row_count=run.row_count, has_findings=has_findings)
            (self._history.accept if accepted else self._history.log)(pair)
        except UserError as error:
            self._tell_once(error)
        except Exception as error:
            logging.getLogger(__name__).exception("a pair could not be kept")
            self._tell_once(InternalError(error))

    def _tell_once(self, error: UserError) -> None:
        with self._lock:
            told, self._told = self._told, True
        if not told:
            self._tell(error)
