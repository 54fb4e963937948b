"""Follow-ups and remembered answers in the whole program: /new, Ctrl+O, and what is not remembered."""

from nl2sql_tui.database.file import Database
from nl2sql_tui.history.accepted import History, default_history_file
from nl2sql_tui.settings import Settings
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import opened

FRENCH = "SELECT Name FROM singer WHERE Country = 'France'"
COUNT = "SELECT COUNT(*) FROM singer WHERE Country = 'France'"


async def test_a_follow_up_is_answered_at_once_and_says_what_was_changed(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([FRENCH, "SELECT 2"])) as program:
        await program.ask("Which singers come from France?")
        turn = await program.ask("how many are there?")
        assert turn.sql == COUNT
        for words in ("changed: counts the rows", "from the answer before", "Ctrl+O asks the model"):
            assert words in program.text
        assert len(program.engine.prompts) == 1
        await program.press("ctrl+o")
        await program.until(lambda: program.turn.sql == "SELECT 2")
        assert program.turn.question == "how many are there?"


async def test_new_begins_a_conversation_that_leans_on_nothing(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([FRENCH, "SELECT 2"])) as program:
        await program.ask("Which singers come from France?")
        await program.type("/new")
        await program.press("enter")
        await program.until(lambda: "A new conversation" in program.text)
        assert program.workspace.chat.question_box.text == ""
        assert len(program.workspace.chat.turns.turns) == 1
        assert (await program.ask("how many are there?")).sql == "SELECT 2"


async def test_what_was_run_is_given_again_and_a_follow_up_is_not_remembered(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([FRENCH])) as program:
        await program.ask("Which singers come from France?")
        await program.press("enter")
        await program.until_run_ended()
        await program.ask("how many are there?")
        await program.press("enter")
        await program.until_run_ended()
        history = History(default_history_file())
        await program.until(lambda: history.pairs(concerts.path))
    async with opened(concerts, ScriptedEngine(["SELECT 2"])) as program:
        turn = await program.ask("which singers come from france")
        assert turn.sql == FRENCH
        assert "as you ran it on" in program.text
        await program.press("enter")
        await program.until_run_ended()
        await program.until(lambda: history.pairs(concerts.path)[0].question == "which singers come from france")
        assert {pair.sql for pair in history.pairs(concerts.path)} == {FRENCH}


async def test_what_the_model_answered_leaning_on_the_last_is_not_remembered(concerts: Database) -> None:
    second = "SELECT COUNT(*) FROM concert"
    async with opened(concerts, ScriptedEngine([second, FRENCH])) as program:
        await program.ask("And how many concerts took place?")
        await program.press("enter")
        await program.until_run_ended()
        await program.ask("Which singers come from France?")
        await program.press("enter")
        await program.until_run_ended()
        history = History(default_history_file())
        await program.until(lambda: history.pairs(concerts.path))
        assert [pair.sql for pair in history.pairs(concerts.path)] == [FRENCH]


async def test_memory_can_be_turned_off(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([FRENCH])) as program:
        await program.ask("Which singers come from France?")
        await program.press("enter")
        await program.until_run_ended()
        await program.until(lambda: History(default_history_file()).pairs(concerts.path))
    async with opened(concerts, ScriptedEngine(["SELECT 2"]), settings=Settings(memory=False)) as program:
        assert (await program.ask("Which singers come from France?")).sql == "SELECT 2"


async def test_sql_by_hand_can_be_followed_up(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.run_by_hand(FRENCH)
        assert (await program.ask("how many are there?")).sql == COUNT


async def test_the_model_is_asked_even_where_the_follow_up_could_be_answered_again(concerts: Database) -> None:
    by_age = "SELECT Name FROM singer ORDER BY Age"
    async with opened(concerts, ScriptedEngine([by_age, "SELECT 2"])) as program:
        await program.ask("Which singers are there, by age?")
        assert (await program.ask("the other way round")).sql == f"{by_age} DESC"
        await program.press("ctrl+o")
        await program.until(lambda: len(program.workspace.chat.turns.turns) == 3 and program.turn.runnable)
        assert program.turn.sql == "SELECT 2"
