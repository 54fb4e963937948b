"""What is sent from the question box is taken for what it is: a command, SQL, a question, or nothing."""

import pytest

from nl2sql_tui.database.file import Database
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import opened


async def test_sql_written_as_a_question_runs_as_it_stands_without_the_model(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT 'the model'"])) as program:
        sql = "select a.Name from singer a, singer b"
        program.workspace.chat.question_box.hold(sql)
        await program.press("enter")
        await program.until(lambda: program.workspace.chat.turns.turns)
        await program.until_run_ended()
        assert program.turn.sql == sql
        assert program.turn.question is None
        assert len(program.workspace.result.grid.rows) == 9
        assert not program.engine.prompts
        assert "This is SQL: it runs as you wrote it" in program.text
        assert program.workspace.chat.question_box.text == ""
        await program.press("up")
        assert program.workspace.chat.question_box.text == sql


async def test_a_question_that_begins_as_sql_does_is_a_question(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT Name FROM singer"])) as program:
        program.workspace.chat.question_box.hold("select the names of the singers")
        await program.press("enter")
        await program.until(lambda: program.workspace.chat.turns.turns and program.turn.answer)
        assert program.turn.question == "select the names of the singers"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/foo", "There is no command /foo; there are /new, /adapter, /help."),
        ("/ad first", "There is no command /ad;"),
        ("/new how many?", "/new stands by itself"),
        ("?", "ask in words"),
        (";", "ask in words"),
    ],
)
async def test_what_is_no_question_is_told_and_stays_in_the_box(concerts: Database, typed: str, told: str) -> None:
    async with opened(concerts) as program:
        program.workspace.chat.question_box.hold(typed)
        await program.press("enter")
        await program.until(lambda: told in program.text)
        assert not program.workspace.chat.turns.turns
        assert not program.engine.prompts
        assert program.workspace.chat.question_box.text == typed


async def test_a_command_opens_the_help(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.type("/help")
        await program.press("enter")
        await program.until(lambda: "Help · Chat" in program.text)


async def test_in_a_new_conversation_enter_does_not_run_the_sql_of_the_old_one(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT Name FROM singer"])) as program:
        turn = await program.ask("names")
        await program.until(lambda: "Enter runs the SQL above" in program.text)
        await program.type("/new")
        await program.press("enter")
        await program.until(lambda: "A new conversation" in program.text)
        assert "Enter runs the SQL above" not in program.text
        assert "Run SQL" not in program.text
        await program.press("enter", "ctrl+r")
        await program.pilot.pause(0.1)
        assert not turn.has_run
        await program.press("f3", "up", "enter")
        await program.until_run_ended()
