"""Joins that repeat the rows that are summed, and joins that leave rows out, are told; what is right is not."""

import pytest

from nl2sql_tui.database.file import Database
from tests.doctor.examined import diagnosed, rows


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


def test_what_is_filtered_behind_its_groups_is_not_said_to_drop_out(bank: Database) -> None:
    sql = "SELECT b.city, COUNT(*) FROM branch b JOIN customer c ON c.branch_id = b.id GROUP BY b.id"
    assert diagnosed(bank, sql).findings != ()
    assert diagnosed(bank, f"{sql} HAVING COUNT(*) > 0").findings == ()
    assert diagnosed(bank, f"{sql} LIMIT 5").findings == ()


def test_only_a_count_is_offered_once_each(bank: Database) -> None:
    diagnosis = diagnosed(bank, "SELECT SUM(c.id) FROM customer c JOIN account a ON a.customer_id = c.id")
    assert len(diagnosis.findings) == 1
    assert diagnosis.suggestion is None
