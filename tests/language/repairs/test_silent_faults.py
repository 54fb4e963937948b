"""What compiles and fails silently is mended where the database says how; everything else is left to the letter."""

from pathlib import Path

import pytest

from nl2sql_tui.language.repair import repaired
from nl2sql_tui.schema import NoValues
from tests.language.repairs.workbench import SHOP, Workbench


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


@pytest.mark.parametrize(
    "comparison", ["full_name = 'Oslo' OR city = 'Lyon'", "full_name IN ('Oslo', 'Bergen')", "full_name || '' = 'Oslo'"]
)
def test_a_text_is_moved_alone_and_only_where_it_stands_beside_its_column(shop: Workbench, comparison: str) -> None:
    """One of several texts, or one beside an expression, stays; so does one whose column is limited already."""
    sql = f"SELECT full_name FROM customer WHERE {comparison}"
    assert shop.repaired(sql, "Who lives in Oslo?") == (sql, ())


FLIGHTS = """
CREATE TABLE airport (code TEXT PRIMARY KEY, city TEXT);
CREATE TABLE flight (no INTEGER PRIMARY KEY, origin TEXT, destination TEXT, carrier TEXT, airport TEXT
    REFERENCES airport(code), note TEXT);
CREATE TABLE leg (a TEXT REFERENCES airport(code), b TEXT REFERENCES airport(code), c TEXT);
INSERT INTO airport VALUES ('OSL', 'Oslo'), ('FCO', 'Rome');
INSERT INTO flight VALUES (1, 'OSL', 'FCO', 'SAS', 'OSL', 'late'), (2, 'OSL', 'OSL', 'KLM', NULL, 'fine');
INSERT INTO leg VALUES ('OSL', 'FCO', 'x');
"""


@pytest.mark.parametrize(
    ("sql", "question"),
    [
        # Where a flight begins is not where it ends, be that known by its cells or by its key.
        ("SELECT no FROM flight WHERE origin = 'FCO'", "Which flights start from FCO?"),
        ("SELECT c FROM leg WHERE a = 'FCO'", "Which legs start from FCO?"),
        # What is asked for stands there already.
        ("SELECT no FROM flight WHERE note = 'SAS' AND carrier = 'KLM'", "The SAS flights?"),
        ("SELECT no FROM flight WHERE note = 'SAS' AND UPPER(carrier) LIKE 'K%'", "The SAS flights?"),
        # A join would count an airport once for each flight.
        ("SELECT COUNT(*) FROM airport WHERE city = 'KLM'", "How many airports does KLM have?"),
        ("SELECT SUM(LENGTH(code)) FROM airport WHERE city = 'KLM'", "The letters of the airports of KLM?"),
        # A join would leave out rows that need not meet the condition.
        ("SELECT no FROM flight WHERE carrier <> 'Rome'", "Flights not of Rome?"),
        ("SELECT no FROM flight WHERE NOT carrier = 'Rome'", "Flights not of Rome?"),
        ("SELECT no FROM flight WHERE carrier NOT LIKE 'Rome'", "Flights not of Rome?"),
        ("SELECT no FROM flight WHERE carrier = 'Rome' OR no = 2", "Flights of Rome or number 2?"),
        ("SELECT SUM(CASE WHEN carrier = 'Rome' THEN 1 ELSE 0 END) FROM flight", "How many flights of Rome?"),
    ],
)
def test_a_text_stays_where_moving_it_would_ask_for_something_else(tmp_path: Path, sql: str, question: str) -> None:
    assert Workbench(tmp_path, FLIGHTS).repaired(sql, question) == (sql, ())


@pytest.mark.parametrize(
    ("sql", "question", "mended"),
    [
        (
            "SELECT no FROM flight WHERE note = 'SAS' AND origin = 'OSL'",
            "The SAS flights?",
            "SELECT no FROM flight WHERE carrier = 'SAS' AND origin = 'OSL'",
        ),
        (
            "SELECT no FROM flight, airport WHERE note = 'SAS'",
            "The SAS flights?",
            "SELECT no FROM flight CROSS JOIN airport WHERE flight.carrier = 'SAS'",
        ),
        (
            "SELECT no FROM flight WHERE NOT note = 'SAS'",
            "Not the SAS flights?",
            "SELECT no FROM flight WHERE NOT carrier = 'SAS'",
        ),
        (
            "SELECT no FROM flight WHERE (carrier = 'Rome') AND no = 2",
            "Flights of Rome?",
            "SELECT flight.no FROM flight JOIN airport ON flight.airport = airport.code "
            "WHERE (airport.city = 'Rome') AND flight.no = 2",
        ),
        (
            "SELECT COUNT(*) FROM flight WHERE carrier = 'Rome'",
            "How many flights of Rome?",
            "SELECT COUNT(*) FROM flight JOIN airport ON flight.airport = airport.code WHERE airport.city = 'Rome'",
        ),
        (
            "SELECT code FROM airport WHERE city = 'KLM'",
            "Which airports does KLM have?",
            "SELECT airport.code FROM airport JOIN flight ON airport.code = flight.airport "
            "WHERE flight.carrier = 'KLM'",
        ),
        (
            "SELECT code FROM airport WHERE city = 'KLM' AND LENGTH(code) <= (SELECT MAX(no) FROM flight)",
            "Which airports does KLM have?",
            "SELECT airport.code FROM airport JOIN flight ON airport.code = flight.airport "
            "WHERE flight.carrier = 'KLM' AND LENGTH(airport.code) <= (SELECT MAX(no) FROM flight)",
        ),
    ],
)
def test_a_text_goes_to_another_kind_of_column(tmp_path: Path, sql: str, question: str, mended: str) -> None:
    assert Workbench(tmp_path, FLIGHTS).repaired(sql, question)[0] == mended


