"""Mends divisions of whole numbers, which SQLite cuts down to whole numbers, where a question asks for a share."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import Context, meaning
from nl2sql_tui.language.syntax import text_of

_SHARE: Final = re.compile(
    r"\b(shares?|ratios?|percent\w*|proportions?|fractions?|rates?|averages?|mean|per)\b|%", re.IGNORECASE
)

_WHOLE: Final = re.compile(r"\b(whole|rounded down|without (the )?(fraction|decimals))\b", re.IGNORECASE)


def divide_exactly(tree: exp.Query, context: Context) -> Iterator[str]:
    """Divide as real numbers where both sides are whole ones and the question asks for a ratio.

    Only sums and counts, or one column by another: what divides a column by a number (year / 10) may want it cut, and
    so does what rows are grouped by.
    """
    if not _SHARE.search(context.question) or _WHOLE.search(context.question):
        return
    for division in list(tree.find_all(exp.Div)):
        is_whole = _is_whole(division.this, context) and _is_whole(division.expression, context)
        if is_whole and _is_ratio(division) and not _is_grouped_by(division) and not _is_meant_whole(division):
            before = text_of(division)
            divided = division.this.unnest() if isinstance(division.this, exp.Paren) else division.this
            division.set("this", exp.Cast(this=divided, to=exp.DataType.build("REAL")))
            yield f"{before} → {text_of(division)}: whole numbers would be divided without their fraction"


def _is_meant_whole(division: exp.Div) -> bool:
    """Whether it counts rows to skip or give, is written into a text, or has its remainder beside it."""
    if division.find_ancestor(exp.Limit, exp.Offset, exp.DPipe) is not None:
        return True
    remainders = (one.this for one in division.root().find_all(exp.Mod))
    return any(one.unnest() == division.this.unnest() for one in remainders)


def _is_ratio(division: exp.Div) -> bool:
    """Whether it sums up rows, or divides what the rows hold by what the rows hold."""
    return division.find(exp.AggFunc) is not None or all(
        side.find(exp.Column) is not None for side in (division.this, division.expression)
    )


def _is_grouped_by(division: exp.Div) -> bool:
    """Whether rows are grouped by what the division gives: GROUP BY has it, or the alias or the number of its item.

    Also the GROUP BY of a query around the one that it stands in, which knows it by its alias.
    """
    select = division.find_ancestor(exp.Select)
    names: set[str] = set()
    while select is not None:
        group = select.args.get("group")
        if group is not None and any(division == each for each in group.find_all(exp.Div)):
            return True
        items = enumerate(select.expressions, 1)
        holding = [(place, item) for place, item in items if any(each is division for each in item.find_all(exp.Div))]
        names |= {item.alias.casefold() for _, item in holding if item.alias}
        called = {str(place) for place, _ in holding} | names
        keys = group.expressions if group is not None else []
        if any(isinstance(key, exp.Column | exp.Literal) and key.name.casefold() in called for key in keys):
            return True
        select = select.find_ancestor(exp.Select)
    return False


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
