"""What `ask` says about its SQL and its result, beside them."""

import json
from pathlib import Path

import pytest

from nl2sql_tui import cli
from tests.fake_engine import ScriptedEngine

IN_FRANCE = "SELECT Name FROM singer WHERE Country = 'France' AND Age = 52"
MENDED = "SELECT Name FROM singer WHERE Age = 52"
IN_WORDS = "Lists Name of the rows of singer whose Country is 'France' and Age is 52."


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScriptedEngine:
    engine = ScriptedEngine([IN_FRANCE])
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cli, "_engine", lambda *_: engine)
    return engine


def ask(*arguments: object) -> int:
    return cli.run_program(["ask", *map(str, arguments)])


@pytest.mark.usefixtures("engine")
def test_the_reading_stands_beside_the_sql(concerts_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(concerts_file, "who is 52 and from France?") == 0
    captured = capsys.readouterr()
    assert captured.out == IN_FRANCE + "\n"
    assert f"reads as: {IN_WORDS}" in captured.err


@pytest.mark.usefixtures("engine")
def test_the_cause_of_an_empty_result_is_told_with_what_to_run_instead(
    concerts_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(concerts_file, "who is 52 and from France?", "--run", "--format", "csv") == 0
    captured = capsys.readouterr()
    assert captured.out == "Name\n"
    assert (
        "finding: This condition removes the last row: Country is 'France'. Without it there are rows." in captured.err
    )
    assert f"instead: {MENDED}" in captured.err


def test_json_holds_both(engine: ScriptedEngine, concerts_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(concerts_file, "who is 52 and from France?", "--json", "--run")
    record = json.loads(capsys.readouterr().out)
    assert record["reading"] == IN_WORDS
    assert [finding["suggested_sql"] for finding in record["findings"]] == [MENDED]
    engine.replies = ["SELECT Name FROM singer"]
    ask(concerts_file, "who?", "--json")
    record = json.loads(capsys.readouterr().out)
    assert record["reading"] == "Lists Name of the rows of singer."
    assert "findings" not in record


def test_sql_that_is_not_valid_has_no_reading(
    engine: ScriptedEngine, concerts_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.replies = ["SELECT frobnicate(Name) FROM singer"]
    ask(concerts_file, "who is 52 and from France?", "--json")
    captured = capsys.readouterr()
    assert json.loads(captured.out)["reading"] == ""
    assert "reads as" not in captured.err


def test_a_value_that_would_drive_the_terminal_is_shown(
    engine: ScriptedEngine, concerts_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.replies = ["SELECT Name FROM singer WHERE Country = 'x\x1b]52;c;aGk=\x07\nnl2sql-tui: done'"]
    ask(concerts_file, "who is 52 and from France?", "--run")
    captured = capsys.readouterr()
    assert "\x1b" not in captured.err
    assert "x␛]52;c;aGk=␇␊nl2sql-tui: done" in captured.err
