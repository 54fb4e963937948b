"""What is run as the answer to a question is remembered, and nothing else; no history can disturb the program."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.history.accepted import AcceptedPair, History, default_history_file, schema_fingerprint
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.fake_engine import Failure, ScriptedEngine
from tests.tui.harness import Opened, opened

NAMES = "SELECT Name FROM singer"


def _kept(database: Database) -> list[AcceptedPair]:
    return History(default_history_file()).pairs(database.path)


async def _until_kept(program: Opened, condition: Callable[[list[AcceptedPair]], bool]) -> list[AcceptedPair]:
    """The pairs, once `condition` holds of them."""
    database = program.workspace.database
    await program.until(lambda: condition(_kept(database)))
    return _kept(database)


async def _until_ran_and_nothing_is_left_to_write(program: Opened) -> None:
    """Let a question of which it is known that it is remembered pass behind what was done before."""
    await program.ask("all done by now")
    await program.press("ctrl+r")
    await _until_kept(program, lambda pairs: any(pair.question == "all done by now" for pair in pairs))


def _others(database: Database) -> list[AcceptedPair]:
    return [pair for pair in _kept(database) if pair.question != "all done by now"]


async def test_running_an_answer_remembers_it_with_its_question(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([NAMES])) as program:
        await program.ask("Who sings?")
        assert not default_history_file().exists()
        await program.press("enter")
        (pair,) = await _until_kept(program, bool)
        assert (pair.question, pair.sql, pair.edited) == ("Who sings?", NAMES, False)
        assert (pair.model, pair.row_count, pair.times_run) == ("scripted", 3, 1)
        assert pair.database == concerts.path.resolve()
        assert pair.schema_fingerprint == schema_fingerprint(concerts.schema())
        await program.press("ctrl+r")
        await _until_kept(program, lambda pairs: pairs[0].times_run == 2)


@pytest.mark.parametrize("edit_keys", [("ctrl+t",), ("f3", "e")])
async def test_an_edited_answer_is_remembered_for_its_question(concerts: Database, edit_keys: tuple[str, ...]) -> None:
    async with opened(concerts, ScriptedEngine([NAMES])) as program:
        await program.ask("Who is old?")
        await program.press(*edit_keys)
        assert program.workspace.chat.sql_box.text == NAMES
        assert "SQL for: Who is old?" in program.text
        await program.type(" LIMIT 2")
        await program.press("enter")
        (pair,) = await _until_kept(program, bool)
        assert (pair.question, pair.sql, pair.edited) == ("Who is old?", f"{NAMES} LIMIT 2", True)
        assert "SQL by hand for: Who is old?" in program.text


async def test_an_answer_edited_in_several_steps_still_belongs_to_its_question(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([Failure("It broke.", text="SELECT Nane")])) as program:
        await program.ask("Who?")
        await program.press("ctrl+t")
        await program.type(" FROM singer")
        await program.press("enter")
        await program.until(lambda: program.turn.verdict is not None)
        assert not program.turn.runnable
        await program.press("ctrl+t")
        box = program.workspace.chat.sql_box
        await program.press("home", *["right"] * len("SELECT Na"), "delete")
        await program.type("m")
        assert box.text == NAMES
        await program.press("enter")
        (pair,) = await _until_kept(program, bool)
        assert (pair.question, pair.sql, pair.edited) == ("Who?", NAMES, True)


async def test_an_answer_sent_from_the_sql_box_as_it_was_is_not_an_edited_one(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([NAMES])) as program:
        await program.ask("Who?")
        await program.press("ctrl+t", "enter")
        (pair,) = await _until_kept(program, bool)
        assert (pair.sql, pair.edited) == (NAMES, False)


async def test_the_last_sql_that_ran_stands_for_the_question(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([NAMES])) as program:
        await program.ask("Who?")
        await program.press("enter")
        await program.until_run_ended()
        await program.press("ctrl+t")
        await program.type(" LIMIT 1")
        await program.press("enter")
        (pair,) = await _until_kept(program, lambda pairs: bool(pairs) and pairs[0].edited)
        assert pair.sql == f"{NAMES} LIMIT 1"


@pytest.mark.parametrize(
    "sql", ["SELECT Name FROM singer WHERE Country = 'france'", "SELECT COUNT(*) FROM singer WHERE Country = 'france'"]
)
async def test_an_odd_result_is_logged_and_not_accepted(concerts: Database, sql: str) -> None:
    history = History(default_history_file())
    async with opened(concerts, ScriptedEngine([sql]), settings=Settings(repair=False)) as program:
        await program.ask("Who comes from France?")
        await program.press("enter")
        await program.until(lambda: history.runs(concerts.path))
        assert program.turn.diagnosis is not None
        assert program.turn.diagnosis.findings
        assert _kept(concerts) == []


async def test_sql_of_ones_own_is_not_remembered(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([NAMES])) as program:
        await program.ask("Who?")
        await program.run_by_hand("SELECT Title FROM concert")
        assert "SQL by hand for" not in program.text
        await _until_ran_and_nothing_is_left_to_write(program)
        assert _others(concerts) == []


@pytest.mark.parametrize("keys", [("ctrl+t", "ctrl+u"), ("ctrl+t", "up", "up")], ids=["emptied", "another recalled"])
async def test_sql_that_replaces_an_answer_in_the_box_is_ones_own(concerts: Database, keys: tuple[str, ...]) -> None:
    async with opened(concerts, ScriptedEngine([NAMES])) as program:
        await program.run_by_hand("SELECT 1")
        await program.ask("Who?")
        await program.press(*keys)
        await program.type(" SELECT Title FROM concert" if "ctrl+u" in keys else " + 1")
        assert "SQL for:" not in program.text
        await program.press("enter")
        await program.until(lambda: program.turn.question is None)
        await program.until_run_ended()
        await _until_ran_and_nothing_is_left_to_write(program)
        assert _others(concerts) == []


async def test_what_does_not_run_to_its_end_is_not_remembered(tmp_path: Path) -> None:
    script = "CREATE TABLE t (x); INSERT INTO t VALUES (1), (-9223372036854775808);"
    database = Database(make_database(tmp_path / "t.sqlite", script))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 9"
    answers = {"fails": "SELECT abs(x) FROM t", "ends": endless, "invalid": "SELECT nope FROM t"}
    async with opened(database, ScriptedEngine(by_question=answers)) as program:
        await program.ask("fails")
        await program.press("enter")
        await program.until_run_ended()
        await program.ask("ends below 9")
        await program.press("enter")
        await program.until(lambda: program.workspace.result.running)
        await program.press("escape")
        await program.until_run_ended()
        await program.ask("invalid")
        await program.press("enter", "ctrl+r")
        await _until_ran_and_nothing_is_left_to_write(program)
        assert _others(database) == []


async def test_with_the_setting_off_nothing_is_written(concerts: Database, home: Path) -> None:
    async with opened(concerts, ScriptedEngine([NAMES]), settings=Settings(history=False)) as program:
        await program.ask("Who?")
        await program.press("enter")
        await program.until_run_ended()
        await program.pilot.pause(0.2)
    assert not home.exists()


async def test_a_history_that_cannot_be_used_costs_one_notice_and_no_answer(concerts: Database) -> None:
    file = default_history_file()
    file.parent.mkdir(parents=True)
    file.write_text("no database at all\n" * 100)
    async with opened(concerts, ScriptedEngine([NAMES])) as program:
        for number in range(3):
            await program.ask(f"who is on list {'abc'[number]}?")
            await program.press("enter")
            await program.until_run_ended()
            assert len(program.workspace.result.grid.rows) == 3
            await program.until(lambda: len(program.workspace.chat.query(".notice")) == 1)
            await program.pilot.pause(0.1)
        assert len(program.workspace.chat.query(".notice")) == 1
        notice = str(program.workspace.chat.query_one(".notice").render())
        assert "it is damaged" in notice
        assert (await program.ask("another")).runnable
