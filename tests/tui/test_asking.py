"""From a question to rows in the whole program: streaming, chips, running, stopping, and what may not run."""

import sqlite3
from pathlib import Path

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import Stopped
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.fake_engine import Failure, ScriptedEngine
from tests.tui.harness import opened

BY_COUNTRY = "SELECT Country, COUNT(*) AS n FROM singer GROUP BY Country ORDER BY n DESC"
RUNAWAY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i <= 150"
"""Gives 150 rows, and then looks for more without end."""


async def test_a_question_streams_sql_is_checked_and_a_key_shows_rows(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([BY_COUNTRY], token_seconds=0.03)) as program:
        await program.type("How many singers come from each country")
        await program.press("enter")
        await program.until(lambda: "SELECT Country," in program.text)
        assert program.workspace.chat.answering
        assert "Esc stops" in program.text
        await program.until(lambda: not program.workspace.chat.answering)
        assert program.turn.sql == BY_COUNTRY
        for words in ("How many singers come from each country", "valid", "reads singer", "tokens at"):
            assert words in program.text
        await program.press("ctrl+r")
        await program.until_run_ended()
        assert program.workspace.result.grid.rows == [("Netherlands", 1), ("France", 1), (None, 1)]
        assert "3 rows" in program.text
        assert "NULL" in program.text


async def test_nothing_runs_by_itself(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([BY_COUNTRY])) as program:
        turn = await program.ask("countries")
        await program.pilot.pause(0.3)
        assert turn.runnable
        assert turn.ending is None
        assert program.workspace.result.grid.columns == ()


async def test_enter_on_the_empty_line_runs_the_answer_once(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([BY_COUNTRY])) as program:
        await program.press("enter")
        assert not program.workspace.result.running
        turn = await program.ask("countries")
        await program.press("enter")
        await program.until_run_ended()
        first = turn.ending
        assert first is not None
        assert first.row_count == 3
        await program.press("enter")
        await program.pilot.pause(0.2)
        assert turn.ending is first


async def test_sql_that_is_not_valid_cannot_run_but_can_be_edited(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT Weight FROM singer"])) as program:
        turn = await program.ask("countries")
        for words in ("cannot run", "no column Weight"):
            assert words in program.text
        await program.press("enter", "ctrl+r")
        await program.pilot.pause(0.2)
        assert turn.ending is None
        assert "cannot run as it is" in program.text
        await program.press("ctrl+t")
        box = program.workspace.chat.sql_box
        assert box.has_focus
        assert box.text == "SELECT Weight FROM singer"
        box.hold("SELECT Country FROM singer")
        await program.press("enter")
        await program.until_run_ended()
        assert len(program.workspace.result.grid.rows) == 3


@pytest.mark.parametrize("reply", ["SELECT Weight FROM singer", Failure("No memory.", "", "SELECT")])
async def test_what_cannot_run_is_not_offered_to_be_run(concerts: Database, reply: str | Failure) -> None:
    async with opened(concerts, ScriptedEngine([reply])) as program:
        await program.ask("countries")
        await program.until(lambda: "Edit SQL" in program.text)
        assert "Run SQL" not in program.text
        await program.press("f3", "enter")
        await program.until(lambda: "Ctrl+T edits it" in program.workspace.status.render().plain)


async def test_sql_that_writes_cannot_run(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["DELETE FROM singer"])) as program:
        turn = await program.ask("remove everyone")
        await program.press("enter", "ctrl+r")
        await program.pilot.pause(0.2)
        assert "does more than read" in program.text
        assert turn.ending is None


async def test_esc_stops_an_answer_keeps_what_came_and_frees_the_box(concerts: Database) -> None:
    engine = ScriptedEngine(["SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9 FROM singer", BY_COUNTRY], token_seconds=0.1)
    async with opened(concerts, engine) as program:
        await program.type("slow")
        await program.press("enter")
        await program.until(lambda: "SELECT 1," in program.text)
        await program.press("escape")
        await program.until(lambda: not program.workspace.chat.answering)
        assert "stopped" in program.text
        assert program.turn.sql.startswith("SELECT 1,")
        assert not program.turn.runnable
        engine.token_seconds = 0.0
        turn = await program.ask("again")
        assert turn.runnable


async def test_a_second_question_waits_in_its_box_until_the_first_is_done_or_stopped(concerts: Database) -> None:
    engine = ScriptedEngine(["SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9", BY_COUNTRY], token_seconds=1.0)
    async with opened(concerts, engine) as program:
        await program.type("first")
        await program.press("enter")
        await program.type("second")
        await program.press("enter")
        await program.until(lambda: "still being answered" in program.text)
        assert program.workspace.chat.question_box.text == "second"
        assert len(program.workspace.chat.turns.turns) == 1
        engine.token_seconds = 0.0
        await program.press("escape", "enter")
        await program.until(lambda: len(program.workspace.chat.turns.turns) == 2)
        await program.until(lambda: not program.workspace.chat.answering)
        assert program.turn.sql == BY_COUNTRY


