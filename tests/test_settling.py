"""Answers that give the same speak together; those that fail or give nothing step back."""

import math
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import Stopped
from nl2sql_tui.settling import Interpretation, Proposal, settle
from tests.databases import make_database

_SCRIPT = """
CREATE TABLE city(id INTEGER PRIMARY KEY, name TEXT, country TEXT, people REAL);
INSERT INTO city VALUES (1, 'Prague', 'CZ', 1.3), (2, 'Brno', 'CZ', 0.4), (3, 'Graz', 'AT', 0.3);
"""
_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(make_database(tmp_path / "cities.sqlite", _SCRIPT))


def _settled(database: Database, *answers: tuple[str, float], seconds: float = 20.0) -> tuple[Interpretation, ...]:
    proposals = [Proposal(sql, (), math.log(probability), Verdict(valid=True)) for sql, probability in answers]
    return settle(database, proposals, seconds, Cancel())


def test_two_that_agree_outweigh_a_likelier_one(database: Database) -> None:
    interpretations = _settled(
        database,
        ("SELECT name FROM city", 0.4),
        ("SELECT name FROM city WHERE country = 'CZ'", 0.3),
        ("SELECT city.name FROM city WHERE id < 3 ORDER BY people", 0.3),
    )
    assert [interpretation.best.sql for interpretation in interpretations] == [
        "SELECT name FROM city WHERE country = 'CZ'",
        "SELECT name FROM city",
    ]
    counts = [0.3**0.55 * 2, 0.4**0.55]
    shares = [interpretation.share for interpretation in interpretations]
    assert shares == pytest.approx([count / sum(counts) for count in counts])


def test_a_proposal_that_leaves_words_of_the_question_out_counts_less() -> None:
    whole, part = (Proposal("SELECT 1", (), -1.0, Verdict(valid=True), words_missed=missed) for missed in (0, 2))
    assert math.exp(part.weight - whole.weight) == pytest.approx(math.exp(-4))


def test_a_row_tells_the_interpretations_apart(database: Database) -> None:
    first, second = _settled(
        database, ("SELECT name FROM city WHERE country = 'CZ'", 0.6), ("SELECT name FROM city", 0.4)
    )
    assert first.telling_row is None
    assert (second.columns, second.telling_row) == (("name",), ("Graz",))


@pytest.mark.parametrize(
    "nothing", ["SELECT name FROM city WHERE country = 'cz'", "SELECT MAX(people) FROM city WHERE country = 'cz'"]
)
def test_what_gives_nothing_steps_back(database: Database, nothing: str) -> None:
    interpretations = _settled(database, (nothing, 0.9), ("SELECT name FROM city WHERE country = 'CZ'", 0.1))
    assert [interpretation.says_nothing for interpretation in interpretations] == [False, True]
    assert [interpretation.best.sql for interpretation in _settled(database, (nothing, 0.9))] == [nothing]


def test_zero_is_something(database: Database) -> None:
    interpretations = _settled(database, ("SELECT COUNT(*) FROM city WHERE country = 'XX'", 0.9), ("SELECT 1", 0.1))
    assert interpretations[0].best.sql.startswith("SELECT COUNT")


def test_what_fails_or_does_not_end_is_left_out(database: Database) -> None:
    interpretations = _settled(
        database, ("SELECT abs(-9223372036854775808)", 0.5), ("SELECT 1", 0.3), (_ENDLESS, 0.2), seconds=1.0
    )
    assert [interpretation.best.sql for interpretation in interpretations] == ["SELECT 1"]
    assert _settled(database, (_ENDLESS, 1.0), seconds=0.2) == ()
    assert _settled(database, ("SELECT 1", 1.0), seconds=0.0) == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SELECT name, country FROM city", "SELECT country, name FROM city ORDER BY 2", True),
        ("SELECT AVG(people) FROM city", "SELECT SUM(people) / 3.0 FROM city", True),
        ("SELECT 2", "SELECT 2.0", True),
        ("SELECT 2", "SELECT '2'", False),
        ("SELECT 1234567", "SELECT 1234568", False),
        ("SELECT NULL, 1", "SELECT 1", False),
        ("SELECT country FROM city", "SELECT DISTINCT country FROM city", False),
        ("SELECT x'00', 'a'", "SELECT 'a', x'00'", True),
    ],
)
def test_equal_results_are_one_interpretation(database: Database, one: str, other: str, same: bool) -> None:
    assert len(_settled(database, (one, 0.5), (other, 0.5))) == (1 if same else 2)


def test_a_cancel_ends_it(database: Database) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Stopped):
        settle(database, [Proposal(_ENDLESS, (), 0.0, Verdict(valid=True))], 60.0, cancel)
