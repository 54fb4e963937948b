"""The walk of a question with a scripted model: what is shown, said and checked on the way."""

from pathlib import Path

import pytest

from nl2sql_tui.answers import Answer, AnswerFailed, AnswerStopped, AssistantEvent, Linked, WritingAgain
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.conversation import Conversation
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Engine, LoadState, Started, Token
from nl2sql_tui.schema import CellValue
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.fake_engine import Failure, ScriptedEngine


def _events(
    database: Database,
    engine: Engine,
    question: str = "How many singers?",
    cancel: Cancel | None = None,
    settings: Settings | None = None,
) -> list[AssistantEvent]:
    assistant = Assistant(database, engine, settings or Settings())
    return list(assistant.answer(question, cancel or Cancel()))


def _answer(database: Database, engine: Engine, question: str = "How many singers?") -> Answer:
    last = _events(database, engine, question)[-1]
    assert isinstance(last, Answer)
    return last


def test_a_question_is_linked_shown_streamed_and_checked(concerts: Database) -> None:
    sql = "SELECT COUNT(*) FROM singer WHERE Country = 'France'"
    engine = ScriptedEngine([sql])
    events = _events(concerts, engine, "How many singers come from france?")
    linked, started, *tokens, answer = events
    assert linked == Linked(("singer", "concert", "singer_in_concert"), (), (CellValue("singer", "Country", "France"),))
    assert isinstance(started, Started)
    assert "".join(token.text for token in tokens if isinstance(token, Token)).strip() == sql
    assert isinstance(answer, Answer)
    assert (answer.sql, answer.verdict.valid, answer.verdict.tables) == (sql, True, ("singer",))
    assert answer.repairs == ()
    assert answer.prompt_text == started.prompt_text


def test_the_model_is_shown_the_schema_and_the_values_in_the_trained_form(concerts: Database) -> None:
    engine = ScriptedEngine()
    answer = _answer(concerts, engine, "singers from france")
    system, user = engine.prompts[0]
    assert system.role == "system"
    assert system.text.startswith("singer(Singer_ID int pk, Name text, Country text, Age int)\n")
    assert user.text == "singers from france\nsinger.Country = 'France'"
    assert user.text in answer.prompt_text


def test_values_stay_out_of_the_prompt_where_they_are_forbidden(concerts: Database) -> None:
    engine = ScriptedEngine()
    _events(concerts, engine, "singers from france", settings=Settings(values=False))
    assert "'France'" not in engine.prompts[0][1].text


def test_sql_that_does_not_compile_is_an_answer_with_its_error(concerts: Database) -> None:
    answer = _answer(concerts, ScriptedEngine(["SELECT Nane FROM singer"]))
    assert not answer.verdict.valid
    assert answer.verdict.hint == "Did you mean Name?"


def test_sql_that_writes_is_never_valid(concerts: Database) -> None:
    answer = _answer(concerts, ScriptedEngine(["DELETE FROM singer"]))
    assert (answer.verdict.valid, answer.verdict.writes) == (False, ("DELETE singer",))


def test_reserved_names_are_quoted_and_it_is_told(tmp_path: Path) -> None:
    database = Database(make_database(tmp_path / "t.sqlite", 'CREATE TABLE "transaction" (id INT)'))
    answer = _answer(database, ScriptedEngine(["SELECT COUNT(*) FROM transaction;"]), "How many transactions?")
    assert answer.sql == 'SELECT COUNT(*) FROM "transaction"'
    assert answer.model_text == "SELECT COUNT(*) FROM transaction;"
    assert answer.verdict.valid
    assert len(answer.repairs) == 1


def test_what_was_written_stays_as_it_is_where_repairs_are_not_wanted(tmp_path: Path) -> None:
    database = Database(make_database(tmp_path / "t.sqlite", 'CREATE TABLE "transaction" (id INT)'))
    engine = ScriptedEngine(["SELECT COUNT(*) FROM transaction"])
    *_, answer = _events(database, engine, settings=Settings(repair=False, grammar=False, compare=False))
    assert isinstance(answer, Answer)
    assert (answer.sql, answer.repairs) == ("SELECT COUNT(*) FROM transaction", ())
    assert not answer.verdict.valid


