"""Numbers kept as texts, codes with leading zeros, years, and which end of an order is asked for."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench

_DEALER = """
CREATE TABLE car (
    car_id INTEGER PRIMARY KEY, model TEXT, price TEXT, power TEXT, built TEXT, dealer_code TEXT, age INT, rank INT,
    model_year INT, sold_on DATE, weight_kg REAL, drive_ms INT
);
INSERT INTO car VALUES
    (1, 'Ant', '900', '40', '1999', '007', 20, 3, 1999, '2020-01-01', 800, 300000),
    (2, 'Bee', '10000', 'n/a', '2004', '0112', 5, 1, 2004, '2021-01-01', 1500, 660000),
    (3, 'Centipede', '8000.50', '90', '2010', '0113', 9, 2, 2010, '2022-07-05', 950.5, 1200000);
"""


@pytest.fixture
def dealer(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, _DEALER)


@pytest.mark.parametrize(
    ("question", "sql", "rows"),
    [
        ("cars above 1000", "SELECT car_id FROM car WHERE price > 1000", [(2,), (3,)]),
        ("cars above 1000", "SELECT car_id FROM car WHERE price > '1000'", [(2,), (3,)]),
        ("cars from 900 to 9000", "SELECT car_id FROM car WHERE price BETWEEN 900 AND 9000", [(1,), (3,)]),
        ("the highest price", "SELECT MAX(price) FROM car", [(10000,)]),
        ("by price", "SELECT model FROM car ORDER BY price", [("Ant",), ("Centipede",), ("Bee",)]),
        ("the dearest", "SELECT model FROM car WHERE price = (SELECT MAX(price) FROM car)", [("Bee",)]),
        ("cars of dealer 0112", "SELECT car_id FROM car WHERE dealer_code = 0112", [(2,)]),
        ("cars of 0112 and 007", "SELECT car_id FROM car WHERE dealer_code IN (0112, 007)", [(1,), (2,)]),
        ("models after 2005", "SELECT model FROM car WHERE model > 2005", [("Centipede",)]),
        ("models of 2004", "SELECT model FROM car WHERE model = '2004'", [("Bee",)]),
        ("the youngest", "SELECT model FROM car ORDER BY age DESC LIMIT 1", [("Bee",)]),
        ("the age of the oldest", "SELECT MIN(age) FROM car", [(20,)]),
        ("the lowest age", "SELECT MAX(age) FROM car", [(5,)]),
        ("the youngest one", "SELECT model FROM car WHERE age = (SELECT MIN(rank) FROM car)", [("Bee",)]),
        ("the longest model", "SELECT model FROM car ORDER BY model LIMIT 1", [("Centipede",)]),
        ("cars lighter than 1 tonne", "SELECT car_id FROM car WHERE weight_kg < 1", [(1,), (3,)]),
        ("drives of more than 10 minutes", "SELECT car_id FROM car WHERE drive_ms > 10", [(2,), (3,)]),
        ("sold in 2022", "SELECT car_id FROM car WHERE sold_on = '2022-01-01'", [(3,)]),
        ("models, old to young", "SELECT model FROM car ORDER BY age", [("Ant",), ("Centipede",), ("Bee",)]),
        ("models, age high to low", "SELECT model FROM car ORDER BY age", [("Ant",), ("Centipede",), ("Bee",)]),
    ],
)
def test_the_rows_are_those_asked_for(dealer: Workbench, question: str, sql: str, rows: list[tuple[object]]) -> None:
    assert dealer.rows(sql) != rows
    found, lines = dealer.repaired(sql, question)
    assert dealer.rows(found) == rows
    assert lines


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        # Not all of them are numbers.
        ("cars above 50", "SELECT car_id FROM car WHERE power > 50"),
        # Codes, and years, which are in the same order as texts.
        ("codes after 0112", "SELECT car_id FROM car WHERE dealer_code > '0112'"),
        ("built after 2000", "SELECT car_id FROM car WHERE built > '2000'"),
        ("price 900", "SELECT car_id FROM car WHERE price = '900'"),
        ("the number 0112", "SELECT car_id FROM car WHERE age = 0112"),
        ("the year 2004", "SELECT car_id FROM car WHERE model_year > 2004"),
        # A rank, and dates: what is highest or oldest there is small.
        ("the highest rank", "SELECT model FROM car ORDER BY rank LIMIT 1"),
        ("the longest on sale", "SELECT model FROM car ORDER BY sold_on LIMIT 1"),
        ("the oldest", "SELECT model FROM car ORDER BY sold_on LIMIT 1"),
        ("drives of 10 minutes", "SELECT car_id FROM car WHERE age = 10"),
        ("drives of 600000 ms", "SELECT car_id FROM car WHERE drive_ms = 600000"),
        ("10 cars in minutes", "SELECT car_id FROM car WHERE drive_ms > 10 * 60000"),
        ("sold on new year's day of 2021", "SELECT car_id FROM car WHERE sold_on = '2021-01-01'"),
        ("sold on 2021-01-01", "SELECT car_id FROM car WHERE sold_on = '2021-01-01'"),
        ("sold in January 2021", "SELECT car_id FROM car WHERE sold_on = '2021-01-01'"),
        # Of two superlatives nobody knows which is meant.
        ("the lowest age of the highest rank", "SELECT MAX(age) FROM car"),
        ("the largest", "SELECT model FROM car ORDER BY age"),
        ("the longest list by model", "SELECT model FROM car ORDER BY model"),
        ("age of the mean", "SELECT model FROM car WHERE age = (SELECT AVG(rank) FROM car)"),
    ],
)
def test_what_may_be_meant_so_is_left(dealer: Workbench, question: str, sql: str) -> None:
    assert dealer.repaired(sql, question) == (sql, ())
