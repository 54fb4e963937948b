"""Mends how the tables of a query are joined, where a condition names what is not there, cannot hold, or is missing."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.joins import join_edges
from nl2sql_tui.language.repairs.add_tables import condition, qualify_all
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, Source, meaning, selects, sources
from nl2sql_tui.language.repairs.ways import Step
from nl2sql_tui.language.syntax import conjuncts, name_node, text_of
from nl2sql_tui.schema import LONGEST_SAMPLED, CellLookup

_SAMPLE: Final = 3
"""Values of each side of a join that are looked for in the other."""
_SAME: Final = frozenset("same also equal equally own shared common match matching".split())
_Fault = Callable[[exp.Expr], bool]
"""Whether a condition of a join cannot be meant."""


def mend_joins(tree: exp.Query, context: Context) -> Iterator[str]:
    """Join by keys where a join compares a column that its table does not have, or where nothing joins two tables."""
    for select in selects(tree):
        is_at_fault = partial(_names_nothing, select=select, context=context)
        if any(map(is_at_fault, _parts(select))) or _has_unjoined(select, context):
            yield from _joined_anew(select, context, is_at_fault)


def join_what_belongs_together(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Join by keys where a join compares columns that are no key of each other's and have no value in common."""
    for select in selects(tree):
        is_at_fault = partial(_compares_strangers, select=select, context=context, cells=cells)
        if any(map(is_at_fault, _parts(select))):
            yield from _joined_anew(select, context, is_at_fault)


def _joins(select: exp.Select) -> list[exp.Join]:
    return list(select.args.get("joins") or [])


def _parts(select: exp.Select) -> list[exp.Expr]:
    """The conditions of all joins."""
    return [part for join in _joins(select) for part in conjuncts(join.args.get("on"))]


def _where_parts(select: exp.Select) -> list[exp.Expr]:
    where = select.args.get("where")
    return conjuncts(where.this if where is not None else None)


def _equal_columns(part: exp.Expr) -> list[exp.Column]:
    """The two columns that a condition compares with each other; none if it does something else."""
    sides = [part.this, part.expression] if isinstance(part, exp.EQ) else []
    columns = [side for side in sides if isinstance(side, exp.Column)]
    return columns if len(columns) == 2 else []


def _names_nothing(part: exp.Expr, select: exp.Select, context: Context) -> bool:
    """Whether a condition compares two columns, of which one or both are not there."""
    found = [meaning(column, select, context.schema) for column in _equal_columns(part)]
    return any(not each.unknown and not each.found for each in found)


def _compares_strangers(part: exp.Expr, select: exp.Select, context: Context, cells: CellLookup) -> bool:
    """Whether a condition compares columns of two tables that are no key of each other's and share no value."""
    ends = [
        (source.table.name, column.name)
        for column in _equal_columns(part)
        if (source := meaning(column, select, context.schema).source) is not None and source.table is not None
    ]
    if len(ends) != 2 or ends[0][0] == ends[1][0] or _is_key(ends, context) or _may_be_meant(ends, context):
        return False
    (one, other) = ends
    return _lacks_values_of(one, other, cells) and _lacks_values_of(other, one, cells)


_End = tuple[str, str]
"""A table and a column of it."""


def _may_be_meant(ends: list[_End], context: Context) -> bool:
    """Whether the question may ask for rows that have the same there: it says so, or both columns have one name."""
    (one, other) = (name_words(column) for _, column in ends)
    are_both_said = set(one) <= context.words and set(other) <= context.words
    is_end_said = one[-1:] == other[-1:] and context.words.issuperset(one[-1:])
    return one == other or is_end_said or are_both_said or not _SAME.isdisjoint(context.words)


def _is_key(ends: list[_End], context: Context) -> bool:
    wanted = {(table, column.casefold()) for table, column in ends}
    return any(
        {(edge.table, a.casefold()), (edge.other, b.casefold())} == wanted
        for edge in join_edges(context.schema)
        for a, b in edge.columns
    )


def _lacks_values_of(one: _End, other: _End, cells: CellLookup) -> bool:
    """Whether some values of `other` were looked for in `one`, and none was found."""
    stored = (text for text in cells.first_values(*other) if len(text) < LONGEST_SAMPLED)
    sample = list(dict.fromkeys(stored))[:_SAMPLE]
    return bool(sample) and all(cells.holds(*one, text) is False for text in sample)


