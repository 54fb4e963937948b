"""What more answers of a scripted model are asked for, and which of them is taken."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.answers import Answer, AssistantEvent, Comparing
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Candidate, Engine, Generated, GenerationEvent, Prompt
from nl2sql_tui.errors import ModelError, Stopped
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.fake_engine import ScriptedEngine


def _events(
    database: Database,
    engine: Engine,
    question: str = "Which singers are there?",
    cancel: Cancel | None = None,
    settings: Settings | None = None,
) -> list[AssistantEvent]:
    assistant = Assistant(database, engine, settings or Settings())
    return list(assistant.answer(question, cancel or Cancel()))


_SOME = "SELECT Name FROM singer WHERE Country < 'G'"
_ALL = "SELECT Name FROM singer"


def _unsure_engine(first: str = _ALL) -> ScriptedEngine:
    engine = ScriptedEngine([first])
    engine.log_probability = math.log(0.05)
    engine.scripted_candidates = (
        Candidate(f"{_SOME} ORDER BY Age", 9, math.log(0.045)),
        Candidate(_SOME, 8, math.log(0.04)),
        Candidate("SELECT Nane FROM singer_in_concert", 8, math.log(0.035)),
    )
    return engine


def test_an_unsure_model_is_asked_again_and_what_more_answers_give_is_taken(concerts: Database) -> None:
    events = _events(concerts, _unsure_engine(), settings=Settings(candidates=3))
    assert Comparing(4) in events
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert answer.sql == f"{_SOME} ORDER BY Age"
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


@pytest.mark.parametrize(("first", "held"), [(_ALL, False), ("SELECT Weight FROM singer", True)])
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


def test_an_answer_that_was_cut_is_not_said_of_the_one_that_is_shown(concerts: Database) -> None:
    settings = Settings(candidates=3, max_new_tokens=4, grammar=False)
    engine = _unsure_engine(_SOME)

    def cut_stream(*args: Any, **options: Any) -> Iterator[GenerationEvent]:
        for event in ScriptedEngine.stream(engine, *args, **options):
            yield replace(event, log_probability=math.log(0.05)) if isinstance(event, Generated) else event

    engine.stream = cut_stream  # type: ignore[method-assign]
    answer = _events(concerts, engine, settings=settings)[-1]
    assert isinstance(answer, Answer)
    assert answer.model_text.strip() == _ALL
    assert answer.sql == f"{_SOME} ORDER BY Age"
    assert not answer.cut


def test_a_sure_answer_that_is_odd_is_compared_and_gives_way_to_one_that_is_not(concerts: Database) -> None:
    odd, right = "SELECT Country, COUNT(*) FROM singer", "SELECT Country, COUNT(*) FROM singer GROUP BY Country"
    engine = ScriptedEngine([odd])
    engine.log_probability = math.log(0.6)
    engine.scripted_candidates = (Candidate(right, 9, math.log(0.1)),)
    *_, answer = _events(concerts, engine, "Singers of each country", settings=Settings(candidates=2))
    assert isinstance(answer, Answer)
    assert answer.sql == right
    assert [one.best.oddities for one in answer.interpretations] == [0, 1]


@pytest.mark.parametrize(
    ("seconds", "if_it_can_run", "if_it_cannot"), [(1, True, True), (4, False, True), (6, False, False)]
)
def test_an_answer_that_cannot_run_is_worth_more_time(
    concerts: Database, seconds: float, if_it_can_run: bool, if_it_cannot: bool
) -> None:
    settings = Settings(candidates=3, answer_seconds=6)
    comparer = Assistant(concerts, _unsure_engine(), settings)._comparer
    for sql, is_worth_it in ((_ALL, if_it_can_run), ("SELECT Nane FROM singer", if_it_cannot)):
        (answer,) = (event for event in _events(concerts, ScriptedEngine([_ALL])) if isinstance(event, Answer))
        asked = replace(answer, verdict=concerts.check(sql), seconds=seconds, log_probability=math.log(0.05))
        assert comparer.is_worth_it(asked) == is_worth_it
