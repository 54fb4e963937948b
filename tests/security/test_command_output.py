"""A hostile database through the real command in a real terminal: nothing it holds reaches the screen as a command."""

import sys
from pathlib import Path

import pytest

from tests.databases import make_database
from tests.pty_program import PtyProgram

_CLIPBOARD = "\x1b]52;c;aGFja2Vk\x07"
_SCRIPT = f"""
CREATE TABLE "t{_CLIPBOARD}" ("c\x1b[31m" TEXT);
INSERT INTO "t{_CLIPBOARD}" VALUES ('{_CLIPBOARD}'), ('\x9b2J'), ('gpj.\u202eexe'), ('[/b][bold]');
"""


def _on_terminal(arguments: list[str]) -> str:
    """What the program sends to a terminal, standard output and standard error together."""
    program = PtyProgram([sys.executable, "-m", "nl2sql_tui", *arguments])
    try:
        program.wait_for_exit(60)
    finally:
        program.kill()
    return program.sent.decode("utf-8")


@pytest.mark.parametrize("form", ["table", "md", "csv", "json", "jsonl"])
def test_no_cell_or_name_drives_the_terminal(tmp_path: Path, form: str) -> None:
    path = make_database(tmp_path / "hostile.sqlite", _SCRIPT)
    sent = _on_terminal(["sql", str(path), f'SELECT * FROM "t{_CLIPBOARD}"', "--format", form])
    assert "4 rows" in sent
    assert not set(sent) & set("\x1b\x07\x9b\u202e")


def test_no_error_drives_the_terminal(tmp_path: Path) -> None:
    path = make_database(tmp_path / "x\x1b[31m.sqlite", _SCRIPT)
    sent = _on_terminal(["sql", str(path), f'SELECT "{_CLIPBOARD}" FROM sqlite_master'])
    sent += _on_terminal(["sql", str(tmp_path / f"missing{_CLIPBOARD}"), "SELECT 1"])
    assert "No column is called" in sent
    assert "There is no file" in sent
    assert not set(sent) & set("\x1b\x07")
