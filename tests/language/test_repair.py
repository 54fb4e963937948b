"""Only quotes around reserved names are added, only where a name stands, and every one is told."""

import sqlite3

import pytest

from nl2sql_tui.language.repair import quote_reserved_names, sql_of
from nl2sql_tui.schema import Column, Schema, Table

_BANK = Schema(
    (
        Table("transaction", (Column("id", "int"), Column("group", "text"), Column("to", "int"))),
        Table("order", (Column("id", "int"), Column("index", "int"))),
    )
)


@pytest.mark.parametrize(
    ("sql", "mended"),
    [
        ("SELECT id FROM transaction", 'SELECT id FROM "transaction"'),
        (
            "SELECT transaction.id FROM transaction GROUP BY transaction.group ORDER BY transaction.to",
            'SELECT "transaction".id FROM "transaction" GROUP BY "transaction"."group" ORDER BY "transaction"."to"',
        ),
        (
            "SELECT group, COUNT(*) FROM transaction GROUP BY group ORDER BY to DESC",
            'SELECT "group", COUNT(*) FROM "transaction" GROUP BY "group" ORDER BY "to" DESC',
        ),
        (
            "SELECT order.index FROM order JOIN transaction ON order.id = transaction.id ORDER BY order.index",
            'SELECT "order"."index" FROM "order" JOIN "transaction" ON "order".id = "transaction".id '
            'ORDER BY "order"."index"',
        ),
    ],
)
def test_reserved_names_are_quoted(sql: str, mended: str) -> None:
    found, changes = quote_reserved_names(sql, _BANK)
    assert found == mended
    assert changes
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE "transaction" (id, "group", "to")')
    connection.execute('CREATE TABLE "order" (id, "index")')
    connection.execute(found)


_WORDS = Schema((Table("values", (Column("limit", "int"), Column("case", "text"), Column("from", "text"))),))


@pytest.mark.parametrize(
    ("sql", "mended"),
    [
        ("SELECT limit, case FROM values LIMIT 3", 'SELECT "limit", "case" FROM "values" LIMIT 3'),
        (
            "SELECT from, MAX(limit) FROM values WHERE limit >= 3 AND case IN ('a')",
            'SELECT "from", MAX("limit") FROM "values" WHERE "limit" >= 3 AND "case" IN (\'a\')',
        ),
        (
            "SELECT CASE WHEN limit > 2 THEN 1 END FROM values ORDER BY limit DESC LIMIT 1",
            'SELECT CASE WHEN "limit" > 2 THEN 1 END FROM "values" ORDER BY "limit" DESC LIMIT 1',
        ),
    ],
)
def test_words_that_a_query_uses_too_are_quoted_where_a_value_stands(sql: str, mended: str) -> None:
    found, _ = quote_reserved_names(sql, _WORDS)
    assert found == mended
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE "values" ("limit", "case", "from")')
    connection.execute(found)


def test_null_is_nothing_but_null() -> None:
    schema = Schema((Table("t", (Column("null", "int"),)),))
    sql = "SELECT COALESCE(a, NULL) FROM t WHERE b = NULL"
    assert quote_reserved_names(sql, schema) == (sql, ())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM \"transaction\" WHERE 'transaction' = 'order by' GROUP BY id ORDER BY id",
        "SELECT 1 -- transaction",
    ],
)
def test_strings_comments_and_quoted_names_are_left_alone(sql: str) -> None:
    assert quote_reserved_names(sql, _BANK) == (sql, ())


def test_words_that_are_no_names_of_this_schema_are_left_alone() -> None:
    sql = "SELECT transaction FROM order"
    assert quote_reserved_names(sql, Schema((Table("t", (Column("a", ""),)),))) == (sql, ())


def test_each_change_is_told_once() -> None:
    _, changes = quote_reserved_names("SELECT transaction.id FROM transaction", _BANK)
    assert changes == ('transaction → "transaction": a reserved word needs quotes',)


@pytest.mark.parametrize(
    ("answer", "sql"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("  SELECT 1 ;\n", "SELECT 1"),
        ("Here you are:\n```sql\nSELECT 1;\n```\nEnjoy", "SELECT 1"),
        ("```\nSELECT 2", "SELECT 2"),
        ("", ""),
    ],
)
def test_the_statement_is_taken_from_the_answer(answer: str, sql: str) -> None:
    assert sql_of(answer) == sql
