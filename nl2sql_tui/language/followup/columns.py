"""Which columns of the database the words of a follow-up name; a name that fits several equally well names none."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from nl2sql_tui.language.followup.query import Place, Query
from nl2sql_tui.language.followup.words import COLUMN_FILLERS, stems
from nl2sql_tui.schema import Column, Schema, Table

_NUMERIC: Final = re.compile(r"int|real|floa|doub|num|dec|money", re.IGNORECASE)
_NO_MEASURE: Final = frozenset("id year zip code postcode phone number month day".split())
_LABELS: Final = ("name", "title", "label")


def columns_named(phrase: str, query: Query) -> tuple[Place, ...]:
    """The columns that `phrase` names, one after another where it lists several; empty if any word is left over."""
    if found := _one_named(phrase, query):
        return found
    parts = re.split(r",? and (?:then )?|, (?:then )?| then ", phrase, flags=re.IGNORECASE)
    if len(parts) == 1:
        return ()
    places = [_one_named(part, query) for part in parts]
    return tuple(place for part in places for place in part) if all(places) else ()


def table_named(phrase: str, schema: Schema) -> Table | None:
    """The table whose name `phrase` is."""
    wanted = _content(phrase)
    found = [table for table in schema.tables if wanted and stems(table.name) == wanted]
    return found[0] if len(found) == 1 else None


def label_of(table: Table) -> tuple[Column, ...]:
    """The columns that a person knows a row by: its name or title; first and last name together."""
    named = [column for column in table.columns if stems(column.name)[-1:] and stems(column.name)[-1] in _LABELS]
    whole = [column for column in named if stems(column.name)[0] in (*_LABELS, "full", *stems(table.name))]
    return tuple(whole[:1] or named)


def is_key(table: Table, column: Column) -> bool:
    """It identifies rows of this table or of another."""
    return bool(column.primary_key) or any(
        key.column.casefold() == column.name.casefold() for key in table.foreign_keys
    )


def is_measure(place: Place) -> bool:
    """A number that can be summed up or compared, as against one that names something."""
    column = place.column
    return (
        _NUMERIC.search(column.declared_type) is not None
        and not is_key(place.table, column)
        and _NO_MEASURE.isdisjoint(stems(column.name))
    )


def is_text(place: Place) -> bool:
    return not is_key(place.table, place.column) and _NUMERIC.search(place.column.declared_type) is None


def single(places: Iterable[Place]) -> Place | None:
    """The one place there is; None if there are none or several."""
    found = list(dict.fromkeys(places))
    return found[0] if len(found) == 1 else None


def places_of(query: Query, tables: Iterable[Table]) -> list[Place]:
    """Every column of `tables`."""
    return [Place(table, column, query.source_named(table)) for table in tables for column in table.columns]


def _content(phrase: str) -> tuple[str, ...]:
    """The words of `phrase` that can be part of a name."""
    plain = re.sub(r"'s?\b", "", phrase)
    return tuple(
        stem for word in plain.split() if word.lower().strip(",") not in COLUMN_FILLERS for stem in stems(word)
    )


def _one_named(phrase: str, query: Query) -> tuple[Place, ...]:
    wanted = frozenset(_content(phrase))
    if not wanted or not re.fullmatch(r"[\w\s'.-]+", phrase):
        return ()
    for tables in _nearest_first(query):
        matches = [match for table in tables if (match := _in_table(wanted, table, query)) and _is_meant(match, wanted)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            return ()
    return ()


def _is_meant(places: Sequence[Place], wanted: frozenset[str]) -> bool:
    """A bare "name" is that of a table in the query, never of one that would first have to be joined."""
    table = places[0].table
    if places[0].source is not None or not wanted.isdisjoint(stems(table.name)):
        return True
    return all(place.column not in label_of(table) for place in places)


def _nearest_first(query: Query) -> list[list[Table]]:
    """The table that the rows are about, the others of the query, then those that a join can bring, by distance."""
    main = query.main.table
    read = [one.table for one in query.sources if query.source_named(one.table) is not None]
    distances = {
        table.name: query.reachable_without_more_rows(table)
        for table in query.schema.tables
        if all(table is not one.table for one in query.sources)
    }
    levels = sorted({distance for distance in distances.values() if distance is not None})
    beyond = [[t for t in query.schema.tables if distances.get(t.name) == level] for level in levels]
    return [[table for table in read if table is main], [table for table in read if table is not main], *beyond]


def _in_table(wanted: frozenset[str], table: Table, query: Query) -> tuple[Place, ...]:
    """The columns of one table that `wanted` names: by their whole name, or else by a part of it."""
    whole: list[Column] = []
    partly: list[Column] = []
    for column in table.columns:
        name = frozenset(stems(column.name))
        said = wanted & name
        if not said or not (wanted - name) <= frozenset(stems(table.name)):
            continue
        if said == name or "".join(stems(column.name)) in wanted:
            whole.append(column)
        elif not is_key(table, column) or "id" in said:
            partly.append(column)
    found: Sequence[Column] = whole or partly
    if len(found) > 1 and not _is_a_name_in_parts(wanted, found):
        return ()
    return tuple(Place(table, column, query.source_named(table)) for column in found)


def _is_a_name_in_parts(wanted: frozenset[str], columns: Sequence[Column]) -> bool:
    """First and last name, where a person's name was asked for."""
    return "name" in wanted and all(stems(column.name)[-1] == "name" for column in columns)
