"""Whatever it is given, the doctor ends in time, stops when told to, and says nothing that drives a screen."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.doctor import Diagnosis, ResultFacts, examine
from nl2sql_tui.errors import Stopped
from nl2sql_tui.quoting import quoted, string_literal
from tests.databases import make_database
from tests.doctor.examined import diagnosed


def test_names_and_values_that_would_drive_a_screen(tmp_path: Path) -> None:
    table, column, value = 'or"der [b]\x1b[31m', "c'\u202e", "Praha\x1b]52;c;aGk=\x07"
    script = (
        f"CREATE TABLE {quoted(table)} (id INTEGER PRIMARY KEY, {quoted(column)} TEXT, city TEXT);"
        f"INSERT INTO {quoted(table)} VALUES (1, {string_literal(value)}, {string_literal(value)});"
    )
    database = Database(make_database(tmp_path / "h.sqlite", script))
    hostile_name = diagnosed(database, f"SELECT id FROM {quoted(table)} WHERE {quoted(column)} = 'x'")
    assert hostile_name.findings[0].text.startswith("No row meets this condition")
    # What cannot be seen is not offered to be run, nor told to be stored.
    assert hostile_name.suggestion is None
    near = diagnosed(database, f"SELECT id FROM {quoted(table)} WHERE city = 'praha'")
    assert near.suggestion is None
    assert "city has" not in near.findings[0].text


def test_a_statement_with_what_cannot_be_seen_is_not_offered(tmp_path: Path) -> None:
    script = "CREATE TABLE t (\"a\u202eb\" TEXT, city TEXT); INSERT INTO t VALUES ('x', 'Praha');"
    database = Database(make_database(tmp_path / "unseen.sqlite", script))
    diagnosis = diagnosed(database, "SELECT \"a\u202eb\" FROM t WHERE city = 'praha'")
    assert "city has 'Praha'." in diagnosis.findings[0].text
    assert diagnosis.suggestion is None
    plain = diagnosed(database, "SELECT 1 FROM t WHERE city = 'praha'")
    assert plain.suggestion == "SELECT 1 FROM t WHERE city = 'Praha'"


@pytest.mark.parametrize(
    "sql", ["", "nonsense", "SELECT 1; SELECT 2", "DELETE FROM customer", "SELECT " + "(" * 500 + "1" + ")" * 500]
)
def test_what_is_no_query_has_no_findings(bank: Database, sql: str) -> None:
    assert examine(bank, sql, ResultFacts(0), Cancel()) == Diagnosis()


def test_a_database_that_is_gone_has_no_findings(bank: Database) -> None:
    bank.path.unlink()
    assert examine(bank, "SELECT name FROM customer WHERE age > 90", ResultFacts(0), Cancel()) == Diagnosis()


@pytest.fixture
def slow(tmp_path: Path) -> Database:
    """A database in which a condition takes for ever to be found to hold nowhere."""
    path = make_database(tmp_path / "slow.sqlite", "CREATE TABLE t (x INTEGER)")
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(3_000)])
    connection.close()
    return Database(path)


SLOW = "SELECT COUNT(*) FROM t AS a, t AS b, t AS c WHERE a.x + b.x + c.x < 0 AND a.x > 5"


def test_a_slow_database_is_given_up_in_time(slow: Database) -> None:
    began = time.monotonic()
    assert examine(slow, SLOW, ResultFacts(1, (0,)), Cancel(), seconds=0.3).findings == ()
    # Without the limit it would take hours.
    assert time.monotonic() - began < 60


def test_without_time_nothing_is_found(bank: Database) -> None:
    sql = "SELECT name FROM customer WHERE city = 'prague'"
    assert examine(bank, sql, ResultFacts(0), Cancel(), seconds=60).findings
    assert examine(bank, sql, ResultFacts(0), Cancel(), seconds=0) == Diagnosis()
    joined = "SELECT SUM(c.age) FROM customer c JOIN account a ON a.customer_id = c.id"
    assert examine(bank, joined, ResultFacts(1, (100,)), Cancel(), seconds=0) == Diagnosis()


def test_it_stops_when_told_to(slow: Database) -> None:
    cancel = Cancel()
    threading.Timer(0.3, cancel.request).start()
    with pytest.raises(Stopped):
        examine(slow, SLOW, ResultFacts(1, (0,)), cancel, seconds=600)
