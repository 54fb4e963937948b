"""What is counted, flags that the question names, two values at once, and rows that refer to others of their kind."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench

_WORLD = """
CREATE TABLE nation (code TEXT PRIMARY KEY, name TEXT, region TEXT, population INT);
CREATE TABLE tongue (
    tongue_id INTEGER PRIMARY KEY, code TEXT REFERENCES nation, language TEXT, IsOfficial TEXT, written INT
);
CREATE TABLE ref_tongue_kind (language TEXT PRIMARY KEY, family TEXT);
CREATE TABLE worker (
    worker_id INTEGER PRIMARY KEY, name TEXT, city TEXT, manager_id INT REFERENCES worker(worker_id)
);
INSERT INTO nation VALUES ('CH', 'Switzerland', 'Alps', 8), ('AT', 'Austria', 'Alps', 9), ('NO', 'Norway', 'North', 5);
INSERT INTO tongue VALUES (1, 'CH', 'German', 'T', 0), (2, 'CH', 'French', 'T', 0), (3, 'AT', 'German', 'T', 0),
    (4, 'AT', 'Turkish', 'F', 0), (5, 'NO', 'Sami', 'F', 0),
    (6, 'CH', 'Swiss German', 'F', 0);
INSERT INTO ref_tongue_kind VALUES ('German', 'Germanic'), ('French', 'Romance');
INSERT INTO worker VALUES (1, 'Ada', 'Oslo', NULL), (2, 'Bo', 'Oslo', 1), (3, 'Cy', 'Rome', 1), (4, 'Di', 'Bern', 2);
"""
_SPOKEN = "SELECT n.name FROM nation AS n JOIN tongue AS t ON n.code = t.code"


@pytest.fixture
def world(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, _WORLD)


@pytest.mark.parametrize(
    ("question", "sql", "rows"),
    [
        ("How many official languages are there?", "SELECT COUNT(*) FROM tongue", [(3,)]),
        (
            "Where are German or Turkish official languages?",
            f"{_SPOKEN} WHERE t.language = 'German' OR t.language = 'Turkish'",
            [("Austria",), ("Switzerland",)],
        ),
        ("How many tongues are listed?", "SELECT COUNT(*) FROM ref_tongue_kind", [(6,)]),
        ("How many people live in the Alps?", "SELECT population FROM nation WHERE region = 'Alps'", [(17,)]),
        ("the different regions", "SELECT region FROM nation", [("Alps",), ("North",)]),
        (
            "Nations with German and French",
            f"{_SPOKEN} WHERE t.language = 'German' AND t.language = 'French'",
            [("Switzerland",)],
        ),
        ("the shortest nation", "SELECT name FROM nation ORDER BY name LIMIT 1", [("Norway",)]),
        ("Where is Swiss German spoken?", f"{_SPOKEN} WHERE t.language = 'German'", [("Switzerland",)]),
        (
            "Nations in the Alps with German and Turkish",
            f"{_SPOKEN} WHERE t.language = 'German' AND t.language = 'Turkish' AND n.region = 'Alps'",
            [("Austria",)],
        ),
        (
            "Workers in Rome and Bern",
            "SELECT name FROM worker WHERE city = 'Rome' AND city = 'Bern'",
            [("Cy",), ("Di",)],
        ),
        (
            "How many workers have no manager?",
            "SELECT COUNT(*) FROM worker WHERE NOT worker_id IN (SELECT manager_id FROM worker)",
            [(1,)],
        ),
        (
            "Names of the workers and the names of their managers",
            "SELECT name, manager_id FROM worker",
            [("Bo", "Ada"), ("Cy", "Ada"), ("Di", "Bo")],
        ),
    ],
)
def test_the_rows_are_those_asked_for(world: Workbench, question: str, sql: str, rows: list[tuple[object]]) -> None:
    assert world.rows(sql) != rows
    found, lines = world.repaired(sql, question)
    assert sorted(world.rows(found)) == rows
    assert lines


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("languages that are not official languages", "SELECT language FROM tongue"),
        ("the most official languages", "SELECT language FROM tongue"),
        ("unofficial and official languages", "SELECT language FROM tongue"),
        ("share of official languages", "SELECT language FROM tongue"),
        ("official languages", "SELECT language FROM tongue WHERE IsOfficial = 'F'"),
        # All that is seen of it is 0: it may be a number of anything.
        ("written languages", "SELECT language FROM tongue"),
        ("How many tongues are in the ref tongue kinds?", "SELECT COUNT(*) FROM ref_tongue_kind"),
        ("How many tongue kinds are there?", "SELECT COUNT(*) FROM ref_tongue_kind"),
        ("How many tongues have a family?", "SELECT COUNT(family) FROM ref_tongue_kind"),
        ("The population of the Alps", "SELECT population FROM nation WHERE region = 'Alps'"),
        ("How many people live in each region?", "SELECT region, population FROM nation"),
        ("Where are Swiss German and German spoken?", f"{_SPOKEN} WHERE t.language = 'German'"),
        ("regions different from Alps", "SELECT region FROM nation WHERE region <> 'Alps'"),
        ("different regions", "SELECT region FROM nation GROUP BY region"),
        ("Oslo or Rome", "SELECT name FROM worker WHERE city = 'Oslo' OR city = 'Rome'"),
        (
            "Who is no manager?",
            "SELECT name FROM worker WHERE NOT worker_id IN (SELECT manager_id FROM worker)",
        ),
        ("Names and ids of managers", "SELECT name, manager_id FROM worker"),
    ],
)
def test_what_may_be_meant_so_is_left(world: Workbench, question: str, sql: str) -> None:
    _, lines = world.repaired(sql, question)
    # That NULL is left out of what NOT IN looks at is another matter.
    assert [line for line in lines if "added: nothing is NOT IN" not in line] == []
