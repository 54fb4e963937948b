"""Mends keys that are compared with what their row is called: a flight's origin is an airport's code, and no city."""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from nl2sql_tui.language.joins import join_edges
from nl2sql_tui.language.repairs.literals import compared_texts
from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context
from nl2sql_tui.language.syntax import name_node, text_of
from nl2sql_tui.schema import CellLookup, CellValue, Table


def look_up_keys(tree: exp.Query, context: Context, links: Sequence[CellValue], cells: CellLookup) -> Iterator[str]:
    """Compare a key with those of the rows that hold the text, where no row has it for a key.

    Only where the question names the text in one column of the table that the key refers to.
    """
    for column, literal, table in compared_texts(tree, context)[:MOST_ASKED]:
        comparison = column.parent
        if not isinstance(comparison, exp.EQ | exp.NEQ) or comparison.this is not column:
            continue
        found = _rows_called(literal.name, table, column.name, context, links)
        if found is None or cells.holds(table.name, column.name, literal.name) is not False:
            continue
        key, link = found
        rows = exp.select(exp.column(name_node(key))).from_(exp.Table(this=name_node(link.table)))
        rows = rows.where(exp.EQ(this=exp.column(name_node(link.column)), expression=exp.Literal.string(link.text)))
        among: exp.Expr = exp.In(this=column.copy(), query=exp.Subquery(this=rows))
        if isinstance(comparison, exp.NEQ):
            among = exp.Not(this=among)
        before = text_of(comparison)
        comparison.replace(among)
        yield f"{before} → {text_of(among)}: {text_of(column)} is the {key} of {link.table}"


def _rows_called(
    text: str, table: Table, column: str, context: Context, links: Sequence[CellValue]
) -> tuple[str, CellValue] | None:
    """The key that `column` refers to, and the one link of its table that is called `text`; None if there is none."""
    for edge in join_edges(context.schema):
        if edge.origin == "shared" or edge.table != table.name or len(edge.columns) != 1:
            continue
        ((own, key),) = edge.columns
        if own.casefold() != column.casefold() or edge.other == edge.table:
            continue
        called = [link for link in links if link.table == edge.other and link.text.casefold() == text.casefold()]
        if len(called) == 1 and called[0].column.casefold() != key.casefold():
            return key, called[0]
    return None
