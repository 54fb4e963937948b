"""SQL that does not compile is mended where there is one clear way, told with before → after, or left as it was."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench


@pytest.mark.parametrize(
    ("sql", "mended"),
    [
        # Of the tables read, one has the column.
        (
            "SELECT transaction_date, purchase.city FROM customer JOIN purchase USING (customer_id)",
            "SELECT transaction_date, customer.city FROM customer JOIN purchase USING (customer_id)",
        ),
        # The owner is joined in, with the table between.
        (
            "SELECT full_name FROM customer WHERE price > 30",
            "SELECT customer.full_name FROM customer JOIN purchase ON customer.customer_id = purchase.customer_id "
            "JOIN product ON purchase.product_id = product.product_id WHERE product.price > 30",
        ),
        # A table that is named but not read.
        (
            "SELECT customer.full_name FROM customer WHERE country.name = 'France'",
            "SELECT customer.full_name FROM customer JOIN country ON customer.country_code = country.code "
            "WHERE country.name = 'France'",
        ),
        # An alias keeps its name.
        (
            "SELECT c.full_name, SurfaceArea FROM customer AS c",
            "SELECT c.full_name, country.SurfaceArea FROM customer AS c JOIN country ON c.country_code = country.code",
        ),
        # The star means what it meant.
        (
            "SELECT * FROM customer WHERE SurfaceArea > 400000",
            "SELECT customer.* FROM customer JOIN country ON customer.country_code = country.code "
            "WHERE country.SurfaceArea > 400000",
        ),
        # Separators, plurals, the table's own name; a part of the name; a slip.
        ("SELECT FullNames FROM customer", "SELECT full_name FROM customer"),
        ("SELECT name FROM product", "SELECT product_name FROM product"),
        ("SELECT date FROM purchase", "SELECT transaction_date FROM purchase"),
        ("SELECT prise FROM product", "SELECT price FROM product"),
        ("SELECT full_name FROM custommer", "SELECT full_name FROM customer"),
        ("SELECT customers.full_name FROM customers", "SELECT customer.full_name FROM customer"),
        # The join goes over keys.
        (
            "SELECT customer.full_name FROM customer JOIN product ON customer.customer_id = product.customer_id",
            "SELECT customer.full_name FROM customer JOIN purchase ON customer.customer_id = purchase.customer_id "
            "JOIN product ON purchase.product_id = product.product_id",
        ),
        # The conditions that hold stay, in whatever order the tables stand.
        (
            "SELECT customer.full_name FROM customer JOIN purchase ON purchase.customer_id = customer.customer_id "
            "JOIN product ON purchase.stock = product.product_id AND product.price > 30",
            "SELECT customer.full_name FROM customer JOIN purchase ON purchase.customer_id = customer.customer_id "
            "JOIN product ON purchase.product_id = product.product_id AND product.price > 30",
        ),
        (
            "SELECT customer.full_name FROM customer JOIN product ON customer.price = product.price "
            "JOIN purchase ON purchase.customer_id = customer.customer_id",
            "SELECT customer.full_name FROM customer JOIN purchase ON purchase.customer_id = customer.customer_id "
            "JOIN product ON purchase.product_id = product.product_id",
        ),
        # All columns are another table's.
        ("SELECT harbour FROM voyage", "SELECT harbour FROM port"),
        ("SELECT AVG(price) FROM purchase WHERE stock > 1", "SELECT AVG(price) FROM product WHERE stock > 1"),
        # Read twice under one name.
        (
            "SELECT product.price FROM product JOIN product ON product.product_id = product.product_id",
            "SELECT product.price FROM product",
        ),
        # The model's habit from other databases.
        ('SELECT full_name FROM customer WHERE city = "Oslo"', "SELECT full_name FROM customer WHERE city = 'Oslo'"),
        # Each query of a statement for itself.
        (
            "SELECT full_name FROM customer WHERE customer_id IN (SELECT purchase.customer_id FROM purchase "
            "WHERE purchase.customer_id > 0 AND price > 30)",
            "SELECT full_name FROM customer WHERE customer_id IN (SELECT purchase.customer_id FROM purchase "
            "JOIN product ON purchase.product_id = product.product_id "
            "WHERE purchase.customer_id > 0 AND product.price > 30)",
        ),
    ],
)
def test_what_does_not_compile_is_mended_and_told(shop: Workbench, sql: str, mended: str) -> None:
    found, lines = shop.repaired(sql)
    assert found == mended
    assert lines
    assert all("→" in line or "read once" in line for line in lines)
    shop.rows(found)


def test_a_mended_join_gives_the_right_rows(shop: Workbench) -> None:
    sql, _ = shop.repaired("SELECT full_name FROM customer WHERE price > 30")
    assert shop.rows(sql) == [("Luc Petit",)]


def test_a_table_that_the_question_names_stays(shop: Workbench) -> None:
    sql, _ = shop.repaired("SELECT COUNT(*) FROM purchase WHERE price > 30", "How many purchases of dear products?")
    assert sql == (
        "SELECT COUNT(*) FROM purchase JOIN product ON purchase.product_id = product.product_id "
        "WHERE product.price > 30"
    )


def test_a_table_that_was_read_by_mistake_only_is_left_out(shop: Workbench) -> None:
    join = "FROM customer JOIN purchase ON customer.customer_id = purchase.customer_id"
    sql = f"SELECT customer.full_name {join} WHERE purchase.city = 'Oslo'"
    assert shop.repaired(sql, "Who lives in Oslo?")[0] == (
        "SELECT customer.full_name FROM customer WHERE customer.city = 'Oslo'"
    )
    first = "FROM purchase JOIN customer ON customer.customer_id = purchase.customer_id"
    assert shop.repaired(f"SELECT customer.full_name, purchase.city {first}")[0] == (
        "SELECT customer.full_name, customer.city FROM customer"
    )
    kept, _ = shop.repaired(sql, "Whose purchase was made in Oslo?")
    assert kept == f"SELECT customer.full_name {join} WHERE customer.city = 'Oslo'"


def test_two_keys_to_one_table_are_settled_by_the_question_only(shop: Workbench) -> None:
    sql = "SELECT miles, harbour FROM voyage"
    assert shop.repaired(sql, "Miles and harbour of each voyage?") == (sql, ())
    settled, _ = shop.repaired(sql, "Miles and harbour of arrival of each voyage?")
    assert settled.endswith("JOIN port ON voyage.arrival_port = port.port_id")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nothing_like_it FROM customer",
        "SELECT full_name, quux(city) FROM customer WHERE price > 30",
        "SELECT price FROM customer WHERE",
        "SELECT full_name FROM customer; SELECT price FROM customer",
        "DELETE FROM customer WHERE price > 3",
        "",
    ],
)
def test_what_would_not_compile_all_the_same_is_left_as_it_was(shop: Workbench, sql: str) -> None:
    assert shop.repaired(sql) == (sql, ())


def test_two_owners_as_near_as_each_other_are_not_guessed_between(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x INT); "
        "CREATE TABLE b (a_id INT REFERENCES a(id), size INT); CREATE TABLE c (a_id INT REFERENCES a(id), size INT);"
    )
    sql = "SELECT x, size FROM a"
    assert Workbench(tmp_path, script).repaired(sql) == (sql, ())


def test_the_nearer_of_two_owners_is_taken(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x INT); "
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INT REFERENCES a(id), size INT);"
        "CREATE TABLE c (b_id INT REFERENCES b(id), size INT);"
    )
    sql, _ = Workbench(tmp_path, script).repaired("SELECT x, size FROM a")
    assert sql == "SELECT a.x, b.size FROM a JOIN b ON a.id = b.a_id"


def test_a_composite_key_joins_on_all_its_columns(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE seat (row INT, place INT, price INT, PRIMARY KEY (row, place)); "
        "CREATE TABLE ticket (holder TEXT, r INT, p INT, FOREIGN KEY (r, p) REFERENCES seat(row, place));"
    )
    sql, _ = Workbench(tmp_path, script).repaired("SELECT holder, price FROM ticket")
    assert (
        sql == "SELECT ticket.holder, seat.price FROM ticket JOIN seat ON ticket.r = seat.row AND ticket.p = seat.place"
    )


def test_names_that_need_quotes_get_them(tmp_path: Path) -> None:
    script = (
        'CREATE TABLE "order" (id INTEGER PRIMARY KEY, "unit price" INT); '
        'CREATE TABLE line (order_id INT REFERENCES "order"(id), text TEXT);'
    )
    sql, lines = Workbench(tmp_path, script).repaired("SELECT line.text FROM line WHERE order.id = 3")
    assert sql == 'SELECT line.text FROM line JOIN "order" ON line.order_id = "order".id WHERE "order".id = 3'
    assert len(lines) == 2


def test_an_ambiguous_column_is_told_apart_only_where_the_join_makes_it_one(shop: Workbench) -> None:
    join = "FROM customer JOIN purchase ON "
    equal = f"SELECT customer_id {join}customer.customer_id = purchase.customer_id"
    assert shop.repaired(equal)[0] == equal.replace("SELECT customer_id", "SELECT customer.customer_id")
    other = f"SELECT customer_id {join}customer.customer_id = purchase.purchase_id"
    assert shop.repaired(other) == (other, ())


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "buyer" FROM customer',
        'SELECT SUM("turnover"), COUNT(DISTINCT "buyer") FROM product',
        'SELECT city, COUNT(*) FROM customer GROUP BY city, "continent"',
        'SELECT city FROM customer ORDER BY "age"',
        "SELECT city FROM customer WHERE \"continent\" = 'Europe'",
        "SELECT city FROM customer WHERE \"continent\" IN ('Europe', 'Asia')",
        'SELECT city FROM customer WHERE "age" BETWEEN 20 AND 30',
        'SELECT city FROM customer WHERE "age" > 20',
        'SELECT city FROM customer WHERE "continent" OR customer_id > 1',
        'SELECT city, LENGTH("continent") FROM customer',
        'SELECT "turnover" * stock FROM product',
    ],
)
def test_a_name_that_is_nowhere_does_not_become_a_text_where_none_makes_sense(shop: Workbench, sql: str) -> None:
    assert shop.repaired(sql) == (sql, ())


@pytest.mark.parametrize(
    "condition",
    [
        'city = "Oslo"',
        '"Oslo" = city',
        'city LIKE "%slo"',
        'city IN ("Oslo", "Bergen")',
        'city BETWEEN "O" AND "P"',
        'REPLACE(city, "O", "o") <> city',
        'city || "!" LIKE "Oslo_"',
        'CASE WHEN city LIKE "O%" THEN "yes" ELSE city END = "yes"',
    ],
)
def test_a_text_in_double_quotes_is_compared_as_a_text(shop: Workbench, condition: str) -> None:
    sql, lines = shop.repaired(f"SELECT full_name FROM customer WHERE {condition}")
    assert '"' not in sql
    assert all("text stands in single quotes" in line for line in lines)
    assert shop.rows(sql) == [("Anna Berg",)]


def test_a_table_that_is_needed_twice_is_not_read_once_instead(shop: Workbench) -> None:
    sql = (
        "SELECT miles FROM voyage JOIN port ON voyage.departure_port = port.port_id "
        "JOIN port ON voyage.arrival_port = port.port_id WHERE port.harbour = 'Bergen' AND port.harbour = 'Leith'"
    )
    assert shop.repaired(sql) == (sql, ())


def test_a_table_that_is_joined_twice_in_the_same_way_is_read_once(shop: Workbench) -> None:
    join = "JOIN port ON voyage.departure_port = port.port_id"
    sql, (line,) = shop.repaired(f"SELECT miles FROM voyage {join} {join} WHERE port.harbour = 'Bergen'")
    assert sql == f"SELECT miles FROM voyage {join} WHERE port.harbour = 'Bergen'"
    assert "read once" in line
    also = f"{join} AND NOT port.harbour IS NULL AND miles > 3"
    assert shop.repaired(f"SELECT miles FROM voyage {join} {also}")[0] == f"SELECT miles FROM voyage {join}"


def test_a_query_of_unknown_columns_is_not_guessed_at(shop: Workbench) -> None:
    sql = "SELECT price FROM (SELECT * FROM customer) AS c"
    assert shop.repaired(sql) == (sql, ())


def test_tables_beside_each_other_are_joined_when_the_statement_is_mended(shop: Workbench) -> None:
    sql, _ = shop.repaired("SELECT full_name, date FROM customer, purchase")
    assert sql == (
        "SELECT customer.full_name, purchase.transaction_date FROM customer "
        "JOIN purchase ON customer.customer_id = purchase.customer_id"
    )


@pytest.mark.parametrize(
    "sql",
    [
        # Both tables that are read have it, or two that could be joined.
        "SELECT size FROM a, c, d",
        "SELECT size FROM c JOIN d ON c.a_id = d.a_id",
        "SELECT a.size FROM a JOIN c ON c.a_id = a.id JOIN d ON d.a_id = a.id",
        "SELECT x FROM a WHERE size = 3",
    ],
)
def test_an_ambiguous_column_is_not_taken(tmp_path: Path, sql: str) -> None:
    script = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x INT); CREATE TABLE b (id INTEGER PRIMARY KEY, y INT);"
        "CREATE TABLE c (a_id INT REFERENCES a(id), size INT); CREATE TABLE d (a_id INT REFERENCES a(id), size INT);"
    )
    assert Workbench(tmp_path, script).repaired(sql) == (sql, ())


def test_an_order_by_a_result_stays_one_when_a_table_is_joined_in(shop: Workbench) -> None:
    sql = "SELECT city, COUNT(purchase_id) AS city FROM customer GROUP BY full_name ORDER BY city DESC"
    mended, lines = shop.repaired(sql, "Which city has the most purchases?")
    assert lines
    assert mended.endswith("GROUP BY customer.full_name ORDER BY city DESC")


@pytest.mark.parametrize("name", ["is_inactive", "unsold", "max_price", "hire_date"])
def test_a_column_is_not_taken_for_its_opposite_or_another_thing(tmp_path: Path, name: str) -> None:
    script = "CREATE TABLE item (id INTEGER PRIMARY KEY, is_active INT, sold INT, price INT, birth_date DATE);"
    sql = f"SELECT id FROM item WHERE {name} = 1"
    assert Workbench(tmp_path, script).repaired(sql, "Which items?") == (sql, ())


@pytest.mark.parametrize(
    ("sql", "mended"),
    [
        # A table that is called by its own name although it has another one here.
        ("SELECT customer.city FROM customer AS c", "SELECT c.city FROM customer AS c"),
        # A table that no keys lead to is not another one, for all that both have such a column.
        ("SELECT port.port_id, country.name FROM port", None),
        ("SELECT product.product_name, port.harbour FROM product", None),
        ("SELECT country.code FROM voyage", None),
    ],
)
def test_a_column_is_not_taken_from_another_table_than_it_says(shop: Workbench, sql: str, mended: str | None) -> None:
    assert shop.repaired(sql)[0] == (mended or sql)


def test_the_name_of_one_thing_is_not_that_of_another(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE boat (lake INT REFERENCES lake(id));"
        "CREATE TABLE lake (id INTEGER PRIMARY KEY, name TEXT, depth INT);"
    )
    bench = Workbench(tmp_path, script)
    assert bench.repaired("SELECT town.name, lake.name FROM town") == ("SELECT town.name, lake.name FROM town", ())
    sql, _ = bench.repaired("SELECT lake.name, lake.depth FROM boat WHERE boat.lake > 1")
    assert sql == "SELECT lake.name, lake.depth FROM boat JOIN lake ON boat.lake = lake.id WHERE boat.lake > 1"


@pytest.mark.parametrize("join", ["LEFT JOIN purchase ON", "JOIN purchase USING"])
def test_a_table_that_an_outer_join_reads_stays(shop: Workbench, join: str) -> None:
    on = "(customer_id)" if "USING" in join else " customer.customer_id = purchase.customer_id"
    sql, _ = shop.repaired(f"SELECT customer.full_name, purchase.city FROM customer {join}{on}")
    assert sql == f"SELECT customer.full_name, customer.city FROM customer {join} {on.strip()}"


def test_tables_in_brackets_are_not_guessed_at(shop: Workbench) -> None:
    sql = "SELECT full_name, price FROM (customer JOIN purchase ON customer.customer_id = purchase.customer_id)"
    assert shop.repaired(sql) == (sql, ())
