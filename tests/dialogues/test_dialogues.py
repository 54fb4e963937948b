"""Sixty follow-ups over three databases: each is answered with the right rows, or left to be asked on its own.

The dialogues were written before the code that understands them; nothing was changed for the sake of those marked
`aside`, which were first run once the others were right.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.language.followup.understand import follow_up
from tests.dialogues.databases import NAMES, make

FRESH = "fresh"
SCORE = "score"
"""The property of a test that the summary shows; see conftest.py beside this file."""


@dataclass(frozen=True)
class Dialogue:
    """A question with its SQL, and what is said next."""

    database: str
    sql: str
    follow_up: str
    expected: str
    """SQL that gives the right rows, or FRESH where the follow-up is a question of its own."""
    aside: bool


def _dialogues() -> list[Dialogue]:
    return [
        Dialogue(name, one["sql"], one["follow_up"], one["expected"], one.get("aside", False))
        for name in NAMES
        for one in json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))
    ]


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Database]:
    folder = tmp_path_factory.mktemp("dialogues")
    return {name: Database(make(name, folder)) for name in NAMES}


def _rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(database.path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def _answered(database: Database, dialogue: Dialogue) -> str:
    """The SQL that the follow-up becomes, or FRESH."""
    found = follow_up(
        dialogue.follow_up,
        dialogue.sql,
        database.schema(),
        database.values(Cancel()),
        lambda sql: database.check(sql).valid,
    )
    return found.sql if found else FRESH


def _same(database: Database, sql: str, expected: str) -> bool:
    if FRESH in (sql, expected):
        return sql == expected
    given, right = _rows(database, sql), _rows(database, expected)
    return given == right if "ORDER BY" in expected else Counter(given) == Counter(right)


def _is_right(database: Database, dialogue: Dialogue) -> bool:
    return _same(database, _answered(database, dialogue), dialogue.expected)


def test_each_dialogue_tells_right_from_wrong(databases: dict[str, Database]) -> None:
    dialogues = _dialogues()
    assert len(dialogues) == 60
    assert sum(one.aside for one in dialogues) == 20
    for one in dialogues:
        before = _rows(databases[one.database], one.sql)
        assert one.expected == FRESH or before != _rows(databases[one.database], one.expected), one.follow_up


@pytest.mark.parametrize(("aside", "floor"), [(False, 40), (True, 19)], ids=["seen", "kept aside"])
def test_follow_ups_are_answered_or_left_alone(
    databases: dict[str, Database], aside: bool, floor: int, record_property: Callable[[str, object], None]
) -> None:
    dialogues = [one for one in _dialogues() if one.aside == aside]
    wrong = [one.follow_up for one in dialogues if not _is_right(databases[one.database], one)]
    right = len(dialogues) - len(wrong)
    record_property(SCORE, f"dialogues {'kept aside' if aside else 'seen'}: {right} of {len(dialogues)} right")
    assert right >= floor, wrong


def test_no_fresh_question_is_taken_for_a_follow_up(databases: dict[str, Database]) -> None:
    fresh = [one for one in _dialogues() if one.expected == FRESH]
    assert [one.follow_up for one in fresh if _answered(databases[one.database], one) != FRESH] == []
