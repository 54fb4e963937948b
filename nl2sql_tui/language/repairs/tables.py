"""Mends the tables of a query: misspelt ones, one read twice under one name, one taken for another that has it all."""

from collections.abc import Iterator

from sqlglot import exp

from nl2sql_tui.language.joins import join_edges
from nl2sql_tui.language.repairs.names import like_name, name_words, only, same_name
from nl2sql_tui.language.repairs.scopes import (
    Context,
    Source,
    meaning,
    own_columns,
    result_names,
    selects,
    source_nodes,
    sources,
)
from nl2sql_tui.language.syntax import conjuncts, name_node
from nl2sql_tui.schema import Table


def spell_tables(tree: exp.Query, context: Context) -> Iterator[str]:
    """Give a table that does not exist the only name in the schema that is like it."""
    for select in selects(tree):
        for source in sources(select, context.schema):
            node = source.node
            if source.columns is not None or not isinstance(node, exp.Table) or node.args.get("db"):
                continue
            real = _like_table(node.name, context)
            if real is None:
                continue
            before = node.name
            node.set("this", name_node(real))
            if not node.alias:
                _requalify(select, before, real)
            yield f"{before} → {real}: there is no table {before}"


def _like_table(name: str, context: Context) -> str | None:
    names = [table.name for table in context.schema.tables]
    return same_name(name, names) or like_name(name, names, "", context.words)


def _requalify(select: exp.Select, before: str, real: str) -> None:
    """Write `real` before every column in `select` that is qualified with `before`."""
    for column in select.find_all(exp.Column):
        if column.table.casefold() == before.casefold():
            column.set("table", name_node(real))


def drop_repeats(tree: exp.Query, context: Context) -> Iterator[str]:
    """Drop a table that stands a second time in FROM under the same name: no column of it could be told apart.

    But not where the second time goes along another key: from Oslo to Rome needs the airports twice.
    """
    for select in selects(tree):
        seen: set[str] = set()
        for node in source_nodes(select):
            name = node.alias_or_name.casefold()
            if name in seen and isinstance(node, exp.Table) and context.schema.table(node.name) is not None:
                join = node.parent
                if isinstance(join, exp.Join) and not _goes_along_another_key(join, select, context):
                    join.pop()
                    yield f"{node.alias_or_name} is read once: it stood twice in FROM under one name"
            seen.add(name)


def _goes_along_another_key(join: exp.Join, select: exp.Select, context: Context) -> bool:
    """Whether `join` compares two columns that a key of its table binds, and no other join of `select` does."""
    table = join.this.name.casefold()
    keys = {
        frozenset((column.casefold(), other.casefold()))
        for edge in join_edges(context.schema)
        if table in (edge.table.casefold(), edge.other.casefold())
        for column, other in edge.columns
    }
    others = {pair for other in select.args.get("joins") or [] if other is not join for pair in _compared(other)}
    return any(len(pair) > 1 and pair in keys - others for pair in _compared(join))


def _compared(join: exp.Join) -> Iterator[frozenset[str]]:
    """The names of the columns that `join` makes equal, two by two."""
    for part in conjuncts(join.args.get("on")):
        if isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Column):
            yield frozenset((part.this.name.casefold(), part.expression.name.casefold()))


def swap_tables(tree: exp.Query, context: Context) -> Iterator[str]:
    """Read the table that has the columns, in place of one that has none of them and that the question does not name.

    Only if one table has all that the query takes from the other. What joins them is left to the conditions' repair.
    """
    for select in selects(tree):
        for source in sources(select, context.schema):
            if any(item.is_star for item in select.expressions):
                continue
            taken = _taken(select, source, context)
            other = _meant(source, taken, context)
            if other is None or source.table is None:
                continue
            beside = [each for each in sources(select, context.schema) if each.table is other]
            if beside and not _drop(select, source, beside[0], taken):
                continue
            if not beside:
                source.node.set("this", name_node(other.name))
                if not source.node.alias:
                    _requalify(select, source.table.name, other.name)
            yield f"{source.table.name} → {other.name}: that table has the columns"


def _taken(select: exp.Select, source: Source, context: Context) -> list[exp.Column]:
    """The columns that the query takes from `source`, or thinks it does, but for those in a join's condition."""
    own = source.name.casefold()
    alone = len(source_nodes(select)) == 1
    results = result_names(select)
    taken = [
        column
        for column in select.find_all(exp.Column)
        if column.table.casefold() == own and not column.is_star and not _is_in_a_condition(column, select)
    ]
    for column in own_columns(select):
        if not column.table and column.name.casefold() not in results:
            found = meaning(column, select, context.schema).found
            if any(each.node is source.node for each in found) or (alone and not found):
                taken.append(column)
    return taken


def _is_in_a_condition(column: exp.Column, select: exp.Select) -> bool:
    join = column.find_ancestor(exp.Join)
    return join is not None and join.parent is select


def _meant(source: Source, taken: list[exp.Column], context: Context) -> Table | None:
    """The only other table that has every column taken from `source`, if that has none and is not asked for."""
    if source.table is None or not isinstance(source.node, exp.Table) or not taken:
        return None
    names = {column.name for column in taken}
    own = [column.name for column in source.table.columns]
    if any(source.has(name) or same_name(name, own, source.table.name) for name in names):
        return None
    owner = only(table.name for table in context.schema.tables if all(table.column(name) for name in names))
    table = context.schema.table(owner) if owner else None
    if table is None:
        return None
    explained = {word for name in [table.name, *names] for word in name_words(name)}
    return None if set(name_words(source.table.name)) & context.words - explained else table


def _drop(select: exp.Select, source: Source, beside: Source, taken: list[exp.Column]) -> bool:
    """Take the columns from `beside` and read `source` no more; False if it stands where it cannot be taken out."""
    place = source.node.parent
    if isinstance(place, exp.From):
        joins = select.args.get("joins") or []
        first = joins[0] if joins else None
        if first is None or first.side or first.args.get("using"):
            return False
        own = source.name.casefold()
        if not all(own in _qualifiers(part) for part in conjuncts(first.args.get("on"))):
            return False
        place.set("this", first.this)
        first.pop()
    elif isinstance(place, exp.Join) and not place.side and not place.args.get("using"):
        place.pop()
    else:
        return False
    for column in taken:
        column.set("table", name_node(beside.name))
    return True


def _qualifiers(part: exp.Expr) -> set[str]:
    return {column.table.casefold() for column in part.find_all(exp.Column)}
