"""A name is shown where one is asked for and a key is shown; keys that may be meant stay."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import SHOP, Workbench

_BAND = """
CREATE TABLE conductor (conductor_id INTEGER PRIMARY KEY, Name TEXT, age INT);
CREATE TABLE orchestra (
    orchestra_id INTEGER PRIMARY KEY, orchestra TEXT, conductor_id INT REFERENCES conductor, founded INT
);
INSERT INTO conductor VALUES (1, 'Ada', 50), (2, 'Bo', 40);
INSERT INTO orchestra VALUES (1, 'North', 1, 1900), (2, 'South', 1, 1950), (3, 'West', 2, 2010);
"""


@pytest.mark.parametrize(
    ("question", "sql", "rows"),
    [
        (
            "the name of the director of most ensembles",
            "SELECT conductor_id FROM orchestra GROUP BY conductor_id ORDER BY COUNT(*) DESC LIMIT 1",
            [("Ada",)],
        ),
        (
            "For each director's name, how many ensembles?",
            "SELECT conductor_id, COUNT(*) FROM orchestra GROUP BY conductor_id",
            [("Ada", 2), ("Bo", 1)],
        ),
        (
            "names of directors with the age and ensemble",
            "SELECT o.conductor_id, conductor.age, o.orchestra FROM orchestra AS o "
            "JOIN conductor ON o.conductor_id = conductor.conductor_id WHERE o.founded > 2000",
            [("Bo", 40, "West")],
        ),
    ],
)
def test_the_name_is_shown(tmp_path: Path, question: str, sql: str, rows: list[tuple[object, ...]]) -> None:
    bench = Workbench(tmp_path, _BAND)
    found, (line,) = bench.repaired(sql, question)
    assert bench.rows(found) == rows
    assert "conductor_id → conductor.Name" in line


@pytest.mark.parametrize(
    ("script", "question", "sql"),
    [
        (_BAND, "the ids of directors, not the names", "SELECT conductor_id FROM orchestra"),
        (_BAND, "who directs?", "SELECT conductor_id FROM orchestra"),
        (_BAND, "names of conductors", "SELECT conductor_id FROM conductor"),
        (_BAND, "names of ensembles", "SELECT orchestra FROM orchestra WHERE conductor_id = 1"),
        (_BAND, "names of those", "SELECT COUNT(conductor_id) FROM orchestra"),
        (_BAND, "names of those", "SELECT conductor_id FROM orchestra UNION SELECT conductor_id FROM conductor"),
        # Which of two is meant, nobody knows.
        (SHOP, "names of those", "SELECT customer_id, product_id FROM purchase"),
        # Ports have no column of names.
        (SHOP, "names of ports", "SELECT departure_port FROM voyage"),
    ],
)
def test_a_key_that_may_be_meant_stays(tmp_path: Path, script: str, question: str, sql: str) -> None:
    assert Workbench(tmp_path, script).repaired(sql, question) == (sql, ())