def test_two_stored_spellings_are_both_asked_for(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('Dog'), ('DOG'), ('Cat');")
    found, (line,) = bench.repaired("SELECT * FROM t WHERE a = 'dog'")
    assert found == "SELECT * FROM t WHERE a IN ('Dog', 'DOG')"
    assert line == "a = 'dog' → a IN ('Dog', 'DOG'): so a has it"
    sql = "SELECT * FROM t WHERE a = 'DOG'"
    assert bench.repaired(sql) == (sql, ())


_STAFF = """
CREATE TABLE employee (id INTEGER PRIMARY KEY, boss INT, name TEXT NOT NULL);
INSERT INTO employee VALUES (1, NULL, 'Ada'), (2, 1, 'Bo'), (3, 1, 'Cy');
"""


def test_null_in_a_list_is_left_out_of_not_in(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, _STAFF)
    found, (line,) = bench.repaired("SELECT name FROM employee WHERE id NOT IN (SELECT boss FROM employee)")
    assert bench.rows(found) == [("Bo",), ("Cy",)]
    assert "nothing is NOT IN what has NULL in it" in line


@pytest.mark.parametrize(
    "condition",
    [
        "id IN (SELECT boss FROM employee)",
        "id NOT IN (SELECT id FROM employee)",
        "id NOT IN (SELECT boss FROM employee WHERE boss IS NOT NULL)",
        "id NOT IN (SELECT MAX(boss) FROM employee)",
        "name NOT IN ('Ada')",
    ],
)
def test_a_list_without_null_is_left(tmp_path: Path, condition: str) -> None:
    sql = f"SELECT name FROM employee WHERE {condition}"
    assert Workbench(tmp_path, _STAFF).repaired(sql)[1] == ()


def test_a_spelling_in_another_table_is_none_of_this_column(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE t (a TEXT); CREATE TABLE u (a TEXT); INSERT INTO t VALUES ('x'); INSERT INTO u VALUES ('Dog');"
    )
    sql = "SELECT * FROM t WHERE a = 'dog'"
    assert Workbench(tmp_path, script).repaired(sql) == (sql, ())


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


@pytest.mark.parametrize(
    ("expression", "mended"),
    [
        ("price / stock", "CAST(price AS REAL) / stock"),
        ("COUNT(*) / 2", "CAST(COUNT(*) AS REAL) / 2"),
        ("(price + 1) / (stock * 2)", "CAST(price + 1 AS REAL) / (stock * 2)"),
        ("MAX(price) / MIN(stock)", "CAST(MAX(price) AS REAL) / MIN(stock)"),
        ("(SELECT COUNT(*) FROM port) / COUNT(*)", "CAST((SELECT COUNT(*) FROM port) AS REAL) / COUNT(*)"),
        # What is divided by a number may be meant to be cut, as a year is to its decade.
        ("price / 10", None),
        ("100 / price", None),
        ("SUM(price / 10)", None),
        ("AVG(price) / 2", None),
        ("COUNT(*) / 2.0", None),
        ("SUM(price) * 1.0 / COUNT(*)", None),
        ("LENGTH(product_name) / stock", None),
    ],
)
def test_only_a_ratio_of_whole_numbers_is_mended(shop: Workbench, expression: str, mended: str | None) -> None:
    sql = f"SELECT {expression} FROM product"
    assert shop.repaired(sql, "What is the ratio?")[0] == f"SELECT {mended or expression} FROM product"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT price / stock, COUNT(*) FROM product GROUP BY price / stock",
        "SELECT price / stock AS part, COUNT(*) FROM product GROUP BY part",
        "SELECT COUNT(*), price / stock FROM product GROUP BY 2",
        "SELECT part, COUNT(*) FROM (SELECT price / stock AS part FROM product) GROUP BY part",
    ],
)
def test_what_rows_are_grouped_by_is_not_made_another_number(shop: Workbench, sql: str) -> None:
    assert shop.repaired(sql, "How many products per part?") == (sql, ())


def test_a_ratio_of_each_group_is_mended(shop: Workbench) -> None:
    sql = "SELECT stock AS part, SUM(price) / COUNT(*) AS ratio FROM product GROUP BY part"
    assert "CAST(SUM(price) AS REAL) / COUNT(*)" in shop.repaired(sql, "ratio per part?")[0]
    assert shop.repaired(sql, "How many?") == (sql, ())


