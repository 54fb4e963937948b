"""The questions of the article this program began with: five on its transaction table, and its three examples.

The five are asked of the demo bank; their columns may stand in any order. The three examples speak of a table of
stations, one of players and one of songs; each stands here with a few rows, the reading that a careful person would
accept, and the rows that follow from it.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nl2sql_tui.answers import Answer
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.demo import TRANSACTION_QUESTIONS, ensure_demo
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.sources import prepare
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.default_model import portable_default
from tests.traps.files import is_same, rows_of

pytestmark = [pytest.mark.model, pytest.mark.timeout(1200)]

_ENOUGH_TIME = Settings(candidates=6, answer_seconds=600)
"""Answers are compared as by default, on however slow a computer."""

TRANSACTION_GOLDS = (
    'SELECT transaction_id, transaction_amount, transaction_date FROM "transaction"',
    'SELECT transaction_id, transaction_amount FROM "transaction" '
    "WHERE transaction_type = 'transfer' AND transaction_status = 'pending'",
    'SELECT transaction_currency, SUM(transaction_fee) FROM "transaction" GROUP BY transaction_currency',
    'SELECT transaction_id, transaction_amount, transaction_description FROM "transaction" '
    "ORDER BY transaction_amount DESC LIMIT 10",
    'SELECT transaction_id, transaction_amount, transaction_date FROM "transaction" '
    "WHERE transaction_source_account = 1045 AND transaction_date BETWEEN '2024-01-01' AND '2024-03-31'",
)

STATIONS = """
CREATE TABLE station (station_id INTEGER PRIMARY KEY, name TEXT, city TEXT, platforms INTEGER);
INSERT INTO station VALUES (1, 'Central', 'York', 11), (2, 'Harbour', 'Hull', 4), (3, 'North', 'York', 2);
"""
PLAYERS = """
CREATE TABLE player (player_id INTEGER PRIMARY KEY, player_name TEXT, team TEXT, goals INTEGER);
INSERT INTO player VALUES (1, 'Ann Lee', 'Reds', 12), (2, 'Bo Chan', 'Blues', 20), (3, 'Cy Ortiz', 'Reds', 7);
"""
SONGS = """
CREATE TABLE artist (artist_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE song (song_id INTEGER PRIMARY KEY, title TEXT, artist_id INTEGER REFERENCES artist(artist_id), year INT);
INSERT INTO artist VALUES (1, 'Adele'), (2, 'Muse'), (3, 'Nobody');
INSERT INTO song VALUES (1, 'Hello', 1, 2015), (2, 'Skyfall', 1, 2012), (3, 'Starlight', 2, 2006);
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine(portable_default(), prepare)
    engine.wait_until_ready(Cancel())
    yield engine
    engine.close()


def _answered(database: Database, engine: LocalEngine, question: str) -> str:
    """The SQL of a valid answer."""
    *_, answer = Assistant(database, engine, _ENOUGH_TIME).answer(question, Cancel())
    assert isinstance(answer, Answer)
    assert answer.verdict.valid, f"{answer.sql}: {answer.verdict.problem}"
    return answer.sql


@pytest.mark.parametrize(("question", "gold"), zip(TRANSACTION_QUESTIONS, TRANSACTION_GOLDS, strict=True))
def test_the_five_transaction_questions_get_the_articles_rows(
    question: str, gold: str, engine: LocalEngine, tmp_path: Path
) -> None:
    database = Database(ensure_demo(tmp_path))
    sql = _answered(database, engine, question)
    expected = rows_of(database, gold)
    assert expected
    assert is_same(rows_of(database, sql), expected), sql


@pytest.mark.parametrize(
    ("script", "question", "expected"),
    [
        # How many rows of the station table have York as their city: Central and North.
        (STATIONS, "How many stations are there in York?", [(2,)]),
        # The one player whose number of goals is the largest: Bo Chan, with 20.
        (PLAYERS, "What is the name of the player with the most goals?", [("Bo Chan",)]),
        # The titles of the songs whose artist is called Adele, in any order.
        (SONGS, "What are the titles of the songs by Adele?", [("Hello",), ("Skyfall",)]),
    ],
)
def test_the_three_examples_get_what_a_careful_reader_expects(
    script: str, question: str, expected: list[tuple[object, ...]], engine: LocalEngine, tmp_path: Path
) -> None:
    database = Database(make_database(tmp_path / "example.sqlite", script))
    sql = _answered(database, engine, question)
    assert rows_of(database, sql) == Counter(expected), sql
