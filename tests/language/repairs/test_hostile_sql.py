"""A hostile text costs no more than a look at its size, and never an exception."""

import pytest

from nl2sql_tui.language.syntax import LONGEST
from tests.language.repairs.workbench import Workbench


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "x" * 1_000_000 + " FROM customer",
        "SELECT " + "(" * 10_000 + "price" + ")" * 10_000 + " FROM customer",
        "SELECT " + "(" * 250 + "price" + ")" * 250 + " FROM customer",
        "SELECT " + "NOT " * 2_500 + "price FROM customer",
        "SELECT " + "- " * 2_500 + "price FROM customer",
        "SELECT " + "CASE WHEN " * 700 + "price FROM customer",
        "SELECT price FROM " + "(SELECT * FROM " * 140 + "customer" + ")" * 140,
        "SELECT " + " || ".join(["price"] * 1_400) + " FROM customer",
        "SELECT " + ", ".join(f"missing_{n}" for n in range(1_400)) + " FROM customer",
        "SELECT * FROM " + ", ".join(f"customer AS c{n}" for n in range(400)) + " WHERE price = 1",
        "SELECT " + "date(" * 17 + "price" + ")" * 17 + " FROM customer",
        "SELECT price FROM customer" + " JOIN product" * 20,
        "SELECT 1 /*" + "*" * (LONGEST - 100),
        "SELECT '" + "'" * 999,
        "\x00\x1b]52;c;aGk=\x07 SELECT \ud800",
    ],
)
def test_hostile_texts_end_in_time_and_compile_or_stay(shop: Workbench, sql: str) -> None:
    found, lines = shop.repaired(sql, "What is the average price?")
    assert found == sql or (lines and shop.database.check(found).valid)
