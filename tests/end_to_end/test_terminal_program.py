"""The whole program in a real terminal with the real model: a stranger's first minutes."""

import re
import sys
from collections.abc import Iterator

import pytest

from tests.pty_program import PtyProgram

_LOADING_SECONDS = 240.0


@pytest.fixture(params=[(120, 40), (80, 24)], ids=["120x40", "80x24"])
def program(request: pytest.FixtureRequest) -> Iterator[PtyProgram]:
    columns, lines = request.param
    running = PtyProgram([sys.executable, "-m", "nl2sql_tui", "--demo"], columns=columns, lines=lines)
    yield running
    running.kill()


@pytest.mark.model
def test_a_question_streams_sql_and_a_key_shows_rows(program: PtyProgram) -> None:
    program.wait_for("Ask in plain words")
    # SQL by hand works while the model loads.
    program.send("\x1bOS")
    program.wait_for("SQL by hand")
    program.send("SELECT COUNT(*) AS everybody FROM customer\r")
    program.wait_for("everybody")
    program.send("\x1bOS")
    program.send("How many branches are there?\r")
    shown = program.wait_for(
        lambda text: re.search(r"SELECT COUNT\(\*\) FROM branch", text) is not None, _LOADING_SECONDS
    )
    program.wait_for("valid")
    assert "COUNT(*)\n" not in shown
    program.send("\r")
    program.wait_for(lambda text: re.search(r"\b16\b", text) is not None)
    program.send("\x11")
    assert program.wait_for_exit() == 0
    assert program.sent.rstrip().endswith(b"m")
    assert b"\x1b[?1049l" in program.sent


def test_leaving_while_the_model_loads(program: PtyProgram) -> None:
    program.wait_for("Ask in plain words")
    program.send("\x11")
    assert program.wait_for_exit() == 0
    assert b"\x1b[?1049l" in program.sent
