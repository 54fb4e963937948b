"""A database in memory on which a repaired statement can be tried, and the lookups that repairs ask."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.repair import repaired
from tests.databases import make_database

SHOP = """
CREATE TABLE country (code TEXT PRIMARY KEY, name TEXT, SurfaceArea REAL);
CREATE TABLE customer (
    customer_id INTEGER PRIMARY KEY, full_name TEXT, city TEXT, country_code TEXT REFERENCES country(code)
);
CREATE TABLE product (product_id INTEGER PRIMARY KEY, product_name TEXT, price INTEGER, stock INTEGER);
CREATE TABLE purchase (
    purchase_id INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES customer,
    product_id INTEGER REFERENCES product,
    transaction_date DATE
);
CREATE TABLE port (port_id INTEGER PRIMARY KEY, harbour TEXT);
CREATE TABLE voyage (
    voyage_id INTEGER PRIMARY KEY,
    departure_port INTEGER REFERENCES port(port_id),
    arrival_port INTEGER REFERENCES port(port_id),
    miles INTEGER
);
INSERT INTO country VALUES ('FR', 'France', 643801.0), ('NO', 'Norway', 385207.0);
INSERT INTO customer VALUES (1, 'Anna Berg', 'Oslo', 'NO'), (2, 'Luc Petit', 'Lyon', 'FR'), (3, 'Ada', 'Nice', 'FR');
INSERT INTO product VALUES (1, 'Lantern', 20, 7), (2, 'Compass', 35, 4);
INSERT INTO purchase VALUES (1, 1, 1, '2023-04-01'), (2, 2, 1, '2024-05-02'), (3, 2, 2, '2024-06-03');
INSERT INTO port VALUES (1, 'Bergen'), (2, 'Leith');
INSERT INTO voyage VALUES (1, 1, 2, 300), (2, 2, 1, 310);
"""


class Workbench:
    """Repairs statements against one database."""

    def __init__(self, folder: Path, script: str = SHOP) -> None:
        self.path = make_database(folder / "workbench.sqlite", script)
        self.database = Database(self.path)

    def repaired(self, sql: str, question: str = "") -> tuple[str, tuple[str, ...]]:
        """What the assistant would make of `sql`."""
        values = self.database.values(Cancel())
        return repaired(
            sql,
            self.database.schema(),
            question,
            link_values(question, values, self.database.schema()),
            values,
            self.database.cells(Cancel()),
            lambda text: self.database.check(text).valid,
        )

    def rows(self, sql: str) -> Sequence[tuple[object, ...]]:
        """The rows of a statement."""
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
