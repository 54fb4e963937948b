"""Runs a statement and prints its rows on standard output; what else is to say goes to standard error."""

import _thread
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.background import from_thread
from nl2sql_tui.database.execute import Ending, Limits
from nl2sql_tui.database.export import write_rows
from nl2sql_tui.database.file import Database
from nl2sql_tui.database.formats import FOR_READING, Format
from nl2sql_tui.errors import ExitCode, Stopped
from nl2sql_tui.settings import Settings
from nl2sql_tui.terminal import say, say_error
from nl2sql_tui.text import visible_lines

ROWS_FOR_READING = 1_000
"""Rows printed for a reader who named no limit."""


class _CleanedForScreen:
    """A text stream to a terminal: whatever is written through it is shown, never obeyed."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        return self._out.write(visible_lines(text))


def limits_for(form: Format, limit: int | None, settings: Settings) -> Limits:
    """The limits in force for a format; a `limit` of 0 stands for all rows."""
    if limit is None:
        limit = ROWS_FOR_READING if form in FOR_READING else 0
    held = form in FOR_READING
    return Limits(
        rows=limit or None,
        bytes=settings.max_megabytes * 2**20 if held else None,
        seconds=settings.query_seconds,
    )


@contextmanager
def stopping_on_interrupt(cancel: Cancel) -> Iterator[None]:
    """Turn the first Ctrl+C within the block into a request to stop, so that what is there can be kept.

    The second one interrupts as usual. The request is made on a thread of its own: a signal comes between any two
    steps of the main thread, which may just hold a lock that the request needs.
    """
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        _thread.start_new_thread(cancel.request, ())

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run_and_print(database: Database, sql: str, form: Format, limit: int | None, settings: Settings) -> int:
    """Run `sql`, print its rows, say how it ended; return the exit code. Raises DatabaseError, SqlError."""
    return code_of(print_rows(database, sql, form, limit, settings))


def print_rows(database: Database, sql: str, form: Format, limit: int | None, settings: Settings) -> Ending:
    """Run `sql`, print its rows, say how it ended. Raises DatabaseError, SqlError."""
    cancel = Cancel()
    limits = limits_for(form, limit, settings)
    # Data for another program stays what it is; on a terminal even CSV must not drive the screen.
    out: TextIO | _CleanedForScreen = _CleanedForScreen(sys.stdout) if sys.stdout.isatty() else sys.stdout
    with stopping_on_interrupt(cancel):
        ending = write_rows(from_thread(database.execute(sql, cancel, limits), cancel, limits.seconds), form, out)  # type: ignore[arg-type]
    sys.stdout.flush()
    say_ending(ending, limits)
    return ending


def code_of(ending: Ending) -> int:
    """The exit code for a statement that ended so."""
    if ending.error is None:
        return ExitCode.OK
    return ExitCode.STOPPED if isinstance(ending.error, Stopped) else ending.error.exit_code


def say_ending(ending: Ending, limits: Limits) -> None:
    """Row count, whether there was more, the time, and the error if one ended it early."""
    rows = f"{ending.row_count:,} row{'' if ending.row_count == 1 else 's'}"
    if ending.cut == "rows":
        rows = f"first {rows} of more (--limit 0 for all)"
    elif ending.cut == "bytes":
        rows = f"first {rows} of more: they take {(limits.bytes or 0) / 2**20:,.0f} MB (--format csv has no limit)"
    say(f"{rows} in {ending.seconds:.2f} s")
    if ending.error is not None:
        say_error(ending.error)
