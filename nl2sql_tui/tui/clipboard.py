"""Copies text to the user's clipboard through the terminal, and says what was done, as nobody can see it arrive."""

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from nl2sql_tui.folders import copied_file
from nl2sql_tui.text import visible

LONGEST_THROUGH_TERMINAL = 74_000
"""Bytes. Many terminals drop an OSC 52 sequence of more than 100,000 characters, which base64 makes of these."""
_TMUX_SECONDS = 5.0


def copy_text(text: str, what: str, send: Callable[[str], None], tell: Callable[[str], None]) -> None:
    """Copy `text`; `send` gives it to the terminal as OSC 52, `tell` a line about what was done to the user.

    tmux passes OSC 52 on only if it is set up so; its own buffer always works, and `-w` asks it to tell the terminal
    as well. It is waited for on another thread, from which `tell` is then called. What neither takes goes to a file.
    """
    data = text.encode("utf-8", "replace")
    size = f"{what} ({len(text):,} character{'' if len(text) == 1 else 's'})"
    fits_terminal = len(data) <= LONGEST_THROUGH_TERMINAL
    if fits_terminal:
        send(text)
    places = ["the terminal's clipboard"] if fits_terminal else []

    def through_tmux() -> None:
        tell(_told(data, size, ["tmux's buffer", *places] if _load_into_tmux(data) else places))

    if "TMUX" in os.environ:
        threading.Thread(target=through_tmux, name="copy", daemon=True).start()
    else:
        tell(_told(data, size, places))


def _told(data: bytes, size: str, places: list[str]) -> str:
    """What was done; first writes a file if nothing else was."""
    if places:
        return f"Sent {size} to {' and '.join(places)}."
    try:
        return f"Too long for a terminal's clipboard; wrote {size} to {visible(str(_write_file(data)))}"
    except OSError as error:
        return f"Not copied: {size} is too long for a terminal, and no file could be written: {error.strerror}."


def _write_file(data: bytes) -> Path:
    path = copied_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def _load_into_tmux(data: bytes) -> bool:
    """Whether tmux took it."""
    # tmux before 3.2 does not know -w.
    for command in (["tmux", "load-buffer", "-w", "-"], ["tmux", "load-buffer", "-"]):
        try:
            done = subprocess.run(command, input=data, capture_output=True, timeout=_TMUX_SECONDS, check=False)
        except (OSError, subprocess.SubprocessError):
            return False
        if done.returncode == 0:
            return True
    return False
