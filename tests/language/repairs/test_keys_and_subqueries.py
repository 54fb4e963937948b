"""A key compared with a name is looked up; a subquery gives a column of its own tables, not of the query around it."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench

_ROUTES = """
CREATE TABLE airport (code TEXT PRIMARY KEY, city TEXT, country TEXT);
CREATE TABLE flight (
    no INTEGER PRIMARY KEY, origin TEXT REFERENCES airport(code), destination TEXT REFERENCES airport(code), seats INT
);
INSERT INTO airport VALUES ('OSL', 'Oslo', 'Norway'), ('FCO', 'Rome', 'Italy'), ('TRF', 'Oslo', 'Norway');
INSERT INTO flight VALUES (1, 'OSL', 'FCO', 100), (2, 'FCO', 'OSL', 120), (3, 'TRF', 'FCO', 70);
"""
_SCHOOL = """
CREATE TABLE student (student_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE course (course_id INTEGER PRIMARY KEY, title TEXT);
CREATE TABLE enrolment (student_id INT REFERENCES student, course_id INT REFERENCES course);
INSERT INTO student VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO course VALUES (1, 'Art'), (2, 'Law'), (3, 'Music');
INSERT INTO enrolment VALUES (1, 1), (1, 3), (2, 2);
"""


@pytest.mark.parametrize(
    ("condition", "question", "rows"),
    [
        ("origin = 'Oslo' AND destination = 'Rome'", "Flights from Oslo to Rome?", [(1,), (3,)]),
        ("destination <> 'Rome'", "Flights that do not end in Rome?", [(2,)]),
        ("origin = 'italy'", "Flights that begin in Italy?", [(2,)]),
    ],
)
def test_a_key_is_compared_with_those_of_the_rows_called_so(
    tmp_path: Path, condition: str, question: str, rows: list[tuple[int]]
) -> None:
    bench = Workbench(tmp_path, _ROUTES)
    found, lines = bench.repaired(f"SELECT no FROM flight WHERE {condition}", question)
    assert bench.rows(found) == rows
    assert all("is the code of airport" in line for line in lines)
    assert len(lines) == condition.count("'") // 2


@pytest.mark.parametrize(
    ("sql", "question"),
    [
        ("SELECT no FROM flight WHERE origin = 'OSL'", "Flights from OSL?"),
        ("SELECT no FROM flight WHERE origin = 'Oslo'", "Where do they start?"),
        ("SELECT no FROM flight WHERE origin = 'Paris'", "Flights from Paris to Oslo?"),
        ("SELECT no FROM flight WHERE seats = 'Oslo'", "Flights from Oslo?"),
    ],
)
def test_a_text_that_names_no_row_of_the_other_table_is_left(tmp_path: Path, sql: str, question: str) -> None:
    bench = Workbench(tmp_path, _ROUTES)
    assert not any("is the code of airport" in line for line in bench.repaired(sql, question)[1])


@pytest.mark.parametrize("comparison", ["=", "IN"])
def test_a_subquery_gives_a_column_of_its_own(tmp_path: Path, comparison: str) -> None:
    bench = Workbench(tmp_path, _SCHOOL)
    sql = f"SELECT title FROM course WHERE course_id {comparison} (SELECT course_id FROM student WHERE name = 'Ann')"
    found, (line,) = bench.repaired(sql, "the courses of Ann")
    assert bench.rows(found) == [("Art",), ("Music",)]
    assert "JOIN enrolment" in line
    assert ("= → IN" in line) == (comparison == "=")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT title FROM course WHERE course_id = (SELECT course_id FROM enrolment)",
        "SELECT title FROM course WHERE course_id = (SELECT course.course_id FROM student)",
        "SELECT title FROM course WHERE EXISTS(SELECT course_id FROM student)",
        "SELECT title FROM course WHERE course_id = (SELECT MAX(course_id) FROM student)",
        "SELECT name, (SELECT name FROM course) FROM student",
    ],
)
def test_a_subquery_that_may_mean_what_it_says_is_left(tmp_path: Path, sql: str) -> None:
    assert Workbench(tmp_path, _SCHOOL).repaired(sql) == (sql, ())
