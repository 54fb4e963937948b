"""Writes the grammar that an answer about one schema has to keep to, as text in llguidance's dialect of Lark.

It holds what a model may write: one query that reads, in the normal form that the default adapter is taught, with
tables and columns of the schema alone, each column only where its table is in scope. Whoever compiles it decides
what becomes of an answer that it cannot express: a join on columns that are no keys, a subquery in FROM, a column of
an outer query (but for EXISTS), WITH, a window, an alias where a name would do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from nl2sql_tui.language.grammar import clauses, expressions, lark, select_first, tables_first
from nl2sql_tui.language.grammar.scope import groups
from nl2sql_tui.language.joins import join_edges
from nl2sql_tui.schema import CellValue, Schema


def schema_grammar(schema: Schema, values: Sequence[CellValue], form: Literal["sql", "tables first"]) -> str:
    """The grammar of the queries on `schema`, in the order of clauses that `form` names; empty if it has no tables.

    A string may be any text, but one of `values` only as it is stored. `schema` is what the model is shown; of more
    tables than the parser can follow at once, the first 300 ("sql") or 1,000 are taken.
    """
    writable = _writable(schema)
    return "\n".join(_definitions(writable, values, form)) + "\n" if writable.tables else ""


def _writable(schema: Schema) -> Schema:
    """`schema` without what no query can name: a view without columns, a name that is no text for SQLite."""
    tables = []
    for table in schema.tables:
        columns = tuple(column for column in table.columns if _is_text(column.name))
        if columns and _is_text(table.name):
            tables.append(replace(table, columns=columns))
    return Schema(tuple(tables))


def _is_text(name: str) -> bool:
    return "\0" not in name and name == name.encode("utf-8", "ignore").decode("utf-8")


def _definitions(schema: Schema, values: Sequence[CellValue], form: Literal["sql", "tables first"]) -> Iterator[str]:
    order = tables_first if form == "tables first" else select_first
    shown = Schema(schema.tables[: order.LARGEST_SCHEMA])
    parts = groups(shown.tables, join_edges(shown), order.GROUP_WIDTH)
    yield "start : answer"
    yield order.COUNTED_ROWS
    yield expressions.TERMINALS + clauses.TERMINALS
    yield lark.string_terminals(values)
    yield from clauses.query_rules(len(parts), order.AT_START)
    for group in parts:
        yield expressions.expression_rules(group.number, correlated=order is tables_first)
        yield from clauses.table_terminals(group)
        yield from clauses.join_terminals(group)
        yield from clauses.tail_rules(group.number)
        yield from order.source_rules(group)
