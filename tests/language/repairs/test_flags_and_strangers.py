"""Yes and no are written as a column has them; columns that share no value are no way to join two tables."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench

_KENNEL = """
CREATE TABLE owner (owner_id INTEGER PRIMARY KEY, state TEXT, member TEXT);
CREATE TABLE dog (
    dog_id INTEGER PRIMARY KEY, owner_id INT REFERENCES owner, abandoned_yn INT, chipped TEXT, breed_code TEXT, size INT
);
CREATE TABLE visit (visit_id INTEGER PRIMARY KEY, dog_id INT REFERENCES dog, cost INT);
CREATE TABLE area (state TEXT PRIMARY KEY, code INT);
CREATE TABLE island (name TEXT);
INSERT INTO island VALUES ('Crete');
INSERT INTO owner VALUES (11, 'Ohio', 'Yes'), (12, 'Utah', 'No'), (13, 'Iowa', 'Maybe');
INSERT INTO dog VALUES (1, 11, 1, 'Y', 'BUL', 1), (2, 12, 0, 'N', 'ESK', 0), (3, 12, 0, 'N', 'BUL', 2);
INSERT INTO visit VALUES (1, 1, 50), (2, 3, 70);
INSERT INTO area VALUES ('Ohio', 614), ('Utah', 801);
"""


@pytest.mark.parametrize(
    ("condition", "mended"),
    [
        ("abandoned_yn = 'yes'", "abandoned_yn = 1"),
        ("abandoned_yn <> 'no'", "abandoned_yn <> 0"),
        ("chipped = 1", "chipped = 'Y'"),
        ("chipped = 'false'", "chipped = 'N'"),
    ],
)
def test_yes_and_no_are_written_as_stored(tmp_path: Path, condition: str, mended: str) -> None:
    found, (line,) = Workbench(tmp_path, _KENNEL).repaired(f"SELECT dog_id FROM dog WHERE {condition}")
    assert found == f"SELECT dog_id FROM dog WHERE {mended}"
    assert line.startswith(f"{condition} → {mended}")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT dog_id FROM dog WHERE abandoned_yn = 1",
        "SELECT dog_id FROM dog WHERE chipped = 'N'",
        "SELECT dog_id FROM dog WHERE breed_code = 'yes'",
        "SELECT dog_id FROM dog WHERE size = 'yes'",
        "SELECT owner_id FROM owner WHERE member = 't'",
        "SELECT dog_id FROM dog WHERE abandoned_yn > 'yes'",
    ],
)
def test_what_is_no_other_word_for_yes_or_no_is_left(tmp_path: Path, sql: str) -> None:
    assert Workbench(tmp_path, _KENNEL).repaired(sql) == (sql, ())


def test_tables_without_a_value_in_common_are_joined_by_their_keys(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, _KENNEL)
    sql = "SELECT owner.state, visit.cost FROM owner JOIN visit ON owner.state = visit.cost"
    found, (line,) = bench.repaired(sql)
    assert set(bench.rows(found)) == {("Ohio", 50), ("Utah", 70)}
    assert "joined by the keys" in line


@pytest.mark.parametrize(
    "sql",
    [
        # A key, even where no row refers to another; columns that have values in common; no way along keys.
        "SELECT visit.cost FROM dog JOIN visit ON dog.dog_id = visit.dog_id",
        "SELECT area.code FROM owner JOIN area ON owner.state = area.state",
        "SELECT visit.cost FROM dog JOIN visit ON dog.dog_id = visit.visit_id",
        "SELECT island.name FROM dog JOIN island ON dog.breed_code = island.name",
        "SELECT visit.cost FROM dog LEFT JOIN visit ON dog.breed_code = visit.cost",
    ],
)
def test_a_join_that_may_be_meant_is_left(tmp_path: Path, sql: str) -> None:
    assert Workbench(tmp_path, _KENNEL).repaired(sql) == (sql, ())
