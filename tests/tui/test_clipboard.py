"""What copying does and says, inside tmux and outside."""

import queue
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.tui import clipboard

_HANG_GUARD = 30


class _Copying:
    """One call of `copy_text`, with what it sent and told."""

    def __init__(self, text: str, what: str) -> None:
        self.sent: list[str] = []
        told: queue.SimpleQueue[str] = queue.SimpleQueue()
        clipboard.copy_text(text, what, self.sent.append, told.put)
        self.told = told.get(timeout=_HANG_GUARD)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path))
    monkeypatch.delenv("TMUX", raising=False)


def _fake_tmux(monkeypatch: pytest.MonkeyPatch, knows: list[list[str]]) -> list[tuple[list[str], bytes]]:
    monkeypatch.setenv("TMUX", "/tmp/socket,1,0")
    calls: list[tuple[list[str], bytes]] = []

    def run(command: list[str], *, input: bytes, **_: Any) -> subprocess.CompletedProcess[bytes]:
        calls.append((command, input))
        return subprocess.CompletedProcess(command, returncode=0 if command in knows else 1)

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_outside_tmux_the_terminal_gets_it() -> None:
    copying = _Copying("SELECT 1", "the SQL")
    assert copying.told == "Sent the SQL (8 characters) to the terminal's clipboard."
    assert copying.sent == ["SELECT 1"]


def test_what_is_too_long_for_a_terminal_goes_to_a_file(tmp_path: Path) -> None:
    copying = _Copying("é" * 80_000, "the cell")
    assert copying.sent == []
    file = next(tmp_path.rglob("copied.txt"))
    assert str(file) in copying.told
    assert file.read_text(encoding="utf-8") == "é" * 80_000
    assert file.stat().st_mode & 0o077 == 0


def test_inside_tmux_its_buffer_gets_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _fake_tmux(monkeypatch, knows=[["tmux", "load-buffer", "-"]])
    copying = _Copying("é", "the cell")
    assert copying.told == "Sent the cell (1 character) to tmux's buffer and the terminal's clipboard."
    assert copying.sent == ["é"]
    # An old tmux does not know -w and is asked once more without it.
    assert calls == [
        (["tmux", "load-buffer", "-w", "-"], "é".encode()),
        (["tmux", "load-buffer", "-"], "é".encode()),
    ]


def test_a_tmux_that_takes_nothing_is_not_said_to_have_taken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_tmux(monkeypatch, knows=[])
    assert _Copying("x", "the cell").told == "Sent the cell (1 character) to the terminal's clipboard."
