"""The whole program in a real terminal with the real model: a stranger's first minutes."""

import re
import sys
from collections.abc import Iterator

import pytest

from tests.pty_program import PtyProgram

_LOADING_SECONDS = 900.0


@pytest.fixture(params=[(120, 40), (80, 24)], ids=["120x40", "80x24"])
def program(request: pytest.FixtureRequest) -> Iterator[PtyProgram]:
    columns, lines = request.param
    command = [sys.executable, "-m", "nl2sql_tui", "--demo"]
    running = PtyProgram(command, columns=columns, lines=lines, NL2SQL_TUI_HISTORY="0")
    yield running
    running.kill()


@pytest.mark.model
@pytest.mark.timeout(1200)
def test_a_question_streams_sql_and_a_key_shows_rows(program: PtyProgram) -> None:
    program.wait_for("Ask about this database")
    # SQL by hand works while the model loads.
    program.send("\x1bOS")
    program.wait_for("SQL by hand")
    program.send("SELECT COUNT(*) + 0.5 AS everybody FROM customer\r")
    program.wait_for("140.5")
    program.send("\x1bOS")
    program.send("How many branches are there?\r")
    answered = program.wait_for("valid  reads branch", _LOADING_SECONDS)
    assert "SELECT COUNT(*) FROM branch" in answered
    assert re.search(r"^.*\b16\b", _result_pane(answered), re.MULTILINE) is None, "it ran by itself"
    program.send("\r")
    program.wait_for(lambda text: re.search(r"\b16$", _result_pane(text), re.MULTILINE) is not None)
    program.send("\x11")
    assert program.wait_for_exit() == 0
    assert program.is_in_line_mode


def _result_pane(text: str) -> str:
    return text.partition("─Result")[2]


def test_leaving_while_the_model_loads(program: PtyProgram) -> None:
    program.wait_for("Ask about this database")
    program.send("\x11")
    assert program.wait_for_exit() == 0
    assert program.is_in_line_mode
