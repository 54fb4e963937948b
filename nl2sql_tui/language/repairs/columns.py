"""Mends columns that are not where the query looks for them: in another of its tables, in one not read, misspelt."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.add_tables import join_in, way_to
from nl2sql_tui.language.repairs.names import Likeness, asked_name, like_name, same_name
from nl2sql_tui.language.repairs.scopes import (
    Context,
    Source,
    meaning,
    own_columns,
    selects,
    sources,
    visible_sources,
)
from nl2sql_tui.language.repairs.ways import Step
from nl2sql_tui.language.syntax import name_node, text_of

_MOST_REPAIRS: Final = 12
"""Columns mended in one statement. One with more faults is no statement that a few repairs can save."""


def mend_columns(tree: exp.Query, context: Context) -> Iterator[str]:
    """Mend one column after another, as each may bring a table that others were missing."""
    for _ in range(_MOST_REPAIRS):
        line = _mend_first(tree, context)
        if line is None:
            return
        yield line


def _mend_first(tree: exp.Query, context: Context) -> str | None:
    """Mend the first column that is at fault and can be mended; None if there is none."""
    for select in selects(tree):
        for column in own_columns(select):
            found = meaning(column, select, context.schema)
            if found.unknown or found.source is not None:
                continue
            line = _told_apart(column, select, found.found) if found.found else _mended(column, select, context)
            if line is not None:
                return line
    return None


def _told_apart(column: exp.Column, select: exp.Select, found: Sequence[Source]) -> str | None:
    """Take an ambiguous column from the first of the tables that have it, if the query makes theirs equal."""
    equal = {
        side.table.casefold()
        for part in select.find_all(exp.EQ)
        for side in (part.this, part.expression)
        if all(
            isinstance(each, exp.Column) and each.name.casefold() == column.name.casefold()
            for each in part.args.values()
        )
    }
    if column.table or not all(source.name.casefold() in equal for source in found):
        return None
    before = text_of(column)
    column.set("table", name_node(found[0].name))
    return f"{before} → {text_of(column)}: more than one table has {before}, and the join makes them equal"


def _mended(column: exp.Column, select: exp.Select, context: Context) -> str | None:
    """Mend one column that is nowhere where it is looked for, in the first way that is clear."""
    if _is_of_a_table_not_read(column, select, context):
        return join_owner(column, select, context)
    home = _home(column, select, context)
    return (
        _renamed(column, home, same_name, context)
        or _moved(column, select, context)
        or join_owner(column, select, context)
        or _renamed(column, home, like_name, context)
        or _renamed(column, home, asked_name, context)
    )


def _is_of_a_table_not_read(column: exp.Column, select: exp.Select, context: Context) -> bool:
    """Whether it says itself which table it is of: one that has it, and that no query around it reads."""
    table = context.schema.table(column.table) if column.table else None
    if table is None or table.column(column.name) is None:
        return False
    read = [source for level in visible_sources(select, context.schema) for source in level]
    return all(source.table is not table and source.name.casefold() != column.table.casefold() for source in read)


def _home(column: exp.Column, select: exp.Select, context: Context) -> list[Source]:
    """The sources that `column` claims to be of: the one it is qualified with, else all that its query reads."""
    for level in visible_sources(select, context.schema):
        named = [source for source in level if source.name.casefold() == column.table.casefold()]
        if named:
            return named
    return sources(select, context.schema)


def _moved(column: exp.Column, select: exp.Select, context: Context) -> str | None:
    """Take it from the one table in scope that has a column of that name."""
    for level in visible_sources(select, context.schema):
        owners = [source for source in level if source.has(column.name) and source.name]
        if len(owners) > 1:
            return None
        if owners:
            before = text_of(column)
            column.set("table", name_node(owners[0].name))
            return f"{before} → {text_of(column)}: of the tables read, {owners[0].name} has that column"
    return None


def _renamed(column: exp.Column, home: Sequence[Source], like: Likeness, context: Context) -> str | None:
    """Give it the only name that is `like` it in the tables it claims to be of."""
    found: list[tuple[Source, str]] = []
    for source in home:
        if source.table is not None:
            names = [each.name for each in source.table.columns]
            real = like(column.name, names, source.table.name, context.words)
            if real is not None:
                found.append((source, real))
    if len(found) != 1:
        return None
    source, real = found[0]
    before = text_of(column)
    column.set("this", name_node(real))
    if column.table or len(home) > 1:
        column.set("table", name_node(source.name))
    return f"{before} → {text_of(column)}: there is no column {before}"


def join_owner(column: exp.Column, select: exp.Select, context: Context) -> str | None:
    """Join in the table it belongs to: the one it is qualified with, else the only or the nearest one."""
    ways = _ways(column, select, context)
    shortest = min((len(way) for way in ways.values()), default=0)
    nearest = [name for name, way in ways.items() if len(way) == shortest]
    if len(nearest) != 1:
        return None
    before = text_of(column)
    told = join_in(select, ways[nearest[0]], context)
    column.set("table", name_node(nearest[0]))
    return f"{before} → {text_of(column)}, with {told}: no table read has that column"


def _ways(column: exp.Column, select: exp.Select, context: Context) -> dict[str, tuple[Step, ...]]:
    """How each table that has the column can be joined in."""
    read = {source.name.casefold() for source in sources(select, context.schema)}
    owners = [table for table in context.schema.tables if table.column(column.name)]
    named = [table for table in owners if table.name.casefold() == column.table.casefold()]
    ways = {}
    for table in named or owners:
        way = way_to(select, table.name, context)
        if way and not any(step.to_table.casefold() in read for step in way):
            ways[table.name] = way
    return ways
