"""Which stored values a question names: to the letter, and by words that are near to a stored text."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.schema import CellValue, NoValues
from tests.databases import make_database


class _Cells:
    """A lookup over a fixed list of cells, to the letter only."""

    def __init__(self, *cells: tuple[str, str, str]) -> None:
        self._cells = [CellValue(*cell) for cell in cells]

    def find(self, text: str) -> Sequence[CellValue]:
        return [cell for cell in self._cells if cell.text.lower() == text.lower()]

    def similar(self, text: str) -> Sequence[CellValue]:
        raise AssertionError(f"{text} was looked up again")


_CELLS = _Cells(
    ("singer", "Country", "France"),
    ("city", "Name", "New York"),
    ("city", "Name", "York"),
    ("airport", "City", "Aberdeen"),
    ("flight", "City", "Aberdeen"),
    ("office", "City", "Aberdeen"),
    ("flag", "Name", "The"),
    ("person", "Name", "O'Brien"),
)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How many singers come from france?", ["France"]),
        ("Who lives in New York?", ["New York"]),
        ("Which airport is in ABERDEEN", ["Aberdeen", "Aberdeen"]),
        ('Find the "France" row.', ["France"]),
        ("Loans of O'Brien, please", ["O'Brien"]),
        ("What is the total?", []),
        ("New York, France and York in Aberdeen", ["New York", "France", "York"]),
        ("", []),
    ],
)
def test_phrases_are_found_whole_and_longest_first(question: str, found: list[str]) -> None:
    assert [value.text for value in link_values(question, _CELLS)] == found


def test_a_value_in_many_columns_is_linked_to_the_first_two() -> None:
    assert [value.table for value in link_values("in Aberdeen", _CELLS)] == ["airport", "flight"]


def test_nothing_is_linked_where_values_are_forbidden() -> None:
    assert link_values("singers from France", NoValues()) == ()


def test_without_the_schema_only_what_stands_there_to_the_letter_is_linked() -> None:
    assert link_values("Who lives in New Yorc?", _CELLS) == ()


_WORLD = """
CREATE TABLE country (name TEXT, continent TEXT, founded DATE, code TEXT);
CREATE TABLE language (name TEXT, spoken_in TEXT);
CREATE TABLE pet (kind TEXT, owner TEXT);
INSERT INTO country VALUES
    ('Caribbean Union', 'America', '2014-03-05', 'RUN'), ('Brazil', 'America', '1999-12-31', 'TIM'),
    ('São Tomé', 'Africa', '1975-07-12', 'STP'), ('Mongolia', 'Asia', '1911-12-29', 'COD');
INSERT INTO language VALUES ('Mongolian', 'Mongolia'), ('Price', 'Names');
INSERT INTO pet VALUES ('cat', 'Zoë O''Brien'), ('dog', 'Kyle'), ('Pony', 'Ulan Bator'), ('fish', 'Version 12');
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return Database(make_database(Path(tmp_path_factory.mktemp("world")) / "world.sqlite", _WORLD))


def _linked(world: Database, question: str) -> list[str]:
    return [value.text for value in link_values(question, world.values(Cancel()), world.schema())]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Who lives in Mongoila?", ["Mongolia", "Mongolia"]),
        ("who lives in mongoila", ["Mongolia", "Mongolia"]),
        ("How large is Sao Tome?", ["São Tomé"]),
        ("how large is the country called sao tome", ["São Tomé"]),
        ("Members of the Carribean Union", ["Caribbean Union"]),
        ("Which countries are on the Asian continent?", ["Asia"]),
        ("Which countries are on an African continent?", ["Africa"]),
        ("Pets of Zoe O'Brien", ["Zoë O'Brien"]),
        ("Who lives in 'brasil'?", ["Brazil"]),
    ],
)
def test_a_slip_or_a_missing_accent_links_the_stored_spelling(world: Database, question: str, found: list[str]) -> None:
    assert _linked(world, question) == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Who has cats and dogs?", ["cat", "dog"]),
        ("Who has ponies?", ["Pony"]),
        ("What is Kyle's pet?", ["Kyle"]),
        ("What is Brazil’s continent?", ["Brazil"]),
        ("Who runs it how many times?", []),
    ],
)
def test_a_plural_or_an_owner_links_what_is_meant(world: Database, question: str, found: list[str]) -> None:
    assert _linked(world, question) == found


@pytest.mark.parametrize(
    "question",
    [
        "What is the code of each?",
        "Countries by the codes of their continents",
        "Mongolio?",
        "who are mongolio people",
        "Which is Version 13?",
        "Whose name is Kyel?",
    ],
)
def test_the_questions_own_words_other_numbers_and_short_words_are_no_slips(world: Database, question: str) -> None:
    assert _linked(world, question) == []


def test_what_is_found_to_the_letter_is_not_looked_up_again(world: Database) -> None:
    assert _linked(world, "Mongolia and Mongolian") == ["Mongolia", "Mongolia", "Mongolian"]


@pytest.mark.parametrize(
    "question",
    [
        "Which country was founded on March 5, 2014?",
        "Which country was founded on 5th of Mar 2014",
        "Which country was founded on 2014/3/5?",
        "Which country was founded on 03/05/2014?",
        "Which country was founded on 5.3.2014?",
        "Which country was founded on 2014-03-05?",
    ],
)
def test_a_date_is_linked_as_it_is_stored(world: Database, question: str) -> None:
    assert _linked(world, question) == ["2014-03-05"]


@pytest.mark.parametrize(
    "question",
    [
        "Which country was founded on March 6, 2014?",
        "Which country was founded after March 5, 2014?",
        "Which were founded between December 31, 1999 and March 5, 2014?",
        "Which country was founded on March 35, 2014?",
    ],
)
def test_a_date_that_no_cell_holds_or_that_bounds_a_span_is_not_linked(world: Database, question: str) -> None:
    assert _linked(world, question) == []


def test_a_very_long_question_ends(world: Database) -> None:
    assert _linked(world, "Is it Mongoila or " + "Xylophon abcdefghij " * 200) == ["Mongolia", "Mongolia"]