def test_a_schema_beyond_the_budget_is_cut_and_it_is_told(tmp_path: Path) -> None:
    script = ";".join(f"CREATE TABLE log_{n} (stamp TEXT, payload TEXT)" for n in range(200))
    database = Database(make_database(tmp_path / "t.sqlite", script + ";CREATE TABLE singer (name TEXT)"))
    engine = ScriptedEngine(["SELECT COUNT(*) FROM singer"], schema_tokens=60)
    answer = _answer(database, engine)
    assert "singer" in answer.linked.tables
    assert len(answer.linked.tables) + len(answer.linked.left_out) == 201
    assert engine.count_tokens(engine.prompts[0][0].text) <= 60


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("why " * 25_000, "100,000 characters long"),
        ("caf\udce9?", "bytes that are no text"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_in_one_line(concerts: Database, question: str, words: str) -> None:
    (last,) = _events(concerts, ScriptedEngine(), question)
    assert isinstance(last, AnswerFailed)
    assert words in last.message


def test_a_cancel_while_the_model_loads(concerts: Database) -> None:
    cancel = Cancel()
    cancel.request()
    assert _events(concerts, ScriptedEngine(ready=False), cancel=cancel)[-1] == AnswerStopped("")


def test_a_cancel_in_the_middle_keeps_the_sql_so_far(concerts: Database) -> None:
    cancel = Cancel()
    events = []
    engine = ScriptedEngine(["SELECT Name FROM singer WHERE Age > 3"], token_seconds=0.01)
    for event in Assistant(concerts, engine, Settings()).answer("Who?", cancel):
        events.append(event)
        if isinstance(event, Token) and event.tokens == 2:
            cancel.request()
    assert isinstance(events[-1], AnswerStopped)
    assert events[-1].sql.startswith("SELECT Name")


def test_a_failure_of_the_model_is_told_with_what_came_before(concerts: Database) -> None:
    last = _events(concerts, ScriptedEngine([Failure("The model failed.", "Try again.", "SELECT Na")]))[-1]
    assert last == AnswerFailed("The model failed.", "Try again.", "SELECT Na")


def test_a_failed_load_is_told(concerts: Database) -> None:
    engine = ScriptedEngine(ready=False)
    engine.load_state = LoadState("failed", "No source answered.")
    last = _events(concerts, engine)[-1]
    assert isinstance(last, AnswerFailed)
    assert "No source answered." in last.message


def test_a_database_that_vanishes_is_told(concerts: Database, concerts_file: Path) -> None:
    concerts_file.unlink()
    last = _events(concerts, ScriptedEngine())[-1]
    assert isinstance(last, AnswerFailed)
    assert "There is no file" in last.message


def test_an_answer_cut_at_its_limit_says_so(concerts: Database) -> None:
    engine = ScriptedEngine(["SELECT Name , Country , Age FROM singer WHERE"])
    last = _events(concerts, engine, settings=Settings(max_new_tokens=3))[-1]
    assert isinstance(last, Answer)
    assert last.cut
    assert "cut at 3 tokens" in last.verdict.error


def test_sql_that_has_come_is_kept_when_it_cannot_be_checked(concerts: Database, concerts_file: Path) -> None:
    events = Assistant(concerts, ScriptedEngine(["SELECT Name FROM singer"]), Settings()).answer("Who?", Cancel())
    for event in events:
        if isinstance(event, Started):
            concerts_file.unlink()
        last = event
    assert isinstance(last, AnswerFailed)
    assert last.sql == "SELECT Name FROM singer"
    assert "There is no file" in last.message


def test_a_broken_view_is_not_a_schema_too_large(tmp_path: Path) -> None:
    script = "CREATE TABLE a (x); CREATE TABLE b (y); CREATE VIEW v AS SELECT x FROM a; DROP TABLE a;"
    answer = _answer(Database(make_database(tmp_path / "t.sqlite", script)), ScriptedEngine())
    assert answer.linked.left_out == ()


def test_an_answer_with_its_tables_first_becomes_sql(concerts: Database) -> None:
    written = "FROM singer SELECT Name WHERE Singer_ID IN (FROM singer_in_concert SELECT Singer_ID)"
    answer = _answer(concerts, ScriptedEngine([written]))
    assert answer.sql == "SELECT Name FROM singer WHERE Singer_ID IN (SELECT Singer_ID FROM singer_in_concert)"
    assert (answer.model_text, answer.repairs, answer.verdict.valid) == (written, (), True)


def test_an_answer_that_was_stopped_among_its_tables_shows_what_is_missing(concerts: Database) -> None:
    cancel = Cancel()
    engine = ScriptedEngine(["FROM singer JOIN concert SELECT Name"])
    stopped = None
    for event in Assistant(concerts, engine, Settings()).answer("q", cancel):
        if isinstance(event, Token) and "JOIN" in event.text:
            cancel.request()
        stopped = event
    assert stopped == AnswerStopped("SELECT … FROM singer JOIN")


# Holding, comparing, reading ahead


_NOWHERE = "SELECT Weight FROM singer"


def test_an_answer_that_cannot_run_is_written_again_within_the_schema_and_it_is_told(concerts: Database) -> None:
    engine = ScriptedEngine([_NOWHERE, "SELECT Age FROM singer"])
    *_, again, answer = _events(concerts, engine)
    assert isinstance(again, WritingAgain)
    assert "no column Weight" in again.problem
    assert isinstance(answer, Answer)
    assert (answer.sql, answer.verdict.valid) == ("SELECT Age FROM singer", True)
    assert answer.repairs[0].startswith(f"{_NOWHERE} cannot run")
    free, held = engine.grammars
    assert free == ""
    assert "singer_in_concert" in held


@pytest.mark.parametrize(
    ("replies", "settings", "asked"),
    [
        ([_NOWHERE, _NOWHERE], Settings(), 2),
        ([_NOWHERE, Failure("no memory")], Settings(), 2),
        ([_NOWHERE, "SELECT 1"], Settings(grammar=False), 1),
        (["DELETE FROM singer", "SELECT 1"], Settings(), 1),
        (["SELECT Age FROM singer", "SELECT 1"], Settings(), 1),
    ],
)
def test_the_first_answer_stays_where_a_second_is_no_better_or_not_wanted(
    concerts: Database, replies: list[str | Failure], settings: Settings, asked: int
) -> None:
    engine = ScriptedEngine(replies)
    answer = _events(concerts, engine, settings=settings)[-1]
    assert isinstance(answer, Answer)
    assert answer.sql == replies[0]
    assert len(engine.grammars) == asked


def test_a_second_answer_that_runs_away_is_not_waited_for(concerts: Database) -> None:
    endless = f"SELECT (1{' + 1' * 60}) FROM singer"
    assert concerts.check(endless).valid
    answer = _answer(concerts, ScriptedEngine([_NOWHERE, endless]))
    assert answer.sql == _NOWHERE
    assert not answer.written_again


def test_a_second_answer_that_cannot_run_either_is_not_shown(concerts: Database) -> None:
    answer = _answer(concerts, ScriptedEngine([_NOWHERE, "SELECT Height FROM singer"]))
    assert (answer.sql, answer.repairs) == (_NOWHERE, ())


def test_a_schema_that_is_shown_in_part_is_not_read_ahead(concerts: Database) -> None:
    engine = ScriptedEngine(schema_tokens=5)
    engine.start()
    Assistant(concerts, engine, Settings()).read_ahead(Cancel())
    assert engine.read == []


def test_the_schema_is_read_ahead_once_the_model_is_ready(concerts: Database) -> None:
    engine = ScriptedEngine()
    assistant = Assistant(concerts, engine, Settings())
    assistant.read_ahead(Cancel())
    assert engine.read == []
    engine.start()
    assistant.read_ahead(Cancel())
    list(assistant.answer("How many singers?", Cancel()))
    (asked,) = engine.prompts
    assert {read[0] for read in engine.read} == {asked[0]}


def test_a_model_that_reads_history_is_shown_the_conversation(concerts: Database) -> None:
    every, french = "SELECT Name FROM singer", "SELECT Name FROM singer WHERE Country = 'France'"
    engine = ScriptedEngine([every, french])
    engine.history_tokens = 200
    assistant = Assistant(concerts, engine, Settings())
    conversation = Conversation()
    *_, first = assistant.answer("Which singers are there, by name?", Cancel(), conversation)
    assert isinstance(first, Answer)
    conversation.note(first)
    list(assistant.answer("Which of all singers are French ones?", Cancel(), conversation, ask_model=True))
    assert [message.role for message in engine.prompts[1]] == ["system", "user", "assistant", "user"]
    assert engine.prompts[1][2].text == every


def test_a_word_that_is_nearly_a_column_is_replaced_only_if_that_is_asked_for(concerts: Database) -> None:
    engine = ScriptedEngine()
    question = "which singr_id has each name?"
    _events(concerts, engine, question)
    linked, *_ = _events(concerts, engine, question, settings=Settings(column_matcher=True))
    assert isinstance(linked, Linked)
    assert linked.replaced == (("singr_id", "Singer_ID"), ("name", "Name"))
    assert "singr_id" in engine.prompts[0][-1].text
    assert "Singer_ID" in engine.prompts[1][-1].text
