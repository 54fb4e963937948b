"""What Enter would run is what is seen: the SQL of a new answer has its place on a small screen."""

import pytest

from nl2sql_tui.database.file import Database
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import Opened, opened

_NAMES = "SELECT Name FROM singer WHERE Age > 10"
_INVENTED = "SELECT " + ", ".join(f"invented_column_{number}" for number in range(12)) + " FROM singer"
_TOLD = "cannot run; written again with names of this database alone"


def _in_chat(program: Opened) -> str:
    """What stands in the chat now, without frames and breaks of lines."""
    region = program.workspace.chat.turns.region
    lines = [line[region.x : region.right] for line in program.text.splitlines()[region.y : region.bottom]]
    return " ".join(" ".join(lines).translate(str.maketrans("│▕▏█▆", "     ")).split())


@pytest.mark.parametrize("size", [(80, 24), (60, 15), (40, 10)])
async def test_the_sql_of_a_new_answer_is_in_view_whatever_is_said_below_it(
    concerts: Database, size: tuple[int, int]
) -> None:
    async with opened(concerts, ScriptedEngine([_INVENTED, _NAMES]), size=size) as program:
        await program.run_by_hand("SELECT * FROM singer")
        turn = await program.ask("the singers over 10")
        await program.until(lambda: turn.reading)
        assert turn.sql == _NAMES
        await program.until(lambda: "SELECT Name FROM singer" in _in_chat(program))
        assert "Enter runs the SQL above" in program.text


async def test_what_came_of_running_it_is_in_view_then(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([_INVENTED, _NAMES]), size=(80, 24)) as program:
        await program.ask("the singers over 10")
        await program.press("enter")
        await program.until_run_ended()
        await program.until(lambda: "ran: 3 rows" in _in_chat(program))


async def test_a_change_that_repeats_a_whole_statement_is_cut_and_told_in_full_with_w(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([_INVENTED, _NAMES])) as program:
        turn = await program.ask("the singers over 10")
        await program.until(lambda: turn.reading)
        assert _TOLD in _in_chat(program)
        assert "invented_column_7" not in program.text
        await program.press("f3", "w")
        await program.until(lambda: "invented_column_7" in program.text)


async def test_the_rows_of_the_answer_before_make_room_until_the_new_one_runs(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([_NAMES]), size=(80, 24)) as program:
        await program.run_by_hand("SELECT * FROM singer")
        result = program.workspace.result
        before = result.size.height
        program.engine.token_seconds = 0.1
        program.workspace.chat.ask("the singers over 10")
        await program.until(lambda: result.size.height < before)
        assert program.workspace.chat.answering
        await program.until(lambda: program.turn.runnable)
        assert result.size.height < before
        await program.press("f6")
        await program.until(lambda: result.size.height >= before)
        await program.press("escape", "enter")
        await program.until_run_ended()
        await program.until(lambda: result.size.height == before)


async def test_in_a_narrow_window_the_schema_is_there_only_while_the_cursor_is_in_it(concerts: Database) -> None:
    async with opened(concerts, size=(60, 15)) as program:
        schema = program.workspace.schema
        for key in ("f2", "f8"):
            assert not schema.display
            await program.press(key)
            await program.until(lambda: schema.display and schema.tables.has_focus)
            await program.press("escape")
            await program.until(lambda: not schema.display)
        await program.press("f8", "f8")
        await program.until(lambda: not schema.display)
