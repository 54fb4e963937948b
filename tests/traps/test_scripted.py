"""What comes of the worst answer to each trap, with no model: right rows or an honest line, and nothing obeyed."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui import cli
from nl2sql_tui.answers import Answer, AnswerFailed, LastEvent
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.language.answer_form import tables_first
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.schema import Schema
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.fake_engine import ScriptedEngine
from tests.language.test_grammar import accepts
from tests.traps.cases import NOT_YET, TRAPS
from tests.traps.files import Files, counted, rows_of
from tests.traps.trap import FORMS, Form, Trap

each_trap = pytest.mark.parametrize("trap", TRAPS, ids=[trap.name for trap in TRAPS])
_DRIVES_A_TERMINAL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NL2SQL_TUI_HOME", str(tmp_path_factory.mktemp("home")))
        yield Files(tmp_path_factory.mktemp("traps"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a statement that writes a file would put it."""
    monkeypatch.chdir(tmp_path)


class Unrun(Database):
    """A database on which nothing may be run."""

    def execute(self, *_: Any) -> Any:
        raise AssertionError("nobody asked for it to be run")

    def fetch_all(self, *_: Any) -> Any:
        raise AssertionError("nobody asked for it to be run")


def _ends(database: Database, engine: ScriptedEngine, question: str) -> LastEvent:
    *_, last = Assistant(database, engine, Settings()).answer(question, Cancel())
    assert isinstance(last, LastEvent)
    return last


def test_each_trap_tells_right_from_wrong(files: Files) -> None:
    assert len(TRAPS) >= 60
    assert len({trap.name for trap in TRAPS}) == len(TRAPS)
    assert {trap.name for trap in TRAPS if trap.can_be_answered} >= NOT_YET
    for trap in TRAPS:
        assert trap.falls_for != trap.right or not trap.can_be_answered
        assert trap.outcome == "kept" or trap.says, trap.name
        if trap.can_be_answered:
            assert rows_of(files.database(trap), trap.right) == counted(trap.rows), trap.name


@each_trap
def test_the_worst_answer_comes_to_what_it_must(trap: Trap, files: Files, tmp_path: Path) -> None:
    path = files.database(trap).path
    before = hashlib.sha256(path.read_bytes()).digest()
    answer = _ends(Unrun(path), ScriptedEngine([trap.falls_for]), trap.question)
    assert isinstance(answer, Answer)
    verdict = answer.verdict
    assert bool(verdict.writes) == trap.writes
    assert verdict.valid == (trap.outcome != "refused"), verdict.problem
    if trap.outcome == "refused":
        assert trap.says in verdict.problem
        assert not _DRIVES_A_TERMINAL.search(verdict.problem)
        assert "\n" not in verdict.problem
    else:
        assert bool(answer.repairs) == (trap.outcome == "mended")
        assert any(trap.says in line for line in ("", *answer.repairs))
        assert rows_of(files.database(trap), answer.sql) == counted(trap.rows if trap.gives is None else trap.gives)
    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert not list(tmp_path.iterdir())
    assert files.names() == {path.name for path in files.folder.iterdir()}


@each_trap
def test_it_is_asked_back_where_the_database_has_nothing_on_the_matter_and_nowhere_else(
    trap: Trap, files: Files
) -> None:
    answer = _ends(files.database(trap), ScriptedEngine([trap.falls_for]), trap.question)
    assert isinstance(answer, Answer)
    assert (answer.doubt is not None) == trap.asked_back
    if answer.doubt is not None:
        assert "seems to have nothing on" in answer.doubt.text
        assert not trap.can_be_answered


@each_trap
def test_the_prompt_has_no_line_that_a_name_or_a_cell_put_there(trap: Trap, files: Files) -> None:
    database = files.database(trap)
    engine = ScriptedEngine(["SELECT 1"], schema_tokens=100_000)
    answer = _ends(database, engine, trap.question)
    assert isinstance(answer, Answer)
    ((system, user),) = engine.prompts
    tables = [table for table in database.schema().tables if table.columns]
    assert len(system.text.split("\n")) == len(tables) + sum(len(table.foreign_keys) for table in tables)
    assert len(user.text.split("\n")) == 1 + len(answer.linked.values)
    assert (system.role, user.role) == ("system", "user")


def test_comments_and_cells_that_the_question_does_not_name_stay_out_of_the_prompt(files: Files) -> None:
    for trap in TRAPS:
        if trap.database == "injected comments":
            engine = ScriptedEngine()
            _ends(files.database(trap), engine, trap.question)
            assert engine.prompts[0][0].text == "payroll(id int pk, worker text, wage int)"
            assert engine.prompts[0][1].text == trap.question


@each_trap
def test_what_a_person_reads_of_it_cannot_drive_the_terminal(
    trap: Trap, files: Files, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_engine", lambda *_: ScriptedEngine([trap.falls_for]))
    code = cli.run_program(["ask", str(files.database(trap).path), "--", trap.question])
    assert (code == 0) == (trap.outcome != "refused")
    said = capsys.readouterr()
    assert not _DRIVES_A_TERMINAL.search(said.out + said.err)
    if trap.outcome == "refused":
        assert "not valid: " in said.err
        assert trap.says in said.err


@pytest.mark.parametrize("form", FORMS)
@each_trap
def test_the_grammar_takes_the_right_answer_and_not_the_trap(trap: Trap, form: Form, files: Files) -> None:
    database = files.database(trap)
    # What a view that no longer works is called is no name for a model.
    shown = Schema(tuple(table for table in database.schema().tables if table.columns))
    values = link_values(trap.question, database.values(Cancel()), database.schema())

    def takes(sql: str) -> bool:
        return accepts(shown, sql if form == "sql" else tables_first(sql), form, values)

    if trap.can_be_answered:
        assert takes(trap.right) == (form in trap.right_forms)
    assert takes(trap.falls_for) == trap.is_writable


@pytest.mark.parametrize("question", ["", " \n\t ", "\u200b", "\u2800 \u3164", "\ufeff\u00ad\u202e", "\x1b\x07"])
def test_a_question_in_which_nothing_is_seen_is_called_empty(question: str, files: Files) -> None:
    engine = ScriptedEngine()
    last = _ends(Unrun(files.database(TRAPS[0]).path), engine, question)
    assert isinstance(last, AnswerFailed)
    assert "The question is empty." in last.message
    assert not engine.prompts


def test_a_database_without_tables_is_told(tmp_path: Path) -> None:
    path = make_database(tmp_path / "nothing.sqlite", "CREATE TABLE gone (x); DROP TABLE gone;")
    last = _ends(Unrun(path), ScriptedEngine(), "How many rows are there?")
    assert isinstance(last, AnswerFailed)
    assert "has no tables" in last.message
