"""Mends a query in parentheses that gives a column of the query around it instead of one of its own tables."""

from collections.abc import Iterator

from sqlglot import exp

from nl2sql_tui.language.repairs.columns import join_owner
from nl2sql_tui.language.repairs.scopes import Context, enclosing, selects, sources


def give_own_columns(tree: exp.Query, context: Context) -> Iterator[str]:
    """Join in the table that has the column which such a query is to give.

    ``x = (SELECT x FROM student …)`` compares x with itself wherever students have no x: it then is that of the query
    around. As a join may give several, = becomes IN.
    """
    for select in selects(tree):
        comparison = _comparison_of(select)
        if comparison is None or len(select.expressions) != 1:
            continue
        (given,) = select.expressions
        if not isinstance(given, exp.Column) or given.table or not _is_of_an_outer_query(given, select, context):
            continue
        line = join_owner(given, select, context)
        if line is None:
            continue
        if isinstance(comparison, exp.EQ):
            comparison.replace(exp.In(this=comparison.this.copy(), query=comparison.expression.copy()))
            line += "; = → IN, as there may be several"
        yield line


def _comparison_of(select: exp.Select) -> exp.EQ | exp.In | None:
    """What compares with all that `select` gives."""
    around = select.parent
    comparison = around.parent if isinstance(around, exp.Subquery) else None
    if isinstance(comparison, exp.EQ) and comparison.expression is around:
        return comparison
    return comparison if isinstance(comparison, exp.In) and comparison.args.get("query") is around else None


def _is_of_an_outer_query(column: exp.Column, select: exp.Select, context: Context) -> bool:
    """Whether no table that `select` reads has it, and one of the query around has."""
    around = enclosing(select)
    own = [source.has(column.name) for source in sources(select, context.schema)]
    return (
        around is not None
        and bool(own)
        and all(has is False for has in own)
        and any(source.has(column.name) for source in sources(around, context.schema))
    )
