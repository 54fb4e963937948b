"""An answer in doubt in the whole program: how likely it is, why it asks, and that Enter runs it at the second time."""

import math

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Candidate
from nl2sql_tui.history.accepted import History, default_history_file
from nl2sql_tui.settings import Settings
from tests.calibrated_engine import CalibratedEngine
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import Opened, opened

_AGES = "SELECT Age FROM singer"
_SALARY = "What is the salary of the singers?"
_WEATHER = "What is the weather in Paris tomorrow?"
_SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)])


def _unsure() -> CalibratedEngine:
    return CalibratedEngine(_AGES, probability=1e-4)


def _words(program: Opened) -> str:
    """What stands on the screen, without its frames and breaks of lines; the schema should be hidden."""
    return " ".join(program.text.translate(str.maketrans("│▕▏", "   ")).split())


@_SIZES
async def test_a_sure_answer_says_how_likely_it_is_and_runs_at_once(concerts: Database, size: tuple[int, int]) -> None:
    async with opened(concerts, CalibratedEngine(_AGES), size=size) as program:
        turn = await program.ask("What is the age of the singers?")
        assert turn.answer is not None
        assert turn.answer.confidence is not None
        assert f"likely {turn.answer.confidence:.0%}" in _words(program)
        assert "valid" in program.text
        assert "unsure" not in program.text
        assert "Enter runs the SQL above" in program.text
        await program.press("enter")
        await program.until_run_ended()


@_SIZES
async def test_an_answer_in_doubt_asks_and_runs_at_the_second_enter(concerts: Database, size: tuple[int, int]) -> None:
    async with opened(concerts, _unsure(), size=size) as program:
        await program.press("f8")
        turn = await program.ask(_SALARY)
        shown = _words(program)
        for words in (
            "unsure",
            _AGES,
            "likely ",
            "Nothing here is called “salary”; the SQL takes Age.",
            "Ask in other words; Enter twice runs it.",
        ):
            assert words in shown
        assert "Unsure: Enter twice runs it; or ask in other words" in program.text
        await program.press("enter")
        await program.pilot.pause(0.2)
        assert turn.ending is None
        assert not turn.has_run
        assert "Not sure of this SQL: Enter again runs it." in program.text
        assert "Enter again runs it; or ask in other words" in program.text
        await program.press("enter")
        await program.until_run_ended()
        assert program.workspace.result.grid.rows == [(52,), (41,), (29,)]
        # It has been decided: from now on it is run like any other.
        first = turn.ending
        await program.press("f3", "enter")
        await program.until(lambda: turn.ending is not first)


@_SIZES
async def test_a_question_on_something_else_is_asked_back(concerts: Database, size: tuple[int, int]) -> None:
    async with opened(concerts, ScriptedEngine([_AGES]), size=size) as program:
        await program.press("f8")
        turn = await program.ask(_WEATHER)
        shown = _words(program)
        assert "This database seems to have nothing on “weather”, “Paris”: its tables are singer, concert," in shown
        assert "unsure" in shown
        await program.press("enter")
        await program.pilot.pause(0.2)
        assert turn.ending is None


