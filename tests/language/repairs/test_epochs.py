"""Moments that are kept as numbers since 1970 are compared with years and days as such; other numbers are left."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench

_LOG = """
CREATE TABLE visit (id INTEGER PRIMARY KEY, url TEXT, visited_at INT, created_ms INT, size INT, seen_on INT);
INSERT INTO visit VALUES
    (1, 'a', 1672531199, 1672531199000, 1672531199, 1672531199),
    (2, 'b', 1672531200, 1672531200000, 1672531200, 20230101),
    (3, 'c', 1706745600, 1706745600000, 1706745600, 2024);
"""


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("visited_at > 2022", [2, 3]),
        ("visited_at = 2022", [1]),
        ("visited_at BETWEEN '2023' AND '2024'", [2, 3]),
        ("visited_at >= '2024-02-01'", [3]),
        ("created_ms < '2023-01-01'", [1]),
        ("created_ms IN (2023, 2024)", [2, 3]),
        ("STRFTIME('%Y', visited_at) = '2022'", [1]),
        ("DATE(created_ms) < '2023-01-01'", [1]),
        ("DATETIME(visited_at) >= '2023-01-01 00:00:00'", [2, 3]),
        ("YEAR(visited_at) > 2023", [3]),
    ],
)
def test_a_moment_is_compared_by_its_year_or_its_day(tmp_path: Path, condition: str, ids: list[int]) -> None:
    bench = Workbench(tmp_path, _LOG)
    found, (*_, line) = bench.repaired(f"SELECT id FROM visit WHERE {condition}")
    assert [row[0] for row in bench.rows(found)] == ids
    assert "'unixepoch'" in found
    assert "the column holds moments such as 1672531199" in line


@pytest.mark.parametrize(
    "condition",
    [
        "size > 2022",
        "seen_on > 2022",
        "visited_at > 1700000000",
        "visited_at > id",
        "visited_at > '1 May 2023'",
        "STRFTIME('%Y', visited_at, 'unixepoch') > '2022'",
        "DATE(visited_at, 'unixepoch') > '2022-01-01'",
        "STRFTIME('%Y', size) = '2022'",
    ],
)
def test_other_numbers_and_other_comparisons_are_left(tmp_path: Path, condition: str) -> None:
    sql = f"SELECT id FROM visit WHERE {condition}"
    assert Workbench(tmp_path, _LOG).repaired(sql) == (sql, ())
