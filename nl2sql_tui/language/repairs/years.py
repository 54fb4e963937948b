"""Moves a year that is compared with what holds no number to the column of years."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.dates import other_literals
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context, sources, table_columns
from nl2sql_tui.language.syntax import name_node, text_of
from nl2sql_tui.schema import CellLookup

_YEAR: Final = re.compile(r"(1[5-9]|20)\d\d")


def move_years(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Compare the one column of years that is read, where "name > 1950" compares a column that holds no figure."""
    for column, table in table_columns(tree, context, _is_compared_with_years)[:MOST_ASKED]:
        select = column.find_ancestor(exp.Select)
        stored = cells.first_values(table.name, column.name)
        if select is None or not stored or any(character.isdigit() for text in stored for character in text):
            continue
        read = sources(select, context.schema)
        years = [
            (source.name, one.name)
            for source in read
            for one in (source.table.columns if source.table is not None else ())
            if "year" in name_words(one.name)
        ]
        if len(years) != 1:
            continue
        ((source_name, name),) = years
        before = text_of(column)
        column.set("this", name_node(name))
        if len(read) > 1:
            column.set("table", name_node(source_name))
        yield f"{before} → {text_of(column)}: {before} holds no years"


def _is_compared_with_years(column: exp.Column) -> bool:
    literals = other_literals(column)
    return bool(literals) and all(_YEAR.fullmatch(literal.name) for literal in literals)
