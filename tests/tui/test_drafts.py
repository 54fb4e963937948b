"""What is half written in the SQL box is not lost: not to other SQL, and not to a mistake in it."""

from nl2sql_tui.database.file import Database
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import opened


async def test_a_draft_that_other_sql_takes_the_place_of_comes_back_with_up(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT 1"])) as program:
        box = program.workspace.chat.sql_box
        await program.press("f4")
        await program.type("select draft_one")
        await program.press("f2", "s")
        await program.until(lambda: box.has_focus and box.text.startswith("SELECT * FROM"))
        peek = box.text
        await program.press("up")
        assert box.text == "select draft_one"
        await program.press("down")
        assert box.text == peek
        await program.press("f2", "s")
        await program.pilot.pause()
        await program.press("up", "up")
        assert box.text == "select draft_one"


async def test_after_sql_was_put_in_up_begins_with_the_newest(concerts: Database) -> None:
    async with opened(concerts) as program:
        box = program.workspace.chat.sql_box
        for sql in ("SELECT 1", "SELECT 2", "SELECT 3"):
            await program.run_by_hand(sql)
        await program.press("up", "up")
        assert box.text == "SELECT 2"
        program.workspace.chat.edit("SELECT 4")
        await program.pilot.pause()
        await program.press("up")
        assert box.text == "SELECT 3"


async def test_sql_that_cannot_run_stays_in_the_box_to_be_mended(concerts: Database) -> None:
    async with opened(concerts) as program:
        box = program.workspace.chat.sql_box
        await program.run_by_hand("SELECT Nam FROM singer")
        assert not program.turn.runnable
        assert box.text == "SELECT Nam FROM singer"
        box.hold("SELECT Name FROM singer")
        await program.press("enter")
        await program.until_run_ended()
        assert box.text == ""
