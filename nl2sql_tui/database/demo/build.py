"""Fills a SQLite connection with the demo bank; where the file goes, others decide."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from nl2sql_tui.database.demo.dice import Dice
from nl2sql_tui.database.demo.ledger import Ledger
from nl2sql_tui.database.demo.people import found_bank
from nl2sql_tui.database.demo.plans import Planner
from nl2sql_tui.database.demo.tables import CREATE_INDEXES, CREATE_TABLES

_SEED: Final = 20230101


def build(connection: sqlite3.Connection) -> None:
    """Create the tables and put in the rows, the same ones every time."""
    dice = Dice(_SEED)
    bank = found_bank(dice)
    books = Ledger(dice, bank).book(Planner(dice, bank).plans())
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(CREATE_TABLES)
    with connection:
        _insert(connection, "branch", bank.branches)
        _insert(connection, "customer", [person.row for person in bank.people])
        _insert(connection, "account", books.accounts)
        _insert(connection, "merchant", bank.merchants)
        _insert(connection, "card", [card.row for card in bank.cards])
        _insert(connection, "loan", books.loans)
        _insert(connection, "transaction", books.transactions)
        _insert(connection, "card_payment", books.card_payments)
    connection.executescript(CREATE_INDEXES)


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[Sequence[object]]) -> None:
    places = ", ".join("?" * len(rows[0]))
    connection.executemany(f'INSERT INTO "{table}" VALUES ({places})', rows)
