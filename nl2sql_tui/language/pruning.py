"""Chooses what of a large schema the model is shown for a question, within a budget of tokens.

What a question is about is `ranking`'s to say. Here is what an answer needs besides: the tables on the way between
those it joins, the keys, and room for all of them.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Final

from nl2sql_tui.language.prompt import schema_text, table_line
from nl2sql_tui.language.ranking import SchemaWords, words_of_schema
from nl2sql_tui.language.recent import Recent
from nl2sql_tui.quoting import identifier
from nl2sql_tui.schema import CellValue, Schema, Table

_LONGEST_BRIDGE: Final = 3
"""Tables between two that are joined. Longer ways exist in every schema and are seldom meant."""
_BRIDGED_SHARE: Final = 0.5
"""The ways are cleared to tables at least this relevant, against the most relevant one."""
_LEAST_SHARE: Final = 0.1
"""Tables less relevant than this, against the most relevant one, are left out even where there is room."""
_WIDE_SHARE: Final = 0.25
"""A table that would take more than this of the budget is shown with fewer columns."""
_CUT_SHARE: Final = 0.8
"""Of the budget, for a schema that does not fit: the part chosen for a question is read for this question alone."""
_SURELY_TOO_LARGE: Final = 1.25
"""Lines counted one by one give a little more or less than counted together, never by a quarter."""


def prune(
    schema: Schema,
    question: str,
    values: Sequence[CellValue],
    budget: int,
    count_tokens: Callable[[str], int],
) -> Schema:
    """`schema` if its text fits `budget` tokens, else its most relevant tables that together fit four fifths of that.

    Tables are taken by relevance; the most relevant ones bring the tables on the foreign keys between them and those
    already taken, for a join needs them. With nothing in common between question and schema, the first tables are
    taken. A very wide table is shown with its keys, its relevant columns and its first ones; one that is still larger
    than the budget is taken all the same if it is the most relevant, for an answer needs one.
    """
    costs = _costs_of(schema, count_tokens)
    if costs.fit(budget):
        return schema
    words = words_of_schema(schema)
    room = int(budget * _CUT_SHARE)
    choice = _Choice(words, costs, question, values, room)
    while len(choice.chosen) > 1 and count_tokens(schema_text(choice.schema)) > room:
        choice.drop_last()
    return choice.schema


class _Costs:
    """What the tables of a schema cost in tokens, each counted when it is first asked about."""

    def __init__(self, schema: Schema, count_tokens: Callable[[str], int]) -> None:
        self._schema = schema
        self._count = count_tokens
        self._tables: dict[int, int] = {}
        self._whole: int | None = None

    def of(self, place: int) -> int:
        """Tokens of the table's line and of its foreign keys, each of which may need a line of its own."""
        if place not in self._tables:
            self._tables[place] = self.of_table(self._schema.tables[place])
        return self._tables[place]

    def of_table(self, table: Table) -> int:
        """The same for a table that is shown in part; it is counted each time."""
        keys = (
            f"{identifier(table.name)}.{identifier(key.column)} = "
            f"{identifier(key.to_table)}.{identifier(key.to_column)}\n"
            for key in table.foreign_keys
        )
        return self._count(f"{table_line(table)}\n{''.join(keys)}")

    def fit(self, budget: int) -> bool:
        """Whether all tables together take no more than `budget`."""
        if self._whole is None:
            total = 0
            for place in range(len(self._schema.tables)):
                total += self.of(place)
                if total > budget * _SURELY_TOO_LARGE:
                    return False
            self._whole = self._count(schema_text(self._schema))
        return self._whole <= budget


_recent_costs: Recent[_Costs] = Recent()


def _costs_of(schema: Schema, count_tokens: Callable[[str], int]) -> _Costs:
    return _recent_costs.get(schema, count_tokens, lambda: _Costs(schema, count_tokens))


class _Choice:
    """The tables taken for one question, by their places in the schema."""

    def __init__(
        self, words: SchemaWords, costs: _Costs, question: str, values: Sequence[CellValue], budget: int
    ) -> None:
        self.chosen: list[int] = []
        self._words = words
        self._costs = costs
        self._question = question
        self._values = values
        self._wide = int(budget * _WIDE_SHARE)
        self._left = budget
        self._columns: dict[int, list[str]] = {}
        """Of tables that are shown in part, the columns shown."""
        scores = words.scores(question, values)
        best = max(scores, default=0.0)
        for place in sorted(range(len(scores)), key=lambda place: -scores[place]):
            if best and (scores[place] == 0 or scores[place] < best * _LEAST_SHARE):
                break
            if place not in self.chosen:
                self._take(place, with_bridge=scores[place] >= best * _BRIDGED_SHARE > 0)

    @property
    def schema(self) -> Schema:
        """What was chosen, in the order of the schema."""
        tables = self._words.schema.tables
        return self._words.schema.restricted_to(
            [tables[place].name for place in self.chosen],
            {tables[place].name: columns for place, columns in self._columns.items()},
        )

    def drop_last(self) -> None:
        """Take the least relevant table out again."""
        self._columns.pop(self.chosen.pop(), None)

    def _take(self, place: int, *, with_bridge: bool) -> None:
        wanted = [place, *(_bridge(place, self.chosen, self._words.neighbours) if with_bridge else ())]
        price = sum(map(self._cost, wanted))
        if price > self._left and len(wanted) > 1:
            wanted, price = [place], self._cost(place)
        if price <= self._left or not self.chosen:
            self.chosen += wanted
            self._left -= price

    def _cost(self, place: int) -> int:
        whole = self._costs.of(place)
        if whole <= self._wide:
            return whole
        table = self._words.schema.tables[place]
        if place not in self._columns:
            room = len(table.columns) * self._wide // whole
            self._columns[place] = self._words.best_columns(place, room, self._question, self._values)
        return self._costs.of_table(table.restricted_to(self._columns[place]))


def _bridge(place: int, chosen: Collection[int], neighbours: Sequence[frozenset[int]]) -> list[int]:
    """The tables on the shortest way over foreign keys from a table to a chosen one; empty if none is near."""
    if not chosen or not neighbours[place].isdisjoint(chosen):
        return []
    ways = deque([[place]])
    seen = {place}
    while ways:
        way = ways.popleft()
        for near in sorted(neighbours[way[-1]] - seen):
            seen.add(near)
            if not neighbours[near].isdisjoint(chosen):
                return [*way[1:], near]
            if len(way) < _LONGEST_BRIDGE:
                ways.append([*way, near])
    return []
