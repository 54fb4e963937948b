"""Chooses the tables of a large schema that a question is most likely about, within a budget of tokens."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from nl2sql_tui.language.prompt import schema_text, table_line
from nl2sql_tui.schema import CellValue, Schema, Table

_NAME_WEIGHT: Final = 3.0
"""A word of the question in a table's name counts for as much as three in its columns' names."""
_VALUE_WEIGHT: Final = 4.0
"""A cell value that the question names."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_COMMON_WORDS: Final = frozenset(
    "the and for are was were with all each list show what which who how many that this from have has than give "
    "find tell many much their there number total average most least more less per not any does did its".split()
)


def prune(
    schema: Schema,
    question: str,
    values: Sequence[CellValue],
    budget: int,
    count_tokens: Callable[[str], int],
) -> Schema:
    """`schema` if its text fits `budget` tokens, else its most relevant tables that fit together.

    Tables are taken by relevance; each brings the tables on the foreign keys between it and those already taken,
    for a join needs them. With nothing in common between question and schema, the first tables are taken.
    A single table larger than the budget is taken all the same, for an answer needs one.
    """
    if count_tokens(schema_text(schema)) <= budget:
        return schema
    scores = {table.name: _relevance(table, question, values) for table in schema.tables}
    neighbours = _neighbours(schema)
    cost = {table.name: _table_cost(table, count_tokens) for table in schema.tables}
    related = [table for table in schema.tables if scores[table.name] > 0]
    ranked = sorted(related or schema.tables, key=lambda table: -scores[table.name])
    chosen: list[str] = []
    left = budget
    for table in ranked:
        wanted = [table.name, *_bridge(table.name, chosen, neighbours)]
        wanted = [name for name in wanted if name not in chosen]
        price = sum(cost[name] for name in wanted)
        if price > left and len(wanted) > 1:
            wanted, price = [table.name], cost[table.name]
        if wanted and (price <= left or not chosen):
            chosen += wanted
            left -= price
    return schema.restricted_to(chosen)


def _table_cost(table: Table, count_tokens: Callable[[str], int]) -> int:
    """Tokens of a table's line and of its foreign keys, each of which may need a line of its own."""
    keys = "".join(f"{table.name}.{key.column} = {key.to_table}.{key.to_column}\n" for key in table.foreign_keys)
    return count_tokens(table_line(table) + "\n" + keys)


def _neighbours(schema: Schema) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {table.name: set() for table in schema.tables}
    for table in schema.tables:
        for key in table.foreign_keys:
            if key.to_table != table.name and key.to_table in found:
                found[table.name].add(key.to_table)
                found[key.to_table].add(table.name)
    return found


def _bridge(name: str, chosen: Sequence[str], neighbours: dict[str, set[str]]) -> list[str]:
    """The table that joins `name` to the chosen ones where none of them touches it; empty if there is none."""
    near = neighbours[name]
    if not chosen or not near.isdisjoint(chosen):
        return []
    between = sorted(other for other in near if not neighbours[other].isdisjoint(chosen))
    return between[:1]


def _relevance(table: Table, question: str, values: Sequence[CellValue]) -> float:
    asked = words_of(question)
    in_name = asked & words_of(table.name)
    in_columns = asked & {word for column in table.columns for word in words_of(column.name)}
    linked = sum(1 for value in values if value.table == table.name)
    # A longer name is less about each of its words: "order" is nearer to "orders" than "order_item_tax" is.
    length = max(1, len(words_of(table.name)))
    return _NAME_WEIGHT * len(in_name) * (1 + 1 / length) + len(in_columns - in_name) + _VALUE_WEIGHT * linked


def words_of(text: str) -> set[str]:
    """The words of a name or question, lower-cased, split at case changes and underscores, plurals cut off."""
    words = (word.lower() for word in _WORD.findall(text))
    return {_stem(word) for word in words if len(word) > 2 and word not in _COMMON_WORDS}


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
