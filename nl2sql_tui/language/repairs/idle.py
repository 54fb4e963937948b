"""Drops tables that are used for nothing and joined by what says nothing, so that each row comes many times."""

from collections.abc import Iterator

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import Context, selects
from nl2sql_tui.language.syntax import conjuncts, text_of


def drop_idle_joins(tree: exp.Query, context: Context) -> Iterator[str]:  # noqa: ARG001
    """Leave out each table that is joined only by a column that equals itself, and that nothing else names."""
    for select in selects(tree):
        if any(isinstance(shown, exp.Star) for shown in select.expressions):
            continue
        for join in list(select.args.get("joins") or []):
            if joins_by_itself(join) and not _is_named_elsewhere(join, select):
                before = text_of(join).strip()
                join.pop()
                yield f"{before} → nothing: it joins each row with all others"


def joins_by_itself(join: exp.Join) -> bool:
    """Whether all that it is joined by is that some column equals itself."""
    parts = conjuncts(join.args.get("on"))
    return bool(parts) and all(
        isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and part.this == part.expression
        for part in parts
    )


def _is_named_elsewhere(join: exp.Join, select: exp.Select) -> bool:
    """Whether a column outside of the join is the table's, or may be, having none before it."""
    inside = set(map(id, join.find_all(exp.Column)))
    name = join.this.alias_or_name.casefold()
    return any(
        not column.table or column.table.casefold() == name
        for column in select.find_all(exp.Column)
        if id(column) not in inside
    )
