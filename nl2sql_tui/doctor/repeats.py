"""Finds joins that repeat the rows that a sum is over, and joins that leave rows out of a grouped result.

Only tables are examined whose rows can be told apart for sure: a key that may be missing tells nothing.
"""

from collections.abc import Iterator

from sqlglot import exp

from nl2sql_tui.doctor import Finding
from nl2sql_tui.doctor.probing import rows_before_grouping, with_conditions
from nl2sql_tui.doctor.statement import Statement
from nl2sql_tui.language.reading.expressions import is_aggregate
from nl2sql_tui.language.reading.scope import Source
from nl2sql_tui.language.syntax import text_of


def repeated_rows(statement: Statement) -> Iterator[Finding]:
    """Sums, averages and counts over a table whose rows a join repeats, with how often on average."""
    groups = _group_columns(statement)
    if groups is None:
        return
    for source, aggregates in _summed_sources(statement):
        key = _key(source)
        if key is None:
            continue
        per_group: list[exp.Expr] = [exp.func("quote", column.copy()) for column in groups]
        counts: list[exp.Expr] = [exp.Count(this=key), _distinct([key, *per_group]), _distinct(per_group or [key])]
        keys = [(one, _key(one)) for one in statement.scope.sources if one is not source]
        others = [(one, other) for one, other in keys if other is not None]
        counts += [_distinct([key, other, *per_group]) for _, other in others]
        row = statement.prober.row(_probe(statement, counts))
        if row is None or not all(isinstance(cell, int) for cell in row):
            continue
        rows, distinct, group_count, *pairs = [int(cell) for cell in row if isinstance(cell, int)]
        if not distinct or rows <= distinct:
            continue
        # Where each group is about one row, a count in it is meant to count what is joined.
        is_one_each = bool(groups) and group_count == distinct
        changed = [
            one
            for one in aggregates
            if not (isinstance(one, exp.Count) and is_one_each)
            and (not isinstance(one, exp.Avg) or _weighs(one, key, groups, statement))
        ]
        if not changed:
            continue
        by = next((one.shown for (one, _), pair in zip(others, pairs, strict=True) if pair > distinct), "")
        told = statement.words.value(changed[0])
        yield Finding(
            f"Joining {by or 'the other tables'} repeats each {source.shown} {rows / distinct:.1f} times on average: "
            f"{told} counts it each time.",
            _counting_once(statement, source, changed[0]),
        )


def _weighs(average: exp.Avg, key: exp.Expr, groups: list[exp.Column], statement: Statement) -> bool:
    """Whether an average counts some rows of a group more often than others: else repeating them leaves it right."""
    known = exp.Not(this=exp.Is(this=average.this.copy(), expression=exp.Null()))
    # Without groups all rows are one: older versions of SQLite know no HAVING without GROUP BY.
    per_group: list[exp.Expr] = [exp.func("quote", column.copy()) for column in groups] or [exp.Literal.string("")]
    group = _side_by_side(per_group)
    met = exp.alias_(exp.Count(this=exp.Star()), "met")
    conditions = [*statement.ties, *statement.conditions, known]
    inner = rows_before_grouping(statement.select, conditions, exp.alias_(group, "grouped"), met)
    inner.set("group", exp.Group(expressions=[group.copy(), key.copy()]))
    uneven = exp.LT(this=exp.Min(this=exp.column("met")), expression=exp.Max(this=exp.column("met")))
    probe = exp.select("1").from_(inner.subquery("t")).group_by(exp.column("grouped")).having(uneven)
    return bool(statement.prober.has_rows(probe))


def _probe(statement: Statement, items: list[exp.Expr]) -> exp.Select:
    return rows_before_grouping(statement.select, [*statement.ties, *statement.conditions], *items)


def _group_columns(statement: Statement) -> list[exp.Column] | None:
    """The columns that the statement groups by; None if it groups by anything else."""
    group = statement.select.args.get("group")
    if group is None:
        return []
    columns = [key for key in group.expressions if isinstance(key, exp.Column) and statement.source_of(key)]
    return columns if len(columns) == len(group.expressions) else None


