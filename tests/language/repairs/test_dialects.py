"""What a model writes for another database is said in SQLite's words, and gives the rows that it would there."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench

_LOG = """
CREATE TABLE event (id INTEGER PRIMARY KEY, title TEXT, held_on DATE, seats INT, "full name" TEXT);
INSERT INTO event VALUES (1, 'Gala', '2023-05-31', 10, 'a'), (2, 'fair', '2024-02-01', 30, 'b'),
    (3, 'Ball', '2024-03-15', 20, NULL);
"""


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT TOP 1 title FROM event ORDER BY held_on DESC", [("Ball",)]),
        ("SELECT title FROM event WHERE YEAR(held_on) = 2023", [("Gala",)]),
        ("SELECT MONTH(held_on), COUNT(*) FROM event GROUP BY MONTH(held_on)", [(2, 1), (3, 1), (5, 1)]),
        ("SELECT EXTRACT(YEAR FROM held_on) FROM event WHERE id = 2", [(2024,)]),
        ("SELECT DATE_TRUNC('month', held_on) FROM event WHERE id = 1", [("2023-05-01",)]),
        ("SELECT DATE_FORMAT(held_on, '%Y-%m') FROM event WHERE id = 1", [("2023-05",)]),
        ("SELECT title FROM event WHERE title ILIKE 'FAIR'", [("fair",)]),
        ("SELECT LEFT(title, 2), RIGHT(title, 3) FROM event WHERE id = 1", [("Ga", "ala")]),
        ("SELECT IF(seats > 15, 'big', 'small') FROM event", [("small",), ("big",), ("big",)]),
        ("SELECT CONCAT(id, ': ', title) FROM event WHERE id = 1", [("1: Gala",)]),
        ("SELECT held_on::date FROM event WHERE id = 1", [("2023-05-31",)]),
        ("SELECT DATE_ADD(held_on, INTERVAL 2 DAY) FROM event WHERE id = 1", [("2023-06-02",)]),
        ("SELECT DATE_ADD(held_on, INTERVAL seats DAY) FROM event WHERE id = 1", [("2023-06-10",)]),
        ("SELECT held_on - INTERVAL '1 month' FROM event WHERE id = 3", [("2024-02-15",)]),
        ("SELECT DATEADD(day, -7, held_on) FROM event WHERE id = 2", [("2024-01-25",)]),
        ("SELECT title FROM event WHERE seats > ALL (SELECT seats FROM event WHERE id <> 2)", [("fair",)]),
        ("SELECT title FROM event WHERE id = ANY (SELECT id FROM event WHERE seats = 10)", [("Gala",)]),
        ("SELECT [full name] FROM event WHERE ISNULL([full name], 'none') = 'none'", [(None,)]),
        ("SELECT YEAR(held_on) FROM events WHERE id = 1", [(2023,)]),
        ("SELECT title FROM event WHERE held_on < NOW() AND id = 1", [("Gala",)]),
    ],
)
def test_it_gives_the_rows_that_it_would_there(tmp_path: Path, sql: str, rows: list[tuple[object, ...]]) -> None:
    bench = Workbench(tmp_path, _LOG)
    found, lines = bench.repaired(sql)
    assert bench.rows(found) == rows
    assert any("said in SQLite's words" in line for line in lines)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT MONTHNAME(held_on) FROM event",
        "SELECT STDDEV(seats) FROM event",
        "SELECT title FROM event WHERE seats = ALL (SELECT seats FROM event)",
        "DELETE TOP (1) FROM event",
        'SELECT CURDATE(), "title" FROM event',
        "SELECT title FROM event WHERE",
        "SELECT 2024_seats FROM event",
        "SELECT seats per_row FROM event LIMIT BY 3",
    ],
)
def test_what_has_no_words_in_sqlite_is_left(tmp_path: Path, sql: str) -> None:
    assert Workbench(tmp_path, _LOG).repaired(sql) == (sql, ())
