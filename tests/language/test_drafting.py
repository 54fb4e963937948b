"""What is foreseen of an answer: joins by their keys, columns of the tables read, values, earlier answers."""

from nl2sql_tui.language.drafting import LikelyAnswer
from nl2sql_tui.schema import Column, ForeignKey, Schema, Table

_SCHEMA = Schema(
    (
        Table("singer", (Column("Singer_ID", "int", 1), Column("Country", "text"))),
        Table("order", (Column("id", "int", 1), Column("by", "int")), (ForeignKey("by", "singer", "Singer_ID"),)),
    )
)


def test_a_join_is_foreseen_by_its_key_in_both_directions() -> None:
    likely = LikelyAnswer(_SCHEMA, "Who ordered?")
    assert likely('FROM "order" JOIN singer') == ' ON "order".by = singer.Singer_ID'
    assert likely('FROM singer JOIN "order"') == ' ON "order".by = singer.Singer_ID'


def test_a_column_is_foreseen_to_be_of_the_first_table_of_its_query() -> None:
    likely = LikelyAnswer(_SCHEMA, "Who ordered?")
    assert likely("FROM singer SELECT") == " singer."
    assert likely('FROM singer SELECT singer.Country WHERE singer.Singer_ID IN (FROM "order" SELECT') == ' "order".'
    assert likely("FROM singer SELECT COUNT(") != " singer."


def test_words_that_go_together_values_and_earlier_answers_are_foreseen() -> None:
    likely = LikelyAnswer(_SCHEMA, "from france?\nsinger.Country = 'France'", ["FROM singer SELECT MAX(singer.age)"])
    assert likely("FROM singer SELECT singer.Country GROUP").startswith(" BY")
    assert likely("FROM singer SELECT singer.Country WHERE singer.Country =") == " 'France'"
    assert likely("FROM singer SELECT MAX").startswith("(singer.age)")


def test_nothing_is_foreseen_where_there_is_no_telling() -> None:
    likely = LikelyAnswer(_SCHEMA, "Who ordered?")
    assert likely("") == ""
    assert likely("~") == ""
    assert likely("FROM qqqq") == ""
