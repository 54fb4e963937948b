"""Keeps the terminal for the interface alone: what anything else writes goes to a log file; draws nothing itself.

C libraries and progress bars write to file descriptors 1 and 2 whenever they like, which would corrupt the screen.
So these two are led to the log, and Textual draws on a duplicate of the terminal.
"""

import io
import logging
import os
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import Any

from nl2sql_tui.errors import InputError
from nl2sql_tui.folders import HOME_VARIABLE, log_folder
from nl2sql_tui.text import visible

_LONGEST_LOG_BYTES = 2_000_000
_LEAVE = (
    "\x1b[?2004l"  # bracketed paste off
    "\x1b[?7h"  # line wrap on
    "\x1b[?2048l"  # no reports of the size
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # no reports of the mouse
    "\x1b[<u"  # the keyboard protocol as it was; before the alternate screen is left, which has its own
    "\x1b[?1049l"  # the alternate screen off
    "\x1b[?25h"  # the cursor shown
    "\x1b[?1004l"  # no reports of the focus
    "\x1b[0m"
)
"""What undoes Textual's start_application_mode."""


class OwnTerminal:
    """The terminal, taken over on construction. It is not given back: the process ends with `leave`."""

    def __init__(self) -> None:
        """Raises InputError where there is no terminal to draw on, or no place for the log."""
        terminal = _terminal_descriptor()
        self.log_path = _prepared_log()
        self._restored = False
        self._attributes: list[Any] = termios.tcgetattr(0)
        self._stream = io.TextIOWrapper(os.fdopen(os.dup(terminal), "wb"), encoding="utf-8", errors="replace")
        # Textual draws on sys.__stderr__ and takes the window's size from sys.__stdout__.
        for name in ("__stdout__", "__stderr__"):
            setattr(sys, name, self._stream)
        log = os.open(self.log_path, os.O_WRONLY | os.O_APPEND)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        logging.basicConfig(
            filename=self.log_path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        logging.captureWarnings(True)

    def restore(self) -> None:
        """Undo what the interface set, without waiting for anything; a second time does nothing."""
        if self._restored:
            return
        self._restored = True
        with suppress(OSError):
            self._stream.write(_LEAVE)
            self._stream.flush()
        with suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, self._attributes)

    def say(self, line: str) -> None:
        """One line on the terminal, after the interface has left it."""
        with suppress(OSError):
            self._stream.write(visible(line) + "\r\n")
            self._stream.flush()


def _terminal_descriptor() -> int:
    """The descriptor of standard output or error that is a terminal."""
    found = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]
    if not os.isatty(0) or not found:
        raise InputError(
            "The terminal program needs a terminal to draw on and to read keys from.",
            "Use `nl2sql-tui ask` or `nl2sql-tui sql` in scripts and pipes.",
        )
    return found[0]


def _prepared_log() -> Path:
    """The log file, begun anew where it has grown long."""
    path = log_folder() / "tui.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LONGEST_LOG_BYTES:
            path.replace(path.with_suffix(".old.log"))
        path.touch(mode=0o600)
    except OSError as error:
        raise InputError(
            f"The log file {visible(str(path))} cannot be written: {error.strerror}.",
            f"Set {HOME_VARIABLE} to a folder that can be.",
        ) from error
    return path
