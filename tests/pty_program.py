"""Drives a program in a real pseudo-terminal and reads its screen as a person would."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence

import pyte


class PtyProgram:
    """A running program, the screen it has painted, and every byte it has sent."""

    def __init__(self, command: Sequence[str], *, columns: int = 120, lines: int = 40, **environment: str) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._parser = pyte.ByteStream(self._screen)
        self.sent = b""
        """Everything the program wrote to the terminal."""
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._process = subprocess.Popen(
            command,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment},
        )
        os.close(follower)

    @property
    def text(self) -> str:
        """The screen's lines, without the space at their ends."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def is_in_line_mode(self) -> bool:
        """The terminal echoes and gives whole lines, as a shell needs it."""
        flags = termios.tcgetattr(self._leader)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def wait_for(self, words: str | Callable[[str], bool], seconds: float = 60.0) -> str:
        """Read until the screen shows `words`; return it. Fails with the screen if they do not come in time."""
        found = words if callable(words) else (lambda text: words in text)
        end = time.monotonic() + seconds
        while not found(self.text):
            if time.monotonic() > end or not self._read(end):
                raise AssertionError(f"{words!r} did not appear; the screen:\n{self.text}")
        return self.text

    def send(self, keys: str) -> None:
        """Type `keys`; control characters as themselves."""
        self.send_bytes(keys.encode())

    def send_bytes(self, data: bytes) -> None:
        """Send `data` as it is, also pieces of a letter."""
        os.write(self._leader, data)

    def wait_for_exit(self, seconds: float = 30.0) -> int:
        """Read until the program ends; return its exit code."""
        end = time.monotonic() + seconds
        while self._read(end):
            pass
        return self._process.wait(max(0.1, end - time.monotonic()))

    def terminate(self) -> None:
        """Ask the program to end, as a system does that shuts down."""
        self._process.terminate()

    def kill(self) -> None:
        """End the program, whatever it does."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._leader)

    def _read(self, end: float) -> bool:
        """Take what has been sent by now, waiting for some; False once the program has closed the terminal."""
        ready, _, _ = select.select([self._leader], [], [], min(0.1, max(0.0, end - time.monotonic())))
        if not ready:
            return time.monotonic() < end
        try:
            piece = os.read(self._leader, 65536)
        except OSError:
            return False
        self.sent += piece
        self._parser.feed(piece)
        return bool(piece)
