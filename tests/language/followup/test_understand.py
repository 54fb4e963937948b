"""What a follow-up makes of the last SQL, and what it leaves to be asked as a question of its own."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.language.followup.understand import FollowUp, follow_up
from tests.databases import make_database
from tests.dialogues.databases import NAMES, make

PRAGUE = "SELECT COUNT(*) FROM customer WHERE city = 'Prague'"
SAVINGS = (
    "SELECT account_id, balance FROM account WHERE kind = 'savings' AND balance > 5000 ORDER BY balance DESC LIMIT 10"
)
YEARLY = "SELECT strftime('%Y', paid_on) AS y, SUM(amount) AS total FROM payment WHERE currency = 'EUR' GROUP BY y"
BRANCHES = "SELECT name FROM branch WHERE NOT branch_id IN (SELECT branch_id FROM customer WHERE city = 'Prague')"
BRNO = "SELECT c.last_name FROM customer AS c JOIN branch AS b ON b.branch_id = c.branch_id WHERE b.city = 'Brno'"
BOTH = "SELECT last_name FROM customer WHERE city = 'Prague' UNION SELECT last_name FROM customer WHERE city = 'Brno'"
OLDEST = "SELECT name FROM singer WHERE age = (SELECT MAX(age) FROM singer)"
AGES = "SELECT country, AVG(age) FROM singer GROUP BY country HAVING COUNT(*) > 2"
TITLES = "SELECT title FROM concert"
MARCH = "SELECT COUNT(*) FROM purchase WHERE bought_at >= '2023-03-01' AND bought_at < '2023-04-01'"
NOT_BOTH = "SELECT last_name FROM customer WHERE NOT (city = 'Prague' AND last_name = 'Klein')"
EITHER = "SELECT last_name FROM customer WHERE (city = 'Prague' AND branch_id = 1) OR branch_id = 3"
OPEN = "SELECT SUM(CASE WHEN status = 'open' THEN 1 ELSE 0 END) FROM account"
IS_OPEN = "SELECT status = 'open', kind FROM account"
TWO_CITIES = "SELECT last_name FROM customer WHERE (city = 'Prague' OR city = 'Brno') AND branch_id = 1"
IN_THE_JOIN = "SELECT last_name FROM customer JOIN branch AS b ON b.branch_id = customer.branch_id AND b.city = 'Brno'"
KINDS = "SELECT kind, COUNT(*) FROM account GROUP BY kind HAVING COUNT(*) > 2 ORDER BY COUNT(*) DESC"
NAMED = "SELECT kind, COUNT(*) AS n FROM account GROUP BY kind HAVING n > 2 ORDER BY n DESC"
OUTER = "SELECT p.status FROM purchase AS p LEFT JOIN item AS i ON i.purchase_id = p.purchase_id"


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Database]:
    folder = tmp_path_factory.mktemp("followups")
    return {name: Database(make(name, folder)) for name in NAMES}


def _follow_up(database: Database, sql: str, text: str) -> FollowUp | None:
    check = database.check
    return follow_up(text, sql, database.schema(), database.values(Cancel()), lambda made: check(made).valid)


def test_a_row_that_is_missing_may_be_named_by_several_columns(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE person (first_name TEXT, last_name TEXT, city TEXT);"
        "INSERT INTO person VALUES ('Emily', 'Walsh', 'Rome'), ('Emily', 'Stone', 'Rome'), ('Ota', 'Klein', 'Brno')"
    )
    database = Database(make_database(tmp_path / "people.sqlite", script))
    found = _follow_up(database, "SELECT last_name FROM person WHERE city = 'Brno'", "why is Emily Walsh missing?")
    assert found is not None
    assert found.sql == (
        "SELECT first_name, last_name, city, city = 'Brno' AS \"city = 'Brno'\" FROM person "
        "WHERE first_name = 'Emily' AND last_name = 'Walsh'"
    )


@pytest.mark.parametrize(("sql", "said"), [(SAVINGS, "LIMIT 10"), (f"{KINDS} LIMIT 1", "LIMIT 1")])
def test_what_is_counted_without_its_limit_is_said(databases: dict[str, Database], sql: str, said: str) -> None:
    found = _follow_up(databases["bank"], sql, "how many are there?")
    assert found is not None
    assert found.change == f"counts all the rows, without {said}"


@pytest.mark.parametrize(
    ("name", "sql", "text", "made"),
    [
        ("bank", PRAGUE, "Vienna", "SELECT COUNT(*) FROM customer WHERE city = 'Vienna'"),
        ("bank", PRAGUE, "and in Brno or Graz?", "SELECT COUNT(*) FROM customer WHERE city IN ('Brno', 'Graz')"),
        ("bank", PRAGUE, "what are their names?", "SELECT first_name, last_name FROM customer WHERE city = 'Prague'"),
        ("bank", PRAGUE, "which ones?", "SELECT * FROM customer WHERE city = 'Prague'"),
        (
            "bank",
            PRAGUE,
            "per branch",
            "SELECT branch.name, COUNT(*) FROM customer JOIN branch ON customer.branch_id = branch.branch_id "
            "WHERE customer.city = 'Prague' GROUP BY branch.branch_id",
        ),
        (
            "bank",
            PRAGUE,
            "only those with an open account",
            "SELECT COUNT(*) FROM customer WHERE city = 'Prague' AND customer_id IN "
            "(SELECT account.customer_id FROM account WHERE account.status = 'open')",
        ),
        ("bank", PRAGUE, "not Prague", "SELECT COUNT(*) FROM customer WHERE city <> 'Prague'"),
        (
            "bank",
            PRAGUE,
            "only those born after 1980",
            "SELECT COUNT(*) FROM customer WHERE city = 'Prague' AND birth_date >= '1981-01-01'",
        ),
        # Only what decides by itself which rows there are makes way for another value.
        ("bank", NOT_BOTH, "only those from Vienna", f"{NOT_BOTH} AND city = 'Vienna'"),
        (
            "bank",
            EITHER,
            "only those from Vienna",
            f"{EITHER.replace('WHERE ', 'WHERE (')}) AND city = 'Vienna'",
        ),
        ("bank", OPEN, "only closed", f"{OPEN} WHERE status = 'closed'"),
        ("bank", IS_OPEN, "only closed", f"{IS_OPEN} WHERE status = 'closed'"),
        (
            "bank",
            TWO_CITIES,
            "only those from Vienna",
            "SELECT last_name FROM customer WHERE city = 'Vienna' AND branch_id = 1",
        ),
        (
            "bank",
            TWO_CITIES,
            "without Prague",
            "SELECT last_name FROM customer WHERE city = 'Brno' AND branch_id = 1",
        ),
        ("bank", IN_THE_JOIN, "what about the branch in Prague?", IN_THE_JOIN.replace("Brno", "Prague")),
        (
            "bank",
            "SELECT last_name FROM customer WHERE NOT (city = 'Prague')",
            "only those from Vienna",
            "SELECT last_name FROM customer WHERE city = 'Vienna'",
        ),
        (
            "bank",
            "SELECT last_name FROM customer WHERE city LIKE '%Prague%'",
            "without Prague",
            "SELECT last_name FROM customer WHERE city LIKE '%Prague%' AND city <> 'Prague'",
        ),
        ("bank", SAVINGS, "over 1234567.891k", SAVINGS.replace("5000", "1234567891")),
        ("bank", SAVINGS, "over 0.1234567 thousand", SAVINGS.replace("5000", "123.4567")),
        # A condition on groups keeps what it is about.
        (
            "bank",
            KINDS,
            "the average balance instead",
            "SELECT kind, AVG(balance) FROM account GROUP BY kind HAVING COUNT(*) > 2 ORDER BY AVG(balance) DESC",
        ),
        (
            "bank",
            NAMED,
            "the average balance instead",
            "SELECT kind, AVG(balance) FROM account GROUP BY kind HAVING COUNT(*) > 2 ORDER BY AVG(balance) DESC",
        ),
        (
            "shop",
            OUTER,
            "and the product name",
            OUTER.replace("p.status", "p.status, product.name")
            + " LEFT JOIN product ON i.product_id = product.product_id",
        ),
        ("bank", SAVINGS, "make it 20", SAVINGS.replace("10", "20")),
        ("bank", SAVINGS, "remove the limit", SAVINGS.removesuffix(" LIMIT 10")),
        ("bank", SAVINGS, "over 8000 instead", SAVINGS.replace("5000", "8000")),
        ("bank", SAVINGS, "with a balance under 6000", SAVINGS.replace("> 5000", "> 5000 AND balance < 6000")),
        ("bank", SAVINGS, "regardless of kind", SAVINGS.replace("kind = 'savings' AND ", "")),
        (
            "bank",
            SAVINGS,
            "how many are there?",
            "SELECT COUNT(*) FROM account WHERE kind = 'savings' AND balance > 5000",
        ),
        (
            "bank",
            f"{KINDS} LIMIT 1",
            "how many are there?",
            "SELECT COUNT(*) FROM (SELECT kind, COUNT(*) FROM account GROUP BY kind HAVING COUNT(*) > 2)",
        ),
        (
            "bank",
            SAVINGS,
            "since 2021",
            SAVINGS.replace("> 5000", "> 5000 AND opened_on >= '2021-01-01'"),
        ),
        (
            "bank",
            YEARLY,
            "by month instead",
            "SELECT STRFTIME('%Y-%m', paid_on), SUM(amount) AS total FROM payment WHERE currency = 'EUR' "
            "GROUP BY STRFTIME('%Y-%m', paid_on)",
        ),
        ("bank", BRANCHES, "what about Vienna?", BRANCHES.replace("Prague", "Vienna")),
        ("bank", BRNO, "only those from Prague", BRNO.replace("Brno", "Prague")),
        ("bank", BOTH, "how many are there?", f"SELECT COUNT(*) FROM ({BOTH})"),
        ("concerts", OLDEST, "the other way round", OLDEST.replace("MAX", "MIN")),
        ("concerts", AGES, "more than 3", AGES.replace("> 2", "> 3")),
        ("concerts", AGES, "and the maximum", AGES.replace("AVG(age)", "AVG(age), MAX(age)")),
        (
            "concerts",
            AGES,
            "without France",
            AGES.replace("FROM singer", "FROM singer WHERE (country <> 'France' OR country IS NULL)"),
        ),
        (
            "concerts",
            TITLES,
            "only concerts with Ana Torres",
            "SELECT title FROM concert WHERE concert_id IN (SELECT performance.concert_id FROM performance "
            "JOIN singer ON performance.singer_id = singer.singer_id WHERE singer.name = 'Ana Torres')",
        ),
        (
            "concerts",
            TITLES,
            "only in 2019, latest first",
            "SELECT title FROM concert WHERE year = 2019 ORDER BY year DESC",
        ),
        (
            "shop",
            MARCH,
            "and in April?",
            "SELECT COUNT(*) FROM purchase WHERE STRFTIME('%Y-%m', bought_at) = '2023-04'",
        ),
        ("shop", MARCH, "for all dates", "SELECT COUNT(*) FROM purchase"),
    ],
)
def test_the_last_sql_is_changed(databases: dict[str, Database], name: str, sql: str, text: str, made: str) -> None:
    found = _follow_up(databases[name], sql, text)
    assert found is not None
    assert found.sql == made
    assert found.change


@pytest.mark.parametrize(
    ("name", "sql", "texts"),
    [
        (
            "bank",
            PRAGUE,
            [
                "How many accounts are there?",
                "and accounts?",
                "what about accounts in Vienna?",
                "and the others?",
                "Berlin",
                "and in Berlin?",
                "customers",
                "excluding Brno",
                "and per kind",
                "top 5",
                "sorted by name",
                "the total balance",
                "and who has the highest balance?",
                "for 2023",
                "undo",
            ],
        ),
        ("bank", SAVINGS, ["what is the average balance of all accounts?", "and their owners", "the last 3"]),
        ("bank", BOTH, ["only from Graz", "top 3"]),
        # What is compared with the value elsewhere would have to change as well.
        ("bank", EITHER, ["and in Vienna?", "what about Vienna?"]),
        ("bank", OPEN, ["and closed?", "what about closed?"]),
        ("bank", IS_OPEN, ["and closed?"]),
        ("bank", IN_THE_JOIN, ["without Brno"]),
        ("bank", "SELECT kind FROM account WHERE balance * 2 > opened_on", ["make it 20"]),
        # The parser would take twice as long for every further level.
        ("bank", f"SELECT {'date(' * 12}birth_date{')' * 12} FROM customer", ["only from Graz", "top 3"]),
        ("bank", BRNO, ["show the branch name", "per month"]),
        # The youngest of France are not those of the youngest who are from France.
        ("concerts", OLDEST, ["only from France", "and from Spain?"]),
        ("concerts", TITLES, ["names too", "by city", "List all stadiums in Rome."]),
        ("concerts", "SELECT", ["top 5", "how many are there?"]),
        ("concerts", "WITH a AS (SELECT 1) SELECT * FROM a", ["only from France"]),
    ],
)
def test_whatever_is_not_surely_one_is_left_alone(
    databases: dict[str, Database], name: str, sql: str, texts: Sequence[str]
) -> None:
    assert [text for text in texts if _follow_up(databases[name], sql, text)] == []


def test_what_was_changed_is_said(databases: dict[str, Database]) -> None:
    found = _follow_up(databases["bank"], PRAGUE, "what about Vienna?")
    assert found is not None
    assert found.change == "customer.city: 'Vienna' instead of 'Prague'"
    both = _follow_up(databases["bank"], "SELECT last_name FROM customer", "only from Graz, sorted by last name")
    assert both is not None
    assert both.change == "only rows where city = 'Graz'; sorted by last_name"


def test_a_missing_row_is_shown_with_the_conditions_that_it_fails(databases: dict[str, Database]) -> None:
    found = _follow_up(
        databases["concerts"], "SELECT name FROM singer WHERE age > 40 LIMIT 3", "why is Ana Torres missing?"
    )
    assert found is not None
    assert found.sql == "SELECT name, age, age > 40 AS \"age > 40\" FROM singer WHERE name = 'Ana Torres'"
    assert found.change.endswith("the query also has a limit on its rows")


def test_what_does_not_compile_is_no_follow_up(databases: dict[str, Database]) -> None:
    bank = databases["bank"]
    assert follow_up("what about Vienna?", PRAGUE, bank.schema(), bank.values(Cancel()), lambda _: False) is None


def test_two_keys_to_one_table_are_never_guessed(tmp_path: Path) -> None:
    script = """
    CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE flight (id INTEGER PRIMARY KEY, start_id INT REFERENCES city(id), end_id INT REFERENCES city(id));
    INSERT INTO city VALUES (1, 'Oslo'); INSERT INTO flight VALUES (1, 1, 1);
    """
    database = Database(make_database(tmp_path / "flights.sqlite", script))
    assert _follow_up(database, "SELECT COUNT(*) FROM flight", "only from Oslo") is None


def test_reserved_and_spaced_names_are_quoted(tmp_path: Path) -> None:
    script = """
    CREATE TABLE "order" (id INTEGER PRIMARY KEY, "ship city" TEXT, "order date" DATE);
    INSERT INTO "order" VALUES (1, 'Oslo', '2023-01-02');
    """
    database = Database(make_database(tmp_path / "orders.sqlite", script))
    found = _follow_up(database, 'SELECT COUNT(*) FROM "order"', "only those from Oslo")
    assert found is not None
    assert found.sql == 'SELECT COUNT(*) FROM "order" WHERE "ship city" = \'Oslo\''
