"""Adds tables to a query along foreign keys, so that every name in it keeps the meaning it had."""

from collections.abc import Sequence

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import Context, Source, enclosing, meaning, own_columns, selects, sources
from nl2sql_tui.language.repairs.ways import Step
from nl2sql_tui.language.syntax import column_node, is_result_in_order, name_node, text_of
from nl2sql_tui.schema import Schema


def way_to(select: exp.Select, target: str, context: Context) -> tuple[Step, ...] | None:
    """The way from the tables that `select` reads to the table `target`; None if there is none that is clear."""
    present = [source.table.name for source in sources(select, context.schema) if source.table is not None]
    return context.keys.way(present, target, context.words)


def join_in(select: exp.Select, way: Sequence[Step], context: Context) -> str:
    """Join the tables of `way` into `select` and say how: "JOIN b ON a.x = b.x"."""
    qualify_all(select, context.schema)
    names: dict[str, str] = {}
    for source in sources(select, context.schema):
        if source.table is not None:
            names.setdefault(source.table.name, source.name)
    told = []
    for step in way:
        names[step.to_table] = step.to_table
        join = exp.Join(this=exp.Table(this=name_node(step.to_table)), on=condition(step, names))
        select.append("joins", join)
        told.append(text_of(join).strip())
    return " ".join(told)


def repeats_what_is_summed(select: exp.Select, way: Sequence[Step], context: Context) -> bool:
    """Whether joining in the tables of `way` may have an aggregate of `select` count a row more than once."""
    sums_up = any(one.find_ancestor(exp.Select) is select for one in select.find_all(exp.AggFunc))
    return sums_up and not _meets_each_row_once(way, context)


def _meets_each_row_once(way: Sequence[Step], context: Context) -> bool:
    """Whether a row finds at most one partner in each step of `way`, so that no sum counts it more than once."""
    for step in way:
        table = context.schema.table(step.to_table)
        keys = {column.name for column in table.columns if column.primary_key} if table is not None else set()
        if not keys or not keys <= {to_column for _, to_column in step.pairs}:
            return False
    return True


def condition(step: Step, names: dict[str, str]) -> exp.Expr:
    """What joins the two tables of a step; `names` says how the query calls its tables."""
    table, to_table = names.get(step.table, step.table), names.get(step.to_table, step.to_table)
    return exp.and_(*(exp.EQ(this=column_node(table, a), expression=column_node(to_table, b)) for a, b in step.pairs))


def qualify_all(select: exp.Select, schema: Schema) -> None:
    """Write the table before each column that comes from `select`, and before its star, as it will have more tables."""
    for inner in selects(select):
        if inner is not select and not _uses(inner, select):
            continue
        for column in list(own_columns(inner)):
            source = meaning(column, inner, schema).source
            if source is None or column.table or is_result_in_order(column, inner):
                continue
            if source.name and _is_of(source, select, schema):
                column.set("table", name_node(source.name))
    for place, item in enumerate(list(select.expressions)):
        if isinstance(item, exp.Star):
            _replace_star(select, place, sources(select, schema))


def _uses(inner: exp.Select, select: exp.Select) -> bool:
    """Whether `inner` may use the tables of `select`, which it stands in."""
    level = enclosing(inner)
    while level is not None and level is not select:
        level = enclosing(level)
    return level is select


def _is_of(source: Source, select: exp.Select, schema: Schema) -> bool:
    return any(own.node is source.node for own in sources(select, schema))


def _replace_star(select: exp.Select, place: int, before: Sequence[Source]) -> None:
    if all(source.name for source in before):
        stars = [exp.Column(this=exp.Star(), table=name_node(source.name)) for source in before]
        items = list(select.expressions)
        select.set("expressions", [*items[:place], *stars, *items[place + 1 :]])
