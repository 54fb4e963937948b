"""The schema as a person would describe it: keys resolved, SQLite's own tables left out, broken views survived."""

from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import DatabaseError
from nl2sql_tui.schema import Column, ForeignKey
from tests.databases import make_database


def test_tables_come_in_order_with_types_and_keys(concerts: Database) -> None:
    schema = concerts.schema()
    assert [table.name for table in schema.tables] == ["singer", "concert", "singer_in_concert"]
    assert schema.tables[1].columns[1] == Column("Title", "VARCHAR(40)")
    link = schema.tables[2]
    assert [column.primary_key for column in link.columns] == [1, 2]
    assert set(link.foreign_keys) == {
        ForeignKey("concert_ID", "concert", "concert_ID"),
        ForeignKey("Singer_ID", "singer", "Singer_ID"),
    }


def test_names_are_found_without_regard_to_case(concerts: Database) -> None:
    table = concerts.schema().table("SINGER")
    assert table is not None
    assert table.column("country") == Column("Country", "TEXT")


def test_names_with_spaces_quotes_and_words_of_sql(tmp_path: Path) -> None:
    script = """CREATE TABLE "order" ("unit ""net"" price" REAL, [group] TEXT); CREATE TABLE "it's" (a);"""
    schema = Database(make_database(tmp_path / "odd.sqlite", script)).schema()
    assert [table.name for table in schema.tables] == ["order", "it's"]
    assert [column.name for column in schema.tables[0].columns] == ['unit "net" price', "group"]


def test_what_sqlite_keeps_for_itself_stays_out(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t DEFAULT VALUES; ANALYZE;"
        "CREATE VIRTUAL TABLE note USING fts5(body); CREATE VIEW v AS SELECT id FROM t;"
    )
    schema = Database(make_database(tmp_path / "own.sqlite", script)).schema()
    assert [(table.name, table.is_view) for table in schema.tables] == [("t", False), ("note", False), ("v", True)]


def test_a_view_that_no_longer_compiles_is_listed_without_columns(tmp_path: Path) -> None:
    script = "CREATE TABLE a (x); CREATE TABLE b (y); CREATE VIEW v AS SELECT x FROM a; DROP TABLE a;"
    schema = Database(make_database(tmp_path / "broken.sqlite", script)).schema()
    assert [(table.name, len(table.columns)) for table in schema.tables] == [("b", 1), ("v", 0)]


def test_generated_columns_are_columns(tmp_path: Path) -> None:
    script = "CREATE TABLE t (net REAL, gross REAL GENERATED ALWAYS AS (net * 1.2))"
    schema = Database(make_database(tmp_path / "generated.sqlite", script)).schema()
    assert [column.name for column in schema.tables[0].columns] == ["net", "gross"]


def test_a_foreign_key_to_a_missing_table_is_left_out(tmp_path: Path) -> None:
    script = "CREATE TABLE t (a REFERENCES gone(x), b REFERENCES t)"
    assert Database(make_database(tmp_path / "t.sqlite", script)).schema().tables[0].foreign_keys == ()


def test_rows_are_counted_table_by_table(concerts: Database) -> None:
    assert list(concerts.row_counts(Cancel())) == [("singer", 3), ("concert", 2), ("singer_in_concert", 3)]


def test_a_cancel_ends_the_counting(concerts: Database) -> None:
    cancel = Cancel()
    cancel.request()
    assert list(concerts.row_counts(cancel)) == []


def test_the_schema_is_read_again_after_a_change(concerts: Database, concerts_file: Path) -> None:
    first = concerts.schema()
    assert concerts.schema() is first
    make_database(concerts_file, "CREATE TABLE later (x)")
    assert concerts.schema().table("later") is not None


def test_a_database_without_tables_is_told_as_such(tmp_path: Path) -> None:
    path = make_database(tmp_path / "bare.sqlite", "CREATE TABLE t (a); DROP TABLE t;")
    with pytest.raises(DatabaseError, match="has no tables"):
        Database(path).require_tables()


def test_hundreds_of_tables(tmp_path: Path) -> None:
    script = ";".join(
        f"CREATE TABLE t{i} (a{i} INT, b{i} REFERENCES t{max(0, i - 1)}(a{max(0, i - 1)}))" for i in range(463)
    )
    assert len(Database(make_database(tmp_path / "many.sqlite", script)).schema().tables) == 463
