"""Has SQL read in plain words and odd results examined, in the background; what is shown of it is left to who hears."""

from collections.abc import Callable, Iterable

from textual.message import Message

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.doctor import Diagnosis, ResultFacts, examine
from nl2sql_tui.errors import Stopped
from nl2sql_tui.language.reading import read
from nl2sql_tui.tui.background import Stream
from nl2sql_tui.tui.messages import ActivityChanged, DiagnosisMade, ReadingMade


class Explainer:
    """Works on daemon threads and tells with messages. A bug met there is logged, and what it was about left unsaid."""

    def __init__(self, database: Database, post: Callable[[Message], object]) -> None:
        """`post` is called on other threads."""
        self._database = database
        self._post = post
        self._examination: tuple[int, Cancel] | None = None

    @property
    def examining(self) -> bool:
        """A result is being examined."""
        return self._examination is not None

    def read(self, turn: int, sql: str) -> None:
        """Have the SQL of that turn read."""

        def work() -> Iterable[None]:
            reading = read(sql, self._database.schema())
            if reading is not None:
                self._post(ReadingMade(turn, sql, reading))
            return ()

        Stream("reading", work)

    def examine(self, turn: int, sql: str, facts: ResultFacts) -> None:
        """Have the result of that turn examined, in place of any that is being examined."""
        self.stop()
        cancel = Cancel()
        self._examination = (turn, cancel)

        def work() -> Iterable[None]:
            diagnosis = Diagnosis()
            try:
                diagnosis = examine(self._database, sql, facts, cancel)
            except Stopped:
                pass
            finally:
                if not cancel.requested:
                    self._post(DiagnosisMade(turn, diagnosis))
            return ()

        Stream("doctor", work)

    def end(self, turn: int) -> None:
        """Note that what was found about that turn has arrived."""
        if self._examination is not None and self._examination[0] == turn:
            self._examination = None

    def stop(self) -> bool:
        """Stop examining, if a result is being examined."""
        if self._examination is None:
            return False
        turn, cancel = self._examination
        cancel.request()
        self._post(DiagnosisMade(turn, Diagnosis()))
        self._examination = None
        self._post(ActivityChanged())
        return True
