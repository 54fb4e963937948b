"""What `history` prints and forgets, and what `ask --run` adds to it; no terminal is needed."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nl2sql_tui.cli import run_program
from nl2sql_tui.commands import ask as asking
from nl2sql_tui.commands.ask import Output, ask
from nl2sql_tui.commands.history import forget_history, list_databases, list_history
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine import own_adapters, store
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.folders import copied_file
from nl2sql_tui.history.accepted import AcceptedPair, History, default_history_file, schema_fingerprint
from nl2sql_tui.settings import Settings
from tests.fake_engine import ScriptedEngine

_SQL = "SELECT Name FROM singer WHERE Country = 'France'"
_RUN = Output(form="csv", limit=None, as_json=False, run_it=True)
_RUN_AS_JSON = Output(form="csv", limit=None, as_json=True, run_it=True)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path / "home"))


def _ask(database: Database, output: Output = _RUN, sql: str = _SQL, settings: Settings | None = None) -> int:
    return ask(database, ScriptedEngine([sql]), settings or Settings(), "Who comes from France?", output)


def _kept(database: Database) -> list[AcceptedPair]:
    return History(default_history_file()).pairs(database.path)


@pytest.mark.parametrize("output", [_RUN, _RUN_AS_JSON])
def test_ask_remembers_what_it_ran(concerts: Database, output: Output) -> None:
    assert _ask(concerts, output) == ExitCode.OK
    (pair,) = _kept(concerts)
    assert (pair.question, pair.sql, pair.edited) == ("Who comes from France?", _SQL, False)
    assert (pair.model, pair.row_count, pair.times_run) == ("scripted", 1, 1)
    assert pair.schema_fingerprint == schema_fingerprint(concerts.schema())


@pytest.mark.parametrize(
    ("output", "sql"),
    [
        (Output(form="csv", limit=None, as_json=False, run_it=False), _SQL),
        (Output(form="csv", limit=None, as_json=True, run_it=False), _SQL),
        (_RUN, "SELECT nope FROM singer"),
        (_RUN_AS_JSON, "SELECT nope FROM singer"),
        (_RUN, "SELECT abs(-9223372036854775808)"),
        (_RUN_AS_JSON, "SELECT abs(-9223372036854775808)"),
    ],
)
def test_ask_remembers_nothing_that_did_not_run_to_its_end(concerts: Database, output: Output, sql: str) -> None:
    _ask(concerts, output, sql)
    assert not default_history_file().exists()


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("sql", "even_unsure"),
    [("SELECT Name FROM singer WHERE Country = 'France' AND Age = 0", False), (_SQL, True)],
    ids=["no rows", "run whatever it is"],
)
def test_what_nobody_can_have_accepted_is_logged_and_not_given_again(
    concerts: Database, capsys: pytest.CaptureFixture[str], sql: str, even_unsure: bool, as_json: bool
) -> None:
    output = Output(form="csv", limit=None, as_json=as_json, run_it=True, even_unsure=even_unsure)
    assert _ask(concerts, output, sql) == ExitCode.OK
    assert _kept(concerts) == []
    capsys.readouterr()
    assert list_history(concerts.path) == ExitCode.OK
    out, err = capsys.readouterr()
    assert "not accepted" in out
    assert "with 1 statement run for them, 0 of them accepted" in err


def test_ask_remembers_nothing_with_the_setting_off(concerts: Database) -> None:
    assert _ask(concerts, settings=Settings(history=False)) == ExitCode.OK
    assert not default_history_file().parent.exists()


@pytest.mark.parametrize("output", [_RUN, _RUN_AS_JSON])
def test_a_history_that_cannot_be_used_costs_ask_one_line(
    concerts: Database, capsys: pytest.CaptureFixture[str], output: Output
) -> None:
    file = default_history_file()
    file.parent.mkdir(parents=True)
    file.write_text("no database at all\n" * 100)
    assert _ask(concerts, output) == ExitCode.OK
    out, err = capsys.readouterr()
    assert "Rose White" in out
    assert [line for line in err.splitlines() if "not remembered" in line] == [err.splitlines()[-1]]
    assert not output.as_json or json.loads(out)["result"]["rows"] == [["Rose White"]]


def test_what_is_remembered_is_listed_newest_first_without_the_rows(
    concerts: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _ask(concerts)
    _ask(concerts)
    monkeypatch.setattr(asking, "now", lambda: datetime(2020, 1, 1, 12, tzinfo=UTC))
    ask(concerts, ScriptedEngine(["SELECT 1"]), Settings(), "An older one?", _RUN)
    capsys.readouterr()
    assert list_history(concerts.path) == ExitCode.OK
    out, err = capsys.readouterr()
    assert out.index("Who comes from France?") < out.index("An older one?")
    for words in (_SQL, "run 2 times · 1 row · model scripted", "2020-01-01"):
        assert words in out
    assert "2 questions" in err
    assert "with 2 statements run for them, 2 of them accepted" in err
    assert "Rose White" not in out


def test_an_edited_pair_is_marked_and_nothing_in_a_list_drives_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gone\x1b[31m.sqlite"
    when = datetime(2026, 1, 1, tzinfo=UTC)
    pair = AcceptedPair(path, "0", "Who\x1b[2J?", "SELECT 1\nAS a\x07", True, "m\x1b", 1, when)
    History(default_history_file()).accept(pair)
    list_history(path)
    list_databases()
    forget_history(path)
    out, err = capsys.readouterr()
    assert "edited by hand" in out
    assert "  SELECT 1\n  AS a␇\n" in out
    assert not set(out + err) & set("\x1b\x07")


def test_databases_are_listed_with_their_questions(concerts: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_databases() == ExitCode.OK
    assert "Nothing is remembered yet" in capsys.readouterr().err
    _ask(concerts)
    capsys.readouterr()
    assert list_databases() == ExitCode.OK
    assert capsys.readouterr().out.split() == ["1", "question", str(concerts.path.resolve())]


def test_forgetting_says_how_much_and_leaves_the_database_alone(
    concerts: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    _ask(concerts)
    before = concerts.path.read_bytes()
    capsys.readouterr()
    assert forget_history(concerts.path) == ExitCode.OK
    assert "Forgot 1 statement for" in capsys.readouterr().err
    assert _kept(concerts) == []
    assert list_history(concerts.path) == ExitCode.OK
    out, err = capsys.readouterr()
    assert (out, "Nothing is remembered for" in err) == ("", True)
    assert concerts.path.read_bytes() == before


def test_one_statement_can_be_forgotten_by_the_id_that_the_list_has(
    concerts: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(concerts, ScriptedEngine(["SELECT 'a private text'"]), Settings(), "A wrong one?", _RUN)
    _ask(concerts)
    capsys.readouterr()
    list_history(concerts.path)
    listed = capsys.readouterr().out
    wrong = next(part for part in listed.split("\n\n") if "A wrong one?" in part)
    (number,) = re.findall(r"id (\d+)", wrong)
    assert run_program(["history", str(concerts.path), "--forget-one", number]) == ExitCode.OK
    assert "Forgot 1 statement" in capsys.readouterr().err
    assert [pair.question for pair in _kept(concerts)] == ["Who comes from France?"]
    assert b"a private text" not in default_history_file().read_bytes()
    assert run_program(["history", str(concerts.path), "--forget-one", number]) == ExitCode.INPUT
    assert f"has the id {number}" in capsys.readouterr().err


def test_an_id_of_another_database_is_none_of_this_one(concerts: Database, tmp_path: Path) -> None:
    _ask(concerts)
    (run,) = History(default_history_file()).runs(concerts.path)
    assert not History(default_history_file()).forget_one(tmp_path / "other.sqlite", run.id)
    assert not History(default_history_file()).forget_one(concerts.path, 10**30)
    assert len(_kept(concerts)) == 1


@pytest.mark.parametrize("words", [["--forget-one", "1"], ["DB", "--forget", "--forget-one", "1"]])
def test_what_to_forget_has_to_be_said_clearly(words: list[str]) -> None:
    assert run_program(["history", *words]) == ExitCode.USAGE


def test_forgetting_takes_what_was_learnt_along(concerts: Database, capsys: pytest.CaptureFixture[str]) -> None:
    _ask(concerts)
    learnt = own_adapters.home_of(concerts.path) / "run-1" / "adapter"
    learnt.mkdir(parents=True)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (learnt / name).write_bytes(b"{}")
    own_adapters.use(concerts.path, "default", learnt)

    assert forget_history(concerts.path) == ExitCode.OK

    assert _kept(concerts) == []
    assert not learnt.exists()
    assert own_adapters.adapter_for(concerts.path, "default") is None
    assert "is deleted" in capsys.readouterr().err


def test_forgetting_takes_along_the_weights_with_what_was_learnt(concerts: Database, tmp_path: Path) -> None:
    def learnt_by(database: Path, content: bytes) -> str:
        adapter = own_adapters.home_of(database) / "run-1" / "adapter"
        adapter.mkdir(parents=True)
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (adapter / name).write_bytes(content)
        own_adapters.use(database, "default", adapter)
        return store.adapter_digest(adapter)

    def merged(number: int, adapter: str) -> Path:
        folder = store.models_folder() / f"default-{number:012x}"
        folder.mkdir(parents=True)
        (folder / store.WEIGHTS).write_bytes(b"weights")
        store.Marker("default", "gguf:base", adapter, store.RECIPE, 7, {}).write(folder)
        return folder

    packaged = merged(1, store.adapter_digest(store.packaged_adapter("default_adapter")))
    others, bare = merged(2, learnt_by(tmp_path / "other.sqlite", b"theirs")), merged(3, "")
    forgotten, older = merged(4, learnt_by(concerts.path, b"ours")), merged(5, "of a run that is gone")

    assert forget_history(concerts.path) == ExitCode.OK

    assert [folder.exists() for folder in (packaged, others, bare)] == [True] * 3
    assert [folder.exists() for folder in (forgotten, older)] == [False] * 2


def test_forgetting_takes_along_what_was_copied_to_a_file(concerts: Database) -> None:
    copied_file().parent.mkdir(parents=True)
    copied_file().write_text("Rose White")
    assert forget_history(concerts.path) == ExitCode.OK
    assert not copied_file().exists()
