"""While the model loads, when it cannot be loaded, and how its way there is told."""

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.load_text import load_text
from tests.fake_engine import READY, ScriptedEngine
from tests.tui.harness import opened


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LoadState("idle"), "not started"),
        (LoadState("fetching"), "fetching"),
        (
            LoadState("fetching", done=34_400_000, total=98_362_432, bytes_per_second=12_100_000),
            "fetching 34.4 of 98.4 MB, 34 %, 12.1 MB/s",
        ),
        (LoadState("fetching", done=2_000_000), "fetching 2.0 MB"),
        (LoadState("converting", done=1, total=4), "converting 25 %"),
        (LoadState("ready", device="cpu"), "ready"),
        (LoadState("failed", "No space left."), "not loaded"),
    ],
)
def test_the_phases_in_words(state: LoadState, words: str) -> None:
    assert load_text(state) == words


async def test_the_engine_is_started_once_and_only_after_the_panes_are_there(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.until(lambda: program.engine.starts)
        assert "singer" in program.text
        await program.until(lambda: "ready" in program.text)
        assert program.engine.starts == 1


async def test_the_status_line_tells_model_device_speed_and_context(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT 1, 2, 3"], token_seconds=0.01)) as program:
        await program.ask("numbers")
        expected = ("concerts.sqlite", "scripted", "cpu", "ready", "tokens/s", "/2,048")
        await program.until(lambda: all(words in program.text.splitlines()[0] for words in expected))


async def test_sql_by_hand_runs_while_the_model_loads(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(ready=False)) as program:
        await program.press("f4")
        await program.type("SELECT Name FROM singer ORDER BY 1")
        await program.press("enter")
        await program.until_run_ended()
        assert program.workspace.result.grid.rows == [("Joe Sharp",), ("Rose White",), ("Zoë O'Brien",)]
        assert "loading" in program.text.splitlines()[0]


async def test_a_question_waits_for_the_model_and_says_so(concerts: Database) -> None:
    engine = ScriptedEngine(["SELECT COUNT(*) FROM singer"], ready=False)
    async with opened(concerts, engine) as program:
        await program.type("how many")
        await program.press("enter")
        await program.until(lambda: "waiting for the model: loading" in program.text)
        engine.load_state = LoadState("fetching", done=50_000_000, total=100_000_000)
        await program.until(lambda: "waiting for the model: fetching 50.0 of 100.0 MB, 50 %" in program.text)
        engine.load_state = READY
        await program.until(lambda: program.turn.runnable)


async def test_a_question_that_waits_for_the_model_can_be_stopped(concerts: Database) -> None:
    engine = ScriptedEngine(ready=False)
    async with opened(concerts, engine) as program:
        await program.type("how many")
        await program.press("enter")
        await program.until(lambda: program.workspace.chat.answering)
        await program.press("escape")
        await program.until(lambda: not program.workspace.chat.answering)
        assert "stopped" in program.text


async def test_a_failed_load_says_why_keeps_sql_by_hand_and_can_be_tried_again(concerts: Database) -> None:
    engine = ScriptedEngine(["SELECT COUNT(*) FROM singer"], ready=False)
    async with opened(concerts, engine) as program:
        assert "Load the model again" not in program.text
        await program.type("how many")
        await program.press("enter")
        engine.load_state = LoadState("failed", "Neither source answered. Try [/b] \x1b[31mpip download.")
        await program.until(lambda: "Neither source answered" in program.text and not program.workspace.chat.answering)
        assert "[/b]" in program.text
        assert "␛[31mpip" in program.text
        await program.until(lambda: "Ctrl+L loads it again" in program.text)
        assert "not loaded" in program.text.splitlines()[0]
        await program.run_by_hand("SELECT 7")
        assert program.workspace.result.grid.rows == [(7,)]
        engine.ready_at_start = True
        await program.press("ctrl+l")
        await program.until(lambda: "ready" in program.text.splitlines()[0])
        assert engine.starts == 2
        assert (await program.ask("how many")).runnable
