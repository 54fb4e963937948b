"""The shape of gold queries, read from their syntax trees."""

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.evaluation.splits import SPLITS, Shape, Traits, shape_of
from nl2sql_tui.schema import Schema


@pytest.fixture
def schema(concerts: Database) -> Schema:
    return concerts.schema()


@pytest.mark.parametrize(
    ("sql", "joins"),
    [
        ("SELECT Name FROM singer", 0),
        ("SELECT 1 FROM singer AS a JOIN singer_in_concert AS b ON a.Singer_ID = b.Singer_ID", 1),
        ("SELECT 1 FROM singer, concert, singer_in_concert", 2),
        ("SELECT 1 FROM singer WHERE Age IN (SELECT 1 FROM concert NATURAL JOIN singer_in_concert)", 1),
    ],
)
def test_joins_are_counted_wherever_they_are(schema: Schema, sql: str, joins: int) -> None:
    shape = shape_of(sql, schema)
    assert shape is not None
    assert shape.joins == joins


@pytest.mark.parametrize(
    ("sql", "nested"),
    [
        ("SELECT Name FROM singer", False),
        ("SELECT Name FROM singer WHERE Age > (SELECT AVG(Age) FROM singer)", True),
        ("SELECT Name FROM singer EXCEPT SELECT Title FROM concert", True),
        ("WITH x AS (SELECT 1 AS a) SELECT a FROM x", True),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT Age FROM singer)", True),
    ],
)
def test_a_second_select_is_nesting(schema: Schema, sql: str, nested: bool) -> None:
    shape = shape_of(sql, schema)
    assert shape is not None
    assert shape.nested is nested


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("SELECT Name FROM singer WHERE Country = 'France'", True),
        ('SELECT Name FROM singer WHERE Country = "France"', True),
        ("SELECT Country FROM singer GROUP BY Country HAVING COUNT(*) > 1", True),
        ("SELECT 1 FROM singer AS a JOIN concert AS b ON b.Year = 2014", True),
        ('SELECT Name FROM singer WHERE "Age" > Singer_ID', False),
        ("SELECT COUNT(1), 'x' FROM singer ORDER BY 1 LIMIT 3", False),
        ("SELECT Name FROM singer WHERE Age = (SELECT Age FROM singer ORDER BY Age LIMIT 1)", False),
        ("SELECT Name FROM singer WHERE Country IS NULL", False),
    ],
)
def test_literals_in_conditions_are_values(schema: Schema, sql: str, values: bool) -> None:
    shape = shape_of(sql, schema)
    assert shape is not None
    assert shape.values is values


def test_what_cannot_be_parsed_has_no_shape(schema: Schema) -> None:
    assert shape_of("SELECT FROM WHERE (", schema) is None


@pytest.mark.parametrize(
    ("traits", "labels"),
    [
        (Traits(Shape(0, False, False, False, False), 3, "a"), ["0", "none", "none", "none", "1 to 3", "a"]),
        (
            Traits(Shape(4, True, True, True, False), 4, "b"),
            ["3 or more", "nested", "some", "aggregate", "4 to 6", "b"],
        ),
        (Traits(Shape(2, False, False, True, True), 11, "c"), ["2", "none", "none", "GROUP BY", "11 or more", "c"]),
        (Traits(None, 7, "d"), [*["not parsed"] * 4, "7 to 10", "d"]),
    ],
)
def test_every_question_has_a_part_in_every_split(traits: Traits, labels: list[str]) -> None:
    assert [split.label(traits) for split in SPLITS] == labels
    for split, label in zip(SPLITS, labels, strict=True):
        assert split.ordered({label: None}) == [label]
