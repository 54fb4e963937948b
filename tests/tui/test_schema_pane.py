"""The schema pane: tables, keys, row counts, the filter, and reading again."""

import sqlite3
from pathlib import Path

from nl2sql_tui.database.file import Database
from tests.databases import make_database
from tests.tui.harness import opened

SHOP = """
CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer(id), total REAL NOT NULL);
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);
CREATE VIEW totals AS SELECT customer, SUM(total) AS total FROM "order" GROUP BY customer;
INSERT INTO customer VALUES (1, 'A'), (2, 'B');
"""


def shop(tmp_path: Path) -> Database:
    return Database(make_database(tmp_path / "shop.sqlite", SHOP))


async def test_tables_show_their_rows_and_columns_their_keys(tmp_path: Path) -> None:
    async with opened(shop(tmp_path)) as program:
        await program.until(lambda: program.workspace.schema.tables.counts.get("customer") == 2)
        await program.press("f2", "enter")
        lines = [line[:36].split() for line in program.text.splitlines()]
        assert ["▾", "order", "0", "▕"] in lines
        assert ["├", "id", "integer", "pk", "▕"] in lines
        assert ["├", "customer", "integer", "→", "customer", "▕"] in lines
        assert ["▸", "customer", "2", "▕"] in lines
        assert ["▸", "totals", "view", "▕"] in lines


async def test_the_whole_of_a_column_is_told_below(tmp_path: Path) -> None:
    async with opened(shop(tmp_path)) as program:
        await program.press("f2", "enter", "down", "down", "down")
        await program.until(lambda: "total: REAL, not null" in program.text)
        await program.press("up")
        await program.until(lambda: "→ customer.id" in program.text)


async def test_the_filter_finds_tables_and_columns_and_escape_clears_it(tmp_path: Path) -> None:
    async with opened(shop(tmp_path)) as program:
        tree = program.workspace.schema.tables
        await program.press("f2", "slash")
        await program.type("NAME")
        await program.pilot.pause()
        assert [str(node.data.name) for node in tree.root.children if node.data] == ["customer"]
        assert [node.data.name for node in tree.root.children[0].children if node.data] == ["name"]
        await program.press("x")
        await program.until(lambda: "No table or column" in program.text)
        await program.press("escape")
        await program.pilot.pause()
        assert len(tree.root.children) == 3
        await program.press("escape")
        assert program.workspace.chat.question_box.has_focus


async def test_a_key_writes_a_select_for_the_table_but_does_not_run_it(tmp_path: Path) -> None:
    async with opened(shop(tmp_path)) as program:
        await program.press("f2", "s")
        await program.pilot.pause(0.1)
        box = program.workspace.chat.sql_box
        assert box.text == 'SELECT * FROM "order" LIMIT 100'
        assert not program.workspace.chat.turns.turns
        await program.press("enter")
        await program.until_run_ended()
        assert program.workspace.result.grid.columns == ("id", "customer", "total")


async def test_reading_again_shows_what_another_program_changed(tmp_path: Path) -> None:
    database = shop(tmp_path)
    async with opened(database) as program:
        connection = sqlite3.connect(database.path)
        connection.executescript("CREATE TABLE late (x); INSERT INTO late VALUES (1), (2), (3);")
        connection.close()
        await program.press("f5")
        await program.until(lambda: program.workspace.schema.tables.counts.get("late") == 3)
        assert "late" in program.text


async def test_hundreds_of_tables_are_shown_and_filtered(tmp_path: Path) -> None:
    script = "".join(
        f"CREATE TABLE table_{number} ({', '.join(f'column_{number}_{c} TEXT' for c in range(15))});\n"
        for number in range(463)
    )
    database = Database(make_database(tmp_path / "many.sqlite", script))
    async with opened(database) as program:
        tree = program.workspace.schema.tables
        assert len(tree.root.children) == 463
        assert not any(node.children for node in tree.root.children)
        await program.press("f2", "G")
        await program.until(lambda: "table_462" in program.text)
        await program.press("slash")
        await program.type("column_77_3")
        await program.pilot.pause()
        assert [node.data.name for node in tree.root.children if node.data] == ["table_77"]


async def test_a_database_that_cannot_be_read_any_more_says_so(tmp_path: Path) -> None:
    database = shop(tmp_path)
    async with opened(database) as program:
        database.path.write_bytes(b"SQLite format 3\x00" + b"damaged" * 100)
        await program.press("f5")
        await program.until(lambda: "F5 tries again" in program.text)


async def test_a_name_that_is_cut_says_so_and_leaves_the_rows_their_place(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE alphabetical_list_of_all_products (a_column_with_a_very_long_name INTEGER);\n"
        "INSERT INTO alphabetical_list_of_all_products VALUES (1), (2);"
    )
    async with opened(Database(make_database(tmp_path / "long.sqlite", script)), size=(80, 24)) as program:
        await program.press("f2", "enter")
        await program.until(lambda: program.workspace.schema.tables.counts)
        await program.pilot.pause()
        lines = [line[:25].split() for line in program.text.splitlines()]
        assert ["▾", "alphabetical_list_o…", "2"] in lines
        assert ["└", "a_column_with_a_very_…"] in lines


async def test_the_columns_of_a_table_that_is_opened_at_the_bottom_come_into_view(tmp_path: Path) -> None:
    script = "".join(f"CREATE TABLE t{number} (first INTEGER, last_of_{number} TEXT);\n" for number in range(40))
    async with opened(Database(make_database(tmp_path / "many.sqlite", script)), size=(80, 24)) as program:
        await program.press("f2", "G", "enter")
        await program.until(lambda: "├ first" in program.text and "└ last_of_39" in program.text)
