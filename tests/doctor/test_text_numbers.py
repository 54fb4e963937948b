"""Numbers that are stored as text are told where their order matters and is another; what is offered puts it right."""

from pathlib import Path

import pytest

from nl2sql_tui.database.file import Database
from tests.databases import make_database
from tests.doctor.examined import diagnosed, rows

_GOODS = """
CREATE TABLE goods (
    id INTEGER PRIMARY KEY, name TEXT, price TEXT, weight, year VARCHAR(4), code TEXT, size INTEGER, "a b" TEXT
);
INSERT INTO goods VALUES (1, 'Pen', '9', '9.5', '1999', '9', 9, '5'),
    (2, 'Desk', '100', '80', '2004', 'X10', 100, '10'),
    (3, 'Lamp', '25.5', '-3', '2001', '25', 25, '7'), (4, 'Gift', 'n/a', NULL, '2002', '3', 3, '');
"""


@pytest.fixture
def goods(tmp_path: Path) -> Database:
    return Database(make_database(tmp_path / "goods.sqlite", _GOODS))


@pytest.mark.parametrize(
    ("sql", "column", "expected"),
    [
        ("SELECT name FROM goods ORDER BY price DESC LIMIT 1", "price", [("Desk",)]),
        ("SELECT MAX(price) FROM goods", "price", [(100.0,)]),
        ("SELECT MIN(g.weight) FROM goods AS g", "weight", [(-3.0,)]),
        ("SELECT name FROM goods WHERE price > 50", "price", [("Desk",)]),
        ("SELECT name FROM goods WHERE price > '50'", "price", [("Desk",)]),
        ("SELECT name FROM goods WHERE price BETWEEN 20 AND 300", "price", [("Desk",), ("Lamp",)]),
        ('SELECT name FROM goods WHERE "a b" < 8 AND "a b" > 5', "a b", [("Lamp",)]),
        ("SELECT year, MAX(price) FROM goods WHERE id < 3 GROUP BY year", "price", [("1999", 9.0), ("2004", 100.0)]),
    ],
)
def test_what_is_in_order_letter_by_letter_is_told_and_mended(
    goods: Database, sql: str, column: str, expected: list[tuple[object, ...]]
) -> None:
    found = diagnosed(goods, sql)
    assert found.findings[0].text.startswith(f"{column} holds numbers as text")
    assert rows(goods, found.findings[0].suggestion_sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM goods ORDER BY year",
        "SELECT name FROM goods ORDER BY code",
        "SELECT name FROM goods ORDER BY size",
        "SELECT name FROM goods ORDER BY name",
        "SELECT name FROM goods ORDER BY CAST(price AS REAL)",
        "SELECT SUM(price) FROM goods",
        "SELECT name FROM goods WHERE price = '9'",
        "SELECT name FROM goods WHERE price > 'a'",
        "SELECT price FROM goods",
    ],
)
def test_what_is_as_it_should_be_is_not(goods: Database, sql: str) -> None:
    assert not any("as text" in finding.text for finding in diagnosed(goods, sql).findings)


def test_the_words_are_those_of_the_cells(goods: Database) -> None:
    (finding,) = diagnosed(goods, "SELECT name FROM goods ORDER BY price").findings
    assert finding.text == "price holds numbers as text, in order letter by letter: '100' comes before '25.5'."


def test_a_text_among_the_numbers_stays_a_text(goods: Database) -> None:
    found = diagnosed(goods, "SELECT name FROM goods WHERE price BETWEEN 20 AND '9) OR (1 = 1'").findings[0]
    assert found.suggestion_sql is None or "'9) OR (1 = 1'" in found.suggestion_sql
