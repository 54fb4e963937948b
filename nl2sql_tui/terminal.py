"""What the commands say beside their results, on standard error: errors, load progress, streamed text."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.cells import cell_len

from nl2sql_tui.engine.events import Engine, LoadState
from nl2sql_tui.errors import UserError
from nl2sql_tui.load_text import load_text
from nl2sql_tui.text import visible_lines

_REFRESH_SECONDS = 0.1
_BAR_WIDTH = 24
_CLEAR_LINE = "\r\x1b[2K"


def say(line: str) -> None:
    """One line for the person, cleaned for the screen."""
    print(visible_lines(line.rstrip()), file=sys.stderr, flush=True)  # noqa: T201


def say_error(error: UserError) -> None:
    """An error in one line."""
    say(f"nl2sql-tui: {error}")


@contextmanager
def showing_load(engine: Engine) -> Iterator[None]:
    """Show on standard error how far the engine's loading is, until it ends or the block does.

    On a terminal one line is drawn over and over; elsewhere each phase is one line, so that a log stays short. What a
    ready engine has to say, such as where the questions go, is said once.
    """
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(engine, over), name="load progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(engine: Engine, over: threading.Event) -> None:
    line = LoadLine()
    while not over.is_set() and (state := engine.load_state).phase not in ("ready", "failed"):
        line.show(state)
        over.wait(_REFRESH_SECONDS)
    line.end()
    ready = engine.load_state
    if ready.phase == "ready" and ready.detail:
        say(ready.detail)


class LoadLine:
    """Load states on standard error as they change."""

    _QUIET_SECONDS = 1.0
    """Off a terminal, a load that ends within this time is not worth a line."""

    def __init__(self) -> None:
        self._interactive = sys.stderr.isatty()
        self._began = time.monotonic()
        self._phase = ""
        self._drawn = False

    def show(self, state: LoadState) -> None:
        """Draw `state` over the last one; off a terminal, write a line when the phase changes."""
        if self._interactive:
            self._drawn = True
            print(_CLEAR_LINE + load_line(state), end="", file=sys.stderr, flush=True)  # noqa: T201
        elif state.phase not in (self._phase, "idle") and time.monotonic() - self._began > self._QUIET_SECONDS:
            self._phase = state.phase
            say(load_line(state))

    def end(self) -> None:
        """Take the line away."""
        if self._drawn:
            print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)  # noqa: T201


def load_line(state: LoadState) -> str:
    """A load state as one line, with a bar while something is fetched."""
    parts = [f"model: {load_text(state)}"]
    if state.total:
        full = round(min(1.0, state.done / state.total) * _BAR_WIDTH)
        parts.append("█" * full + "░" * (_BAR_WIDTH - full))
    if state.detail:
        parts.append(visible_lines(state.detail))
    return "  ".join(parts)


class Draft:
    """A text on a terminal that grows, and of which what stands there already may change."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = ""

    def show(self, text: str) -> None:
        """Show `text` in the place of what was shown before."""
        text = visible_lines(text)
        if text.startswith(self._shown):
            self._write(text[len(self._shown) :])
        else:
            rows_up = self._rows() - 1
            up = f"\x1b[{rows_up}A" if rows_up else ""
            self._write(f"\r{up}\x1b[J{text}")
        self._shown = text

    def end(self) -> None:
        """Leave it there."""
        self._write("\n")

    def _rows(self) -> int:
        """Rows that what is shown takes on the screen."""
        width = max(1, shutil.get_terminal_size().columns)
        return sum(max(1, -(-cell_len(line) // width)) for line in self._shown.split("\n"))

    def _write(self, text: str) -> None:
        print(text, end="", file=self._stream, flush=True)


class ProgressLine:
    """A counted progress on standard error: drawn over on a terminal, a line now and then elsewhere."""

    _SECONDS_BETWEEN_LINES = 30.0

    def __init__(self, total: int, noun: str) -> None:
        self.total = total
        self.noun = noun
        self._interactive = sys.stderr.isatty()
        self._began = time.monotonic()
        self._first = 0
        self._last_line = 0.0

    def start(self, done: int) -> None:
        """Begin with `done` already there from before; they do not count for the speed."""
        self._first = done
        self.show(done)

    def show(self, done: int) -> None:
        """Draw `done` of the total, the speed and the time left."""
        now = time.monotonic()
        speed = (done - self._first) / (now - self._began) if now > self._began else 0.0
        left = f"{(self.total - done) / speed:.0f} s left" if speed else ""
        line = f"{done:,} of {self.total:,} {self.noun}  {left}"
        if self._interactive:
            print(f"{_CLEAR_LINE}{line}", end="", file=sys.stderr, flush=True)  # noqa: T201
        elif now - self._last_line > self._SECONDS_BETWEEN_LINES or done == self.total:
            self._last_line = now
            say(line)

    def end(self) -> None:
        """Leave the line."""
        if self._interactive:
            print(file=sys.stderr, flush=True)  # noqa: T201