def _names_in(part: exp.Expr, select: exp.Select, context: Context) -> frozenset[str]:
    """The sources of `select` that a condition uses, by name, casefolded."""
    names = set()
    for column in part.find_all(exp.Column):
        source = meaning(column, column.find_ancestor(exp.Select) or select, context.schema).source
        if source is not None:
            names.add(source.name.casefold())
    return frozenset(names & {source.name.casefold() for source in sources(select, context.schema)})


def _has_unjoined(select: exp.Select, context: Context) -> bool:
    """Whether some tables of `select` are linked with the first by no condition at all."""
    read = sources(select, context.schema)
    if len(read) < 2 or not _can_be_rearranged(select, read):
        return False
    groups = [_names_in(part, select, context) for part in [*_parts(select), *_where_parts(select)]]
    joined = {read[0].name.casefold()}
    for _ in read:
        joined.update(*(group for group in groups if group & joined))
    return any(source.name.casefold() not in joined for source in read)


def _can_be_rearranged(select: exp.Select, read: list[Source]) -> bool:
    """Whether all are inner joins of tables of the schema, none of them twice."""
    names = {source.table.name for source in read if source.table is not None}
    return len(names) == len(read) and not any(
        join.side or join.args.get("using") or join.args.get("method") or join.kind not in ("", "INNER", "CROSS")
        for join in _joins(select)
    )


class _Plan:
    """The joins of one query, put together again table by table."""

    def __init__(self, select: exp.Select, read: list[Source], context: Context, is_at_fault: _Fault) -> None:
        first, *others = ((source.table.name, source) for source in read if source.table is not None)
        self._pending = dict(others)
        self._names = {first[0]: first[1].name}
        self._parts = [(_names_in(part, select, context), part) for part in _parts(select) if not is_at_fault(part)]
        """The conditions of the joins that hold, with the names of what they use."""
        self._links = [group for part in _where_parts(select) if len(group := _names_in(part, select, context)) > 1]
        """What WHERE joins stays there."""
        self._context = context
        self.joins: list[exp.Join] = []

    def complete(self) -> bool:
        """Join every table; False if the way to one is not clear."""
        while self._pending:
            table = self._linked()
            if table is not None:
                self._attach(table, None)
                continue
            way = self._context.keys.way(list(self._names), next(iter(self._pending)), self._context.words)
            if way is None:
                return False
            for step in way:
                self._attach(step.to_table, step)
        return True

    def _joined(self) -> set[str]:
        return {name.casefold() for name in self._names.values()}

    def _linked(self) -> str | None:
        """The first table left that a condition of the statement links with those that are joined."""
        groups = [*(group for group, _ in self._parts), *self._links]
        for table, source in self._pending.items():
            own = source.name.casefold()
            if any(own in group and group & self._joined() for group in groups):
                return table
        return None

    def _attach(self, table: str, step: Step | None) -> None:
        """Join `table` by the key of `step`, and by every condition whose tables are all joined then."""
        source = self._pending.pop(table, None)
        self._names[table] = source.name if source else table
        joined = self._joined()
        usable = [part.copy() for group, part in self._parts if group <= joined]
        self._parts = [(group, part) for group, part in self._parts if not group <= joined]
        keys = [condition(step, self._names)] if step is not None else []
        node = source.node.copy() if source else exp.Table(this=name_node(table))
        on = exp.and_(*keys, *usable) if keys or usable else None
        self.joins.append(exp.Join(this=node, on=on))


def _joined_anew(select: exp.Select, context: Context, is_at_fault: _Fault) -> Iterator[str]:
    """Keep the conditions that hold, and join what they leave apart by keys; nothing if that is not clear."""
    read = sources(select, context.schema)
    if not _can_be_rearranged(select, read):
        return
    plan = _Plan(select, read, context, is_at_fault)
    if not plan.complete():
        return
    before = " ".join(text_of(join).strip() for join in _joins(select))
    qualify_all(select, context.schema)
    select.set("joins", plan.joins)
    after = " ".join(text_of(join).strip() for join in plan.joins)
    yield f"{before} → {after}: joined by the keys"
