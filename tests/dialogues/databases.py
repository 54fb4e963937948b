"""Three small databases for the dialogues, made row by row from fixed lists and a seeded generator."""

import random
import sqlite3
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

_SEED: Final = 14

_BANK: Final = """
CREATE TABLE branch (branch_id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL,
    city TEXT NOT NULL, birth_date DATE, branch_id INTEGER NOT NULL REFERENCES branch(branch_id));
CREATE TABLE account (account_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer(customer_id),
    kind TEXT NOT NULL, balance REAL NOT NULL, opened_on DATE NOT NULL, status TEXT NOT NULL);
CREATE TABLE payment (payment_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account(account_id),
    amount REAL NOT NULL, currency TEXT NOT NULL, paid_on DATE NOT NULL);
"""
_CONCERTS: Final = """
CREATE TABLE singer (singer_id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT, age INTEGER, genre TEXT NOT NULL);
CREATE TABLE stadium (stadium_id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL, capacity INTEGER);
CREATE TABLE concert (concert_id INTEGER PRIMARY KEY, title TEXT NOT NULL, year INTEGER NOT NULL,
    stadium_id INTEGER NOT NULL REFERENCES stadium(stadium_id), attendance INTEGER NOT NULL);
CREATE TABLE performance (concert_id INTEGER NOT NULL REFERENCES concert(concert_id),
    singer_id INTEGER NOT NULL REFERENCES singer(singer_id), fee REAL NOT NULL, PRIMARY KEY (concert_id, singer_id));
"""
_SHOP: Final = """
CREATE TABLE category (category_id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE product (product_id INTEGER PRIMARY KEY, name TEXT NOT NULL,
    category_id INTEGER NOT NULL REFERENCES category(category_id), price REAL NOT NULL, stock INTEGER NOT NULL,
    color TEXT NOT NULL);
CREATE TABLE buyer (buyer_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, email TEXT, country TEXT NOT NULL);
CREATE TABLE purchase (purchase_id INTEGER PRIMARY KEY, buyer_id INTEGER NOT NULL REFERENCES buyer(buyer_id),
    bought_at DATETIME NOT NULL, status TEXT NOT NULL);
CREATE TABLE item (purchase_id INTEGER NOT NULL REFERENCES purchase(purchase_id),
    product_id INTEGER NOT NULL REFERENCES product(product_id), quantity INTEGER NOT NULL, unit_price REAL NOT NULL,
    PRIMARY KEY (purchase_id, product_id));
"""
_FIRST: Final = ("Ana", "Ben", "Carla", "David", "Eva", "Felix", "Greta", "Hugo", "Ines", "Jan")
_LAST: Final = (
    "Torres",
    "Novak",
    "Weber",
    "Rossi",
    "Moreau",
    "Dvorak",
    "Silva",
    "Klein",
    "Bauer",
    "Costa",
    "Prochazka",
)
_THINGS: Final = ("Lamp", "Chair", "Kite", "Robot", "Atlas", "Novel", "Mug", "Clock", "Drum", "Rug", "Ball", "Vase")


def _people(dice: random.Random, count: int) -> list[tuple[str, str]]:
    everyone = [(first, last) for first in _FIRST for last in _LAST]
    dice.shuffle(everyone)
    return everyone[:count]


def _day(dice: random.Random, first: date, days: int) -> str:
    return (first + timedelta(days=dice.randrange(days))).isoformat()


def _fill_bank(connection: sqlite3.Connection, dice: random.Random) -> None:
    cities = ("Prague", "Vienna", "Brno", "Graz")
    branches = [(place + 1, f"{city} Centre", city) for place, city in enumerate(cities)]
    customers = [
        (number, *name, dice.choice(cities), _day(dice, date(1950, 1, 1), 18_000), dice.randrange(4) + 1)
        for number, name in enumerate(_people(dice, 50), 1)
    ]
    accounts = [
        (
            number,
            dice.randrange(50) + 1,
            dice.choice(("savings", "savings", "current", "current", "current", "deposit")),
            round(dice.uniform(-200, 12_000), 2),
            _day(dice, date(2019, 1, 1), 1_800),
            dice.choice(("open", "open", "closed")),
        )
        for number in range(1, 91)
    ]
    payments = [
        (
            number,
            dice.randrange(90) + 1,
            round(dice.uniform(1, 1_000), 2),
            dice.choice(("EUR", "EUR", "CZK")),
            _day(dice, date(2022, 1, 1), 1_000),
        )
        for number in range(1, 401)
    ]
    _insert(connection, branch=branches, customer=customers, account=accounts, payment=payments)


