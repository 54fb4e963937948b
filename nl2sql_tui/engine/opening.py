"""How an engine becomes ready, is waited for, is changed while it runs and is closed; what it opens is its own part."""

import atexit
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.errors import Stopped, UserError

T = TypeVar("T")
_LONGEST_LEAVING_SECONDS: Final = 5.0
"""For a pass to be left and a model to be freed."""


class Opening:
    """The way from idle to ready or failed, and at last to closed. Every method may be called from any thread."""

    def __init__(self, in_words: Callable[[BaseException], UserError], closed: str) -> None:
        """`in_words` puts what a library raises into words, `closed` is told to who waits for what has been closed."""
        self.closing = Cancel()
        """Goes up once, when the engine is closed."""
        self.emptied = threading.Event()
        """Set once what was opened has been freed after closing, or the work has ended."""
        self._in_words = in_words
        self._closed = closed
        self._state = LoadState("idle")
        self._changed = threading.Condition()
        self._is_ready = False
        self._is_changing = False
        self._error: UserError | None = None

    @property
    def state(self) -> LoadState:
        """Where it stands now."""
        return self._state

    def begin(self, first: LoadState, work: Callable[[], None], name: str) -> None:
        """Do `work` on a daemon thread called `name`, with `first` as the state; nothing unless idle or failed."""
        with self._changed:
            if self._state.phase not in ("idle", "failed"):
                return
            self._state, self._error = first, None
        self.emptied.clear()
        atexit.register(self._await_emptied)
        threading.Thread(target=self._run, args=(work,), name=name, daemon=True).start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self.emptied.set()

    def attempt(self, opened: Callable[[], T]) -> T | None:
        """What `opened` gives; None where it raises, which is then told as the failure that it is."""
        try:
            return opened()
        except BaseException as error:  # noqa: BLE001 - whatever a library raises, panics too, is told to the user
            problem = error if isinstance(error, UserError) else self._in_words(error)
            with self._changed:
                self._state, self._error = LoadState("failed", str(problem)), problem
                self._changed.notify_all()
            return None

    def report(self, state: LoadState) -> None:
        """Say how far it has come."""
        self._state = state

    def succeed(self, state: LoadState) -> None:
        """Be ready, and let go of who waits."""
        with self._changed:
            self._state, self._is_ready = state, True
            self._changed.notify_all()

    def wait(self, cancel: Cancel) -> None:
        """Return when ready and not being changed. Raises what failed, Stopped on cancel and once closed."""
        with cancel.calling(self._wake), self._changed:
            self._await_ready(cancel)

    @contextmanager
    def changing(self, cancel: Cancel) -> Iterator[None]:
        """Once ready, let others wait while the block changes what is; afterwards the state is what it was.

        One change comes after the other. Raises as `wait` does.
        """
        with cancel.calling(self._wake), self._changed:
            self._await_ready(cancel)
            self._is_changing, before = True, self._state
            self._state = LoadState("loading", device=before.device)
        try:
            yield
        finally:
            with self._changed:
                self._is_changing, self._state = False, before
                self._changed.notify_all()

    def _await_ready(self, cancel: Cancel) -> None:
        self._changed.wait_for(
            lambda: (
                cancel.requested
                or self.closing.requested
                or self._error is not None
                or (self._is_ready and not self._is_changing)
            )
        )
        cancel.raise_if_requested()
        if self.closing.requested:
            raise Stopped(self._closed)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Let go of everyone who waits, for good."""
        self.closing.request()
        self._wake()

    def _await_emptied(self) -> None:
        """Python ends a daemon thread wherever it is; in the middle of freeing a model, that aborts the process."""
        if self.closing.requested:
            self.emptied.wait(_LONGEST_LEAVING_SECONDS)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
