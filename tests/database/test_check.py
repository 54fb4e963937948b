"""The verdict on a statement: exact about what is read and written, helpful about what is misspelt."""

from pathlib import Path

import pytest

from nl2sql_tui.database.file import Database
from tests.databases import make_database


def test_a_valid_query_names_its_tables_and_columns(concerts: Database) -> None:
    verdict = concerts.check(
        "SELECT s.Name FROM singer AS s JOIN singer_in_concert AS i ON i.Singer_ID = s.Singer_ID "
        "WHERE Country = 'France'"
    )
    assert verdict.valid
    assert set(verdict.tables) == {"singer", "singer_in_concert"}
    assert set(verdict.reads) == {
        "singer.Name",
        "singer.Country",
        "singer.Singer_ID",
        "singer_in_concert.Singer_ID",
    }
    assert verdict.writes == ()
    assert verdict.full_scans


@pytest.mark.parametrize("join", ["JOIN singer_in_concert USING (Singer_ID)", "CROSS JOIN singer_in_concert"])
def test_a_table_that_is_only_joined_is_named_too(concerts: Database, join: str) -> None:
    assert set(concerts.check(f"SELECT Name FROM singer {join}").tables) == {"singer", "singer_in_concert"}


def test_counting_rows_reads_a_table_but_no_column(concerts: Database) -> None:
    verdict = concerts.check("SELECT COUNT(*) FROM singer")
    assert (verdict.valid, verdict.tables, verdict.reads) == (True, ("singer",), ())


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("DELETE FROM singer WHERE Age > 3", ("DELETE singer",)),
        ("WITH old AS (SELECT 1) DELETE FROM singer", ("DELETE singer",)),
        ("INSERT INTO concert SELECT * FROM concert", ("INSERT concert",)),
        ("UPDATE singer SET Age = Age + 1", ("UPDATE singer",)),
        ("CREATE TABLE copy AS SELECT * FROM singer", ("CREATE TABLE copy",)),
        ("DROP TABLE singer", ("DROP TABLE singer", "DELETE singer")),
        ("EXPLAIN DELETE FROM singer", ("DELETE singer",)),
        ("PRAGMA journal_mode = WAL", ("PRAGMA journal_mode",)),
        ("ATTACH 'x' AS y", ("ATTACH x",)),
        ("VACUUM INTO 'x'", ("VACUUM",)),
        ("SELECT * FROM pragma_journal_mode", ("PRAGMA journal_mode",)),
        ("BEGIN IMMEDIATE", ("TRANSACTION BEGIN",)),
        ("SELECT load_extension('x')", ("function load_extension",)),
    ],
)
def test_whatever_writes_is_named_and_invalid(concerts: Database, sql: str, writes: tuple[str, ...]) -> None:
    verdict = concerts.check(sql)
    assert not verdict.valid
    assert set(verdict.writes) == set(writes)
    assert "read-only" in verdict.hint


@pytest.mark.parametrize(
    ("sql", "error", "hint"),
    [
        ("SELECT Nane FROM singer", "There is no column Nane.", "Did you mean Name?"),
        ("SELECT s.Contry FROM singer s", "There is no column s.Contry.", "Did you mean Country?"),
        ("SELECT singer.Title FROM singer", "There is no column singer.Title.", "Title is a column of concert."),
        ("SELECT id FROM concert", "There is no column id.", "Did you mean concert_ID?"),
        ("SELECT Name FROM singers", "There is no table singers.", "Did you mean singer?"),
        ("SELECT Name FROM xyzzy", "There is no table xyzzy.", ""),
        (
            "SELECT Singer_ID FROM singer JOIN singer_in_concert ON 1",
            "The column Singer_ID is in more than one of the tables.",
            "Write table.Singer_ID.",
        ),
        (
            "SELECT id FROM transaction",
            'SQLite cannot compile it: near "transaction": syntax error.',
            'If transaction is meant as a name, write "transaction": SQL reserves the word.',
        ),
        ("SELECT Name FROM singer WHERE (", "The statement ends in the middle.", ""),
        ("SELECT frob(1)", "SQLite has no function frob.", ""),
        (
            "SELECT s.Name FROM singer s JOIN singer s",
            "s.Name is ambiguous, as s is read twice.",
            "Give each a name of its own: s AS t1.",
        ),
        (
            "SELECT ?",
            "The statement holds a placeholder, such as ? or :name.",
            "Write the value itself in its place.",
        ),
        ("SELECT 1; SELECT 2", "This is more than one statement.", "Run one at a time; nothing was run."),
        ("", "There is no SQL to run.", ""),
        (" -- nothing\n;", "There is no SQL to run.", ""),
        (
            'SELECT Name FROM singer WHERE Country = "France"',
            "No column is called France, which stands in double quotes.",
            "If it is meant as text, write 'France'.",
        ),
    ],
)
def test_what_does_not_compile_is_explained(concerts: Database, sql: str, error: str, hint: str) -> None:
    verdict = concerts.check(sql)
    assert (verdict.valid, verdict.error, verdict.hint) == (False, error, hint)


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "Name" AS "the name" FROM singer ORDER BY "the name"',
        "SELECT ';' || Name FROM singer; -- done; really",
        "VALUES (1), (2)",
        "SELECT 1 ;; \n;",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n",
        "EXPLAIN QUERY PLAN SELECT * FROM singer",
        "PRAGMA table_info(singer)",
        "SELECT name FROM pragma_table_info('singer')",
        "SELECT value FROM json_each('[1, 2]')",
        "SELECT sql FROM sqlite_master",
    ],
)
def test_reading_statements_of_every_kind_are_valid(concerts: Database, sql: str) -> None:
    verdict = concerts.check(sql)
    assert verdict.valid, verdict.error


def test_names_that_need_quotes_are_suggested_with_them(tmp_path: Path) -> None:
    path = make_database(tmp_path / "odd.sqlite", 'CREATE TABLE "order" ("unit price" REAL); CREATE TABLE t (a);')
    assert Database(path).check('SELECT "unit prise" FROM "order"').hint.endswith("'unit prise'.")
    assert Database(path).check("SELECT unit_price FROM `order`").hint == 'Did you mean "unit price"?'


def test_an_error_shows_no_control_characters(concerts: Database) -> None:
    verdict = concerts.check("SELECT `\x1b]52;c;x\x07` FROM singer")
    assert "\x1b" not in verdict.error + verdict.hint
    assert "␛" in verdict.error


def test_checking_runs_nothing(concerts: Database, concerts_file: Path) -> None:
    before = concerts_file.read_bytes()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    assert concerts.check(endless).valid
    concerts.check("DROP TABLE singer")
    assert concerts_file.read_bytes() == before


def test_the_tables_of_a_with_clause_are_not_tables_of_the_database(concerts: Database) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) "
    assert concerts.check(numbers + "SELECT COUNT(*) FROM n").tables == ()
    assert concerts.check(numbers + "SELECT COUNT(*) FROM n, singer").tables == ("singer",)
