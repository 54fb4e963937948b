"""Copies text to the user's clipboard through the terminal, and says what was done, as nobody can see it arrive."""

import os
import subprocess
import threading
from collections.abc import Callable

LONGEST_THROUGH_TERMINAL = 74_000
"""Bytes. Many terminals drop an OSC 52 sequence of more than 100,000 characters, which base64 makes of these."""


def copy_text(text: str, what: str, send: Callable[[str], None]) -> str:
    """Copy `text`; `send` gives it to the terminal as OSC 52. Returns what was done, for the user.

    tmux passes OSC 52 on only if it is set up so; its own buffer always works, and `-w` asks it to tell the
    terminal as well.
    """
    size = len(text.encode("utf-8", "replace"))
    inside_tmux = "TMUX" in os.environ
    if size <= LONGEST_THROUGH_TERMINAL:
        send(text)
    if inside_tmux:
        threading.Thread(target=_load_into_tmux, args=(text,), name="copy", daemon=True).start()
        return f"Sent {what} ({len(text):,} characters) to tmux's buffer and the terminal's clipboard."
    if size > LONGEST_THROUGH_TERMINAL:
        return f"Not copied: {what} has {len(text):,} characters, more than a terminal takes."
    return f"Sent {what} ({len(text):,} characters) to the terminal's clipboard."


def _load_into_tmux(text: str) -> None:
    data = text.encode("utf-8", "replace")
    for command in (["tmux", "load-buffer", "-w", "-"], ["tmux", "load-buffer", "-"]):
        try:
            done = subprocess.run(command, input=data, capture_output=True, timeout=5, check=False)
        except (OSError, subprocess.SubprocessError):
            return
        if done.returncode == 0:
            return
        # tmux before 3.2 does not know -w.