def _summed_sources(statement: Statement) -> list[tuple[Source, list[exp.Expr]]]:
    """Each table with the aggregates over its columns that rows met twice would change."""
    found: dict[int, tuple[Source, list[exp.Expr]]] = {}
    for item in statement.select.expressions:
        for node in item.find_all(exp.Sum, exp.Avg, exp.Count, exp.Anonymous):
            columns = [] if isinstance(node.this, exp.Distinct) else list(node.find_all(exp.Column))
            sources = [statement.source_of(column) for column in columns]
            source = sources[0] if sources and all(one is sources[0] for one in sources) else None
            if source is None or source.table is None or not is_aggregate(node):
                continue
            if node.find_ancestor(exp.Select) is not statement.select:
                continue
            found.setdefault(id(source), (source, []))[1].append(node)
    return list(found.values())


def _counting_once(statement: Statement, source: Source, aggregate: exp.Expr) -> str | None:
    """The statement with a count of a table's key that counts each row once; None for other aggregates."""
    column = aggregate.this
    if not isinstance(aggregate, exp.Count) or not isinstance(column, exp.Column) or source.table is None:
        return None
    keys = [one.name.casefold() for one in source.table.columns if one.primary_key]
    if keys != [column.name.casefold()]:
        return None
    copy = statement.select.copy()
    for node in copy.find_all(exp.Count):
        if node == aggregate:
            node.set("this", exp.Distinct(expressions=[node.this.copy()]))
    return text_of(copy)


def lost_rows(statement: Statement) -> Iterator[Finding]:
    """Rows of the table that a result is grouped by which no other table has a match for, so that they drop out."""
    select = statement.select
    groups = _group_columns(statement)
    if not groups or any(select.args.get(part) for part in ("having", "limit", "distinct")):
        return
    if any(join.side for join in select.args["joins"]) or not any(map(is_aggregate, select.expressions)):
        return
    source = statement.source_of(groups[0])
    key = _key(source) if source is not None else None
    if source is None or key is None:
        return
    about = [column for part in (*groups, *statement.conditions) for column in part.find_all(exp.Column)]
    if any(statement.source_of(column) is not source for column in about):
        return
    probe = exp.select(exp.Count(this=exp.Star())).from_(source.node.copy())
    total = statement.prober.row(with_conditions(probe, statement.conditions))
    kept = statement.prober.row(_probe(statement, [_distinct([key])]))
    if total is None or kept is None or not isinstance(total[0], int) or not isinstance(kept[0], int):
        return
    lost = total[0] - kept[0]
    if lost > 0:
        others = [one.shown for one in statement.scope.sources if one is not source]
        told = others[0] if len(others) == 1 else "the tables joined to it"
        yield Finding(
            f"{lost:,} of {total[0]:,} rows of {source.shown} have no match in {told} and drop out of this result."
        )


def _key(source: Source) -> exp.Expr | None:
    """What tells the rows of a table apart, as one value; missing where an outer join found no row.

    None for a view, and for a table whose key may be missing: SQLite lets any key be NULL that is neither the INTEGER
    PRIMARY KEY nor declared NOT NULL. Rows of a table without a key are told apart by SQLite's own `rowid`.
    """
    if source.table is None or source.table.is_view:
        return None
    keys = sorted((column for column in source.table.columns if column.primary_key), key=lambda one: one.primary_key)
    if not keys and source.table.column("rowid") is not None:
        return None
    is_row_id = len(keys) == 1 and keys[0].declared_type.upper() == "INTEGER"
    if not is_row_id and not all(column.not_null for column in keys):
        return None
    owner = exp.to_identifier(source.name, quoted=True)
    names = [exp.to_identifier(column.name, quoted=True) for column in keys] or [exp.to_identifier("rowid")]
    parts: list[exp.Expr] = [exp.column(name, owner.copy()) for name in names]
    is_there = exp.Not(this=exp.Is(this=parts[0].copy(), expression=exp.Null()))
    return exp.Case().when(is_there, _side_by_side([exp.func("quote", part) for part in parts]))


def _side_by_side(parts: list[exp.Expr]) -> exp.Expr:
    """The parts as one text with marks between them; missing where one of them is."""
    whole = parts[0].copy()
    for part in parts[1:]:
        whole = exp.DPipe(this=exp.DPipe(this=whole, expression=exp.Literal.string("/")), expression=part.copy())
    return whole


def _distinct(parts: list[exp.Expr]) -> exp.Count:
    """How many different combinations there are of `parts`, each a quoted value, so that no two look alike."""
    return exp.Count(this=exp.Distinct(expressions=[_side_by_side(parts)]))
