"""Accepted pairs are found again for the same question, or the same of another value, and for nothing else."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from nl2sql_tui.language.recall import Remembered, examples, recall
from nl2sql_tui.schema import CellValue, Column, Schema, Table

_SCHEMA = Schema(
    (
        Table("customer", (Column("id", "INT", 1), Column("city", "TEXT"), Column("country", "TEXT"))),
        Table("account", (Column("id", "INT", 1), Column("kind", "TEXT"), Column("balance", "REAL"))),
    )
)
_DAY = datetime(2026, 11, 3, tzinfo=UTC)


class _Cells:
    _cells = (
        CellValue("customer", "city", "Prague"),
        CellValue("customer", "city", "New York"),
        CellValue("customer", "country", "France"),
        CellValue("account", "kind", "savings"),
    )

    def find(self, text: str) -> Sequence[CellValue]:
        return [cell for cell in self._cells if cell.text.lower() == text.lower()]

    def similar(self, text: str) -> Sequence[CellValue]:  # noqa: ARG002
        return ()


def _pair(question: str, sql: str) -> Remembered:
    return Remembered(question, sql, _DAY)


_PRAGUE = _pair("How many customers live in Prague?", "SELECT COUNT(*) FROM customer WHERE city = 'Prague'")
_RICH = _pair("List the 5 accounts with the most money", "SELECT id FROM account ORDER BY balance DESC LIMIT 5")
_OVER = _pair("accounts with more than 5000", "SELECT id FROM account WHERE balance > 5000")
_PAIRS = (_PRAGUE, _RICH, _OVER)


def _sql(question: str, pairs: Sequence[Remembered] = _PAIRS, *, compiles: bool = True) -> str | None:
    found = recall(question, pairs, _SCHEMA, _Cells(), lambda _: compiles)
    return found.sql if found else None


@pytest.mark.parametrize("question", ["How many customers live in Prague?", "how many  customers live in prague"])
def test_the_same_question_has_the_same_sql(question: str) -> None:
    found = recall(question, _PAIRS, _SCHEMA, _Cells(), lambda _: True)
    assert found is not None
    assert (found.pair, found.sql, found.changes) == (_PRAGUE, _PRAGUE.sql, ())


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("How many customers live in new york?", "SELECT COUNT(*) FROM customer WHERE city = 'New York'"),
        ("Show me the 10 accounts with the most money", "SELECT id FROM account ORDER BY balance DESC LIMIT 10"),
        ("Accounts with more than 7,500", "SELECT id FROM account WHERE balance > 7500"),
    ],
)
def test_another_value_of_the_same_column_takes_its_place(question: str, sql: str) -> None:
    assert _sql(question) == sql


def test_what_was_changed_is_said() -> None:
    found = recall("How many customers live in New York?", _PAIRS, _SCHEMA, _Cells(), lambda _: True)
    assert found is not None
    assert found.changes == ("'New York' instead of 'Prague'",)


@pytest.mark.parametrize(
    "question",
    [
        "How many customers live in France?",
        "How many customers live in Berlin?",
        "How many customers do not live in New York?",
        "Which customers live in New York?",
        "List the 5 accounts with the least money",
        "accounts with more than savings",
        "accounts with less than 5000",
        "How many customers live in Prague or New York?",
        "anything else",
    ],
)
def test_one_word_can_turn_a_question_round(question: str) -> None:
    assert _sql(question) is None


def test_what_no_longer_compiles_is_not_given() -> None:
    assert _sql("How many customers live in Prague?", compiles=False) is None
    assert _sql("How many customers live in New York?", compiles=False) is None


def test_a_number_that_stands_twice_is_not_replaced() -> None:
    pair = _pair("the 5 accounts with more than 5", "SELECT id FROM account WHERE balance > 5 LIMIT 5")
    assert _sql("the 7 accounts with more than 9", [pair]) is None
    assert _sql("the 7 accounts with more than 5", [pair]) is None


@pytest.mark.parametrize(
    ("question", "sql", "asked", "given"),
    [
        (
            "share of accounts over 100",
            "SELECT COUNT(*) * 100 / (SELECT COUNT(*) FROM account) FROM account WHERE balance > 1e2",
            "share of accounts over 50",
            "SELECT COUNT(*) * 100 / (SELECT COUNT(*) FROM account) FROM account WHERE balance > 50",
        ),
        (
            "share of accounts over 100",
            "SELECT COUNT(*) * 100 / (SELECT COUNT(*) FROM account) FROM account WHERE balance > 99.99",
            "share of accounts over 50",
            None,
        ),
        (
            "accounts over 100",
            "SELECT id FROM account WHERE balance > 99 LIMIT 100",
            "accounts over 50",
            None,
        ),
        (
            "top 5 accounts with over 5",
            "SELECT id FROM account WHERE balance > 5 ORDER BY balance",
            "top 5 accounts with over 9",
            None,
        ),
        (
            "the top 5 accounts",
            "SELECT id FROM account ORDER BY balance DESC LIMIT 5",
            "the top 9 accounts",
            "SELECT id FROM account ORDER BY balance DESC LIMIT 9",
        ),
        (
            "the 5 richest, largest accounts",
            "SELECT id FROM account ORDER BY balance DESC LIMIT 5",
            "the 9 richest, largest accounts",
            "SELECT id FROM account ORDER BY balance DESC LIMIT 9",
        ),
        (
            "kinds with more than 1,000 accounts",
            "SELECT kind FROM account GROUP BY kind HAVING COUNT(*) > 1000",
            "kinds with more than 2 accounts",
            "SELECT kind FROM account GROUP BY kind HAVING COUNT(*) > 2",
        ),
        (
            "accounts of 2021",
            "SELECT id FROM account WHERE strftime('%Y', opened) = '2021'",
            "accounts of 2022",
            "SELECT id FROM account WHERE STRFTIME('%Y', opened) = '2022'",
        ),
        (
            "accounts of 2021",
            "SELECT id FROM account WHERE strftime('%Y', opened) = '2020'",
            "accounts of 2022",
            None,
        ),
        (
            "accounts between 10 and 20",
            "SELECT id FROM account WHERE balance BETWEEN 10 AND 20",
            "accounts between 30 and 40",
            "SELECT id FROM account WHERE balance BETWEEN 30 AND 40",
        ),
    ],
)
def test_a_number_takes_the_place_of_what_is_compared_and_of_nothing_else(
    question: str, sql: str, asked: str, given: str | None
) -> None:
    assert _sql(asked, [_pair(question, sql)]) == given


@pytest.mark.parametrize(
    "condition",
    ["city = 'Prague' OR country = 'Prague'", "city || country = 'Prague'", "LENGTH('Prague') > 3", "city > 'Prague'"],
)
def test_a_value_is_not_put_where_it_is_not_known_to_stand(condition: str) -> None:
    pair = _pair(_PRAGUE.question, f"SELECT COUNT(*) FROM customer WHERE {condition}")
    assert _sql("How many customers live in New York?", [pair]) is None


def test_sql_that_nests_too_deeply_to_be_parsed_is_only_given_as_it_is() -> None:
    deep = _pair(_PRAGUE.question, f"SELECT {'date(' * 12}city{')' * 12} FROM customer WHERE city = 'Prague'")
    assert _sql(_PRAGUE.question, [deep]) == deep.sql
    assert _sql("How many customers live in New York?", [deep]) is None


def test_the_newest_answer_counts() -> None:
    newer = _pair("How many customers live in Prague?", "SELECT COUNT(id) FROM customer WHERE city = 'Prague'")
    assert _sql("How many customers live in Prague?", [newer, _PRAGUE]) == newer.sql


def test_examples_are_the_most_similar_questions_and_never_the_same() -> None:
    found = examples("How many customers live in New York or Prague?", _PAIRS, 2)
    assert found == (_PRAGUE,)
    assert _PRAGUE not in examples(_PRAGUE.question, _PAIRS, 3)
    assert examples("weather", _PAIRS, 3) == ()
