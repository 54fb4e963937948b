"""Mends conditions that no row can meet: one column that is to be two values at once."""

from collections.abc import Iterator

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import Context, Source, meaning, own_columns, sources
from nl2sql_tui.language.syntax import column_node, conjuncts, text_of


def meet_one_or_each(tree: exp.Query, context: Context) -> Iterator[str]:
    """Write IN for two values of one column; where rows of another table are shown, which may have both, look for each.

    "Customers in Oslo and Bergen" are in one of them, "students who own a cat and a dog" have a row for each.
    """
    pair = _contradiction(tree) if isinstance(tree, exp.Select) else None
    if pair is None or not isinstance(tree, exp.Select):
        return
    first, second = pair
    told = f"{text_of(first)} AND {text_of(second)}"
    key = _key_shown(tree, first.this, context)
    if len(sources(tree, context.schema)) == 1 or _shows_rows_of(first.this, tree, context):
        mended: exp.Expr = exp.In(
            this=first.this.copy(), expressions=[first.expression.copy(), second.expression.copy()]
        )
        first.replace(mended)
        _drop(second)
        yield f"{told} → {text_of(mended)}: no row can be both"
    elif key is not None and not tree.find(exp.AggFunc):
        rest = [part.copy() for part in conjuncts(tree.args["where"].this) if part is not first]
        others = exp.select(key.copy()).from_(tree.args["from_"].this.copy()).where(*rest)
        others.set("joins", [join.copy() for join in tree.args.get("joins") or []])
        mended = exp.In(this=key, query=exp.Subquery(this=others))
        second.replace(mended)
        yield f"{told} → {text_of(first)} AND {text_of(mended)}: no row can be both"


def _contradiction(select: exp.Select) -> tuple[exp.EQ, exp.EQ] | None:
    """The only two conditions that compare one column with two texts or numbers."""
    where = select.args.get("where")
    equal = [
        part
        for part in conjuncts(where.this if where is not None else None)
        if isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Literal)
    ]
    pairs = [
        (one, other)
        for place, one in enumerate(equal)
        for other in equal[place + 1 :]
        if one.this == other.this and one.expression.name.casefold() != other.expression.name.casefold()
    ]
    return pairs[0] if len(pairs) == 1 else None


def _shows_rows_of(column: exp.Column, select: exp.Select, context: Context) -> bool:
    """Whether a result column comes from the table of `column`, or that table cannot be told."""
    source = meaning(column, select, context.schema).source
    return source is None or source in _shown(select, context)


def _key_shown(select: exp.Select, column: exp.Column, context: Context) -> exp.Column | None:
    """The key of the one table whose columns are shown; None if there are more, or it has no key of one column."""
    shown = _shown(select, context)
    if len(shown) != 1 or shown[0].table is None or meaning(column, select, context.schema).source in shown:
        return None
    keys = [one.name for one in shown[0].table.columns if one.primary_key]
    return column_node(shown[0].name, keys[0]) if len(keys) == 1 else None


def _shown(select: exp.Select, context: Context) -> list[Source]:
    """The sources of the result columns, each once."""
    found = []
    for column in own_columns(select):
        source = meaning(column, select, context.schema).source
        if source is not None and source not in found and column.find_ancestor(exp.Where, exp.Join, exp.Order) is None:
            found.append(source)
    return found


def _drop(condition: exp.Expr) -> None:
    """Take one of several conditions that are joined by AND away."""
    connector = condition.parent
    assert isinstance(connector, exp.And)
    connector.replace(connector.expression if connector.this is condition else connector.this)
