"""One way to say stop, shared by those who ask for it and those who work; knows nothing of the work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nl2sql_tui.errors import Stopped


class Cancel:
    """A flag that goes up once, from any thread, and calls those who wait for it.

    Workers poll `requested` where that is cheap, and register a callback with `calling` where they sit in
    a call that only something else can end (SQLite's `interrupt`, a socket's `close`).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        """Raise the flag and run the callbacks in the calling thread; a second call does nothing."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback()

    def raise_if_requested(self) -> None:
        """Raise `Stopped` if the flag is up."""
        if self.requested:
            raise Stopped

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call `callback` when the flag goes up while the block runs, or at once if it is up already."""
        with self._lock:
            self._callbacks.append(callback)
            already = self._event.is_set()
        try:
            if already:
                callback()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)
