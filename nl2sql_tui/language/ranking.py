"""Ranks the tables and columns of a schema by how much a question seems to be about them; knows no tokens.

The words of names and comments are weighed by how few tables share them, as search engines weigh theirs (the inverse
document frequency of Spärck Jones, 1972): in a schema where two hundred tables have "order" in their names, the word
tells little.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from nl2sql_tui.language.recent import Recent
from nl2sql_tui.language.words import likeness, words_in
from nl2sql_tui.schema import CellValue, Column, Schema

_NAME_WEIGHT: Final = 3.0
"""A word in a table's name counts for as much as three in its columns' names."""
_COLUMN_WEIGHT: Final = 1.0
_COMMENT_WEIGHT: Final = 0.7
_VALUE_WEIGHT: Final = 1.0
"""A cell value that the question names, against a column's name that no other table has."""
_NEIGHBOUR_SHARE: Final = 0.4
"""What a table gains from the best of those that a foreign key joins it to."""
_CONTAINED_FROM: Final = 4


class SchemaWords:
    """The words of a schema, made ready once; ranking a question then takes milliseconds for a thousand tables."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._places = {table.name.casefold(): place for place, table in enumerate(schema.tables)}
        self._in_names: dict[str, dict[int, float]] = defaultdict(dict)
        self._in_columns: dict[str, dict[int, float]] = defaultdict(dict)
        self._in_comments: dict[str, dict[int, float]] = defaultdict(dict)
        for place, table in enumerate(schema.tables):
            name = words_in(table.name)
            for word in name:
                # A longer name is less about each of its words: "order" is nearer to "orders" than "order_item_tax".
                self._in_names[word][place] = _NAME_WEIGHT * (1 + 1 / len(name)) / 2
            for word in _words_of_all((table.comment, *(column.comment for column in table.columns))):
                self._in_comments[word][place] = _COMMENT_WEIGHT
            for word in _words_of_all(column.name for column in table.columns):
                self._in_columns[word][place] = _COLUMN_WEIGHT
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word in {*self.words, *self._in_comments}:
            self._by_letter[word[0]].append(word)

    @cached_property
    def words(self) -> frozenset[str]:
        """The stems of all names; not those of comments, which like to give examples of what cells hold."""
        return frozenset((*self._in_names, *self._in_columns))

    @cached_property
    def neighbours(self) -> tuple[frozenset[int], ...]:
        """For each table the places of those that a declared foreign key joins it to."""
        found: list[set[int]] = [set() for _ in self.schema.tables]
        for place, table in enumerate(self.schema.tables):
            for key in table.foreign_keys:
                other = self._places.get(key.to_table.casefold(), place)
                if other != place:
                    found[place].add(other)
                    found[other].add(place)
        return tuple(map(frozenset, found))

    def alike(self, asked: str) -> dict[str, float]:
        """The schema's words that a stem of a question may mean, with how surely."""
        found = {word: likeness(asked, word) for word in self._by_letter.get(asked[:1], ())}
        if len(asked) >= _CONTAINED_FROM:
            found |= {word: likeness(asked, word) for word in self.words if word.endswith(asked)}
        return {word: sure for word, sure in found.items() if sure}

    def scores(self, question: str, values: Sequence[CellValue]) -> list[float]:
        """For each table how much `question`, and the cells that it names, are about it; 0 for not at all."""
        scores = [0.0] * len(self.schema.tables)
        for asked in dict.fromkeys(words_in(question)):
            best: dict[int, float] = {}
            for word, sure in self.alike(asked).items():
                for where in (self._in_names, self._in_columns, self._in_comments):
                    tables = where.get(word, {})
                    rarity = self._rarity(len(tables))
                    for place, weight in tables.items():
                        best[place] = max(best.get(place, 0.0), weight * sure * rarity)
            for place, score in best.items():
                scores[place] += score
        named = {value.table for value in values}
        for place, table in enumerate(self.schema.tables):
            if table.name in named:
                scores[place] += _VALUE_WEIGHT * self._rarity(1)
        return [
            score + _NEIGHBOUR_SHARE * max((scores[other] for other in near), default=0.0)
            for score, near in zip(scores, self.neighbours, strict=True)
        ]

    def best_columns(self, place: int, room: int, question: str, values: Sequence[CellValue]) -> list[str]:
        """At most `room` columns of a table, by their use for an answer; all of its keys, even if they are more.

        First the keys and what the question names, then the table's first columns, which tell most of what it is.
        """
        table = self.schema.tables[place]
        keys = self._key_columns[place]
        named = {value.column for value in values if value.table == table.name}
        asked = [self.alike(word) for word in dict.fromkeys(words_in(question))]

        def use(column: Column) -> float:
            found = words_in(f"{column.name} {column.comment}")
            return sum(max((alike.get(word, 0.0) for word in found), default=0.0) for alike in asked)

        scores = {
            column.name: math.inf if column.name in keys else use(column) + (column.name in named)
            for column in table.columns
        }
        ranked = sorted(scores, key=lambda name: -scores[name])
        return ranked[: max(room, len(keys), 1)]

    @cached_property
    def _key_columns(self) -> tuple[frozenset[str], ...]:
        """For each table the columns of its keys, and those that keys of other tables lead to."""
        found = [
            {column.name for column in table.columns if column.primary_key} | {key.column for key in table.foreign_keys}
            for table in self.schema.tables
        ]
        for table in self.schema.tables:
            for key in table.foreign_keys:
                if (place := self._places.get(key.to_table.casefold())) is not None:
                    found[place].add(key.to_column)
        return tuple(map(frozenset, found))

    def _rarity(self, tables: int) -> float:
        """What a word says that this many tables share."""
        return math.log(1 + len(self.schema.tables) / max(1, tables))


def _words_of_all(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in words_in(text)}


_recent_words: Recent[SchemaWords] = Recent()


def words_of_schema(schema: Schema) -> SchemaWords:
    """The words of `schema`, made ready when it is asked about for the first time."""
    return _recent_words.get(schema, None, lambda: SchemaWords(schema))
