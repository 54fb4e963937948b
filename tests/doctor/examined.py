"""A small bank with what makes results empty and odd, and what the doctor says of a statement on it."""

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.execute import Limits
from nl2sql_tui.database.file import Database
from nl2sql_tui.doctor import Diagnosis, ResultFacts, examine

BANK = """
CREATE TABLE branch (id INTEGER PRIMARY KEY, city TEXT);
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER, branch_id INTEGER REFERENCES branch);
CREATE TABLE account (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, balance REAL);
CREATE TABLE card (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, kind TEXT);
CREATE TABLE loan (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, amount REAL);
INSERT INTO branch VALUES (1, 'Prague'), (2, 'Brno'), (3, 'Ostrava');
INSERT INTO customer VALUES (1, 'Eva Nová', 'Prague', 30, 1), (2, 'Jan Malý', 'Brno', 40, 1);
INSERT INTO customer VALUES (3, 'Ota', 'Brno', NULL, 2);
INSERT INTO account VALUES (1, 1, 100), (2, 1, 200), (3, 1, NULL), (4, 2, 50);
INSERT INTO card VALUES (1, 99, 'gold');
CREATE TABLE place (room TEXT NOT NULL, floor TEXT NOT NULL, size INTEGER, PRIMARY KEY (room, floor));
CREATE TABLE visit (room TEXT, floor TEXT);
INSERT INTO place VALUES ('a/b', 'c', 10), ('a', 'b/c', 20);
INSERT INTO visit VALUES ('a/b', 'c'), ('a/b', 'c'), ('a', 'b/c'), ('a', 'b/c');
CREATE TABLE tag (name TEXT PRIMARY KEY, n INTEGER);
INSERT INTO tag VALUES (NULL, 1), (NULL, 2), ('red', 3), ('blue', 1);
"""


def diagnosed(database: Database, sql: str) -> Diagnosis:
    """What the doctor says of `sql` once it has run."""
    result = database.fetch_all(sql, Cancel(), Limits())
    assert result.ending.error is None
    first = result.rows[0] if result.rows else None
    # A generous time, so that a slow computer finds the same.
    return examine(database, sql, ResultFacts(len(result.rows), first), Cancel(), seconds=60)


def rows(database: Database, sql: str | None) -> list[tuple[object, ...]]:
    assert sql is not None
    return list(database.fetch_all(sql, Cancel(), Limits()).rows)
