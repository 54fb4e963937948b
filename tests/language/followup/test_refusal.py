"""Which texts are refused where they cannot be applied to the last answer, and with which reason."""

from pathlib import Path

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.language.followup.refusal import needs_the_last, why_not
from tests.dialogues.databases import make


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Database:
    folder: Path = tmp_path_factory.mktemp("refusals")
    return Database(make("bank", folder))


@pytest.mark.parametrize(
    "text",
    [
        "and per year",
        "and the other way round",
        "why is Emily Walsh missing?",
        "and their names",
        "their names too",
        "how many are there?",
        "what about Germany?",
        "only for 2010",
        "in Germany",
        "and Germany",
        "sorted by name",
        "those from Prague",
        "which of them are rock?",
        "Who owns them?",
        "without a limit",
    ],
)
def test_what_says_nothing_by_itself(text: str) -> None:
    assert needs_the_last(text)


@pytest.mark.parametrize(
    "text",
    [
        "And the names of the stadiums in Rome?",
        "and which customers are from Brazil?",
        "Show the products they bought.",
        "all customers",
        "all albums and their artists",
        "customers from Brazil only",
        "only customers from Brazil",
        "Find those tracks that are longer than 5 minutes",
        "Now show all albums",
        "then list the tracks",
        "In which country is Paris?",
        "In 2010 how many invoices?",
        "customer count",
        "top 5 customers",
        "how many have the same age as Anna?",
        "for each country the number of customers",
        "For each city, list their names in decreasing order by their highest station latitude.",
        "What are the department names and how many employees work in each of them?",
        "With which kind of payment method were the least number of payments processed?",
        "order the tracks by length",
    ],
)
def test_what_may_be_a_whole_question_is_left_to_be_asked(text: str) -> None:
    assert not needs_the_last(text)


@pytest.mark.parametrize(
    ("sql", "text", "reason"),
    [
        (
            "SELECT city, COUNT(*) FROM customer GROUP BY city ORDER BY COUNT(*) DESC LIMIT 2",
            "and per year",
            "it has a limit on its rows, which says nothing of each group; “no limit” lifts it",
        ),
        ("SELECT COUNT(*) FROM customer", "per planet", "it has no column, or no single one, for “planet”"),
        ("SELECT DISTINCT city FROM customer", "per branch", "its rows depend on all the others"),
        (
            "SELECT first_name FROM customer",
            "and the other way round",
            "it has no order, no maximum or minimum and no single comparison to turn round",
        ),
        ("SELECT last_name FROM customer", "why is Klein missing?", "it has no condition that leaves a row out"),
        (
            "SELECT last_name FROM customer WHERE city = 'Brno'",
            "why is Emily Walsh missing?",
            "no column of the tables that it reads holds “Emily Walsh”, or several do",
        ),
        (
            "SELECT first_name, last_name FROM customer",
            "and their names",
            "it shows customer.first_name, customer.last_name already",
        ),
        ("SELECT city, COUNT(*) FROM customer GROUP BY city", "their last names too", "customer.last_name is not one"),
        ("SELECT city FROM customer", "their hats too", "no single column that it can reach is called “hats”"),
        ("SELECT city FROM customer", "only for 2010", "it is not clear which column “for 2010” is about"),
        ("SELECT COUNT(*) FROM customer", "how many are there?", "it is one number already"),
        ("SELECT COUNT(*) FROM customer", "top 5", "it is one row"),
        ("SELECT city FROM customer", "no limit", "it has no limit"),
        ("SELECT city FROM customer", "who owns them?", "its SQL does not tell what the words refer to"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "top 5", "its SQL is more than one plain SELECT from tables"),
    ],
)
def test_the_reason_is_that_of_the_last_sql(bank: Database, sql: str, text: str, reason: str) -> None:
    assert needs_the_last(text)
    assert why_not(text, sql, bank.schema()).startswith(reason)
