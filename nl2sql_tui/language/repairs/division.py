"""Mends divisions of whole numbers, which SQLite cuts down to whole numbers, where a question asks for a share."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import Context, meaning
from nl2sql_tui.language.repairs.statement import shown

_SHARE: Final = re.compile(
    r"\b(shares?|ratios?|percent\w*|proportions?|fractions?|rates?|averages?|mean|per)\b|%", re.IGNORECASE
)


def divide_exactly(tree: exp.Query, context: Context) -> Iterator[str]:
    """Divide as real numbers where both sides are whole ones and the question asks for a ratio."""
    if not _SHARE.search(context.question):
        return
    for division in list(tree.find_all(exp.Div)):
        if _is_whole(division.this, context) and _is_whole(division.expression, context):
            before = shown(division)
            division.set("this", exp.Cast(this=division.this.unnest(), to=exp.DataType.build("REAL")))
            yield f"{before} → {shown(division)}: whole numbers would be divided without their fraction"


def _is_whole(node: exp.Expr, context: Context) -> bool:
    """Whether it is known to give whole numbers."""
    node = node.unnest()
    if isinstance(node, exp.Count):
        return True
    if isinstance(node, exp.Literal):
        return bool(node.is_int)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul):
        return _is_whole(node.this, context) and _is_whole(node.expression, context)
    if isinstance(node, exp.Sum | exp.Max | exp.Min):
        return _is_whole(node.this, context)
    if isinstance(node, exp.Select):
        return len(node.selects) == 1 and _is_whole(node.selects[0].unalias(), context)
    if isinstance(node, exp.Column):
        select = node.find_ancestor(exp.Select)
        source = meaning(node, select, context.schema).source if select is not None else None
        column = source.table.column(node.name) if source is not None and source.table is not None else None
        return column is not None and "INT" in column.declared_type.upper()
    return False
