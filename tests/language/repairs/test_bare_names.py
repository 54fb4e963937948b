"""Only quotes around names that need them are added, only where a name stands, and every one is told."""

import sqlite3

import pytest

from nl2sql_tui.language.repairs.bare_names import quote_bare_names
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
    found, changes = quote_bare_names(sql, _BANK)
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
    found, _ = quote_bare_names(sql, _WORDS)
    assert found == mended
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE "values" ("limit", "case", "from")')
    connection.execute(found)


def test_null_is_nothing_but_null() -> None:
    schema = Schema((Table("t", (Column("null", "int"),)),))
    sql = "SELECT COALESCE(a, NULL) FROM t WHERE b = NULL"
    assert quote_bare_names(sql, schema) == (sql, ())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM \"transaction\" WHERE 'transaction' = 'order by' GROUP BY id ORDER BY id",
        "SELECT 1 -- transaction",
    ],
)
def test_strings_comments_and_quoted_names_are_left_alone(sql: str) -> None:
    assert quote_bare_names(sql, _BANK) == (sql, ())


def test_words_that_are_no_names_of_this_schema_are_left_alone() -> None:
    sql = "SELECT transaction FROM order"
    assert quote_bare_names(sql, Schema((Table("t", (Column("a", ""),)),))) == (sql, ())


def test_each_change_is_told_once() -> None:
    _, changes = quote_bare_names("SELECT transaction.id FROM transaction", _BANK)
    assert changes == ('transaction → "transaction": a reserved word needs quotes',)


_SALES = Schema(
    (
        Table("Line Items", (Column("Item No", "int"), Column("% off", "int"), Column("total", "int"))),
        Table("Sales Orders", (Column("Customer Name", "text"), Column("2024 total", "real"), Column("Item", "text"))),
    )
)


@pytest.mark.parametrize(
    ("sql", "mended"),
    [
        (
            "SELECT 2024 total FROM Sales Orders WHERE customer name = 'Item No'",
            'SELECT "2024 total" FROM "Sales Orders" WHERE "Customer Name" = \'Item No\'',
        ),
        (
            "SELECT 2024_total, Customer_name FROM Sales_Orders",
            'SELECT "2024 total", "Customer Name" FROM "Sales Orders"',
        ),
        (
            'SELECT MAX(Line Items.% off), Item FROM Line Items, "Sales Orders"',
            'SELECT MAX("Line Items"."% off"), Item FROM "Line Items", "Sales Orders"',
        ),
    ],
)
def test_names_of_several_words_are_quoted(sql: str, mended: str) -> None:
    found, changes = quote_bare_names(sql, _SALES)
    assert found == mended
    assert changes
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE "Line Items" ("Item No", "% off", total)')
    connection.execute('CREATE TABLE "Sales Orders" ("Customer Name", "2024 total", Item)')
    connection.execute(found)


@pytest.mark.parametrize("sql", ["SELECT total % offset FROM t", "SELECT 'Customer Name', \"% off\" FROM t -- Item No"])
def test_parts_of_longer_words_and_of_texts_are_no_names(sql: str) -> None:
    assert quote_bare_names(sql, _SALES) == (sql, ())
