"""Whatever a database, a file name, a question or a model holds, the screen shows it and obeys none of it."""

import os
from pathlib import Path

import pytest
from textual.events import Paste

from nl2sql_tui.database.file import Database
from nl2sql_tui.quoting import quoted, string_literal
from tests.databases import make_database
from tests.fake_engine import Failure, ScriptedEngine
from tests.tui.harness import Opened, opened

HOSTILE = "[/b] [red]\x1b]52;c;aGk=\x07 \u202etxt.exe \x9b31m"
SHOWN = "[/b] [red]␛]52;c;aGk=␇"

UNSAFE = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F}


def assert_harmless(program: Opened, seen: str = SHOWN) -> None:
    text = program.text
    assert seen in text
    assert not {ord(letter) for letter in text if letter != "\n"} & UNSAFE


def hostile_database(tmp_path: Path) -> Database:
    table, column, cell = quoted("t" + HOSTILE), quoted("c" + HOSTILE), string_literal("v" + HOSTILE)
    script = (
        f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {column} TEXT);"
        f"CREATE TABLE child (parent INTEGER REFERENCES {table}(id));"
        f"INSERT INTO {table} VALUES (1, {cell});"
    )
    return Database(make_database(tmp_path / "h.sqlite", script))


async def test_names_in_the_schema(tmp_path: Path) -> None:
    async with opened(hostile_database(tmp_path), size=(160, 40)) as program:
        await program.press("f2", "f7", "enter", "down", "down")
        await program.pilot.pause()
        assert_harmless(program, "t" + SHOWN)
        assert_harmless(program, "c" + SHOWN)
        await program.press("slash")
        await program.type("parent")
        await program.press("down", "down")
        await program.pilot.pause()
        assert_harmless(program, f"→ t{SHOWN}")


async def test_cells_column_names_and_both_viewers(tmp_path: Path) -> None:
    database = hostile_database(tmp_path)
    async with opened(database, size=(200, 40)) as program:
        await program.run_by_hand(f"SELECT * FROM {quoted('t' + HOSTILE)}")
        # The SQL box shows what cannot be seen, and what is seen is what runs: there is no table of that name.
        assert not program.turn.runnable
        assert_harmless(program)
        await program.run_by_hand("SELECT child.*, p.* FROM child RIGHT JOIN pragma_table_list AS p LIMIT 1")
        program.workspace.result.run(f"SELECT * FROM {quoted('t' + HOSTILE)}", turn=99)
        await program.until(lambda: not program.workspace.result.running)
        await program.press("f6", "right")
        assert_harmless(program, "v" + SHOWN)
        await program.press("enter")
        assert_harmless(program, "v" + SHOWN)
        await program.press("escape", "r")
        assert_harmless(program, "c" + SHOWN)


@pytest.mark.parametrize("reply", [f"SELECT '{HOSTILE}' FROM nowhere", Failure(HOSTILE, HOSTILE, HOSTILE)])
async def test_what_a_model_writes(concerts: Database, reply: str | Failure) -> None:
    async with opened(concerts, ScriptedEngine([reply])) as program:
        await program.ask("anything")
        assert_harmless(program)
        await program.press("ctrl+t")
        assert_harmless(program)


async def test_a_question_and_the_prompt_made_of_it(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT 1"])) as program:
        program.workspace.chat.ask("who" + HOSTILE)
        await program.until(lambda: not program.workspace.chat.answering)
        assert_harmless(program, "who" + SHOWN)
        await program.press("f3", "p")
        assert_harmless(program, "who" + SHOWN)


async def test_a_question_that_holds_a_stored_value(tmp_path: Path) -> None:
    value = "Bob[/b]\x1b[31m"
    script = f"CREATE TABLE t (name TEXT); INSERT INTO t VALUES ({string_literal(value)});"
    database = Database(make_database(tmp_path / "v.sqlite", script))
    async with opened(database, ScriptedEngine(["SELECT 1"])) as program:
        program.workspace.chat.ask(f"who is {value}?")
        await program.until(lambda: not program.workspace.chat.answering)
        assert_harmless(program, "who is Bob[/b]␛[31m?")


@pytest.mark.skipif(os.name != "posix", reason="other systems forbid such file names")
async def test_a_file_name(tmp_path: Path) -> None:
    database = Database(make_database(tmp_path / "x[b]\x1b[31m\u202e.sqlite"))
    async with opened(database) as program:
        assert_harmless(program, "x[b]␛[31m⟨202E⟩.sqlite")


async def test_a_paste_with_escapes_is_shown_and_its_lines_stay(concerts: Database) -> None:
    async with opened(concerts) as program:
        box = program.workspace.chat.question_box
        program.app.post_message(Paste("one\r\ntwo\x1b[31m\rthree"))
        await program.until(lambda: box.text)
        assert box.text == "one\ntwo␛[31m\nthree"
        assert_harmless(program, "two␛[31m")
