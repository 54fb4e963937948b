"""What compiles and fails silently is mended where the database says how; everything else is left to the letter."""

from pathlib import Path

import pytest

from nl2sql_tui.language.repair import repaired
from nl2sql_tui.schema import NoValues
from tests.language.repairs.workbench import Workbench


@pytest.mark.parametrize(
    ("sql", "mended"),
    [
        ("SELECT * FROM customer WHERE city = 'oslo'", "SELECT * FROM customer WHERE city = 'Oslo'"),
        (
            "SELECT * FROM customer WHERE city IN ('OSLO', 'Lyon')",
            "SELECT * FROM customer WHERE city IN ('Oslo', 'Lyon')",
        ),
        ("SELECT * FROM customer WHERE city <> 'OSLO'", "SELECT * FROM customer WHERE city <> 'Oslo'"),
        (
            "SELECT * FROM product WHERE product_name = 'Lantren'",
            "SELECT * FROM product WHERE product_name = 'Lantern'",
        ),
        (
            "SELECT * FROM product WHERE product_name LIKE 'compas'",
            "SELECT * FROM product WHERE product_name LIKE 'Compass'",
        ),
    ],
)
def test_a_text_gets_the_spelling_that_is_stored(shop: Workbench, sql: str, mended: str) -> None:
    found, (line,) = shop.repaired(sql)
    assert found == mended
    assert "→" in line


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM customer WHERE city = 'Oslo'",
        "SELECT * FROM customer WHERE city LIKE 'oslo'",
        "SELECT * FROM customer WHERE city LIKE '%OSLO%'",
        "SELECT * FROM customer WHERE city = 'Paris'",
        "select count( * ) from customer, country where customer.country_code==country.code -- as written",
        "SELECT price / stock FROM product",
        "WITH t AS (SELECT city FROM customer) SELECT city FROM t WHERE city = 'Oslo'",
    ],
)
def test_what_holds_is_left_to_the_letter(shop: Workbench, sql: str) -> None:
    assert shop.repaired(sql) == (sql, ())


def test_two_stored_spellings_are_not_chosen_between(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('Dog'), ('DOG');")
    sql = "SELECT * FROM t WHERE a = 'dog'"
    assert bench.repaired(sql) == (sql, ())


def test_a_text_goes_to_the_column_where_the_question_found_it(shop: Workbench) -> None:
    sql, _ = shop.repaired("SELECT full_name FROM customer WHERE full_name = 'Oslo'", "Who lives in Oslo?")
    assert sql == "SELECT full_name FROM customer WHERE city = 'Oslo'"


def test_a_text_goes_to_a_column_of_a_table_that_is_joined_in(shop: Workbench) -> None:
    sql, _ = shop.repaired("SELECT full_name FROM customer WHERE country_code = 'France'", "Customers from France?")
    assert sql == (
        "SELECT customer.full_name FROM customer JOIN country ON customer.country_code = country.code "
        "WHERE country.name = 'France'"
    )


def test_a_text_that_its_column_holds_stays_there(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, "CREATE TABLE t (a TEXT, b TEXT); INSERT INTO t VALUES ('Oslo', 'x'), ('y', 'Oslo');")
    sql = "SELECT * FROM t WHERE b = 'Oslo'"
    assert bench.repaired(sql, "What is in Oslo?") == (sql, ())


@pytest.mark.parametrize("question", ["What share of products is dear?", "Price per piece in stock?", "In %?"])
def test_a_share_of_whole_numbers_keeps_its_fraction(shop: Workbench, question: str) -> None:
    sql, (line,) = shop.repaired("SELECT SUM(price) / COUNT(*) FROM product", question)
    assert sql == "SELECT CAST(SUM(price) AS REAL) / COUNT(*) FROM product"
    assert "→" in line
    assert shop.rows(sql) == [(27.5,)]


def test_numbers_that_are_not_whole_are_divided_as_they_are(shop: Workbench) -> None:
    sql = "SELECT SUM(SurfaceArea) / COUNT(*) FROM country"
    assert shop.repaired(sql, "What is the average share?") == (sql, ())


@pytest.mark.parametrize(
    ("condition", "mended"),
    [
        ("transaction_date = 2024", "STRFTIME('%Y', transaction_date) = '2024'"),
        ("transaction_date > '2023'", "STRFTIME('%Y', transaction_date) > '2023'"),
        ("transaction_date BETWEEN 2023 AND 2024", "STRFTIME('%Y', transaction_date) BETWEEN '2023' AND '2024'"),
        ("transaction_date >= '2024/5/2'", "transaction_date >= '2024-05-02'"),
        ("transaction_date = '23.4.2024'", "transaction_date = '2024-04-23'"),
        ("transaction_date = '05/02/2024'", None),
        ("transaction_date = 'May 2, 2024'", "transaction_date = '2024-05-02'"),
        ("transaction_date = '31.2.2024'", None),
        ("transaction_date >= '2024-05-02'", None),
        ("purchase_id = 2024", None),
    ],
)
def test_dates_are_compared_as_the_column_writes_them(shop: Workbench, condition: str, mended: str | None) -> None:
    sql = f"SELECT purchase_id FROM purchase WHERE {condition}"
    found, lines = shop.repaired(sql)
    assert found == (sql if mended is None else f"SELECT purchase_id FROM purchase WHERE {mended}")
    assert bool(lines) == (mended is not None)


@pytest.mark.parametrize(
    ("condition", "mended"),
    [
        ("city = NULL", "city IS NULL"),
        ("city <> NULL", "NOT city IS NULL"),
        ("city != NULL AND full_name = NULL", "NOT city IS NULL AND full_name IS NULL"),
        ("city IS NULL", None),
        ("city = 'NULL'", None),
    ],
)
def test_nothing_equals_null(shop: Workbench, condition: str, mended: str | None) -> None:
    sql = f"SELECT full_name FROM customer WHERE {condition}"
    found, lines = shop.repaired(sql)
    assert found == (sql if mended is None else f"SELECT full_name FROM customer WHERE {mended}")
    assert bool(lines) == (mended is not None)


def test_a_result_that_compares_with_null_is_left(shop: Workbench) -> None:
    sql = "SELECT full_name = NULL FROM customer"
    assert shop.repaired(sql) == (sql, ())


def test_nothing_stored_is_asked_for_where_values_are_forbidden(shop: Workbench) -> None:
    sql = "SELECT * FROM customer WHERE city = 'oslo'"
    assert repaired(sql, shop.database.schema(), "", (), NoValues(), None, lambda _: True) == (sql, ())
