"""The commands with a served model: flags, settings and environment, and what is said of where the data goes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from nl2sql_tui import cli
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.settings import default_settings_file
from tests.engine.fake_endpoint import FakeEndpoint, Reply, refusal, spoken

_SQL = "SELECT Name FROM singer WHERE Country = 'France'"
Run = Callable[..., SimpleNamespace]


@pytest.fixture
def server() -> Iterator[FakeEndpoint]:
    with FakeEndpoint() as fake:
        fake.replies = [Reply(spoken(_SQL))]
        yield fake


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path / "home"))
    for name in ("NL2SQL_TUI_API_KEY", "NL2SQL_TUI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    def run_one(*arguments: object) -> SimpleNamespace:
        code = cli.run_program([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return SimpleNamespace(code=code, out=captured.out, err=captured.err)

    return run_one


def test_ask_says_once_where_the_question_goes(run: Run, server: FakeEndpoint, concerts_file: Path) -> None:
    result = run("ask", concerts_file, "Who comes from France?", "--endpoint", server.url)
    assert (result.code, result.out) == (ExitCode.OK, _SQL + "\n")
    assert result.err.count(f"a question names go to {server.url}, on this computer.") == 1


def test_the_model_and_the_adapter_are_the_servers(run: Run, server: FakeEndpoint, concerts_file: Path) -> None:
    flags = ("--endpoint", server.url, "--model", "any name")
    run("ask", concerts_file, "Who?", *flags)
    run("ask", concerts_file, "Who?", *flags, "--adapter", "sql-lora")
    assert [body["model"] for body in server.bodies] == ["any name", "sql-lora"]


def test_the_environment_names_an_endpoint_and_a_flag_takes_it_back(
    run: Run, server: FakeEndpoint, concerts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NL2SQL_TUI_ENDPOINT", server.url)
    assert run("ask", concerts_file, "Who?").code == ExitCode.OK
    asked = len(server.asked)
    assert run("ask", concerts_file, "Who?", "--endpoint", "", "--model", "no such").code == ExitCode.MODEL
    assert len(server.asked) == asked


def test_cell_values_are_kept_back_where_they_are_not_wanted(
    run: Run, server: FakeEndpoint, concerts_file: Path
) -> None:
    run("ask", concerts_file, "Who comes from france?", "--endpoint", server.url)
    run("ask", concerts_file, "Who comes from france?", "--endpoint", server.url, "--no-values")
    assert ["'France'" in str(body["messages"]) for body in server.bodies] == [True, False]


@pytest.mark.parametrize(
    ("address", "code"),
    [("http://me:secret@127.0.0.1/v1", ExitCode.INPUT), ("not an address", ExitCode.INPUT)],
)
def test_an_address_that_cannot_be_used_is_one_line(
    run: Run, concerts_file: Path, address: str, code: ExitCode
) -> None:
    result = run("ask", concerts_file, "Who?", "--endpoint", address)
    assert (result.code, result.out) == (code, "")
    assert len(result.err.splitlines()) == 1
    assert "secret" not in result.err


def test_a_key_goes_unencrypted_only_where_the_flag_says_so(
    run: Run, concerts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NL2SQL_TUI_API_KEY", "secret-key")
    refused = run("ask", concerts_file, "Who?", "--endpoint", "http://nowhere.invalid/v1")
    allowed = run("ask", concerts_file, "Who?", "--endpoint", "http://nowhere.invalid/v1", "--allow-plain-http")
    assert "would go unencrypted" in refused.err
    assert refused.code == ExitCode.INPUT
    assert allowed.code == ExitCode.MODEL
    assert "secret-key" not in refused.err + allowed.err


def test_a_key_is_no_setting_of_the_file(run: Run, server: FakeEndpoint, concerts_file: Path) -> None:
    file = default_settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'endpoint = "{server.url}"\napi_key = "secret-key"\n', encoding="utf-8")
    result = run("ask", concerts_file, "Who?")
    assert result.code == ExitCode.INPUT
    assert "unknown setting api_key" in result.err
    assert "secret-key" not in result.err


def test_a_server_that_fails_is_code_5(run: Run, server: FakeEndpoint, concerts_file: Path) -> None:
    server.replies = [refusal(500, {"error": {"message": "CUDA out of memory"}})]
    result = run("ask", concerts_file, "Who?", "--endpoint", server.url)
    assert (result.code, result.out) == (ExitCode.MODEL, "")
    assert f"{server.authority} failed (500): CUDA out of memory" in result.err


@pytest.mark.parametrize("flag", [("--form", "nf4"), ("--sampling", "article"), ("--template", "none such")])
def test_what_an_endpoint_cannot_be_told_is_refused(
    concerts_file: Path, flag: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.run_program(["ask", str(concerts_file), "How many?", "--endpoint", "http://127.0.0.1:9", *flag])
    assert code == ExitCode.INPUT
    assert flag[0].removeprefix("--") in capsys.readouterr().err
