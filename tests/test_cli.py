"""The commands from the outside: results on standard output, the rest on standard error, documented exit codes."""

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from nl2sql_tui import cli
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.engine.events import ModelMemory
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.errors import ExitCode
from tests.databases import make_database
from tests.fake_engine import Failure, ScriptedEngine

_SQL = "SELECT Name FROM singer WHERE Country = 'France'"
_REAL_ENGINE = cli._engine
Run = Callable[..., SimpleNamespace]


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine([_SQL])


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: ScriptedEngine
) -> Run:
    """Run one command in this process, on a scripted model and an empty home."""
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cli, "_engine", lambda *_: engine)

    def run_one(*arguments: object) -> SimpleNamespace:
        code = cli.run_program([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return SimpleNamespace(code=code, out=captured.out, err=captured.err)

    return run_one


def test_ask_prints_the_sql_and_nothing_else(run: Run, concerts_file: Path) -> None:
    result = run("ask", concerts_file, "Who comes from France?")
    assert (result.code, result.out) == (0, _SQL + "\n")


def test_ask_runs_only_when_told_to(run: Run, concerts_file: Path) -> None:
    result = run("ask", concerts_file, "Who comes from France?", "--run", "--format", "csv")
    assert (result.code, result.out) == (0, "Name\nRose White\n")
    assert _SQL in result.err
    assert "1 row" in result.err


def test_ask_json_is_one_object(run: Run, concerts_file: Path) -> None:
    result = run("ask", concerts_file, "Who comes from France?", "--json")
    record = json.loads(result.out)
    assert record["question"] == "Who comes from France?"
    assert (record["sql"], record["valid"], record["tables"]) == (_SQL, True, ["singer"])
    assert set(record["reads"]) == {"singer.Name", "singer.Country"}
    assert record["model"] == "scripted"
    assert {"seconds_to_first_token", "seconds", "tokens"} <= record.keys()
    assert "result" not in record


def test_ask_json_names_the_adapter_and_what_the_model_took(
    run: Run, engine: ScriptedEngine, concerts_file: Path
) -> None:
    engine.adapter, engine.scripted_memory = "sql", ModelMemory(270_000_000, None, None)
    record = json.loads(run("ask", concerts_file, "Who is from France?", "--json").out)
    assert record["adapter"] == "sql"
    assert record["memory"] == {"weights": 270_000_000, "gpu_used": None, "gpu_free": None}


def test_ask_json_with_run_holds_the_rows(run: Run, concerts_file: Path) -> None:
    record = json.loads(run("ask", concerts_file, "Who is from France?", "--json", "--run").out)
    assert record["result"]["columns"] == ["Name"]
    assert record["result"]["rows"] == [["Rose White"]]


def test_ask_json_with_a_statement_that_fails_says_so(run: Run, engine: ScriptedEngine, concerts_file: Path) -> None:
    engine.replies = ["SELECT abs(-9223372036854775808)"]
    result = run("ask", concerts_file, "Who is from France?", "--json", "--run")
    assert result.code == ExitCode.SQL
    assert "integer overflow" in json.loads(result.out)["result"]["error"]


def test_ask_lets_go_of_the_model(run: Run, engine: ScriptedEngine, concerts_file: Path) -> None:
    run("ask", concerts_file, "Who is from France?")
    assert engine.closed


def test_ask_with_sql_that_does_not_compile(run: Run, engine: ScriptedEngine, concerts_file: Path) -> None:
    engine.replies = ["SELECT Nane FROM singer"]
    result = run("ask", concerts_file, "Who is from France?", "--run")
    assert result.code == ExitCode.SQL
    assert "no column Nane" in result.err
    assert "Did you mean Name?" in result.err
    assert result.out == ""


@pytest.mark.parametrize("as_json", [True, False])
def test_ask_with_a_failing_model(run: Run, engine: ScriptedEngine, concerts_file: Path, as_json: bool) -> None:
    engine.replies = [Failure("The model failed: it is only a test")]
    result = run("ask", concerts_file, "Who is from France?", *(["--json"] if as_json else []))
    assert result.code == ExitCode.MODEL
    assert "it is only a test" in result.err
    assert not as_json or json.loads(result.out)["valid"] is False


@pytest.mark.parametrize("question", ["", "   ", "why " * 25_000])
def test_ask_with_a_question_that_cannot_be_asked(run: Run, concerts_file: Path, question: str) -> None:
    result = run("ask", concerts_file, question)
    assert result.code == ExitCode.INPUT
    assert result.err.count("\n") == 1
    assert len(result.err) < 200


def test_sql_prints_rows(run: Run, concerts_file: Path) -> None:
    result = run("sql", concerts_file, "SELECT Name, Age FROM singer ORDER BY Age", "--format", "jsonl", "--limit", 2)
    assert [json.loads(line) for line in result.out.splitlines()] == [
        {"Name": "Zoë O'Brien", "Age": 29},
        {"Name": "Rose White", "Age": 41},
    ]
    assert "first 2 rows of more" in result.err


def test_sql_limits_what_is_read_and_not_what_is_exported(run: Run, concerts_file: Path) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i FROM n"
    table, csv = run("sql", concerts_file, many), run("sql", concerts_file, many, "--format", "csv")
    assert "first 1,000 rows of more" in table.err
    assert csv.out.count("\n") == 3001
    assert "3,000 rows" in csv.err


def test_sql_that_fails_half_way_keeps_its_rows(run: Run, concerts_file: Path) -> None:
    failing = "SELECT 1 AS a UNION ALL SELECT abs(-9223372036854775808)"
    result = run("sql", concerts_file, failing, "--format", "csv")
    assert result.code == ExitCode.SQL
    assert "integer overflow" in result.err


@pytest.mark.parametrize("statement", ["DELETE FROM singer", "SELECT nope FROM singer", "", "SELECT 1; SELECT 2"])
def test_sql_that_may_not_run(run: Run, concerts_file: Path, statement: str) -> None:
    before = concerts_file.read_bytes()
    result = run("sql", concerts_file, statement)
    assert (result.code, result.out) == (ExitCode.SQL, "")
    assert result.err.startswith("nl2sql-tui: ")
    assert concerts_file.read_bytes() == before


def _nothing(path: Path) -> None:
    assert not path.exists()


def _text_file(path: Path) -> None:
    path.write_text("not a database at all, sorry\n" * 10)


def _without_tables(path: Path) -> None:
    make_database(path, "CREATE TABLE t (a); DROP TABLE t;")


def _corrupt(path: Path) -> None:
    make_database(path)
    path.write_bytes(path.read_bytes()[:100] + b"\x55" * 8000)


@pytest.mark.parametrize("command", ["ask", "open"])
@pytest.mark.parametrize("make", [_nothing, Path.mkdir, _text_file, Path.touch, _corrupt, _without_tables])
def test_what_is_no_usable_database_is_one_line_and_code_3(
    run: Run, tmp_path: Path, make: Callable[[Path], None], command: str
) -> None:
    path = tmp_path / "it's a [bold] name.db"
    make(path)
    words = [path, "How many?"] if command == "ask" else [path]
    result = run(*(["ask"] if command == "ask" else []), *words)
    assert result.code == ExitCode.DATABASE
    assert result.err.count("\n") == 1
    assert "it's a [bold] name.db" in result.err
    assert result.out == ""


def test_a_locked_database_is_one_line(run: Run, concerts_file: Path) -> None:
    holder = sqlite3.connect(concerts_file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        result = run("sql", concerts_file, "SELECT 1")
    finally:
        holder.close()
    assert result.code == ExitCode.DATABASE
    assert "is locked by another program" in result.err


def test_predict_answers_a_file(run: Run, concerts_file: Path, tmp_path: Path) -> None:
    questions, out = tmp_path / "q.jsonl", tmp_path / "p.jsonl"
    questions.write_text(json.dumps({"id": 7, "db": concerts_file.name, "question": "Who is from France?"}) + "\n")
    result = run("predict", questions, "--out", out)
    assert (result.code, result.out) == (0, "")
    assert json.loads(out.read_text())["sql"] == _SQL
    assert run("predict", questions, "--out", out).code == 0
    assert len(out.read_text().splitlines()) == 1


def test_predict_leaves_a_file_of_something_else_alone(run: Run, concerts_file: Path, tmp_path: Path) -> None:
    questions, out = tmp_path / "q.jsonl", tmp_path / "notes.txt"
    questions.write_text(json.dumps({"id": 7, "db": concerts_file.name, "question": "Who is from France?"}) + "\n")
    out.write_text("precious")
    assert run("predict", questions, "--out", out).code == ExitCode.INPUT
    assert out.read_text() == "precious"


def test_the_demo_stands_in_for_a_database(run: Run) -> None:
    result = run("sql", "--demo", 'SELECT COUNT(*) AS n FROM "transaction"', "--format", "csv")
    assert result.code == 0
    assert int(result.out.splitlines()[1]) > 15_000


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask"],
        ["ask", "a.db"],
        ["ask", "a.db", "two", "words"],
        ["sql", "--demo"],
        ["ask", "a.db", "q", "--format", "xml"],
        ["a.db", "b.db"],
        ["--demo", "a.db"],
        ["--nonsense"],
        ["models", "pull"],
        ["predict", "x.jsonl"],
        ["sql", "a.db", "SELECT 1", "--limit", "-3"],
    ],
)
def test_a_wrong_command_line_is_code_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == ExitCode.USAGE
    assert "Traceback" not in result.err


def test_an_unknown_model_is_told(run: Run, concerts_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_engine", _REAL_ENGINE)
    result = run("ask", concerts_file, "Who is from France?", "--model", "defualt")
    assert result.code == ExitCode.MODEL
    assert '"default"' in result.err


def test_a_database_is_answered_with_the_adapter_it_has_of_its_own(
    run: Run, concerts_file: Path, monkeypatch: pytest.MonkeyPatch, engine: ScriptedEngine, tmp_path: Path
) -> None:
    from nl2sql_tui.engine import local, own_adapters

    asked: list[Path | None] = []

    def make(profile: Profile, _prepare: object) -> ScriptedEngine:
        asked.append(profile.own_adapter)
        return engine

    monkeypatch.setattr(cli, "_engine", _REAL_ENGINE)
    monkeypatch.setattr(local, "LocalEngine", make)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (adapter / name).write_text("{}", encoding="utf-8")
    own_adapters.use(concerts_file, "default", adapter)
    run("ask", concerts_file, "Who is from France?")
    run("ask", concerts_file, "Who is from France?", "--packaged-adapter")
    run("ask", concerts_file, "Who is from France?", "--model", "phi3")
    (adapter / "adapter_config.json").unlink()
    told = run("ask", concerts_file, "Who is from France?").err
    assert asked == [adapter, None, None, None]
    assert f"The adapter of this database is not in {adapter} any more" in told


def test_something_unforeseen_is_one_line_and_a_file(
    run: Run, concerts_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("in a test")

    monkeypatch.setattr(cli, "_engine", explode)
    result = run("ask", concerts_file, "Who is from France?")
    assert result.code == ExitCode.BUG
    assert "Traceback" not in result.err
    details = next((tmp_path / "home").rglob("last-error.txt"))
    assert "ZeroDivisionError: in a test" in details.read_text()


def test_a_failure_of_the_system_is_told_as_what_it_is(
    run: Run, concerts_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/a/file")

    monkeypatch.setattr(cli, "_engine", refused)
    result = run("ask", concerts_file, "Who?")
    assert result.code == ExitCode.BUG
    assert "unexpected PermissionError: [Errno 13] Permission denied: '/a/file'" in result.err
    assert "PermissionError" in next((tmp_path / "home").rglob("last-error.txt")).read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("statement", ["SELECT 1", f"SELECT '{'x' * 100_000}'"])
def test_output_that_cannot_be_written_is_one_line_and_no_bug(
    concerts_file: Path, tmp_path: Path, statement: str
) -> None:
    words = [sys.executable, "-m", "nl2sql_tui", "sql", str(concerts_file), statement, "--format", "csv"]
    environment = {**os.environ, "NL2SQL_TUI_HOME": str(tmp_path)}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(words, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == ExitCode.BUG
    assert ended.stderr == "nl2sql-tui: The output could not be written: No space left on device.\n"
    assert not list(tmp_path.rglob("last-error.txt"))


def test_output_that_nobody_wants_is_no_error(concerts_file: Path, tmp_path: Path) -> None:
    closing = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, '-m', *sys.argv[1:]])"
    words = [sys.executable, "-c", closing, "nl2sql_tui", "sql", str(concerts_file), "SELECT 1"]
    environment = {**os.environ, "NL2SQL_TUI_HOME": str(tmp_path)}
    ended = subprocess.run(words, env=environment, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (ended.returncode, ended.stderr.count("\n")) == (0, 1)


_NOBODYS = "~no-such-user/x"


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "DB", "Who?", "--model", f"path:{_NOBODYS}"],
        ["ask", "DB", "Who?", "--adapter", _NOBODYS],
        ["models", "plan", "phi3", "--adapter", _NOBODYS],
        ["ask", "DB", "Who?", "--model", "ours"],
    ],
)
def test_the_home_of_nobody_is_one_line(
    run: Run, concerts_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.setattr(cli, "_engine", _REAL_ENGINE)
    settings = tmp_path / "home" / "config" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'[profiles.ours]\nfolder = "{_NOBODYS}"\n')
    result = run(*(concerts_file if word == "DB" else word for word in arguments))
    assert (result.code, result.err.count("\n")) == (ExitCode.INPUT, 1)
    assert f"There is no home folder for the ~ in {_NOBODYS}" in result.err


def test_a_home_that_names_nobody_is_one_line(run: Run, concerts_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_TUI_HOME", _NOBODYS)
    result = run("sql", concerts_file, "SELECT 1")
    assert (result.code, result.err.count("\n")) == (ExitCode.INPUT, 1)
    assert "NL2SQL_TUI_HOME has to name a folder" in result.err


def test_something_unforeseen_is_one_line_where_its_details_cannot_be_kept(
    run: Run, concerts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        monkeypatch.setenv("NL2SQL_TUI_HOME", _NOBODYS)
        raise ZeroDivisionError("in a test")

    monkeypatch.setattr(cli, "_engine", explode)
    result = run("ask", concerts_file, "Who?")
    assert (result.code, result.err.count("\n")) == (ExitCode.BUG, 1)
    assert "its details could not be written down" in result.err


def test_models_are_listed(run: Run) -> None:
    result = run("models")
    assert result.code == 0
    for words in ("default", "phi3", "mistral", "licence", "on disk   nothing", "fits here", "This computer"):
        assert words in result.out


def test_pulling_from_a_file_that_is_no_model_is_one_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_text("nonsense")
    result = run("models", "pull", "default", "--from", file)
    assert result.code == ExitCode.MODEL
    assert result.err.count("\n") == 1


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Ctrl+C interrupts, as at a terminal: a shell starts what runs in its background with the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_the_first_interrupt_asks_to_stop_and_the_second_interrupts() -> None:
    cancel, asked = Cancel(), threading.Event()
    with stopping_on_interrupt(cancel), cancel.calling(asked.set):
        signal.raise_signal(signal.SIGINT)
        assert asked.wait(10)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert cancel.requested


def test_an_interrupt_while_the_request_needs_a_lock_that_is_held_does_not_hang() -> None:
    cancel = Cancel()
    with stopping_on_interrupt(cancel):
        with cancel._lock:
            signal.raise_signal(signal.SIGINT)
        end = time.monotonic() + 10
        while not cancel.requested and time.monotonic() < end:
            time.sleep(0.01)
    assert cancel.requested


_LONG_CALL = "SELECT instr(printf('%.*c', 60000000, 'a'), printf('%.*c', 30000000, 'a') || 'b')"


@pytest.mark.parametrize("how", ["timeout", "interrupt"])
def test_one_long_function_call_does_not_hold_up_the_program(concerts_file: Path, tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-m", "nl2sql_tui", "sql", str(concerts_file), _LONG_CALL]
    process = subprocess.Popen(
        [*command, "--timeout", "0.5" if how == "timeout" else "3600"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NL2SQL_TUI_HOME": str(tmp_path)},
    )
    try:
        if how == "interrupt":
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == (ExitCode.SQL if how == "timeout" else ExitCode.STOPPED)
    assert "one long function call" in error


def test_help_names_every_command(run: Run) -> None:
    result = run("--help")
    assert result.code == 0
    for command in ("ask", "sql", "predict", "models"):
        assert f"\n  {command} " in result.out
    assert "--demo" in result.out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom nl2sql_tui.cli import run_program\nrun_program(['--help'])\n"
        "heavy = {'torch', 'transformers', 'peft', 'textual', 'sqlglot', 'llguidance'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