def _fill_concerts(connection: sqlite3.Connection, dice: random.Random) -> None:
    countries = ("France", "Spain", "Italy", "Norway", None)
    singers: list[tuple[object, ...]] = [(1, "Ana Torres", "Spain", 33, "jazz")]
    names = [name for name in _people(dice, 40) if name != ("Ana", "Torres")]
    singers += [
        (number, " ".join(name), dice.choice(countries), dice.randrange(18, 80), dice.choice(("jazz", "pop", "rock")))
        for number, name in enumerate(names, 2)
    ]
    stadiums = [
        (1, "Arena Norte", "Madrid", 61_000),
        (2, "Stadio Alto", "Rome", 72_500),
        (3, "Parc du Lac", "Lyon", 18_000),
        (4, "Campo Verde", "Madrid", 12_400),
        (5, "Fjordhallen", "Oslo", 25_300),
    ]
    concerts = [
        (number, f"Evening {number}", dice.randrange(2017, 2022), dice.randrange(5) + 1, 1_000 + 137 * number)
        for number in range(1, 41)
    ]
    performances = [
        (concert, singer, round(dice.uniform(200, 9_000), 2))
        for concert in range(1, 41)
        for singer in dice.sample(range(1, len(singers) + 1), 2)
    ]
    _insert(connection, singer=singers, stadium=stadiums, concert=concerts, performance=performances)


def _fill_shop(connection: sqlite3.Connection, dice: random.Random) -> None:
    categories = [(1, "Toys"), (2, "Books"), (3, "Home"), (4, "Music")]
    products = [
        (number, f"{size} {thing}", dice.randrange(4) + 1, price, dice.choice((0, 3, 7, 12, 40)), color)
        for number, (size, thing, price, color) in enumerate(
            (
                (size, thing, round(dice.uniform(4, 180), 2), dice.choice(("red", "blue", "green")))
                for size in ("Small", "Large", "Plain")
                for thing in _THINGS
            ),
            1,
        )
    ]
    buyers = [
        (
            number,
            " ".join(name),
            None if number % 6 == 0 else f"{name[0]}.{name[1]}@post.example".lower(),
            dice.choice(("Germany", "France", "Spain")),
        )
        for number, name in enumerate(_people(dice, 40), 1)
    ]
    purchases = [
        (
            number,
            dice.randrange(40) + 1,
            f"{_day(dice, date(2022, 1, 1), 730)} {dice.randrange(24):02}:{dice.randrange(60):02}:00",
            dice.choice(("delivered", "delivered", "cancelled", "pending")),
        )
        for number in range(1, 301)
    ]
    items = [
        (purchase, product, dice.randrange(1, 5), round(dice.uniform(4, 180), 2))
        for purchase in range(1, 301)
        for product in dice.sample(range(1, len(products) + 1), 2)
    ]
    _insert(connection, category=categories, product=products, buyer=buyers, purchase=purchases, item=items)


def _insert(connection: sqlite3.Connection, **tables: Sequence[tuple[object, ...]]) -> None:
    for table, rows in tables.items():
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


_MADE_BY: Final[dict[str, tuple[str, Callable[[sqlite3.Connection, random.Random], None]]]] = {
    "bank": (_BANK, _fill_bank),
    "concerts": (_CONCERTS, _fill_concerts),
    "shop": (_SHOP, _fill_shop),
}
NAMES: Final = tuple(_MADE_BY)


def make(name: str, folder: Path) -> Path:
    """Make the database of that name in `folder`; its rows are the same each time."""
    script, fill = _MADE_BY[name]
    path = folder / f"{name}.sqlite"
    connection = sqlite3.connect(path)
    try:
        connection.executescript(script)
        fill(connection, random.Random(_SEED))
        connection.commit()
    finally:
        connection.close()
    return path
