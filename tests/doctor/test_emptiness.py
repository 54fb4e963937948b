"""The causes of empty results, on small real databases: each is named, and what is offered gives rows."""

from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.doctor import ResultFacts, examine
from tests.databases import make_database
from tests.doctor.examined import diagnosed, rows


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
        ("SELECT name FROM customer WHERE age IN (90, 91)", " age goes from 30 to 40."),
        ("SELECT name FROM customer WHERE 90 = age", " age goes from 30 to 40."),
        ("SELECT name FROM customer WHERE age IN (SELECT id FROM loan)", ""),
        ("SELECT name FROM customer WHERE age = id + 90", ""),
        ("SELECT name FROM customer WHERE city = 'x'", ""),
        ("SELECT name FROM customer WHERE LOWER(city) = 'x'", ""),
        ("SELECT name FROM customer WHERE city LIKE 'x%'", ""),
        ("SELECT name FROM customer WHERE age + 1 > 90", ""),
    ],
)
def test_what_a_column_holds_is_told_beside_an_end_of_a_range(bank: Database, sql: str, words: str) -> None:
    text = diagnosed(bank, sql).findings[0].text
    assert text.startswith("No row meets this condition: ")
    assert text.endswith(words or text.partition(". ")[0])


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("STRFTIME('%Y', day) = '2010'", ". The year of day goes from '2021' to '2025'."),
        ("CAST(STRFTIME('%Y', day) AS INTEGER) = 2010", "goes from 2021 to 2025."),
        ("day LIKE '2010%'", "day goes from '2021-03-01' to '2025-07-31 10:00:00'."),
        ("day = '2010-01-01'", "day goes from '2021-03-01' to '2025-07-31 10:00:00'."),
        ("day BETWEEN '2010-01-01' AND '2010-12-31'", "day goes from '2021-03-01' to '2025-07-31 10:00:00'."),
        ("year IN (2010, 2011)", "year goes from 2021 to 2025."),
    ],
)
def test_the_span_that_is_stored_is_told_of_dates_and_years(tmp_path: Path, condition: str, words: str) -> None:
    script = (
        "CREATE TABLE sale (day TEXT, year INTEGER);"
        "INSERT INTO sale VALUES ('2021-03-01', 2021), ('2025-07-31 10:00:00', 2025), (NULL, NULL);"
    )
    database = Database(make_database(tmp_path / "sales.sqlite", script))
    (finding,) = diagnosed(database, f"SELECT COUNT(*) FROM sale WHERE {condition}").findings
    assert finding.text.startswith("No row meets this condition: ")
    assert finding.text.endswith(words)


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


def test_two_queries_that_give_rows_together_are_left_alone(bank: Database) -> None:
    assert diagnosed(bank, "SELECT id FROM branch EXCEPT SELECT id FROM customer WHERE id > 1").findings == ()
    assert diagnosed(bank, "SELECT id FROM branch INTERSECT SELECT id FROM customer").findings == ()
