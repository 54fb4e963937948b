"""A hostile database in the terminal program, in a real terminal: shown, never obeyed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import make_database
from tests.pty_program import PtyProgram

_CLIPBOARD = "\x1b]52;c;aGFja2Vk\x07"
_SCRIPT = f"""
CREATE TABLE "[/b] rows" ("name[red]" TEXT, "b\x1b[2J" TEXT);
INSERT INTO "[/b] rows" VALUES ('cell{_CLIPBOARD}', '[/bold]'), ('gpj.\u202eexe', '\x9b31m'), (NULL, x'00ff');
CREATE TABLE "evil{_CLIPBOARD}[/b]" ("x\x1b[31m" TEXT);
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[PtyProgram]:
    path = make_database(tmp_path / "hostile[b] \x1b[31m.sqlite", _SCRIPT)
    running = PtyProgram([sys.executable, "-m", "nl2sql_tui", str(path)], NL2SQL_TUI_HOME=str(tmp_path / "home"))
    yield running
    running.kill()


def test_nothing_in_a_database_drives_the_terminal(program: PtyProgram) -> None:
    program.wait_for("evil␛]52")
    # A key on a table in the schema puts a look at its rows into the SQL box; Enter runs that.
    program.send("\x1bOQ")
    program.wait_for("SELECT rows")
    program.send("s")
    program.wait_for("SELECT *")
    program.send("\r")
    program.wait_for("cell␛]52;c;aGFja2Vk␇")
    program.wait_for("gpj.⟨202E⟩exe")
    program.wait_for("[/bold]")
    program.send("\x11")
    assert program.wait_for_exit() == 0
    assert b"]52;c;aGFja2Vk\x07" not in program.sent
    assert "\u202e".encode() not in program.sent
    assert "\x9b".encode() not in program.sent
