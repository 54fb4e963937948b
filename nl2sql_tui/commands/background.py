"""Runs a query's pages on a thread, so that the main thread stays free to stop; knows nothing of what they hold."""

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import SqlError, Stopped

Part = TypeVar("Part")

GRACE_SECONDS: Final = 1.0
"""SQLite is interrupted between the steps of a statement; one function call on long texts may take minutes."""
_POLL_SECONDS: Final = 0.05
_PARTS_AHEAD: Final = 4


class _End:
    """Stands behind the last part."""


def from_thread(parts: Iterable[Part], cancel: Cancel, seconds: float) -> Iterator[Part]:
    """Give `parts`, made on a daemon thread, as they come.

    Raises what making them raises; Stopped or SqlError where no next one comes, though a cancel or a deadline of
    `seconds` should have ended it. The thread is then left alone with what it does, and ends with the process.
    """
    arrived: queue.Queue[Part | Exception | _End] = queue.Queue(_PARTS_AHEAD)

    def make() -> None:
        try:
            for part in parts:
                arrived.put(part)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that asked
            arrived.put(error)
        else:
            arrived.put(_End())

    threading.Thread(target=make, name="query", daemon=True).start()
    last_sign = time.monotonic()
    cancelled_at: float | None = None
    while True:
        try:
            part = arrived.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            now = time.monotonic()
            if cancel.requested:
                cancelled_at = cancelled_at or now
                if now - cancelled_at > GRACE_SECONDS:
                    raise Stopped("Stopped, in the middle of one long function call.") from None
            elif now - last_sign > seconds + GRACE_SECONDS:
                raise SqlError(
                    f"Ended after {seconds:g} seconds, in the middle of one long function call.",
                    "Nothing was changed.",
                ) from None
            continue
        if isinstance(part, _End):
            return
        if isinstance(part, Exception):
            raise part
        yield part
        last_sign = time.monotonic()  # the part has been read; how long that took is the reader's affair
