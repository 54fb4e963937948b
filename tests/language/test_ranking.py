"""Tables and columns are ranked by what a question says, what cells it names, and what joins them."""

from nl2sql_tui.language.ranking import SchemaWords, words_of_schema
from nl2sql_tui.schema import CellValue, Column, ForeignKey, Schema, Table


def _table(name: str, *columns: str, keys: tuple[ForeignKey, ...] = (), comment: str = "") -> Table:
    return Table(name, tuple(Column(column, "text") for column in columns), keys, comment=comment)


_SCHEMA = Schema(
    (
        _table("ship", "ship_id", "flag"),
        _table("voyage", "ship_id", "harbour_id", keys=(ForeignKey("ship_id", "ship", "ship_id"),)),
        _table("ship_paint_order_line", "colour"),
        _table("staff", "full_name", comment="Captains and cooks, such as Ahab"),
        _table("weather", "wind"),
    )
)


def _ranked(question: str, *values: CellValue) -> list[str]:
    scores = SchemaWords(_SCHEMA).scores(question, values)
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    return [_SCHEMA.tables[place].name for place in order if scores[place] > 0]


def test_a_name_that_is_the_word_comes_before_one_that_contains_it() -> None:
    ranked = _ranked("How many ships are there?")
    assert ranked.index("ship") < ranked.index("ship_paint_order_line")


def test_a_table_gains_from_what_it_is_joined_to() -> None:
    assert _ranked("Which flags?") == ["ship", "voyage"]


def test_a_named_cell_counts_for_its_table() -> None:
    assert _ranked("Is Mars there?", CellValue("weather", "wind", "Mars")) == ["weather"]
    assert _ranked("Is Mars there?") == []


def test_comments_are_searched_and_are_no_names() -> None:
    assert _ranked("Which captains?") == ["staff"]
    assert "ahab" not in SchemaWords(_SCHEMA).words
    assert {"ship", "flag", "staff"} <= SchemaWords(_SCHEMA).words


def test_columns_are_taken_by_key_question_and_place() -> None:
    wide = _table("log", *(f"c{number}" for number in range(20)), keys=(ForeignKey("c9", "ship", "ship_id"),))
    words = SchemaWords(Schema((wide, _SCHEMA.tables[0])))
    asked = words.best_columns(0, 4, "what is c15", (CellValue("log", "c12", "x"),))
    assert asked[0] == "c9"
    assert set(asked[1:3]) == {"c15", "c12"}
    assert words.best_columns(0, 0, "", ()) == ["c9"]
    assert words.best_columns(1, 1, "", ()) == ["ship_id"]


def test_the_words_of_a_schema_are_made_ready_once() -> None:
    assert words_of_schema(_SCHEMA) is words_of_schema(Schema(_SCHEMA.tables))
    changed = Schema((*_SCHEMA.tables[:-1], _table("weather", "wind")))
    assert changed == _SCHEMA
    assert words_of_schema(changed) is not words_of_schema(_SCHEMA)
