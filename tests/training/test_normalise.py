"""SQL of many hands in one form, with the same meaning."""

import sqlite3

import pytest

from nl2sql_tui.schema import Column, Schema, Table
from nl2sql_tui.training.normalise import normalised


def _table(name: str, *columns: str) -> Table:
    return Table(name, tuple(Column(column, "") for column in columns))


SCHEMA = Schema(
    (
        _table("Singer", "Singer_ID", "Name", "Country"),
        _table("concert", "concert_ID", "Singer_ID", "Year"),
        _table("transaction", "id", "amount per day"),
    )
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("select count(*)   from singer;", "SELECT COUNT(*) FROM Singer"),
        ('SELECT name FROM singer WHERE country = "France"', "SELECT Name FROM Singer WHERE Country = 'France'"),
        ("SELECT T1.name FROM singer AS T1", "SELECT Name FROM Singer"),
        (
            "SELECT name FROM singer T1 JOIN concert T2 ON T1.singer_id = T2.singer_id WHERE year = 2014",
            "SELECT Singer.Name FROM Singer JOIN concert ON Singer.Singer_ID = concert.Singer_ID "
            "WHERE concert.Year = 2014",
        ),
        (
            "SELECT a.name FROM singer a JOIN singer b ON a.country = b.country",
            "SELECT a.Name FROM Singer AS a JOIN Singer AS b ON a.Country = b.Country",
        ),
        ('SELECT "amount per day" FROM "transaction"', 'SELECT "amount per day" FROM "transaction"'),
        (
            "SELECT name FROM singer WHERE singer_id IN (SELECT T1.singer_id FROM concert AS T1)",
            "SELECT Name FROM Singer WHERE Singer_ID IN (SELECT concert.Singer_ID FROM concert)",
        ),
        (
            "WITH c AS (SELECT T1.singer_id FROM concert T1) "
            "SELECT T1.name FROM singer T1 JOIN c ON c.singer_id = T1.singer_id",
            "WITH c AS (SELECT concert.Singer_ID FROM concert) SELECT Singer.Name FROM Singer JOIN c "
            "ON c.Singer_ID = Singer.Singer_ID",
        ),
        (
            "SELECT name FROM singer AS T1 WHERE singer_id > "
            "(SELECT AVG(T2.singer_id) FROM singer AS T2 WHERE T2.country = T1.country)",
            "SELECT Name FROM Singer AS T1 WHERE Singer_ID > "
            "(SELECT AVG(Singer.Singer_ID) FROM Singer WHERE Singer.Country = T1.Country)",
        ),
        (
            'SELECT country, count(*) AS "Total" FROM singer GROUP BY country ORDER BY "Total" DESC',
            "SELECT Country, COUNT(*) AS Total FROM Singer GROUP BY Country ORDER BY Total DESC",
        ),
        ('SELECT `nme` FROM singer WHERE country = "x"', "SELECT nme FROM Singer WHERE Country = 'x'"),
        ("SELECT name -- who\nFROM singer", "SELECT Name FROM Singer"),
    ],
)
def test_one_form(written: str, expected: str) -> None:
    result = normalised(written, SCHEMA)
    assert result is not None
    assert result == expected
    database = sqlite3.connect(":memory:")
    database.executescript(
        "CREATE TABLE Singer(Singer_ID, Name, Country); CREATE TABLE concert(concert_ID, Singer_ID, Year);"
        'CREATE TABLE "transaction"(id, "amount per day")'
    )
    if "nme" not in written:  # a name that does not exist must not become a text that compiles
        database.execute(f"EXPLAIN {result}")


@pytest.mark.parametrize("text", ["", "not SQL (", "SELECT 1; SELECT 2", "DELETE FROM singer", "DROP TABLE singer"])
def test_what_is_no_single_query_is_refused(text: str) -> None:
    assert normalised(text, SCHEMA) is None
