"""Where the model's answers disagree, the chat says so, and a key shows what another one means."""

import math

import pytest

from nl2sql_tui.database.execute import Ending
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Candidate, ModelMemory
from nl2sql_tui.language.reading import read
from nl2sql_tui.settings import Settings
from nl2sql_tui.tui.history_keeper import HistoryKeeper
from nl2sql_tui.tui.messages import ReadingMade, RunEnded
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import opened

_SOME = "SELECT Name FROM singer WHERE Country < 'G'"
_ALL = "SELECT Name FROM singer"


def _unsure_engine() -> ScriptedEngine:
    engine = ScriptedEngine([_SOME])
    engine.log_probability = math.log(0.05)
    engine.scripted_candidates = (Candidate(_ALL, 4, math.log(0.01)),)
    return engine


async def test_a_disagreement_is_told_with_a_row_and_a_key_shows_the_other_reading(concerts: Database) -> None:
    async with opened(concerts, _unsure_engine(), settings=Settings(candidates=4)) as program:
        turn = await program.ask("the singers")
        assert turn.sql == _SOME
        assert turn.answer is not None
        for words in ("2 readings", f"{turn.answer.interpretations[0].share:.0%} for this one", "Ctrl+N"):
            assert words in program.text
        await program.press("ctrl+r")
        await program.until_run_ended()
        await program.press("ctrl+n")
        assert turn.sql == _ALL
        assert turn.runnable
        await program.press("ctrl+r")
        await program.until_run_ended()
        assert len(program.workspace.result.grid.rows) == 3
        await program.press("ctrl+n")
        assert turn.sql == _SOME


async def test_the_key_does_nothing_where_there_is_one_reading(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([_ALL])) as program:
        turn = await program.ask("the singers")
        await program.press("ctrl+n")
        assert turn.sql == _ALL
        assert "readings" not in program.text


async def test_the_schema_is_read_and_the_memory_shown_once_the_model_is_ready(concerts: Database) -> None:
    engine = ScriptedEngine()
    engine.scripted_memory = ModelMemory(540_000_000, 2_000_000_000, 6_000_000_000)
    async with opened(concerts, engine) as program:
        await program.until(lambda: engine.read)
        assert engine.read[0][0].text.startswith("singer(")
        await program.until(lambda: "GPU 2.0 GB used, 6.0 GB free" in program.text)


async def test_the_other_reading_is_run_and_leant_on_like_any_answer(concerts: Database) -> None:
    async with opened(concerts, _unsure_engine(), settings=Settings(candidates=4)) as program:
        turn = await program.ask("the singers")
        await program.press("enter")
        await program.until_run_ended()
        await program.press("ctrl+n")
        assert turn.sql == _ALL
        assert not turn.has_run
        await program.press("enter")
        await program.until(lambda: len(program.workspace.result.grid.rows) == 3)
        assert (await program.ask("how many are there?")).sql == "SELECT COUNT(*) FROM singer"


async def test_what_was_said_of_the_one_reading_is_not_said_of_the_other(
    concerts: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(HistoryKeeper, "note_run", lambda _self, turn, _row_count: kept.append(turn.sql))
    async with opened(concerts, _unsure_engine(), settings=Settings(candidates=4)) as program:
        turn = await program.ask("the singers")
        await program.press("enter")
        await program.until_run_ended()
        assert "ran: 1 row" in program.text
        await program.press("ctrl+n")
        assert turn.ending is None
        assert "ran: 1 row" not in program.text
        # What comes late, of a run or a reading that was begun before the key.
        stale = read(_SOME, concerts.schema())
        assert stale is not None
        program.workspace.post_message(RunEnded(turn.number, _SOME, Ending(0.1, 1)))
        program.workspace.post_message(ReadingMade(turn.number, _SOME, stale))
        await program.pilot.pause(0.2)
        assert turn.ending is None
        assert turn.reading != stale
        assert kept == [_SOME]
