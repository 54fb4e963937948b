"""Mends texts that a condition compares with a column that holds them in another spelling, or does not hold them."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.add_tables import join_in, way_to
from nl2sql_tui.language.repairs.scopes import Context, Source, meaning, own_columns, selects, sources
from nl2sql_tui.language.syntax import name_node, text_of
from nl2sql_tui.quoting import string_literal
from nl2sql_tui.schema import CellLookup, CellValue, ValueLookup

_MOST_ASKED: Final = 12
"""Texts of one statement that the database is asked about."""


def spell_texts(tree: exp.Query, context: Context, values: ValueLookup, cells: CellLookup) -> Iterator[str]:
    """Write a text as the column has it, where it holds it only in another case or a slip away."""
    for column, literal, source in _compared(tree, context)[:_MOST_ASKED]:
        assert source.table is not None
        text = literal.name
        in_case_only = isinstance(literal.parent, exp.Like)
        if in_case_only and any(mark in text for mark in "%_"):
            continue
        stored = _stored(text, source.table.name, column.name, values)
        if stored is None or (in_case_only and stored.lower() == text.lower()):
            continue
        if cells.holds(source.table.name, column.name, text) is False:
            literal.set("this", stored)
            yield f"{string_literal(text)} → {string_literal(stored)}: so {text_of(column)} has it"


def move_texts(tree: exp.Query, context: Context, links: Sequence[CellValue], cells: CellLookup) -> Iterator[str]:
    """Compare a text with the one column in which the question's words were found, where the other does not hold it."""
    for column, literal, source in _compared(tree, context)[:_MOST_ASKED]:
        select = column.find_ancestor(exp.Select)
        same = [link for link in links if link.text.lower() == literal.name.lower()]
        if select is None or source.table is None or isinstance(literal.parent, exp.In):
            continue
        stands_there = any(
            link.table == source.table.name and link.column.casefold() == column.name.casefold() for link in same
        )
        if not same or stands_there or cells.holds(source.table.name, column.name, literal.name) is not False:
            continue
        before = text_of(column)
        if _compare_with(column, select, same, context):
            yield f"{before} → {text_of(column)}: {before} does not hold {string_literal(literal.name)}"


def _compare_with(column: exp.Column, select: exp.Select, links: Sequence[CellValue], context: Context) -> bool:
    """Make `column` the linked one: of the tables read, else of one that can be joined; False if several could be."""
    read = {source.table.name: source.name for source in sources(select, context.schema) if source.table is not None}
    here = [link for link in links if link.table in read]
    if len(here or links) != 1:
        return False
    link = (here or links)[0]
    if not here:
        way = way_to(select, link.table, context)
        if not way:
            return False
        join_in(select, way, context)
    column.set("this", name_node(link.column))
    if column.table or len(read) > 1 or not here:
        column.set("table", name_node(read.get(link.table, link.table)))
    return True


def _stored(text: str, table: str, column: str, values: ValueLookup) -> str | None:
    """The only spelling of `text` in that column; None if it stands there as it is, or nothing like it does."""
    for found in (values.find(text), values.similar(text)):
        texts = {each.text for each in found if each.table == table and each.column.casefold() == column.casefold()}
        if text in texts:
            return None
        if texts:
            return texts.pop() if len(texts) == 1 else None
    return None


def _compared(tree: exp.Query, context: Context) -> list[tuple[exp.Column, exp.Literal, Source]]:
    """Each column of a table that the statement compares with a text by =, <>, IN or LIKE."""
    found = []
    for select in selects(tree):
        for column in own_columns(select):
            source = meaning(column, select, context.schema).source
            if source is not None and source.table is not None:
                found += [(column, literal, source) for literal in _texts_beside(column)]
    return found


def _texts_beside(column: exp.Column) -> list[exp.Literal]:
    comparison = column.parent
    if isinstance(comparison, exp.In) and comparison.this is column:
        others = comparison.expressions
    elif isinstance(comparison, exp.EQ | exp.NEQ | exp.Like):
        others = [comparison.expression if comparison.this is column else comparison.this]
    else:
        return []
    return [other for other in others if isinstance(other, exp.Literal) and other.is_string]
