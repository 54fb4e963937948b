"""What `ask` does with an answer that is in doubt: it says so, and runs it only if told to all the same."""

import json
import math
import os
import signal
import threading
from pathlib import Path

import pytest

from nl2sql_tui import cli
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import Candidate, Prompt
from nl2sql_tui.errors import ExitCode, Stopped
from tests.calibrated_engine import CalibratedEngine
from tests.fake_engine import ScriptedEngine

_AGES = "SELECT Age FROM singer"
_SALARY = "What is the salary of the singers?"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScriptedEngine:
    engine = CalibratedEngine(_AGES, probability=1e-4)
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cli, "_engine", lambda *_: engine)
    return engine


def ask(*arguments: object) -> int:
    return cli.run_program(["ask", *map(str, arguments)])


@pytest.mark.usefixtures("engine")
def test_the_sql_is_printed_and_the_doubt_beside_it(concerts_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(concerts_file, _SALARY) == ExitCode.OK
    captured = capsys.readouterr()
    assert captured.out == f"{_AGES}\n"
    (line,) = (line for line in captured.err.splitlines() if line.startswith("unsure: "))
    assert line.startswith("unsure: likely ")
    assert line.endswith("%. Nothing here is called “salary”; the SQL takes Age.")


@pytest.mark.usefixtures("engine")
def test_it_is_not_run_and_the_code_says_so(concerts_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(concerts_file, _SALARY, "--run", "--format", "csv") == ExitCode.UNSURE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert _AGES in captured.err
    assert "it was not run; --sure runs it all the same." in captured.err


@pytest.mark.usefixtures("engine")
def test_it_is_run_if_told_to_all_the_same(concerts_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(concerts_file, _SALARY, "--run", "--sure", "--format", "csv") == ExitCode.OK
    captured = capsys.readouterr()
    assert captured.out.split() == ["Age", "52", "41", "29"]
    assert "unsure: " in captured.err


@pytest.mark.usefixtures("engine")
def test_the_setting_turns_it_off(
    concerts_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NL2SQL_TUI_ASK_BELOW", "0")
    assert ask(concerts_file, _SALARY, "--run", "--format", "csv") == ExitCode.OK
    assert "unsure" not in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
def test_json_tells_both_and_holds_no_result(concerts_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(concerts_file, _SALARY, "--json", "--run") == ExitCode.UNSURE
    captured = capsys.readouterr()
    record = json.loads(captured.out)
    assert 0 < record["confidence"] < 0.2
    assert record["doubt"] == "Nothing here is called “salary”; the SQL takes Age."
    assert record["valid"]
    assert "result" not in record
    assert "--sure" in captured.err
    assert ask(concerts_file, _SALARY, "--json", "--run", "--sure") == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["result"]["rows"] == [[52], [41], [29]]


def test_json_without_a_figure_and_without_a_doubt(
    engine: ScriptedEngine, concerts_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.log_probability = None
    assert ask(concerts_file, _SALARY, "--json") == ExitCode.OK
    record = json.loads(capsys.readouterr().out)
    assert (record["confidence"], record["doubt"]) == (None, "")


def test_a_question_on_something_else_is_told_so_whether_its_sql_runs_or_not(
    engine: ScriptedEngine, concerts_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weather = "What is the weather in Paris tomorrow?"
    told = "This database seems to have nothing on “weather”, “Paris”: its tables are singer, concert"
    assert ask(concerts_file, weather) == ExitCode.OK
    assert told in capsys.readouterr().err
    engine.replies = ["SELECT * FROM weather"]
    assert ask(concerts_file, weather, "--run") == ExitCode.SQL
    assert told in capsys.readouterr().err


def test_what_else_the_model_wrote_is_told_and_stands_in_nobodys_way(
    engine: ScriptedEngine, concerts_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.scripted_candidates = (Candidate("SELECT Name FROM singer", 4, math.log(1e-3)),)
    engine.more_answers = 1
    assert ask(concerts_file, "What are the names of the singers?") == ExitCode.OK
    captured = capsys.readouterr()
    assert captured.out == "SELECT Name FROM singer\n"
    assert f"% of the weight: {_AGES}" in captured.err


def test_ctrl_c_while_answers_are_compared_ends_it_and_prints_nothing(
    engine: ScriptedEngine,
    concerts_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The answer that came first is checked by then, and the terminal interface keeps it; who asks once gets none."""

    def interrupted(_prompt: Prompt, *, cancel: Cancel, **_: object) -> tuple[Candidate, ...]:
        os.kill(os.getpid(), signal.SIGINT)
        asked = threading.Event()
        with cancel.calling(asked.set):
            assert asked.wait(60)
        raise Stopped

    engine.more_answers = 1
    monkeypatch.setattr(engine, "candidates", interrupted)
    assert ask(concerts_file, _SALARY, "--run", "--sure") == ExitCode.STOPPED
    assert capsys.readouterr().out == ""
