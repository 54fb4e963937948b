"""The causes of empty and odd results, on small real databases: each is named, and what is offered gives rows."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.execute import Limits
from nl2sql_tui.database.file import Database
from nl2sql_tui.doctor import Diagnosis, ResultFacts, examine
from nl2sql_tui.errors import Stopped
from nl2sql_tui.quoting import quoted, string_literal
from tests.databases import make_database

BANK = """
CREATE TABLE branch (id INTEGER PRIMARY KEY, city TEXT);
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER, branch_id INTEGER REFERENCES branch);
CREATE TABLE account (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, balance REAL);
CREATE TABLE card (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, kind TEXT);
CREATE TABLE loan (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, amount REAL);
INSERT INTO branch VALUES (1, 'Prague'), (2, 'Brno'), (3, 'Ostrava');
INSERT INTO customer VALUES (1, 'Eva Nová', 'Prague', 30, 1), (2, 'Jan Malý', 'Brno', 40, 1);
INSERT INTO customer VALUES (3, 'Ota', 'Brno', NULL, 2);
INSERT INTO account VALUES (1, 1, 100), (2, 1, 200), (3, 1, NULL), (4, 2, 50);
INSERT INTO card VALUES (1, 99, 'gold');
CREATE TABLE place (room TEXT NOT NULL, floor TEXT NOT NULL, size INTEGER, PRIMARY KEY (room, floor));
CREATE TABLE visit (room TEXT, floor TEXT);
INSERT INTO place VALUES ('a/b', 'c', 10), ('a', 'b/c', 20);
INSERT INTO visit VALUES ('a/b', 'c'), ('a/b', 'c'), ('a', 'b/c'), ('a', 'b/c');
CREATE TABLE tag (name TEXT PRIMARY KEY, n INTEGER);
INSERT INTO tag VALUES (NULL, 1), (NULL, 2), ('red', 3), ('blue', 1);
"""


@pytest.fixture
def bank(tmp_path: Path) -> Database:
    return Database(make_database(tmp_path / "bank.sqlite", BANK))


def diagnosed(database: Database, sql: str) -> Diagnosis:
    """What the doctor says of `sql` once it has run."""
    result = database.fetch_all(sql, Cancel(), Limits())
    assert result.ending.error is None
    first = result.rows[0] if result.rows else None
    # A generous time, so that a slow computer finds the same.
    return examine(database, sql, ResultFacts(len(result.rows), first), Cancel(), seconds=60)


def rows(database: Database, sql: str | None) -> list[tuple[object, ...]]:
    assert sql is not None
    return list(database.fetch_all(sql, Cancel(), Limits()).rows)


@pytest.mark.parametrize(
    ("condition", "stored", "found"),
    [
        ("city = 'prague'", "city has 'Prague'.", ["Eva Nová"]),
        ("city = 'Pragve'", "city has 'Prague'.", ["Eva Nová"]),
        ("'PRAGUE' = city", "city has 'Prague'.", ["Eva Nová"]),
        ("name = 'Eva'", "name has 'Eva Nová'.", ["Eva Nová"]),
        ("name = 'eva NOVÁ'", "name has 'Eva Nová'.", ["Eva Nová"]),
        ("name IN ('malý', 'nobody')", "name has 'Jan Malý'.", ["Jan Malý"]),
        ("city = 'brno ' AND age > 30", "city has 'Brno'.", ["Jan Malý"]),
    ],
)
def test_a_text_that_is_stored_otherwise(bank: Database, condition: str, stored: str, found: list[str]) -> None:
    diagnosis = diagnosed(bank, f"SELECT name FROM customer WHERE {condition}")
    assert stored in diagnosis.findings[0].text
    assert diagnosis.findings[0].text.startswith("No row meets this condition: ")
    assert [row[0] for row in rows(bank, diagnosis.suggestion)] == found


@pytest.mark.parametrize("condition", ["NOT city LIKE '{0}'", "city NOT LIKE '{0}'", "NOT city IN ('{0}')"])
def test_a_text_that_must_not_be_there_is_not_looked_for(tmp_path: Path, condition: str) -> None:
    database = Database(
        make_database(tmp_path / "one.sqlite", "CREATE TABLE t (city TEXT); INSERT INTO t VALUES ('Rom')")
    )
    stored = "Rom" if "IN" in condition else "rom"
    diagnosis = diagnosed(database, f"SELECT 1 FROM t WHERE {condition.format(stored)}")
    assert len(diagnosis.findings) == 1
    assert "city has" not in diagnosis.findings[0].text


def test_nothing_like_it_is_stored(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT name FROM customer WHERE city = 'Wien'")
    assert [finding.text for finding in diagnosis.findings] == ["No row meets this condition: city is 'Wien'."]
    assert diagnosis.suggestion is None


def test_two_texts_are_mended_together(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT age FROM customer WHERE city = 'prague' AND name = 'eva nová'")
    assert len(diagnosis.findings) == 2
    assert rows(bank, diagnosis.suggestion) == [(30,)]


def test_a_count_of_zero_is_examined_too_and_other_results_are_not(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT COUNT(*) FROM customer WHERE city = 'brno'")
    assert rows(bank, diagnosis.suggestion) == [(2,)]
    assert diagnosed(bank, "SELECT COUNT(*) FROM customer WHERE city = 'Brno'").findings == ()
    assert diagnosed(bank, "SELECT age FROM customer WHERE age IS NULL").findings == ()


def test_the_first_row_is_fetched_where_it_was_not_kept(bank: Database) -> None:
    sql = "SELECT COUNT(*) FROM customer WHERE city = 'brno'"
    assert examine(bank, sql, ResultFacts(1), Cancel(), seconds=60).suggestion is not None


def test_a_number_beyond_what_is_stored(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT name FROM customer WHERE age > 90")
    assert diagnosis.findings[0].text == "No row meets this condition: age is more than 90. age goes from 30 to 40."


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT kind FROM card WHERE customer_id > 100", " customer_id is always 99."),
        ("SELECT kind FROM card WHERE customer_id BETWEEN 1 AND 9", " customer_id is always 99."),
        ("SELECT name FROM customer WHERE age IN (90, 91)", ""),
        ("SELECT name FROM customer WHERE age LIKE 'x%'", ""),
        ("SELECT name FROM customer WHERE city = 'x'", ""),
        ("SELECT name FROM customer WHERE age + 1 > 90", ""),
    ],
)
def test_what_a_column_holds_is_told_beside_an_end_of_a_range(bank: Database, sql: str, words: str) -> None:
    text = diagnosed(bank, sql).findings[0].text
    assert text.startswith("No row meets this condition: ")
    assert text.endswith(words or text.partition(". ")[0])


def test_the_condition_that_removes_the_last_row(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT name FROM customer WHERE city = 'Prague' AND age = 40")
    assert diagnosis.findings[0].text == (
        "This condition removes the last row: city is 'Prague'. Without it there are rows."
    )
    assert rows(bank, diagnosis.suggestion) == [("Jan Malý",)]


def test_conditions_of_which_no_single_one_is_to_blame(bank: Database) -> None:
    sql = "SELECT name FROM customer WHERE id = 1 AND age = 40 AND city = 'Brno' AND branch_id = 2"
    assert [finding.text for finding in diagnosed(bank, sql).findings] == [
        "No row meets these conditions together: id is 1 and age is 40."
    ]


def test_an_empty_table(bank: Database) -> None:
    sql = "SELECT name FROM customer JOIN loan ON loan.customer_id = customer.id WHERE city = 'Brno'"
    assert [finding.text for finding in diagnosed(bank, sql).findings] == ["loan has no rows."]


@pytest.mark.parametrize(
    "join", ["JOIN card ON card.customer_id = customer.id", ", card WHERE card.customer_id = customer.id"]
)
def test_a_join_without_a_match(bank: Database, join: str) -> None:
    assert [finding.text for finding in diagnosed(bank, f"SELECT name FROM customer {join}").findings] == [
        "No row of card matches what it is joined to: nowhere card.customer_id is customer.id."
    ]


@pytest.mark.parametrize(
    ("joined", "condition", "words"),
    [
        (
            "JOIN account ON account.customer_id = customer.id WHERE",
            "name = 'Ota'",
            "1 row of customer meets this condition: customer.name is 'Ota', but it has no match in account.",
        ),
        (
            "JOIN card ON card.customer_id = customer.id + 98 WHERE",
            "customer.city = 'Brno'",
            "2 rows of customer meet this condition: customer.city is 'Brno', but none of them has a match in card.",
        ),
        (
            "JOIN branch ON branch.id = branch_id JOIN account ON customer_id = customer.id WHERE",
            "customer.id = 3",
            "1 row of customer meets this condition: customer.id is 3, but it has no match in the tables joined to it.",
        ),
    ],
)
def test_rows_that_meet_a_condition_but_have_no_match(bank: Database, joined: str, condition: str, words: str) -> None:
    diagnosis = diagnosed(bank, f"SELECT name FROM customer {joined} {condition}")
    assert [finding.text for finding in diagnosis.findings] == [words]


def test_a_condition_on_two_tables_is_told_of_the_joined_rows(bank: Database) -> None:
    sql = (
        "SELECT 1 FROM customer JOIN account ON account.customer_id = customer.id WHERE customer.age > account.balance"
    )
    assert [finding.text for finding in diagnosed(bank, sql).findings] == [
        "No joined row meets this condition: customer.age is more than account.balance."
    ]


def test_a_condition_that_no_row_of_its_table_meets_is_told_by_that_table(bank: Database) -> None:
    sql = "SELECT 1 FROM customer JOIN account ON account.customer_id = customer.id WHERE customer.branch_id > 7"
    assert [finding.text for finding in diagnosed(bank, sql).findings] == [
        "No row meets this condition: customer.branch_id is more than 7. customer.branch_id goes from 1 to 2."
    ]


def test_having_that_no_group_meets(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT city FROM customer GROUP BY city HAVING COUNT(*) > 5")
    assert (
        diagnosis.findings[0].text
        == "No group meets this condition: the number of rows is more than 5. At most it is 2."
    )
    assert len(rows(bank, diagnosis.suggestion)) == 2


def test_an_offset_behind_the_last_row(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT name FROM customer LIMIT 5 OFFSET 10")
    assert diagnosis.findings[0].text == "There are rows, but OFFSET leaves none of them."
    assert len(rows(bank, diagnosis.suggestion)) == 3


def test_an_average_of_missing_values(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT AVG(age) FROM customer WHERE name = 'Ota'")
    assert diagnosis.findings[0].text == "There are rows, but in all of them age is missing."


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1 FROM branch INTERSECT SELECT 2 FROM branch", "none that is the same in both"),
        ("SELECT id FROM loan INTERSECT SELECT id FROM branch", "The first of the two queries gives no rows"),
        ("SELECT id FROM branch INTERSECT SELECT id FROM loan", "The second of the two queries gives no rows"),
        ("SELECT id FROM branch EXCEPT SELECT id FROM branch", "Every row of the first query"),
    ],
)
def test_two_queries_put_together(bank: Database, sql: str, words: str) -> None:
    assert words in diagnosed(bank, sql).findings[0].text


def test_a_named_query_is_examined_with_its_name(bank: Database) -> None:
    sql = "WITH old AS (SELECT * FROM customer WHERE age > 35) SELECT name FROM old WHERE city = 'Prague'"
    assert "city is 'Prague'" in diagnosed(bank, sql).findings[0].text


def test_a_join_that_repeats_what_is_summed(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT SUM(c.age) FROM customer c JOIN account a ON a.customer_id = c.id")
    assert [finding.text for finding in diagnosis.findings] == [
        "Joining account repeats each customer 2.0 times on average: the sum of customer.age counts it each time."
    ]


def test_a_count_of_a_key_that_a_join_repeats_is_offered_once_each(bank: Database) -> None:
    sql = "SELECT COUNT(customer.id) FROM customer JOIN account ON account.customer_id = customer.id"
    diagnosis = diagnosed(bank, sql)
    assert "repeats each customer 2.0 times" in diagnosis.findings[0].text
    assert rows(bank, diagnosis.suggestion) == [(2,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT SUM(a.balance) FROM customer c JOIN account a ON a.customer_id = c.id",
        "SELECT MAX(c.age) FROM customer c JOIN account a ON a.customer_id = c.id",
        "SELECT COUNT(DISTINCT c.id) FROM customer c JOIN account a ON a.customer_id = c.id",
        "SELECT c.id, COUNT(c.id) FROM branch b JOIN customer c ON c.branch_id = b.id GROUP BY c.id",
        "SELECT b.city, COUNT(*) FROM branch b LEFT JOIN customer c ON c.branch_id = b.id GROUP BY b.id",
        # Each group is about one customer: what is joined is meant to be counted.
        "SELECT c.id, COUNT(c.id) FROM customer c JOIN account a ON a.customer_id = c.id GROUP BY c.id",
        "SELECT c.name, COUNT(c.id) FROM customer c JOIN account a ON a.customer_id = c.id GROUP BY c.name",
        "SELECT soundex(c.name), a.id FROM customer c JOIN account a ON a.customer_id = c.id",
        # The sum is another query's.
        "SELECT COUNT(*), (SELECT SUM(age) FROM customer) FROM customer c JOIN account a ON a.customer_id = c.id",
        "SELECT a.id, SUM(c.age) FROM customer c JOIN account a ON a.customer_id = c.id GROUP BY a.id",
        # Each counts as often as the others of its group.
        "SELECT AVG(c.age) FROM customer c JOIN branch b ON b.id < 3",
        "SELECT c.name, AVG(c.age) FROM customer c JOIN account a ON a.customer_id = c.id GROUP BY c.name",
        "SELECT AVG(p.size) FROM place p JOIN visit v ON v.room = p.room AND v.floor = p.floor",
        "SELECT SUM(t.n) FROM tag t JOIN branch b ON b.id < 3",
    ],
)
def test_sums_that_are_right_are_left_alone(bank: Database, sql: str) -> None:
    assert [text for text in (one.text for one in diagnosed(bank, sql).findings) if "repeats" in text] == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT AVG(c.age) FROM customer c JOIN account a ON a.customer_id = c.id",
        "SELECT c.branch_id, AVG(c.age) FROM customer c JOIN account a ON a.customer_id = c.id GROUP BY c.branch_id",
    ],
)
def test_an_average_that_counts_some_rows_more_often(bank: Database, sql: str) -> None:
    assert [finding.text for finding in diagnosed(bank, sql).findings][:1] == [
        "Joining account repeats each customer 2.0 times on average: the average of customer.age counts it each time."
    ]


def test_rows_that_cannot_be_told_apart_are_not_said_to_repeat_others(bank: Database) -> None:
    sql = "SELECT SUM(c.age) FROM customer c JOIN tag t ON t.n < 3"
    assert [finding.text for finding in diagnosed(bank, sql).findings] == [
        "Joining the other tables repeats each customer 3.0 times on average: "
        "the sum of customer.age counts it each time."
    ]


def test_a_count_in_groups_of_several_rows_is_told(bank: Database) -> None:
    sql = "SELECT c.branch_id, COUNT(c.id) FROM customer c JOIN account a ON a.customer_id = c.id GROUP BY c.branch_id"
    diagnosis = diagnosed(bank, sql)
    assert "repeats each customer 2.0 times" in diagnosis.findings[0].text
    assert rows(bank, diagnosis.suggestion) == [(1, 2)]


def test_a_sum_beside_an_average_that_is_right_is_still_told(bank: Database) -> None:
    sql = "SELECT AVG(c.age), SUM(c.age) FROM customer c JOIN branch b ON b.id < 3"
    assert "the sum of customer.age counts it" in diagnosed(bank, sql).findings[0].text


def test_parts_of_a_key_do_not_run_into_each_other(bank: Database) -> None:
    sql = "SELECT SUM(p.size) FROM place p JOIN branch b ON b.id = 1"
    assert diagnosed(bank, sql).findings == ()
    assert "repeats each place 2.0 times" in diagnosed(bank, sql.replace("b.id = 1", "b.id < 3")).findings[0].text


def test_rows_whose_key_may_be_missing_are_not_counted(bank: Database) -> None:
    sql = "SELECT t.name, COUNT(*) FROM tag t JOIN branch b ON b.id = t.n GROUP BY t.name"
    assert diagnosed(bank, sql).findings == ()


def test_rows_that_drop_out_of_a_grouped_result(bank: Database) -> None:
    sql = "SELECT b.city, COUNT(*) FROM branch b JOIN customer c ON c.branch_id = b.id GROUP BY b.id"
    assert [finding.text for finding in diagnosed(bank, sql).findings] == [
        "1 of 3 rows of branch have no match in customer and drop out of this result."
    ]


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


def test_what_is_filtered_behind_its_groups_is_not_said_to_drop_out(bank: Database) -> None:
    sql = "SELECT b.city, COUNT(*) FROM branch b JOIN customer c ON c.branch_id = b.id GROUP BY b.id"
    assert diagnosed(bank, sql).findings != ()
    assert diagnosed(bank, f"{sql} HAVING COUNT(*) > 0").findings == ()
    assert diagnosed(bank, f"{sql} LIMIT 5").findings == ()


def test_only_a_count_is_offered_once_each(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT SUM(c.id) FROM customer c JOIN account a ON a.customer_id = c.id")
    assert len(diagnosis.findings) == 1
    assert diagnosis.suggestion is None


def test_two_queries_that_give_rows_together_are_left_alone(bank: Database) -> None:
    assert diagnosed(bank, "SELECT id FROM branch EXCEPT SELECT id FROM customer WHERE id > 1").findings == ()
    assert diagnosed(bank, "SELECT id FROM branch INTERSECT SELECT id FROM customer").findings == ()
