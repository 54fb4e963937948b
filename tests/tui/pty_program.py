"""Runs the terminal program in a pseudo-terminal of its own, types into it and reads its screen."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pyte

_HANGS_AFTER_SECONDS = 60.0
_ROOT = Path(__file__).parents[2]


class PtyProgram:
    """A Python process on a terminal. Leaving the block kills what still runs."""

    def __init__(self, code: str, home: Path, *, columns: int = 100, lines: int = 30) -> None:
        """Run `code`, with the program's folders under `home`."""
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        self.exit_code: int | None = None
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.attributes_before = termios.tcgetattr(self.slave)
        environment = os.environ | {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "NL2SQL_TUI_HOME": str(home),
            "PYTHONPATH": str(_ROOT),
        }
        environment.pop("TMUX", None)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(self.slave, descriptor)
            os.execve(sys.executable, [sys.executable, "-c", code], environment)

    def __enter__(self) -> "PtyProgram":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.exit_code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def until(self, condition: Callable[[], Any]) -> None:
        """Read what it draws until `condition` holds; fail if it never does."""
        gives_up = time.monotonic() + _HANGS_AFTER_SECONDS
        while not condition():
            assert time.monotonic() < gives_up, f"never came true; on the screen:\n{self.text}"
            self._read(0.02)

    def wait(self) -> int:
        """Read on until the process has ended, and return its exit code."""
        self.until(self._has_ended)
        while self._read(0.05):
            pass
        assert self.exit_code is not None
        return self.exit_code

    def _has_ended(self) -> bool:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.exit_code = os.waitstatus_to_exitcode(status)
        return bool(pid)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        data = os.read(self.master, 65536)
        self.output += data
        self._stream.feed(data)
        return True
