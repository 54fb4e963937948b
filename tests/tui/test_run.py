"""The program on a real terminal: it alone draws there, and whatever goes on, it leaves at once and tidily."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pty_program import PtyProgram

OPEN = """
import os, sys, threading, time
from pathlib import Path
from nl2sql_tui.database.file import Database
from nl2sql_tui.settings import Settings
from nl2sql_tui.tui.run import run
from tests.fake_engine import ScriptedEngine

class Engine(ScriptedEngine):
    def start(self):
        {at_start}

{before}
run(Database(Path({path!r})), Engine(["SELECT Name FROM singer"], token_seconds={token_seconds}), Settings())
"""


def code(path: Path, *, at_start: str = "super().start()", before: str = "", token_seconds: float = 0.0) -> str:
    return OPEN.format(path=str(path), at_start=at_start, before=before, token_seconds=token_seconds)


@contextmanager
def running(code: str, home: Path, *, columns: int = 100, lines: int = 30) -> Iterator[PtyProgram]:
    command = [sys.executable, "-c", code]
    root = str(Path(__file__).parents[2])
    program = PtyProgram(command, columns=columns, lines=lines, NL2SQL_TUI_HOME=str(home), PYTHONPATH=root)
    try:
        yield program
    finally:
        program.kill()


def log_of(home: Path) -> str:
    return (home / "log" / "tui.log").read_text()


def assert_left_tidily(program: PtyProgram) -> None:
    assert b"\x1b[?1049l" in program.sent
    assert b"\x1b[?25h" in program.sent
    assert program.is_in_line_mode


def test_a_question_is_answered_run_and_the_program_left(concerts_file: Path, tmp_path: Path) -> None:
    with running(code(concerts_file), tmp_path) as program:
        program.wait_for(lambda text: "singer_in_concert" in text and "ready" in text)
        program.send("who sings?\r")
        program.wait_for(lambda text: "SELECT Name FROM singer" in text and "valid" in text)
        program.send("\r")
        program.wait_for("Zoë O'Brien")
        program.send("\x11")
        assert program.wait_for_exit() == 0
        assert_left_tidily(program)


def test_what_is_typed_before_the_panes_are_there_is_kept(concerts_file: Path, tmp_path: Path) -> None:
    with running(code(concerts_file), tmp_path) as program:
        program.wait_for("concerts.sqlite")
        program.send("early bird")
        program.wait_for("early bird")


def test_letters_of_several_bytes_arrive_also_in_pieces(concerts_file: Path, tmp_path: Path) -> None:
    with running(code(concerts_file), tmp_path) as program:
        program.wait_for("Question")
        program.send_bytes(b"Zo" + "ë".encode()[:1])
        program.wait_for(" Zo")
        program.send_bytes("ë".encode()[1:] + "日本".encode())
        program.wait_for(lambda text: "Zoë日本" in text.replace(" ", ""))


def test_a_paste_whose_end_is_lost_shows_and_locks_nobody_in(concerts_file: Path, tmp_path: Path) -> None:
    with running(code(concerts_file), tmp_path) as program:
        program.wait_for("ready")
        program.send("\x1b[200~pasted words")
        program.wait_for("pasted words", seconds=20)
        program.send("\x11")
        assert program.wait_for_exit() == 0
        assert_left_tidily(program)


@pytest.mark.parametrize("key", ["\x1b[A", "\x1bOA"])
def test_a_key_s_sequence_is_not_taken_for_escape(concerts_file: Path, tmp_path: Path, key: str) -> None:
    with running(code(concerts_file), tmp_path) as program:
        program.wait_for("ready")
        program.send("first\r")
        program.wait_for("valid")
        program.send(key)
        program.wait_for(lambda text: text.count("first") == 2)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (30, 8)])
def test_it_fills_the_terminal_it_has(concerts_file: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    columns, lines = size
    with running(code(concerts_file), tmp_path, columns=columns, lines=lines) as program:
        program.wait_for(lambda text: "Help" in text or "too small" in text)
        assert ("too small" in program.text) == (columns < 40)


def test_what_others_write_goes_to_the_log_and_not_to_the_screen(concerts_file: Path, tmp_path: Path) -> None:
    noise = "os.write(1, b'NOISE one\\n'); os.write(2, b'NOISE two\\n'); os.system('echo NOISE three'); super().start()"
    with running(code(concerts_file, at_start=noise), tmp_path) as program:
        program.wait_for("ready")
        program.send("\x11")
        assert program.wait_for_exit() == 0
        assert b"NOISE" not in program.sent
    for word in ("one", "two", "three"):
        assert f"NOISE {word}" in log_of(tmp_path)


def test_leaving_waits_for_nobody(concerts_file: Path, tmp_path: Path) -> None:
    stuck = "threading.Thread(target=time.sleep, args=(1000,)).start(); super().start()"
    with running(code(concerts_file, at_start=stuck, token_seconds=1000), tmp_path) as program:
        program.wait_for("ready")
        program.send("slow\r")
        program.wait_for("Esc stops")
        program.send("\x11")
        assert program.wait_for_exit() == 0
        assert_left_tidily(program)


def test_a_bug_leaves_one_clear_line_and_the_details_in_the_log(concerts_file: Path, tmp_path: Path) -> None:
    bug = (
        "from nl2sql_tui.tui.screens.workspace import Workspace\n"
        "def broken(self): raise RuntimeError('a bug for the test')\n"
        "Workspace.action_help = broken\n"
    )
    with running(code(concerts_file, before=bug), tmp_path) as program:
        program.wait_for("ready")
        program.send("\x1bOP")
        assert program.wait_for_exit() == 1
        assert_left_tidily(program)
        last = program.sent.rpartition(b"\x1b[?1049l")[2].decode()
    assert "something went wrong inside this program" in last
    assert str(tmp_path / "log" / "tui.log") in last
    assert "Traceback" not in last
    assert "a bug for the test" in log_of(tmp_path)


def test_a_terminate_signal_gives_the_terminal_back(concerts_file: Path, tmp_path: Path) -> None:
    with running(code(concerts_file), tmp_path) as program:
        program.wait_for("ready")
        program.terminate()
        assert program.wait_for_exit() == 128 + signal.SIGTERM
        assert_left_tidily(program)


def test_a_hostile_cell_reaches_no_terminal(tmp_path: Path) -> None:
    database = tmp_path / "h.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (?)", ("\x1b]52;c;aGk=\x07\x1b[41mred",))
    connection.commit()
    connection.close()
    with running(code(database), tmp_path) as program:
        program.wait_for("ready")
        program.send("\x1bOSSELECT x FROM t\r")
        program.wait_for("␛[41mred")
        program.send("\x1b[17~\r")
        program.wait_for("characters")
        assert b"\x1b]52" not in program.sent
        assert b"\x1b[41m" not in program.sent


def test_without_a_terminal_it_says_what_to_use(concerts_file: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", code(concerts_file)],
        input="",
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NL2SQL_TUI_HOME": str(tmp_path)},
    )
    assert "InputError: The terminal program needs a terminal" in result.stderr


def test_a_log_that_cannot_be_written_is_a_clear_error(concerts_file: Path, tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("in the way")
    with running(code(concerts_file), home) as program:
        assert program.wait_for_exit() == 1
        assert "log file" in program.text