async def test_a_generation_that_fails_says_why_and_frees_the_box(concerts: Database) -> None:
    engine = ScriptedEngine([Failure("The model ran out of memory.", "Close other programs.", "SELECT"), "SELECT 1"])
    async with opened(concerts, engine) as program:
        turn = await program.ask("too much")
        assert "The model ran out of memory." in program.text
        assert "Close other programs." in program.text
        assert not turn.runnable
        assert (await program.ask("again")).runnable


async def test_a_bug_in_the_core_is_told_in_one_line_and_frees_the_box(
    concerts: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ScriptedEngine()
    monkeypatch.setattr(engine, "count_tokens", lambda _: 1 / 0)
    async with opened(concerts, engine) as program:
        await program.ask("anything")
        assert "Something went wrong inside this program: ZeroDivisionError" in program.text
        monkeypatch.undo()
        assert (await program.ask("again")).runnable


async def test_a_runaway_query_is_stopped_and_keeps_its_rows(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([RUNAWAY])) as program:
        await program.ask("count to 150 for ever")
        await program.press("enter")
        grid = program.workspace.result.grid
        await program.until(lambda: len(grid.rows) >= 100)
        await program.press("escape")
        await program.until_run_ended()
        ending = program.turn.ending
        assert ending is not None
        assert isinstance(ending.error, Stopped)
        assert grid.rows[:100] == [(number,) for number in range(1, 101)]
        assert ending.row_count == len(grid.rows)
        assert "rows came before and are kept" in program.text


async def test_a_new_run_replaces_one_that_is_still_going(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([RUNAWAY])) as program:
        first = await program.ask("count to 150 for ever")
        await program.press("enter")
        await program.until(lambda: program.workspace.result.running)
        await program.run_by_hand("SELECT 'second'")
        assert program.workspace.result.grid.rows == [("second",)]
        assert first.ending is not None
        assert isinstance(first.ending.error, Stopped)
        await program.pilot.pause(0.2)
        assert program.workspace.result.grid.rows == [("second",)]


async def test_an_error_in_the_middle_of_a_run_keeps_the_rows_before_it(tmp_path: Path) -> None:
    script = "CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3), (-9223372036854775808);"
    database = Database(make_database(tmp_path / "t.sqlite", script))
    async with opened(database) as program:
        await program.run_by_hand("SELECT abs(x) FROM t")
        assert program.workspace.result.grid.rows == [(1,), (2,)]
        assert "integer overflow" in program.text
        assert "2 rows came before and are kept" in program.text


async def test_a_result_that_was_cut_says_so(concerts: Database) -> None:
    async with opened(concerts, settings=Settings(max_rows=2)) as program:
        await program.run_by_hand("SELECT Name FROM singer")
        assert len(program.workspace.result.grid.rows) == 2
        assert "first 2 rows of more" in program.text
        assert "max_rows" in program.text


async def test_an_empty_result_shows_its_columns_and_says_that_it_is_empty(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.run_by_hand("SELECT Name AS who FROM singer WHERE Age > 100")
        assert "who" in program.text
        assert "No rows" in program.text


async def test_what_was_linked_is_said_and_the_prompt_can_be_seen(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([BY_COUNTRY])) as program:
        turn = await program.ask("singers from france")
        assert "found singer.Country = 'France'" in program.text
        assert turn.answer is not None
        await program.press("f3", "p")
        assert "What the model was shown" in program.text
        assert "singer(Singer_ID int pk, Name text, Country text, Age int)" in program.text
        await program.press("escape")
        assert "What the model was shown" not in program.text


async def test_older_answers_can_be_chosen_and_run(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT 'one'", "SELECT 'two'"])) as program:
        await program.ask("first")
        await program.ask("second")
        await program.press("f3", "up", "enter")
        await program.until(lambda: program.workspace.result.grid.rows == [("one",)])
        await program.press("down", "ctrl+r")
        await program.until(lambda: program.workspace.result.grid.rows == [("two",)])


async def test_a_sample_question_is_asked_by_its_number_or_with_enter(concerts: Database) -> None:
    engine = ScriptedEngine(by_question={"how old": "SELECT Age FROM singer", "who": "SELECT Name FROM singer"})
    async with opened(concerts, engine, samples=("how old are they?", "who sings?")) as program:
        await program.press("2")
        await program.until(lambda: program.turn.runnable)
        assert program.turn.question == "who sings?"
        assert program.workspace.chat.question_box.has_focus


async def test_typing_while_samples_are_offered_begins_a_question(concerts: Database) -> None:
    async with opened(concerts, samples=("how old are they?",)) as program:
        await program.type("jazz")
        assert program.workspace.chat.question_box.text == "jazz"


async def test_running_does_not_lock_the_database_for_others(concerts: Database, concerts_file: Path) -> None:
    async with opened(concerts, ScriptedEngine([BY_COUNTRY])) as program:
        await program.ask("countries")
        await program.press("enter")
        await program.until_run_ended()
        connection = sqlite3.connect(concerts_file, timeout=0)
        with connection:
            connection.execute("INSERT INTO singer VALUES (4, 'New', 'Peru', 20)")
        connection.close()
        await program.press("ctrl+r")
        await program.until(lambda: len(program.workspace.result.grid.rows) == 4)
