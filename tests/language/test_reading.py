"""What a statement is said to do: each sentence to the letter, and nothing said of what cannot be parsed in time."""

import pytest

from nl2sql_tui.database.inspect import read_schema
from nl2sql_tui.database.scratch import empty_database
from nl2sql_tui.language.reading import ColumnOrigin, read
from nl2sql_tui.schema import Schema
from tests.language.readings import AIR, AIR_READINGS, BANK, BANK_READINGS


def schema_of(statements: str) -> Schema:
    with empty_database(statements) as connection:
        return read_schema(connection)


@pytest.fixture(scope="module")
def bank() -> Schema:
    return schema_of(BANK)


@pytest.fixture(scope="module")
def air() -> Schema:
    return schema_of(AIR)


@pytest.mark.parametrize(("sql", "sentence"), BANK_READINGS)
def test_a_statement_on_the_bank(bank: Schema, sql: str, sentence: str) -> None:
    reading = read(sql, bank)
    assert reading is not None
    assert reading.text == sentence


@pytest.mark.parametrize(("sql", "sentence"), AIR_READINGS)
def test_a_statement_on_the_airports(air: Schema, sql: str, sentence: str) -> None:
    reading = read(sql, air)
    assert reading is not None
    assert reading.text == sentence


def test_tables_and_filters(bank: Schema) -> None:
    sql = (
        "WITH old AS (SELECT * FROM CUSTOMER WHERE age > 60) SELECT city, COUNT(*) FROM old JOIN account ON "
        "account.customer_id = old.id WHERE city <> 'Brno' AND balance > 0 GROUP BY city HAVING COUNT(*) > 1"
    )
    reading = read(sql, bank)
    assert reading is not None
    assert sorted(reading.tables) == ["account", "customer"]
    assert set(reading.filters) == {
        "age is more than 60",
        "old.city is not 'Brno'",
        "account.balance is more than 0",
        "the number of rows is more than 1",
    }


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT NAME, 1 FROM customer", [("name", "name", ("customer.name",)), ("1", "1", ())]),
        (
            "SELECT c.city AS place, SUM(a.balance) FROM customer c JOIN account a ON a.customer_id = c.id GROUP BY 1",
            [
                ("place", "customer.city", ("customer.city",)),
                ("SUM(a.balance)", "the sum of account.balance", ("account.balance",)),
            ],
        ),
        (
            "SELECT * FROM branch",
            [
                ("id", "id", ("branch.id",)),
                ("city", "city", ("branch.city",)),
                ("opened", "opened", ("branch.opened",)),
            ],
        ),
        (
            "WITH t(town, n) AS (SELECT city, COUNT(id) FROM customer GROUP BY city) SELECT town, n + 1 FROM t",
            [("town", "town", ("customer.city",)), ("n + 1", "n + 1", ("customer.id",))],
        ),
        (
            "SELECT city FROM branch UNION SELECT name FROM customer",
            [("city", "city", ("branch.city", "customer.name"))],
        ),
        (
            "SELECT t.*, COUNT(*) FROM branch AS t GROUP BY id",
            [
                ("id", "id", ("branch.id",)),
                ("city", "city", ("branch.city",)),
                ("opened", "opened", ("branch.opened",)),
                ("COUNT(*)", "the number of rows", ()),
            ],
        ),
        (
            "SELECT (SELECT MAX(balance) FROM account) AS most FROM (SELECT name FROM customer) AS people",
            [("most", "(the largest balance over the rows of account)", ("account.balance",))],
        ),
    ],
)
def test_where_the_columns_come_from(bank: Schema, sql: str, columns: list[tuple[str, str, tuple[str, ...]]]) -> None:
    reading = read(sql, bank)
    assert reading is not None
    assert reading.columns == tuple(ColumnOrigin(*column) for column in columns)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        ";",
        "nonsense",
        "SELECT",
        "SELECT 'open",
        "SELECT 1; SELECT 2",
        "DELETE FROM customer",
        "CREATE TABLE t (x)",
        "PRAGMA table_info(customer)",
    ],
)
def test_what_is_not_one_query_has_no_reading(bank: Schema, sql: str) -> None:
    assert read(sql, bank) is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "date(" * 28 + "1" + ")" * 28,
        "SELECT " + "(" * 400 + "1" + ")" * 400,
        "SELECT " + "NOT " * 400 + "1",
        "SELECT " + "CASE WHEN 1 THEN " * 200 + "1" + " END" * 200,
        "SELECT name FROM customer WHERE " + " OR ".join(f"id = {number}" for number in range(5_000)),
        "SELECT '" + "x" * 20_000 + "'",
    ],
)
def test_hostile_sql_is_given_up_at_once(bank: Schema, sql: str) -> None:
    assert read(sql, bank) is None


def test_sql_that_is_long_and_shallow_is_read(bank: Schema) -> None:
    sql = "SELECT name FROM customer WHERE " + " OR ".join(f"id = {number}" for number in range(300))
    reading = read(sql, bank)
    assert reading is not None
    assert reading.text.endswith("or id is 299.")


def test_names_and_texts_stay_as_they_are(bank: Schema) -> None:
    reading = read("SELECT name FROM customer WHERE city = 'a\x1b[31m'", bank)
    assert reading is not None
    assert "city is 'a\x1b[31m'" in reading.text
