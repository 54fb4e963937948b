"""What copying does and says, inside tmux and outside."""

import subprocess
import time
from typing import Any

import pytest

from nl2sql_tui.tui import clipboard


def test_outside_tmux_the_terminal_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    sent: list[str] = []
    assert clipboard.copy_text("SELECT 1", "the SQL", sent.append) == (
        "Sent the SQL (8 characters) to the terminal's clipboard."
    )
    assert sent == ["SELECT 1"]


def test_what_is_too_long_for_a_terminal_is_not_sent_and_this_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    sent: list[str] = []
    assert "Not copied" in clipboard.copy_text("x" * 80_000, "the cell", sent.append)
    assert sent == []


def test_inside_tmux_its_buffer_gets_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/tmp/socket,1,0")
    calls: list[tuple[list[str], bytes]] = []

    def run(command: list[str], *, input: bytes, **_: Any) -> subprocess.CompletedProcess[bytes]:
        calls.append((command, input))
        return subprocess.CompletedProcess(command, returncode=1 if "-w" in command else 0)

    monkeypatch.setattr(subprocess, "run", run)
    sent: list[str] = []
    assert "tmux" in clipboard.copy_text("é", "the cell", sent.append)
    assert sent == ["é"]
    for _ in range(200):
        if len(calls) == 2:
            break
        time.sleep(0.01)
    # An old tmux does not know -w and is asked once more without it.
    assert calls == [
        (["tmux", "load-buffer", "-w", "-"], "é".encode()),
        (["tmux", "load-buffer", "-"], "é".encode()),
    ]
