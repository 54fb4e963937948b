"""Runs what takes time on daemon threads and hands its events to the interface, which never waits for them.

Daemon threads, because quitting must not wait: Textual's own thread workers are joined when the program ends.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from nl2sql_tui.errors import UserError

Event = TypeVar("Event")

DRAINS_PER_SECOND = 30
"""How often a pane looks for events of what runs for it."""


class InternalError(UserError):
    """A bug met on a background thread; its traceback is in the log."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            f"Something went wrong inside this program: {type(error).__name__}: {error}",
            "The details are in the log file; what is on the screen is kept.",
        )


class Stream(Generic[Event]):
    """The events of one piece of work, in order, on their way from its thread to the interface."""

    def __init__(self, name: str, work: Callable[[], Iterable[Event]]) -> None:
        """Start `work` at once. What it raises becomes the stream's `error`."""
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._work = work
        self._error: UserError | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for event in self._work():
                self._events.put(event)
        except UserError as error:
            self._error = error
        except Exception as error:
            logging.getLogger(__name__).exception("in thread %s", self._thread.name)
            self._error = InternalError(error)

    def take(self) -> tuple[list[Event], bool, UserError | None]:
        """The events since the last call; whether these were the last; and what ended the work, if it failed."""
        # Asked before the queue is emptied: what the thread put before it ended is then surely taken.
        ended = not self._thread.is_alive()
        events: list[Event] = []
        while True:
            try:
                events.append(self._events.get_nowait())
            except Empty:
                return events, ended, self._error if ended else None