async def test_it_is_asked_back_too_where_the_sql_cannot_run(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT * FROM weather"])) as program:
        await program.ask(_WEATHER)
        shown = _words(program)
        for words in (
            "cannot run",
            "There is no table weather",
            "nothing on “weather”, “Paris”",
            "Ask in other words.",
        ):
            assert words in shown
        assert "Enter twice" not in shown


async def test_the_run_key_runs_it_at_once(concerts: Database) -> None:
    async with opened(concerts, _unsure()) as program:
        turn = await program.ask(_SALARY)
        await program.press("ctrl+r")
        await program.until_run_ended()
        assert turn.has_run


async def test_enter_on_the_turn_itself_asks_as_well(concerts: Database) -> None:
    async with opened(concerts, _unsure()) as program:
        turn = await program.ask(_SALARY)
        await program.press("f3", "enter")
        await program.pilot.pause(0.2)
        assert turn.ending is None
        await program.press("enter")
        await program.until_run_ended()


async def test_the_next_question_forgets_a_single_enter(concerts: Database) -> None:
    async with opened(concerts, _unsure()) as program:
        await program.ask(_SALARY)
        await program.press("enter")
        second = await program.ask(_SALARY)
        await program.press("enter")
        await program.pilot.pause(0.2)
        assert second.ending is None


async def test_the_setting_turns_it_off(concerts: Database) -> None:
    async with opened(concerts, _unsure(), settings=Settings(ask_below=0.0)) as program:
        await program.ask(_SALARY)
        assert "unsure" not in program.text
        assert "likely " in program.text
        await program.press("enter")
        await program.until_run_ended()


async def test_a_reading_that_was_chosen_is_not_doubted(concerts: Database) -> None:
    engine = _unsure()
    engine.scripted_candidates = (Candidate("SELECT Name FROM singer", 4, math.log(1e-5)),)
    async with opened(concerts, engine, settings=Settings(candidates=4)) as program:
        turn = await program.ask(_SALARY)
        for words in ("unsure", "2 readings", "Ctrl+N"):
            assert words in program.text
        await program.press("ctrl+n")
        assert turn.sql == "SELECT Name FROM singer"
        assert "unsure" not in program.text
        await program.press("enter")
        await program.until_run_ended()


async def test_an_answer_that_was_unsure_when_it_ran_is_asked_anew(concerts: Database) -> None:
    history = History(default_history_file())
    async with opened(concerts, _unsure()) as program:
        await program.ask(_SALARY)
        await program.press("enter", "enter")
        await program.until_run_ended()
        await program.until(lambda: history.runs(concerts.path))
        # Sent from the box as it came, it is no surer.
        await program.press("ctrl+t", "enter")
        await program.until(lambda: history.runs(concerts.path)[0].pair.times_run == 2)
        assert history.pairs(concerts.path) == []
        again = await program.ask(_SALARY)
        assert again.answer is not None
        assert again.answer.origin == "model"
        assert again.in_doubt
        await program.press("ctrl+t")
        await program.type(" LIMIT 2")
        await program.press("enter")
        await program.until(lambda: history.pairs(concerts.path))
        assert [pair.sql for pair in history.pairs(concerts.path)] == [f"{_AGES} LIMIT 2"]


async def test_a_reading_that_was_chosen_is_accepted_by_running_it(concerts: Database) -> None:
    engine = _unsure()
    engine.scripted_candidates = (Candidate("SELECT Name FROM singer", 4, math.log(1e-5)),)
    history = History(default_history_file())
    async with opened(concerts, engine, settings=Settings(candidates=4)) as program:
        await program.ask(_SALARY)
        await program.press("ctrl+n", "enter")
        await program.until(lambda: history.runs(concerts.path))
        assert [pair.sql for pair in history.pairs(concerts.path)] == ["SELECT Name FROM singer"]


async def test_back_at_the_first_reading_it_is_doubted_as_before(concerts: Database) -> None:
    engine = _unsure()
    engine.scripted_candidates = (Candidate("SELECT Name FROM singer", 4, math.log(1e-5)),)
    async with opened(concerts, engine, settings=Settings(candidates=4)) as program:
        turn = await program.ask(_SALARY)
        first = turn.answer
        await program.press("ctrl+n", "ctrl+n")
        assert turn.answer == first
        assert turn.in_doubt
        await program.press("enter")
        await program.pilot.pause(0.2)
        assert not turn.has_run


async def test_a_question_on_something_else_is_asked_back_in_every_reading(concerts: Database) -> None:
    engine = _unsure()
    engine.scripted_candidates = (Candidate("SELECT Name FROM singer", 4, math.log(1e-5)),)
    async with opened(concerts, engine, settings=Settings(candidates=4)) as program:
        turn = await program.ask(_WEATHER)
        await program.press("ctrl+n")
        assert turn.sql == "SELECT Name FROM singer"
        assert turn.in_doubt
        assert "seems to have nothing on" in _words(program)


async def test_a_follow_up_of_an_answer_in_doubt_asks_until_that_was_run(concerts: Database) -> None:
    async with opened(concerts, _unsure()) as program:
        first = await program.ask(_SALARY)
        second = await program.ask("how many are there?")
        assert second.answer is not None
        assert second.answer.origin == "follow-up"
        assert second.in_doubt
        await program.press("enter")
        await program.pilot.pause(0.2)
        assert not second.has_run
        await program.press("enter")
        await program.until_run_ended()
        assert not first.has_run
        third = await program.ask("undo")
        assert third.in_doubt
        await program.press("ctrl+r")
        await program.until_run_ended()
        assert not (await program.ask("how many are there?")).in_doubt


async def test_a_single_enter_is_forgotten_once_another_turn_is_chosen(concerts: Database) -> None:
    async with opened(concerts, _unsure()) as program:
        first = await program.ask(_SALARY)
        await program.press("enter")
        await program.until(lambda: first.enter_pressed)
        await program.ask(_SALARY)
        await program.press("f3", "up", "enter")
        await program.pilot.pause(0.2)
        assert program.workspace.chat.turns.chosen is first
        assert not first.has_run


async def test_sql_by_hand_and_edited_sql_are_never_doubted(concerts: Database) -> None:
    async with opened(concerts, _unsure()) as program:
        await program.ask(_SALARY)
        await program.press("ctrl+t", "enter")
        await program.until_run_ended()
        assert program.turn.sql == _AGES
        assert not program.turn.in_doubt