def test_numbers_that_are_not_whole_are_divided_as_they_are(shop: Workbench) -> None:
    sql = "SELECT SUM(SurfaceArea) / COUNT(*) FROM country"
    assert shop.repaired(sql, "What is the average share?") == (sql, ())


@pytest.mark.parametrize(
    ("condition", "mended"),
    [
        ("transaction_date = 2024", "STRFTIME('%Y', transaction_date) = '2024'"),
        ("transaction_date = '2024'", "STRFTIME('%Y', transaction_date) = '2024'"),
        ("transaction_date <> '2024'", "STRFTIME('%Y', transaction_date) <> '2024'"),
        ("2024 < transaction_date", "'2024' < STRFTIME('%Y', transaction_date)"),
        ("transaction_date IN (2023, 2024)", "STRFTIME('%Y', transaction_date) IN ('2023', '2024')"),
        # As texts, each day of a year comes behind the year.
        ("transaction_date >= '2023'", None),
        ("transaction_date < '2023'", None),
        ("transaction_date > '2023'", "STRFTIME('%Y', transaction_date) > '2023'"),
        ("transaction_date <= '2023'", "STRFTIME('%Y', transaction_date) <= '2023'"),
        ("transaction_date BETWEEN '2023' AND '2025'", "STRFTIME('%Y', transaction_date) BETWEEN '2023' AND '2025'"),
        ("transaction_date IN ('2024', 'x')", None),
        ("transaction_date = 99", None),
        ("transaction_date BETWEEN 2023 AND 2024", "STRFTIME('%Y', transaction_date) BETWEEN '2023' AND '2024'"),
        ("transaction_date >= '2024/5/2'", "transaction_date >= '2024-05-02'"),
        ("transaction_date = '23.4.2024'", "transaction_date = '2024-04-23'"),
        ("transaction_date = '05/02/2024'", None),
        ("transaction_date = 'May 2, 2024'", "transaction_date = '2024-05-02'"),
        ("transaction_date = '2 May 2024'", "transaction_date = '2024-05-02'"),
        ("transaction_date = '2nd May 2024'", None),
        ("transaction_date = '5.5.2024'", "transaction_date = '2024-05-05'"),
        ("transaction_date = '20240502'", "transaction_date = '2024-05-02'"),
        ("transaction_date = '2024111'", None),
        ("transaction_date = 'Moon 2, 2024'", None),
        ("transaction_date = '31.2.2024'", None),
        ("transaction_date = customer_id", None),
        ("transaction_date + 1 = 2024", None),
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
        ("NULL = city", "city IS NULL"),
        ("NULL <> city", "NOT city IS NULL"),
        ("NULL = NULL", None),
        ("city < NULL", None),
        ("city IS NULL", None),
        # No cell is empty.
        ("city = 'NULL'", None),
        ("city = ''", None),
        ("city <> ''", None),
        ("full_name || '' = 'null'", None),
    ],
)
def test_nothing_equals_null(shop: Workbench, condition: str, mended: str | None) -> None:
    sql = f"SELECT full_name FROM customer WHERE {condition}"
    found, lines = shop.repaired(sql)
    assert found == (sql if mended is None else f"SELECT full_name FROM customer WHERE {mended}")
    assert bool(lines) == (mended is not None)


@pytest.mark.parametrize(
    ("condition", "mended"),
    [
        ("city = 'NULL'", "city IS NULL"),
        ("city = ''", "city IS NULL"),
        ("city = 'none' AND full_name = 'Anna Berg'", "city IS NULL AND full_name = 'Anna Berg'"),
        ("city <> ''", None),
        ("full_name = 'n/a'", "full_name = 'N/A'"),
    ],
)
def test_a_text_may_stand_for_null_where_cells_are_empty(tmp_path: Path, condition: str, mended: str | None) -> None:
    bench = Workbench(tmp_path, f"{SHOP}; INSERT INTO customer VALUES (8, 'N/A', NULL, 'FR'), (9, NULL, NULL, 'FR');")
    sql = f"SELECT customer_id FROM customer WHERE {condition}"
    found, lines = bench.repaired(sql)
    assert found == (sql if mended is None else f"SELECT customer_id FROM customer WHERE {mended}")
    assert bool(lines) == (mended is not None)


def test_a_result_that_compares_with_null_is_left(shop: Workbench) -> None:
    sql = "SELECT full_name = NULL FROM customer"
    assert shop.repaired(sql) == (sql, ())


def test_nothing_stored_is_asked_for_where_values_are_forbidden(shop: Workbench) -> None:
    sql = "SELECT * FROM customer WHERE city = 'oslo'"
    assert repaired(sql, shop.database.schema(), "", (), NoValues(), None, lambda _: True) == (sql, ())


def test_a_text_for_null_that_is_stored_is_left(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('none'), ('b'), (NULL);")
    sql = "SELECT a FROM t WHERE a = 'none'"
    assert bench.repaired(sql) == (sql, ())
