"""The walk of a question with a scripted model: what is shown, said and checked on the way."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.answers import Answer, AnswerFailed, AnswerStopped, AssistantEvent, Comparing, Linked, WritingAgain
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.conversation import Conversation
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Candidate, Engine, Generated, GenerationEvent, LoadState, Prompt, Started, Token
from nl2sql_tui.errors import ModelError, Stopped
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


_FRENCH = "SELECT Name FROM singer WHERE Country = 'France'"
_ALL = "SELECT Name FROM singer"


def _unsure_engine(first: str = _ALL) -> ScriptedEngine:
    engine = ScriptedEngine([first])
    engine.log_probability = math.log(0.05)
    engine.scripted_candidates = (
        Candidate(f"{_FRENCH} ORDER BY Age", 9, math.log(0.045)),
        Candidate(_FRENCH, 8, math.log(0.04)),
        Candidate("SELECT Nane FROM singer_in_concert", 8, math.log(0.035)),
    )
    return engine


def test_an_unsure_model_is_asked_again_and_what_more_answers_give_is_taken(concerts: Database) -> None:
    events = _events(concerts, _unsure_engine(), settings=Settings(candidates=3))
    assert Comparing(4) in events
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert answer.sql == f"{_FRENCH} ORDER BY Age"
    assert answer.verdict.valid
    first, second = answer.interpretations
    assert 0.6 < first.share < 0.67
    assert first.share + second.share == pytest.approx(1)
    assert second.best.sql == _ALL
    assert second.telling_row is not None
    assert answer.read_as(1).sql == _ALL
    assert answer.read_as(1).interpretations == (second, first)


def test_a_model_may_say_itself_how_many_more_answers_help(concerts: Database) -> None:
    engine = _unsure_engine()
    engine.more_answers = 2
    assert Comparing(3) in _events(concerts, engine)
    assert not any(
        isinstance(event, Comparing) for event in _events(concerts, engine, settings=Settings(compare=False))
    )


class _CountingLetters(ScriptedEngine):
    """Its tokens are letters, so that small schemas have enough of them to leave half away."""

    def count_tokens(self, text: str) -> int:
        return len(text)


def test_an_unsure_model_is_also_shown_less_of_the_schema(concerts: Database) -> None:
    question = "How many singers come from france?"
    engine = _CountingLetters(["SELECT COUNT(*) FROM concert", "SELECT COUNT(*) FROM singer WHERE Country = 'France'"])
    engine.log_probability = math.log(0.05)
    answer = _events(concerts, engine, question, settings=Settings(candidates=3))[-1]
    assert isinstance(answer, Answer)
    whole, less = (system.text for system, _ in engine.prompts)
    assert "singer_in_concert(" in whole
    assert "singer_in_concert(" not in less
    assert "singer(" in less
    assert len(less) < 0.6 * len(whole)
    assert engine.prompts[0][-1] == engine.prompts[1][-1]
    assert answer.sql.endswith("Country = 'France'")
    assert [one.best.saw_less for one in answer.interpretations] == [True, False]
    assert whole in answer.prompt_text


class _SurerWithLess(_CountingLetters):
    """Where it sees less, there is less that it could have written instead."""

    def stream(self, prompt: Prompt, **rest: Any) -> Iterator[GenerationEvent]:
        self.log_probability = math.log(0.07 if self.prompts else 0.05)
        return super().stream(prompt, **rest)


def test_what_it_writes_then_counts_less_than_what_it_writes_with_all_before_it(concerts: Database) -> None:
    engine = _SurerWithLess(["SELECT MIN(Age) FROM singer", "SELECT MAX(Age) FROM singer"])
    answer = _events(concerts, engine, "The age of a singer?", settings=Settings(candidates=3))[-1]
    assert isinstance(answer, Answer)
    assert answer.sql == "SELECT MIN(Age) FROM singer"
    assert len(answer.interpretations) == 2


def test_less_is_not_shown_where_there_is_no_less_or_it_is_not_wanted(concerts: Database, tmp_path: Path) -> None:
    single = Database(make_database(tmp_path / "single.sqlite", "CREATE TABLE t(a); INSERT INTO t VALUES (1)"))
    for database, settings in ((single, Settings(candidates=3)), (concerts, Settings(candidates=3, with_less=False))):
        engine = _CountingLetters(["SELECT 1"])
        engine.log_probability = math.log(0.05)
        _events(database, engine, settings=settings)
        assert len(engine.prompts) == 1


def test_an_answer_that_is_stopped_while_it_is_compared_stays(
    concerts: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, cancel = _unsure_engine(), Cancel()

    def stopping(*_: object, **__: object) -> tuple[Candidate, ...]:
        cancel.request()
        raise Stopped

    monkeypatch.setattr(engine, "candidates", stopping)
    answer = _events(concerts, engine, settings=Settings(candidates=3), cancel=cancel)[-1]
    assert isinstance(answer, Answer)
    assert (answer.sql, answer.verdict.valid, answer.interpretations) == (_ALL, True, ())


def test_what_uses_more_words_of_the_question_counts_more(concerts: Database) -> None:
    engine = _unsure_engine("SELECT Age FROM singer")
    engine.scripted_candidates = (Candidate("SELECT Name FROM singer", 4, math.log(0.04)),)
    question = "What are the names of the singers?"
    answer = _events(concerts, engine, question, settings=Settings(candidates=3))[-1]
    assert isinstance(answer, Answer)
    assert [one.best.words_missed for one in answer.interpretations] == [0, 1]
    assert answer.sql == "SELECT Name FROM singer"


@pytest.mark.parametrize(("first", "held"), [(_ALL, False), (_NOWHERE, True)])
def test_more_answers_are_held_to_the_grammar_only_where_the_first_could_not_run(
    concerts: Database, monkeypatch: pytest.MonkeyPatch, first: str, held: bool
) -> None:
    engine = _unsure_engine(first)
    asked: list[str] = []

    def noting(*_: object, grammar: str, max_new_tokens: int, **__: object) -> tuple[Candidate, ...]:
        asked.append(grammar)
        # All wait for the longest; the first has three or four tokens here.
        assert max_new_tokens < 50
        return ()

    monkeypatch.setattr(engine, "candidates", noting)
    _events(concerts, engine, settings=Settings(candidates=3))
    assert [bool(grammar) for grammar in asked] == [held]


def test_what_writes_is_not_compared_with_other_answers(concerts: Database) -> None:
    events = _events(concerts, _unsure_engine("DELETE FROM singer"), settings=Settings(candidates=3))
    assert not any(isinstance(event, Comparing) for event in events)
    assert isinstance(events[-1], Answer)
    assert events[-1].verdict.writes == ("DELETE singer",)


def test_a_second_answer_that_cannot_run_either_is_not_shown(concerts: Database) -> None:
    answer = _answer(concerts, ScriptedEngine([_NOWHERE, "SELECT Height FROM singer"]))
    assert (answer.sql, answer.repairs) == (_NOWHERE, ())


def test_a_schema_that_is_shown_in_part_is_not_read_ahead(concerts: Database) -> None:
    engine = ScriptedEngine(schema_tokens=5)
    engine.start()
    Assistant(concerts, engine, Settings()).read_ahead(Cancel())
    assert engine.read == []


def test_an_answer_stays_where_others_cannot_be_had(concerts: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> tuple[Candidate, ...]:
        raise ModelError("There is not enough memory for this model.")

    engine = _unsure_engine()
    monkeypatch.setattr(engine, "candidates", failing)
    answer = _events(concerts, engine, settings=Settings(candidates=3))[-1]
    assert isinstance(answer, Answer)
    assert (answer.sql, answer.interpretations) == (_ALL, ())


def test_an_answer_that_cannot_run_gives_way_to_one_that_can(concerts: Database) -> None:
    engine = _unsure_engine("SELECT Name, FROM singer")
    engine.log_probability = math.log(0.9)
    answer = _events(concerts, engine, settings=Settings(candidates=3))[-1]
    assert isinstance(answer, Answer)
    assert answer.verdict.valid


@pytest.mark.parametrize(
    ("probability", "settings"),
    [
        (0.3, Settings(candidates=3)),
        (0.05, Settings()),
        (0.05, Settings(candidates=3, compare=False)),
        (0.05, Settings(candidates=3, answer_seconds=1e-9)),
    ],
)
def test_one_answer_is_enough_where_it_is_sure_or_there_is_no_time(
    concerts: Database, probability: float, settings: Settings
) -> None:
    engine = _unsure_engine()
    engine.log_probability = math.log(probability)
    events = _events(concerts, engine, settings=settings)
    assert not any(isinstance(event, Comparing) for event in events)
    assert isinstance(events[-1], Answer)
    assert events[-1].sql == _ALL


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
    engine = ScriptedEngine([_ALL, _FRENCH])
    engine.history_tokens = 200
    assistant = Assistant(concerts, engine, Settings())
    conversation = Conversation()
    *_, first = assistant.answer("Which singers are there, by name?", Cancel(), conversation)
    assert isinstance(first, Answer)
    conversation.note(first)
    list(assistant.answer("Which of all singers are French ones?", Cancel(), conversation, ask_model=True))
    assert [message.role for message in engine.prompts[1]] == ["system", "user", "assistant", "user"]
    assert engine.prompts[1][2].text == _ALL


def test_a_word_that_is_nearly_a_column_is_replaced_only_if_that_is_asked_for(concerts: Database) -> None:
    engine = ScriptedEngine()
    question = "which singr_id has each name?"
    _events(concerts, engine, question)
    linked, *_ = _events(concerts, engine, question, settings=Settings(column_matcher=True))
    assert isinstance(linked, Linked)
    assert linked.replaced == (("singr_id", "Singer_ID"), ("name", "Name"))
    assert "singr_id" in engine.prompts[0][-1].text
    assert "Singer_ID" in engine.prompts[1][-1].text


def test_an_answer_that_was_cut_is_not_said_of_the_one_that_is_shown(concerts: Database) -> None:
    settings = Settings(candidates=3, max_new_tokens=4, grammar=False)
    engine = _unsure_engine(_FRENCH)

    def cut_stream(*args: Any, **options: Any) -> Iterator[GenerationEvent]:
        for event in ScriptedEngine.stream(engine, *args, **options):
            yield replace(event, log_probability=math.log(0.05)) if isinstance(event, Generated) else event

    engine.stream = cut_stream  # type: ignore[method-assign]
    answer = _events(concerts, engine, settings=settings)[-1]
    assert isinstance(answer, Answer)
    assert answer.model_text.strip() == _ALL
    assert answer.sql == f"{_FRENCH} ORDER BY Age"
    assert not answer.cut
