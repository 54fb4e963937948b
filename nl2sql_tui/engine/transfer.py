"""What every way of fetching shares: progress with a measured speed, waiting that can be stopped, redaction.

The ways themselves are in `download`, `package_index`, `pip_download` and `hub`.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.text import shortened

Report = Callable[[LoadState], None]
"""Where progress goes; called from the thread that works."""

_SPEED_WINDOW_SECONDS = 3.0
_REPORT_SECONDS = 0.1
_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]*@")
_QUERY = re.compile(r"\?[^\s'\"]*")


class FetchFailed(Exception):
    """A source did not deliver. Internal: several of these become one ModelError for the user.

    `reason` is a few words, fit to be shown. `transient` says whether the same request may work in a moment.
    """

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.transient = transient


class Meter:
    """Reports bytes and speed of one transfer, at most ten times a second."""

    def __init__(self, report: Report, detail: str, total: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._report = report
        self._detail = detail
        self._total = total
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()
        self._reported_at = float("-inf")

    def at(self, done: int, *, total: int | None = None) -> None:
        """`done` bytes are here. The speed is that of the last three seconds, resumed bytes not counted."""
        now = self._clock()
        if total is not None:
            self._total = total
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()  # started over
        self._seen.append((now, done))
        while self._seen[-1][0] - self._seen[0][0] > _SPEED_WINDOW_SECONDS and len(self._seen) > 2:
            self._seen.popleft()
        if now - self._reported_at >= _REPORT_SECONDS or done == self._total:
            self._reported_at = now
            self._send(self._detail, self._speed())

    def note(self, remark: str) -> None:
        """Say why nothing is moving; the bytes stand where they stood."""
        self._send(f"{self._detail}: {remark}", 0.0)
        self._seen.clear()

    def _speed(self) -> float:
        (start, first), (end, last) = self._seen[0], self._seen[-1]
        return (last - first) / (end - start) if end > start else 0.0

    def _send(self, detail: str, speed: float) -> None:
        done = self._seen[-1][1] if self._seen else 0
        self._report(LoadState("fetching", detail, done=done, total=self._total, bytes_per_second=speed))


def pause(seconds: float, cancel: Cancel) -> None:
    """Wait, or raise Stopped as soon as the user asks to stop."""
    woken = threading.Event()
    with cancel.calling(woken.set):
        woken.wait(seconds)
    cancel.raise_if_requested()


def without_secrets(text: str, limit: int = 160) -> str:
    """`text` on one line, without what URLs carry in user, password and query, and not endless."""
    return shortened(_QUERY.sub("", _CREDENTIALS.sub("", " ".join(text.split()))), limit)


def host_of(url: str) -> str:
    """What may be shown of an address: its host, or the path of a file."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return shortened(parts.hostname or parts.path, 80)
