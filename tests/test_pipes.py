"""A reader that closes the pipe early is no error; a pipe that breaks anywhere else is one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nl2sql_tui import cli
from nl2sql_tui.errors import ExitCode

_MANY_ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT i FROM n"


@pytest.mark.parametrize(
    "arguments", [["sql", "FILE", _MANY_ROWS, "--format", "csv"], ["sql", "FILE", "SELECT 1"], ["models"], ["--help"]]
)
def test_a_reader_that_has_seen_enough_is_no_error(concerts_file: Path, tmp_path: Path, arguments: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "nl2sql_tui", *(word.replace("FILE", str(concerts_file)) for word in arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NL2SQL_TUI_HOME": str(tmp_path)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process:
        assert process.stderr.read() == ""
    assert process.returncode == ExitCode.OK


def test_a_pipe_that_breaks_elsewhere_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, concerts_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def break_down(*_: object) -> None:
        raise BrokenPipeError("in a test")

    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cli, "_engine", break_down)
    assert cli.run_program(["ask", str(concerts_file), "Who?"]) == ExitCode.BUG
    assert capfd.readouterr().err.startswith("nl2sql-tui: unexpected BrokenPipeError: in a test")
