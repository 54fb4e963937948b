"""From rows to examples: what is kept, in which form, and why the rest is not."""

import sqlite3
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import InputError, Stopped
from nl2sql_tui.training.overlap import Overlap, question_key
from nl2sql_tui.training.prepare import Example, Report, overlap_of, prepare, read_examples, write_examples
from nl2sql_tui.training.rows import TrainingRow

TABLES = "CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, country TEXT)"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "music.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            f"{TABLES}; INSERT INTO singer VALUES (1, 'Joe', 'France'), (2, 'Ann', 'france'), (3, 'Ann', 'Spain')"
        )
    connection.close()
    return file


def _row(
    question: str, sql: str, database: Path | None = None, statements: str = TABLES, evidence: str = ""
) -> TrainingRow:
    return TrainingRow("line 1", question, sql, database, "" if database else statements, evidence, "test")


def _prepared(*rows: TrainingRow, overlap: Overlap | None = None) -> tuple[list[Example], Report]:
    return prepare(rows, overlap or Overlap((), ()), lambda _: None, Cancel())


def test_an_example_is_what_the_prompt_of_use_shows(database: Path) -> None:
    (example,), report = _prepared(
        _row("How many come from spain?", "select count(*) from singer where country='Spain'", database)
    )
    assert example.schema == "singer(id int pk, name text, country text)"
    assert example.question == "How many come from spain?\nsinger.country = 'Spain'"
    assert example.sql == "SELECT COUNT(*) FROM singer WHERE country = 'Spain'"
    assert (report.rows, report.linked, report.databases) == (1, 1, 1)


def test_statements_serve_in_the_place_of_a_database_and_evidence_joins_the_question() -> None:
    (example,), _ = _prepared(_row("How many?", "SELECT COUNT(*) FROM singer", evidence="count all"))
    assert example.question == "How many? (count all)"


@pytest.mark.parametrize(
    ("sql", "statements", "reason"),
    [
        ("SELECT nothing FROM singer", TABLES, "does not compile"),
        ("SELECT (", TABLES, "cannot be parsed"),
        ("SELECT 1", "DROP TABLE x", "the database cannot be read"),
        ("SELECT 1", "ATTACH 'x.sqlite' AS x", "the database cannot be read"),
        ("SELECT 1", "", "the database cannot be read"),
    ],
)
def test_rows_that_are_no_example_are_counted_by_reason(sql: str, statements: str, reason: str) -> None:
    good = _row("q", "SELECT COUNT(*) FROM singer")
    examples, report = _prepared(_row("bad", sql, statements=statements), good)
    assert len(examples) == 1
    (told,) = [line for line in report.lines() if "left out" in line]
    assert reason in told
    assert "line 1" in told


def test_sql_that_means_something_else_once_normalised_is_dropped(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nl2sql_tui.training.prepare.normalised", lambda sql, _: sql.replace("Joe", "Ann"))
    _, report = _prepared(
        _row("q", "SELECT id FROM singer WHERE name = 'Joe'", database), _row("p", "SELECT id FROM singer", database)
    )
    assert report.left_out["the normalised SQL gives other rows"] == 1


def test_what_the_evaluation_asks_is_left_out(database: Path) -> None:
    overlap = overlap_of(
        [
            _row("How many singers are there?", "SELECT COUNT(*) FROM singer", database),
            _row("Who is from Spain?", "SELECT name FROM singer WHERE country = 'Spain'", database),
        ]
    )
    examples, report = _prepared(
        _row("how many  singers are there", "SELECT 2 FROM singer", database),
        _row("Any Joe?", "select T1.name from singer T1 where T1.country = 'Italy'", database),
        _row("Which countries?", "SELECT country FROM singer", database),
        overlap=overlap,
    )
    assert [example.question for example in examples] == ["Which countries?"]
    assert report.left_out["the question is asked in the evaluation"] == 1
    assert report.left_out["the evaluation has this SQL on this schema"] == 1


def test_the_same_example_twice_is_one() -> None:
    examples, report = _prepared(*[_row("q", "SELECT COUNT(*) FROM singer")] * 3)
    assert len(examples) == 1
    assert report.left_out["the same example came before"] == 2


def test_nothing_usable_is_an_error_that_says_why() -> None:
    with pytest.raises(InputError, match="does not compile"):
        _prepared(_row("q", "SELECT nothing FROM singer"))


def test_a_cancel_stops() -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Stopped):
        prepare([_row("q", "SELECT 1 FROM singer")], Overlap((), ()), lambda _: None, cancel)


def test_examples_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    examples, _ = _prepared(_row("Ça va? 'x'", "SELECT COUNT(*) FROM singer"))
    write_examples(examples, tmp_path / "e.jsonl")
    assert list(read_examples(tmp_path / "e.jsonl")) == examples


def test_questions_are_compared_without_case_and_punctuation() -> None:
    assert question_key("How many   Singers?") == question_key("how many singers")
    assert question_key("How many singers?") != question_key("How many songs?")


def test_a_template_writes_schema_and_question_in_its_own_way(database: Path) -> None:
    rows = [_row("Who is from France?", "SELECT name FROM singer WHERE country = 'France'", database)]
    (example,), _ = prepare(rows, Overlap((), ()), lambda _: None, Cancel(), "article instruction")
    assert example.schema == "CREATE TABLE singer (id INTEGER, name TEXT, country TEXT)"
    assert example.question == "Who is from France?"
