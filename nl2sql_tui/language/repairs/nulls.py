"""Mends what NULL makes hold for no row at all: = NULL, a text that stands for it, NOT IN a list with NULL in it."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.literals import compared_texts
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context, meaning, sources
from nl2sql_tui.language.syntax import add_condition, text_of
from nl2sql_tui.quoting import string_literal
from nl2sql_tui.schema import CellLookup

_WORDS_FOR_NULL: Final = frozenset(("", "null", "none", "n/a"))


def ask_for_null(tree: exp.Query, context: Context) -> Iterator[str]:  # noqa: ARG001
    """Write IS NULL for = NULL and IS NOT NULL for <> NULL, wherever a condition decides about rows."""
    for comparison in list(tree.find_all(exp.EQ, exp.NEQ)):
        sides = [comparison.this, comparison.expression]
        others = [side for side in sides if not isinstance(side, exp.Null)]
        if len(others) != 1 or not comparison.find_ancestor(exp.Where, exp.Having, exp.Join):
            continue
        before = text_of(comparison)
        is_null = exp.Is(this=others[0], expression=exp.Null())
        mended = exp.Not(this=is_null) if isinstance(comparison, exp.NEQ) else is_null
        comparison.replace(mended)
        yield f"{before} → {text_of(mended)}: nothing equals NULL, nor differs from it"


def ask_for_null_by_its_name(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Write IS NULL for = 'null' and its like, and for = '', where the column holds no such text."""
    for column, literal, table in compared_texts(tree, context)[:MOST_ASKED]:
        comparison = column.parent
        if not isinstance(comparison, exp.EQ) or literal.name.strip().casefold() not in _WORDS_FOR_NULL:
            continue
        if cells.holds_null(table.name, column.name) is not True:
            continue
        if cells.holds(table.name, column.name, literal.name) is False:
            before = text_of(comparison)
            mended = exp.Is(this=column.copy(), expression=exp.Null())
            comparison.replace(mended)
            yield f"{before} → {text_of(mended)}: {text_of(column)} holds no {string_literal(literal.name)}"


def refer_to_nothing(tree: exp.Query, context: Context) -> Iterator[str]:
    """Write "manager_id IS NULL" for those without a manager, where NOT IN finds who is no manager of anyone.

    Only where a table refers to itself, and the question has "no" or "without" before the column's word.
    """
    for among in list(tree.find_all(exp.In)):
        column = _own_reference(among, context)
        if column is None:
            continue
        said = rf"(?<!\bis )(?<!\bare )\b(no|without( an?| any)?|lacks? an?) {re.escape(name_words(column.name)[0])}"
        if isinstance(among.parent, exp.Not) and re.search(said, context.question, re.IGNORECASE):
            before = text_of(among.parent)
            mended = exp.Is(this=exp.Column(this=column.this.copy()), expression=exp.Null())
            among.parent.replace(mended)
            yield f"{before} → {text_of(mended)}: the question asks for those without one"


def _own_reference(among: exp.In, context: Context) -> exp.Column | None:
    """The column that a query within IN gives, if it refers to the very table that is read here and there."""
    query, outer = among.args.get("query"), among.find_ancestor(exp.Select)
    select = query.this if isinstance(query, exp.Subquery) else None
    if outer is None or not isinstance(select, exp.Select) or len(select.expressions) != 1:
        return None
    shown = select.expressions[0].unalias()
    read = [source.table for one in (outer, select) for source in sources(one, context.schema)]
    if len(read) != 2 or read[0] is None or read[0] != read[1] or not isinstance(shown, exp.Column):
        return None
    table = read[0]
    refers = [key for key in table.foreign_keys if key.column.casefold() == shown.name.casefold()]
    return shown if any(key.to_table.casefold() == table.name.casefold() for key in refers) else None


def leave_nulls_out(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Add IS NOT NULL to a query that NOT IN stands before, where the column that it gives holds NULL."""
    for among in list(tree.find_all(exp.In))[:MOST_ASKED]:
        query = among.args.get("query")
        select = query.this if isinstance(query, exp.Subquery) else None
        if not isinstance(among.parent, exp.Not) or not isinstance(select, exp.Select) or len(select.expressions) != 1:
            continue
        column = select.expressions[0].unalias()
        if not isinstance(column, exp.Column) or select.args.get("group") or select.args.get("limit"):
            continue
        source = meaning(column, select, context.schema).source
        if source is None or source.table is None or cells.holds_null(source.table.name, column.name) is not True:
            continue
        if any(test.this == column for test in select.find_all(exp.Is)):
            continue
        condition = exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null()))
        add_condition(select, condition)
        yield f"{text_of(condition)} added: nothing is NOT IN what has NULL in it"
