"""Finds the columns on which tables can be joined: the declared foreign keys, and what names and types suggest.

Many files declare no keys at all. Only names and declared types are read here, never a cell.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from nl2sql_tui.language.recent import Recent
from nl2sql_tui.schema import Column, ForeignKey, Schema, Table

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_KEY_WORDS: Final = frozenset("id ids uid uuid guid key keys code no nr num number pk fk ref".split())
"""Words that say that a column identifies something, not what."""
_MOST_OWNERS: Final = 8
"""A key name that more tables share identifies none of them."""

Origin = Literal["declared", "names", "shared"]
"""A foreign key; names and types alone; or two foreign keys of the same name to the same column of a third table."""


@dataclass(frozen=True, slots=True)
class JoinEdge:
    """Two tables, and the columns that are equal where their rows belong together; a table may be joined to itself."""

    table: str
    """The side that refers to the other."""
    other: str
    """The side whose key is referred to."""
    columns: tuple[tuple[str, str], ...]
    """Pairs of a column of `table` and one of `other`; several for a composite key."""
    origin: Origin
    """What says that these columns belong together."""


def join_edges(schema: Schema) -> tuple[JoinEdge, ...]:
    """Every way to join two tables of `schema` on keys, the declared ones first; names spelt as in the schema.

    Guessed for columns without a declared key: equal to a key of the same name (`StuID`), to the key of the table
    that the column is called after (`customer_id`, `customer`), also with a role before it (`billing_customer_id`).
    Two tables that refer to the same key by the same name can be joined without the table between them, unless they
    are joined directly.
    """
    return _recent_edges.get(schema, None, lambda: _found(schema))


_recent_edges: Recent[tuple[JoinEdge, ...]] = Recent()


def _found(schema: Schema) -> tuple[JoinEdge, ...]:
    declared = [edge for table in schema.tables for edge in _declared(table, schema)]
    edges = []
    known: set[frozenset[tuple[str, str]]] = set()
    for edge in (*declared, *_guessed(schema)):
        ends = frozenset(_ends(edge))
        if ends not in known:
            known.add(ends)
            edges.append(edge)
    return (*edges, *_shared(edges))


def _ends(edge: JoinEdge) -> Iterator[tuple[str, str]]:
    for column, other in edge.columns:
        yield edge.table.casefold(), column.casefold()
        yield edge.other.casefold(), other.casefold()


def _declared(table: Table, schema: Schema) -> Iterator[JoinEdge]:
    """One edge per foreign key; pairs that follow each other to different columns of a table are one composite key."""
    together: list[ForeignKey] = []
    for key in _usable_keys(table, schema):
        goes_on = together and together[-1].to_table.casefold() == key.to_table.casefold()
        if together and (not goes_on or any(_overlap(key, earlier) for earlier in together)):
            yield _edge(table, together, schema)
            together = []
        together.append(key)
    if together:
        yield _edge(table, together, schema)


def _usable_keys(table: Table, schema: Schema) -> Iterator[ForeignKey]:
    """The foreign keys whose both ends exist; SQLite lets others be declared."""
    for key in table.foreign_keys:
        target = schema.table(key.to_table)
        if target is not None and target.column(key.to_column) is not None and table.column(key.column) is not None:
            yield key


def _overlap(key: ForeignKey, earlier: ForeignKey) -> bool:
    same_target = key.to_column.casefold() == earlier.to_column.casefold()
    return same_target or key.column.casefold() == earlier.column.casefold()


def _edge(table: Table, keys: list[ForeignKey], schema: Schema) -> JoinEdge:
    other = schema.table(keys[0].to_table)
    assert other is not None
    pairs = tuple((_spelt(table, key.column), _spelt(other, key.to_column)) for key in keys)
    return JoinEdge(table.name, other.name, pairs, "declared")


def _spelt(table: Table, column: str) -> str:
    found = table.column(column)
    return found.name if found else column


def _shared(edges: Sequence[JoinEdge]) -> Iterator[JoinEdge]:
    """Edges between two tables that refer to the same column of a third, by equal names."""
    joined = {frozenset((edge.table, edge.other)) for edge in edges}
    referring: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for edge in edges:
        if len(edge.columns) == 1 and edge.table != edge.other:
            column, key = edge.columns[0]
            referring[edge.other, key, column.casefold()].append((edge.table, column))
    for places in referring.values():
        if len(places) > _MOST_OWNERS:
            continue
        for place, (table, column) in enumerate(places):
            for other, same in places[:place]:
                pair = frozenset((table, other))
                if table != other and pair not in joined:
                    yield JoinEdge(table, other, ((column, same),), "shared")


def _guessed(schema: Schema) -> Iterator[JoinEdge]:
    """Edges that names and types suggest, for columns that no foreign key binds."""
    keys = [(table, key) for table in schema.tables if (key := _own_key(table)) is not None]
    by_name: dict[tuple[str, ...], list[tuple[Table, Column]]] = defaultdict(list)
    by_subject: dict[tuple[str, ...], list[tuple[Table, Column]]] = defaultdict(list)
    for table, key in keys:
        if _subject(key.name):
            by_name[_words(key.name)].append((table, key))
        by_subject[_words(table.name)].append((table, key))
    for table in schema.tables:
        bound = {key.column.casefold() for key in _usable_keys(table, schema)}
        for column in table.columns:
            if column.name.casefold() in bound:
                continue
            for other, key in _keys_meant(column, by_name, by_subject):
                if other is not table and _comparable(column, key):
                    yield JoinEdge(table.name, other.name, ((column.name, key.name),), "names")
    yield from _without_keys(schema)


def _keys_meant(
    column: Column,
    by_name: dict[tuple[str, ...], list[tuple[Table, Column]]],
    by_subject: dict[tuple[str, ...], list[tuple[Table, Column]]],
) -> list[tuple[Table, Column]]:
    """The keys after which `column` is called, the longest match of its last words; several tables may share it."""
    words, subject = _words(column.name), _subject(column.name)
    for start in range(len(words)):
        found = by_name.get(words[start:], [])
        is_whole = start == 0
        # "home_team" alone may be a name as well as a number: only an identifying word makes a role believable.
        if subject[start:] and (is_whole or len(subject) < len(words) or words[-1] != subject[-1]):
            found = found + by_subject.get(subject[start:], [])
        if found:
            return found if len(found) <= _MOST_OWNERS else []
    return []


def _own_key(table: Table) -> Column | None:
    """The one column that identifies a row; where no key is declared, `id` or the column called after the table."""
    declared = [column for column in table.columns if column.primary_key]
    if declared:
        return declared[0] if len(declared) == 1 else None
    for column in table.columns:
        words, subject = _words(column.name), _subject(column.name)
        if words and subject != words and subject in ((), _words(table.name)):
            return column
    return None


def _without_keys(schema: Schema) -> Iterator[JoinEdge]:
    """Tables without any declared key, as an import of plain files makes them: equal names that identify something."""
    bare = [
        table for table in schema.tables if not table.foreign_keys and not any(c.primary_key for c in table.columns)
    ]
    places: dict[tuple[str, ...], list[tuple[Table, Column]]] = defaultdict(list)
    for table in bare:
        for column in table.columns:
            subject = _subject(column.name)
            if subject and subject != _words(column.name):
                places[_words(column.name)].append((table, column))
    for sharing in places.values():
        if len(sharing) > _MOST_OWNERS:
            continue
        for place, (table, column) in enumerate(sharing):
            for other, same in sharing[:place]:
                if other is not table and _comparable(column, same):
                    yield JoinEdge(table.name, other.name, ((column.name, same.name),), "names")


def _words(name: str) -> tuple[str, ...]:
    """The words of a name in the singular: ("customer", "id") for CustomersID, customer_id and "Customer ID"."""
    return tuple(_singular(word.lower()) for word in _WORD.findall(name))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _subject(name: str) -> tuple[str, ...]:
    """What a column identifies: ("customer",) for customer_id and customerid; all its words where it is nothing."""
    words = _words(name)
    if words and words[-1] in _KEY_WORDS:
        return words[:-1]
    if words and words[-1].endswith("id") and len(words[-1]) > 3:
        return (*words[:-1], words[-1][:-2])
    return words


def _comparable(column: Column, key: Column) -> bool:
    """Whether both may hold the same values, as far as their declared types say."""
    kinds = {_kind(column.declared_type), _kind(key.declared_type)}
    return len(kinds - {"any"}) <= 1


def _kind(declared_type: str) -> str:
    """SQLite's type affinity, with all numbers as one."""
    declared = declared_type.upper()
    if "INT" in declared:
        return "number"
    if any(part in declared for part in ("CHAR", "CLOB", "TEXT")):
        return "text"
    return "any" if not declared or "BLOB" in declared else "number"
