"""Databases of any number of tables, with invented names and values, and questions on them."""

import os
import random
import sqlite3
from pathlib import Path

_ROWS = 100
_SYLLABLES = "ba co du fe gi ha jo ku la me ni po ra se ti vo wu ya zo".split()


def _word(dice: random.Random) -> str:
    return "".join(dice.choice(_SYLLABLES) for _ in range(dice.randint(2, 4)))


def synthetic_database(file: Path, tables: int, dice: random.Random) -> list[str]:
    """Make a database of that many tables in `file`; give at most 30 questions on it, one in three misspelling."""
    vocabulary = [_word(dice) for _ in range(200)]
    questions = []
    before = ""
    connection = sqlite3.connect(file)
    for number in range(tables):
        name = f"{dice.choice(vocabulary)}_{dice.choice(vocabulary)}_{number}"
        columns = [f"{dice.choice(vocabulary)}_{place}" for place in range(6)]
        key = f", FOREIGN KEY (parent) REFERENCES {before}(id)" if before else ""
        before = name
        texts = ", ".join(f"{column} TEXT" for column in columns)
        connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, parent INTEGER, {texts}{key})")
        rows = [[row, row, *(f"{_word(dice)} {_word(dice)}".title() for _ in columns)] for row in range(_ROWS)]
        connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        value = str(rows[0][2])
        asked = value if number % 3 else value[:3] + value[4:]
        questions.append(f"How many {name.split('_')[0]} have a {columns[1].split('_')[0]} called {asked}?")
    connection.commit()
    connection.close()
    os.utime(file, (1, 1))  # An index is kept only of a database that did not change just now.
    dice.shuffle(questions)
    return questions[:30]
