"""Has accepted question/SQL pairs kept in the background; what is accepted is decided by who calls."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import UserError
from nl2sql_tui.history.accepted import AcceptedPair, History, now, schema_fingerprint
from nl2sql_tui.language.recall import Remembered
from nl2sql_tui.tui.background import InternalError


class HistoryKeeper:
    """Writes each pair on a daemon thread of its own, and says at most once that it cannot."""

    def __init__(self, database: Database, history: History, tell: Callable[[UserError], None]) -> None:
        """`tell` is called on another thread, with what keeps pairs from being kept."""
        self._database = database
        self._history = history
        self._tell = tell
        self._lock = threading.Lock()
        self._told = False

    def keep(self, question: str, sql: str, model: str, *, edited: bool, row_count: int) -> None:
        """Keep the pair; returns at once."""
        ran_at = now()
        threading.Thread(
            target=lambda: self._keep(question, sql, model, edited, row_count, ran_at), name="history", daemon=True
        ).start()

    def remembered(self) -> list[Remembered]:
        """What was kept of this database, the newest first; nothing if it cannot be read, which is told."""
        try:
            pairs = self._history.pairs(self._database.path)
        except UserError as error:
            self._tell_once(error)
            return []
        return [Remembered(pair.question, pair.sql, pair.last_run) for pair in pairs]

    def _keep(self, question: str, sql: str, model: str, edited: bool, row_count: int, ran_at: datetime) -> None:
        try:
            pair = AcceptedPair(
                database=self._database.path,
                schema_fingerprint=schema_fingerprint(self._database.schema()),
                question=question,
                sql=sql,
                edited=edited,
                model=model,
                row_count=row_count,
                last_run=ran_at,
            )
            self._history.accept(pair)
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
