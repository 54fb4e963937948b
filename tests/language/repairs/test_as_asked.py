"""An order and a comparison that the question names in so many words; a join that says nothing is left out."""

import pytest

from tests.language.repairs.workbench import Workbench

_NAMES = "SELECT full_name FROM customer"


@pytest.mark.parametrize(
    ("question", "sql", "mended"),
    [
        ("names in descending order", f"{_NAMES} ORDER BY full_name", f"{_NAMES} ORDER BY full_name DESC"),
        ("names in reverse alphabetical order", f"{_NAMES} ORDER BY city", f"{_NAMES} ORDER BY city DESC"),
        ("names in reversed lexicographical order", f"{_NAMES} ORDER BY city", f"{_NAMES} ORDER BY city DESC"),
        ("names in alphabetical order", f"{_NAMES} ORDER BY city DESC", f"{_NAMES} ORDER BY city ASC"),
        (
            "products from the lowest to the highest price",
            "SELECT product_name FROM product ORDER BY price DESC",
            "SELECT product_name FROM product ORDER BY price ASC",
        ),
        (
            "purchases in 2 or more pieces",
            "SELECT product_name FROM product WHERE stock = 2",
            "SELECT product_name FROM product WHERE stock >= 2",
        ),
        (
            "products of which there are more than seven",
            "SELECT product_name FROM product WHERE stock = 7",
            "SELECT product_name FROM product WHERE stock > 7",
        ),
        (
            "who bought at least 2 things?",
            "SELECT customer_id FROM purchase GROUP BY customer_id HAVING COUNT(*) = 2",
            "SELECT customer_id FROM purchase GROUP BY customer_id HAVING COUNT(*) >= 2",
        ),
        (
            "voyages of no more than 300 miles",
            "SELECT voyage_id FROM voyage WHERE miles = 300",
            "SELECT voyage_id FROM voyage WHERE miles <= 300",
        ),
        (
            "voyages between 300 and 305 miles",
            "SELECT voyage_id FROM voyage WHERE miles = 300",
            "SELECT voyage_id FROM voyage WHERE miles BETWEEN 300 AND 305",
        ),
        (
            "purchases from 2024-01-01 to 2024-05-31",
            "SELECT purchase_id FROM purchase WHERE transaction_date >= '2024-01-01'",
            "SELECT purchase_id FROM purchase WHERE transaction_date BETWEEN '2024-01-01' AND '2024-05-31'",
        ),
        (
            "where do customers live?",
            "SELECT customer.city FROM customer JOIN country ON country.code = country.code",
            "SELECT customer.city FROM customer",
        ),
    ],
)
def test_what_the_question_says_is_written(shop: Workbench, question: str, sql: str, mended: str) -> None:
    found, (line,) = shop.repaired(sql, question)
    assert found == mended
    assert "→" in line


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("names in descending order", f"{_NAMES} ORDER BY full_name DESC"),
        ("names in ascending order of city and descending order of name", f"{_NAMES} ORDER BY city"),
        ("the last in alphabetical order", f"{_NAMES} ORDER BY full_name DESC LIMIT 1"),
        ("two keys, descending", f"{_NAMES} ORDER BY city, full_name"),
        ("from the oldest to the youngest purchase", "SELECT * FROM purchase ORDER BY transaction_date"),
        ("exactly 2 in stock", "SELECT product_name FROM product WHERE stock = 2"),
        ("not more than 2, or 2 exactly", "SELECT product_name FROM product WHERE stock = 2"),
        ("those that do not have more than 2", "SELECT product_name FROM product WHERE stock = 2"),
        ("more than 2", "SELECT product_name FROM product WHERE stock = 2 OR price = 2"),
        ("more than 2", "SELECT product_name FROM product WHERE stock >= 2"),
        ("products older than 7", "SELECT product_name FROM product WHERE stock = 7"),
        ("between 2 and 7", "SELECT product_name FROM product WHERE stock BETWEEN 2 AND 7"),
        ("between 2 and 7", "SELECT product_name FROM product WHERE stock = 2 AND price = 7"),
        ("from 2 and 7", "SELECT product_name FROM product WHERE stock = 2"),
        ("between 2 and 7", "SELECT product_name FROM product WHERE LENGTH(product_name) = 2"),
        ("after 20", "SELECT product_name FROM product WHERE product_name = '20'"),
        (
            "where do customers from Norway live?",
            "SELECT customer.city FROM customer JOIN country ON country.code = country.code WHERE country.name = 'x'",
        ),
        ("all of it", "SELECT * FROM customer JOIN country ON country.code = country.code"),
    ],
)
def test_what_may_be_meant_is_left(shop: Workbench, question: str, sql: str) -> None:
    assert shop.repaired(sql, question) == (sql, ())


def test_the_order_of_ages_is_that_of_the_words(shop: Workbench) -> None:
    sql = "SELECT full_name, LENGTH(full_name) AS age FROM customer ORDER BY age"
    found, _ = shop.repaired(sql, "names by age from the oldest to the youngest")
    assert found == f"{sql} DESC"
