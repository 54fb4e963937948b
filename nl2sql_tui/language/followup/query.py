"""The last query as a syntax tree that can be changed: its tables, columns and conditions; knows no English.

Imports sqlglot, and is itself imported only once a text has been found to look like a follow-up.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from nl2sql_tui.language.followup.joins import Step, way_to
from nl2sql_tui.language.syntax import conjuncts, is_result_in_order, name_node, text_of
from nl2sql_tui.schema import Column, Schema, Table


@dataclass(frozen=True)
class Source:
    """A table as the query reads it."""

    alias: str
    """The name that its columns go by."""
    table: Table


@dataclass(frozen=True)
class Place:
    """A column of the database, and how the query can come by it."""

    table: Table
    column: Column
    source: Source | None
    """None where the query does not read the table yet."""

    @property
    def name(self) -> str:
        """For a person: "customer.city"."""
        return f"{self.table.name}.{self.column.name}"

    @property
    def key(self) -> tuple[str, str]:
        return self.table.name, self.column.name


def fragment(sql: str) -> exp.Expr:
    """The tree of an expression that this package wrote itself."""
    return sqlglot.parse_one(sql, read="sqlite")


class Query:
    """One SELECT over tables of the schema. What is asked of it changes its tree in place."""

    def __init__(self, select: exp.Select, schema: Schema, sources: list[Source]) -> None:
        self.select = select
        self.schema = schema
        self.sources = sources

    @classmethod
    def of(cls, tree: exp.Expr, schema: Schema) -> "Query | None":
        """None for anything but a SELECT whose FROM and JOIN name tables of `schema`."""
        if not isinstance(tree, exp.Select) or tree.args.get("with_"):
            return None
        sources = []
        for named in _named_in(tree):
            table = schema.table(named.name) if isinstance(named, exp.Table) else None
            if table is None:
                return None
            sources.append(Source(named.alias or named.name, table))
        return cls(tree, schema, sources) if sources else None

    # Columns

    def source_of(self, column: exp.Column) -> Source | None:
        """The table of the query that one of its own columns belongs to."""
        if column.table:
            return next((one for one in self.sources if one.alias.casefold() == column.table.casefold()), None)
        owners = [one for one in self.sources if one.table.column(column.name) is not None]
        return owners[0] if len(owners) == 1 else None

    def place_of(self, column: exp.Column) -> Place | None:
        """The column of the database that one of the query's own columns is."""
        source = self.source_of(column)
        found = source.table.column(column.name) if source else None
        return Place(source.table, found, source) if source and found else None

    def own(self, node: exp.Expr, kind: type[exp.Expr] = exp.Column) -> Iterator[exp.Expr]:
        """The nodes of `kind` within `node` that belong to this query and not to one inside it."""
        for found in node.find_all(kind):
            if found.find_ancestor(exp.Select) is self.select:
                yield found

    def columns_in(self, node: exp.Expr) -> list[exp.Column]:
        return [column for column in self.own(node) if isinstance(column, exp.Column)]

    def places_in(self, node: exp.Expr) -> list[Place]:
        """The columns of the database in `node`, each once."""
        found = [self.place_of(column) for column in self.columns_in(node)]
        return list(dict.fromkeys(place for place in found if place is not None))

    @property
    def main(self) -> Source:
        """What its rows are about: the table of the first column that it shows, or else the first that it reads."""
        for shown in self.shown:
            for column in self.columns_in(shown):
                source = self.source_of(column)
                if source is not None and not column.find_ancestor(exp.AggFunc):
                    return source
        return self.sources[0]

    def source_named(self, table: Table) -> Source | None:
        """The table as the query reads it; None if it does not, or reads it twice."""
        found = [one for one in self.sources if one.table is table]
        return found[0] if len(found) == 1 else None

    # What it shows

    @property
    def shown(self) -> list[exp.Expr]:
        return list(self.select.expressions)

    @shown.setter
    def shown(self, expressions: list[exp.Expr]) -> None:
        self.select.set("expressions", expressions)

    @property
    def aggregates(self) -> list[exp.Expr]:
        """The COUNT, SUM … that it shows, each once."""
        found = [node for shown in self.shown for node in self.own(shown, exp.AggFunc) if not _in_window(node)]
        return list({text_of(node): node for node in found}.values())

    @property
    def grouped(self) -> list[exp.Expr]:
        group = self.select.args.get("group")
        return list(group.expressions) if group else []

    @grouped.setter
    def grouped(self, expressions: list[exp.Expr]) -> None:
        self.select.set("group", exp.Group(expressions=expressions) if expressions else None)

    def spell_out_places(self) -> None:
        """Write in GROUP BY what an alias or a number there stands for, and in ORDER BY what a number does."""
        self.grouped = [self._grouped_by(one).copy() for one in self.grouped]
        for term in self.order:
            term.set("this", self._numbered(term.this).copy())

    def _numbered(self, term: exp.Expr) -> exp.Expr:
        """What a number stands for in GROUP BY or ORDER BY; anything else itself, and a number that a star hides."""
        if isinstance(term, exp.Literal) and term.is_int and 0 < int(term.this) <= len(self.shown):
            upto = self.shown[: int(term.this)]
            return term if any(one.is_star for one in upto) else upto[-1].unalias()
        return term

    def _grouped_by(self, group: exp.Expr) -> exp.Expr:
        if isinstance(group, exp.Literal):
            return self._numbered(group)
        if isinstance(group, exp.Column) and not group.table and self.source_of(group) is None:
            aliased = (one for one in self.shown if one.alias.casefold() == group.name.casefold())
            return next((one.unalias() for one in aliased), group)
        return group

    @property
    def order(self) -> list[exp.Expr]:
        """The terms of ORDER BY."""
        order = self.select.args.get("order")
        return list(order.expressions) if order else []

    @property
    def is_one_row(self) -> bool:
        """It sums all rows up into one."""
        return bool(self.aggregates) and not self.grouped

    def drop(self, *clauses: str) -> None:
        """Take whole clauses away: "order", "limit", "group" …"""
        for clause in clauses:
            self.select.set(clause, None)

    def has(self, clause: str) -> bool:
        return bool(self.select.args.get(clause))

    # Conditions

    def conditions(self, clause: str = "where") -> list[exp.Expr]:
        """What stands between the ANDs of WHERE or HAVING, without brackets around it."""
        node = self.select.args.get(clause)
        return conjuncts(node.this) if node else []

    def set_conditions(self, conditions: list[exp.Expr], clause: str = "where") -> None:
        """Have these stand there instead, joined by AND."""
        if not conditions:
            self.select.set(clause, None)
            return
        parts = [part for one in conditions for part in conjuncts(one)]
        joined = exp.and_(*(exp.Paren(this=part) if isinstance(part, exp.Or) else part for part in parts), copy=False)
        self.select.set(clause, exp.Where(this=joined) if clause == "where" else exp.Having(this=joined))

    def add_condition(self, condition: exp.Expr, clause: str = "where") -> None:
        self.set_conditions([*self.conditions(clause), condition], clause)

    @property
    def compares_with_a_summary(self) -> bool:
        """A condition holds a query that sums up rows: a further condition would have to stand in there as well."""
        where = self.select.args.get("where")
        inner = where.find_all(exp.Select) if where else ()
        return any(True for select in inner for _ in select.find_all(exp.AggFunc))

    def owner_of(self, column: exp.Column) -> tuple[str, str] | None:
        """Table and column of the database that a column is, be it of this query or of one within it."""
        select = column.find_ancestor(exp.Select)
        while isinstance(select, exp.Select):
            query = self if select is self.select else Query.of(select, self.schema)
            place = query.place_of(column) if query else None
            if place is not None:
                return place.key
            select = select.find_ancestor(exp.Select)
        return None

    def limited_columns(self, *, everywhere: bool) -> frozenset[tuple[str, str]]:
        """The columns that its conditions compare with texts; with `everywhere`, those of queries within it too."""
        found = set()
        for condition in self.select.find_all(exp.EQ, exp.NEQ, exp.In, exp.Like):
            is_own = condition.find_ancestor(exp.Select) is self.select
            if condition.find(exp.Select) is not None or not (everywhere or is_own):
                continue
            for column in condition.find_all(exp.Column):
                owner = self.owner_of(column)
                if owner is not None and any(literal.is_string for literal in condition.find_all(exp.Literal)):
                    found.add(owner)
        return frozenset(found)

    # Other tables

    def reach(self, place: Place, *, keep_rows: bool) -> exp.Column | None:
        """The column at `place`, its table joined in where needed; None if no join leaves the rows as they are.

        With `keep_rows`, rows that have nothing there are kept.
        """
        source = place.source or self.source_named(place.table)
        if source is not None:
            return self._column(source, place.column)
        steps = way_to(self.schema, self._tables_read_once(), place.table)
        if not steps or not all(step.to_parent for step in steps):
            return None
        self._qualify()
        for step in steps:
            self._join(step, keep_rows=keep_rows)
        return self._column(self.sources[-1], place.column)

    def reachable_without_more_rows(self, table: Table) -> int | None:
        """How many joins lead to `table`, each from many rows to one; None if there is no such way."""
        steps = way_to(self.schema, self._tables_read_once(), table)
        return len(steps) if steps and all(step.to_parent for step in steps) else None

    def qualified(self, place: Place) -> exp.Column:
        """A column of a table that the query reads."""
        return self._column(place.source or self.main, place.column)

    def distance_to(self, table: Table) -> int:
        """How many joins lead to `table`; 0 where there is no way, or more than one."""
        return len(way_to(self.schema, self._tables_read_once(), table))

    def reached_by(self, place: Place) -> list[str]:
        """The columns of other tables that lead to the table of `place`, as the query or else its keys join it."""
        if place.source is None:
            return [step.near_column for step in way_to(self.schema, self._tables_read_once(), place.table)[:1]]
        found = []
        for tie in self.own(self.select, exp.EQ):
            sides = [self.place_of(side) for side in (tie.this, tie.expression) if isinstance(side, exp.Column)]
            if len(sides) > 1 and place.source in [side.source for side in sides if side is not None]:
                found += [side.column.name for side in sides if side is not None and side.source != place.source]
        return found

    def is_settled(self, table: Table) -> bool:
        """Whether a condition says already by its key which row of `table`, not read yet, is meant."""
        keys = {(step.near.name, step.near_column) for step in way_to(self.schema, self._tables_read_once(), table)[:1]}
        return any(
            isinstance(condition, exp.EQ | exp.In)
            and condition.find(exp.Literal) is not None
            and any(place.key in keys for place in self.places_in(condition))
            for condition in self.conditions()
        )

    def bare(self, place: Place) -> exp.Column:
        """The column with its table's own name, for a query within this one."""
        return exp.Column(this=name_node(place.column.name), table=name_node(place.table.name))

    def condition_through(self, place: Place, condition_on: str) -> exp.Expr | None:
        """`condition_on` a table that has many rows for one of the query's, as membership in a query of its own."""
        steps = way_to(self.schema, self._tables_read_once(), place.table)
        if not steps:
            return None
        source = self.source_named(steps[0].near)
        if source is None:
            return None
        inner = " ".join(
            [f"SELECT {_quoted(steps[0].far.name, steps[0].far_column)} FROM {_quoted(steps[0].far.name)}"]
            + [
                f"JOIN {_quoted(step.far.name)} ON {_quoted(step.near.name, step.near_column)} = "
                f"{_quoted(step.far.name, step.far_column)}"
                for step in steps[1:]
            ]
        )
        own = steps[0].near.column(steps[0].near_column)
        if own is None:
            return None
        outer = text_of(self._column(source, own))
        return fragment(f"{outer} IN ({inner} WHERE {condition_on})")

    def all_of(self, source: Source) -> exp.Expr:
        """`source.*`, or `*` where there is nothing else."""
        star = exp.Star()
        return star if len(self.sources) == 1 else exp.Column(this=star, table=name_node(source.alias))

    def _tables_read_once(self) -> list[Table]:
        return [one.table for one in self.sources if self.source_named(one.table) is not None]

    def _column(self, source: Source, column: Column) -> exp.Column:
        table = name_node(source.alias) if len(self.sources) > 1 else None
        return exp.Column(this=name_node(column.name), table=table)

    def _qualify(self) -> None:
        """Put its table before each own column, so that a further table cannot make it ambiguous."""
        for column in self.columns_in(self.select):
            source = self.source_of(column)
            if source is not None and not column.table and not is_result_in_order(column, self.select):
                column.set("table", name_node(source.alias))
        everything = [exp.Column(this=exp.Star(), table=name_node(source.alias)) for source in self.sources]
        self.shown = [one for shown in self.shown for one in (everything if isinstance(shown, exp.Star) else [shown])]

    def _join(self, step: Step, *, keep_rows: bool) -> None:
        near = self.source_named(step.near)
        near_column, far_column = step.near.column(step.near_column), step.far.column(step.far_column)
        if near is None or near_column is None or far_column is None:
            raise LookupError(f"{step.near.name} cannot be joined")
        far = Source(step.far.name, step.far)
        self.sources.append(far)
        on = exp.EQ(this=self._column(near, near_column), expression=self._column(far, far_column))
        may_be_missing = keep_rows and (not near_column.not_null or self._is_outer_joined(near))
        joined = exp.Table(this=name_node(step.far.name))
        self.select.append("joins", exp.Join(this=joined, on=on, side="LEFT" if may_be_missing else None))

    def _is_outer_joined(self, source: Source) -> bool:
        """Whether the query has rows for which `source` has none."""
        place = self.sources.index(source)
        sides = ["", *((join.side or "").upper() for join in self.select.args.get("joins") or [])]
        return sides[place] in ("LEFT", "FULL") or any(side in ("RIGHT", "FULL") for side in sides[place + 1 :])


def _named_in(select: exp.Select) -> list[exp.Expr]:
    first = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or []
    return [source.this for source in ([first] if first else []) + joins]


def _in_window(node: exp.Expr) -> bool:
    return node.find_ancestor(exp.Window) is not None


def _quoted(*names: str) -> str:
    return ".".join(text_of(name_node(name)) for name in names)
