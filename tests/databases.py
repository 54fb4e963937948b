"""Small databases that tests make for themselves."""

import sqlite3
from pathlib import Path

CONCERTS = """
CREATE TABLE singer (Singer_ID INT PRIMARY KEY, Name TEXT NOT NULL, Country TEXT, Age INT);
CREATE TABLE concert (concert_ID INT PRIMARY KEY, Title VARCHAR(40), Year INTEGER, Fee DECIMAL(8, 2));
CREATE TABLE singer_in_concert (
    concert_ID INT REFERENCES concert(concert_ID),
    Singer_ID INT REFERENCES singer,
    PRIMARY KEY (concert_ID, Singer_ID)
);
INSERT INTO singer VALUES (1, 'Joe Sharp', 'Netherlands', 52), (2, 'Rose White', 'France', 41),
    (3, 'Zoë O''Brien', NULL, 29);
INSERT INTO concert VALUES (1, 'Auditions', 2014, 12.5), (2, 'Home Visits', 2015, NULL);
INSERT INTO singer_in_concert VALUES (1, 1), (1, 2), (2, 3);
"""


def make_database(path: Path, script: str = CONCERTS) -> Path:
    """Run `script` into a new database file at `path`."""
    connection = sqlite3.connect(path)
    try:
        connection.executescript(script)
        connection.commit()
    finally:
        connection.close()
    return path
