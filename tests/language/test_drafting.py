"""What is foreseen of an answer: tables, joins by their keys, columns that were asked for, values, the end."""

import random

import pytest

from nl2sql_tui.language.drafting import LikelyAnswer
from nl2sql_tui.schema import CellValue, Column, ForeignKey, Schema, Table

_SCHEMA = Schema(
    (
        Table("singer", (Column("Singer_ID", "int", 1), Column("Country", "text"), Column("Age", "int"))),
        Table("order", (Column("id", "int", 1), Column("by", "int")), (ForeignKey("by", "singer", "Singer_ID"),)),
        Table('odd "table"', (Column("a b", "text"), Column('say "hi"', "text"))),
    )
)
_FRANCE = CellValue("singer", "Country", "France")


def _likely(question: str, *values: CellValue, earlier: tuple[str, ...] = ()) -> LikelyAnswer:
    return LikelyAnswer(_SCHEMA, question, values, earlier)


def test_an_answer_begins_with_the_table_that_the_question_is_about() -> None:
    assert _likely("How old is each singer?")("") == "FROM singer"
    assert _likely("How many orders are there?")("") == 'FROM "order"'
    assert _likely("How many orders are there?")("FROM") == ' "order"'
    assert _likely("How old is each singer?")("FROM sin") == "ger"
    assert _likely("How old is each singer?")("FROM singer") == " SELECT"


def test_a_join_is_foreseen_by_its_key_in_both_directions() -> None:
    likely = _likely("Which singers ordered?")
    assert likely('FROM "order" JOIN singer') == ' ON "order".by = singer.Singer_ID'
    assert likely('FROM singer JOIN "order"') == ' ON singer.Singer_ID = "order".by'
    assert likely('FROM singer JOIN "order" ON') == ' singer.Singer_ID = "order".by'
    assert likely('FROM singer JOIN "order" ON singer.Singer_ID') == ' = "order".by'
    assert likely('FROM singer JOIN "order" ON singer.Singer_ID = "order".by') == " SELECT"


def test_a_column_is_one_that_was_asked_for_of_the_tables_of_its_query() -> None:
    likely = _likely("What is the age of the singers of each order?")
    assert likely("FROM singer SELECT") == " Age"
    assert likely("FROM singer SELECT A") == "ge"
    assert likely('FROM singer JOIN "order" ON singer.Singer_ID = "order".by SELECT') == " singer.Age"
    assert likely('FROM singer JOIN "order" ON singer.Singer_ID = "order".by SELECT singer.') == "Age"
    assert likely("FROM singer SELECT MAX") == "(Age)"
    assert likely("FROM singer SELECT MAX(") == "Age"
    assert likely("FROM singer SELECT Age, Age WHERE Country IN (FROM singer SELECT") == " Age"
    assert likely("FROM singer SELECT COUNT") == "(*)"


def test_values_and_numbers_of_the_question_are_foreseen() -> None:
    likely = _likely("How many singers from france are older than 25?\nsinger.Country = 'France'", _FRANCE)
    assert likely("FROM singer SELECT COUNT(*)") == " WHERE Country = 'France'"
    assert likely("FROM singer SELECT COUNT(*) WHERE") == " Country = 'France'"
    assert likely("FROM singer SELECT COUNT(*) WHERE Country") == " = 'France'"
    assert likely("FROM singer SELECT COUNT(*) WHERE Age > 3 AND") == " Country = 'France'"
    assert likely("FROM singer SELECT COUNT(*) WHERE Age >") == " 25"
    assert likely("FROM singer SELECT COUNT(*) WHERE Age > 2") == "5"
    assert _likely("Who is the oldest?")("FROM singer SELECT Age ORDER BY Age LIMIT") == " 1"


def test_words_that_go_together_and_earlier_answers_are_foreseen() -> None:
    likely = _likely("How old?", earlier=("FROM singer SELECT Country, MAX(Age) GROUP BY Country",))
    assert likely("FROM singer SELECT Country GROUP").startswith(" BY")
    assert likely("FROM singer SELECT Country, MAX") == "(Age) GROUP BY Country"
    assert likely("FROM singer SELECT Country OR") == "DER BY"


def test_nothing_is_foreseen_where_there_is_no_telling() -> None:
    likely = _likely("Why?")
    assert likely("~") == ""
    assert likely("FROM qqqq") == ""
    assert LikelyAnswer(Schema(()), "Why?")("") == ""


@pytest.mark.parametrize("seed", range(20))
def test_no_beginning_is_too_odd(seed: int) -> None:
    chance = random.Random(seed)
    likely = _likely("How many of 3 'odd \"tables\"'?", CellValue('odd "table"', 'say "hi"', "it's"))
    pieces = ["FROM", "JOIN", "ON", "SELECT", "WHERE", "(", ")", ",", ".", "=", "'it", "''", '"', '"odd ""table"""']
    pieces += ["LIMIT", "7", "COUNT", "NOT", "OR", "EXCEPT", "a b", "singer", "é", "BY", "ORDER", "[", "`"]
    answer = ""
    for _ in range(40):
        answer += chance.choice([" ", ""]) + chance.choice(pieces)
        assert isinstance(likely(answer), str)
