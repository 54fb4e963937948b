"""Finds what a name in a query means: which source it belongs to and which stored columns are behind it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.schema import Schema, Table

ROW_ID: Final = frozenset(("rowid", "oid", "_rowid_"))


@dataclass(frozen=True, slots=True)
class Output:
    """One column that a query gives, with the stored columns ("table.column") it is made of."""

    name: str
    sources: tuple[str, ...]


Outputs = tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One thing in FROM: a table, a named query, or a query in brackets."""

    name: str
    """What its columns may be qualified with; empty if with nothing."""
    shown: str
    """What a person is told it is."""
    node: exp.Expr
    table: Table | None = None
    outputs: Outputs | None = None
    """Of a query; None for a table, and where they cannot be told."""

    def column(self, name: str) -> str | None:
        """The column of that name as it is spelt where it is defined."""
        if self.table is not None:
            found = self.table.column(name)
            return found.name if found else (name if name.casefold() in ROW_ID else None)
        wanted = name.casefold()
        return next((output.name for output in self.outputs or () if output.name.casefold() == wanted), None)

    def stored(self, column: str) -> tuple[str, ...]:
        """The stored columns behind its column of that name."""
        if self.table is not None:
            return (f"{self.table.name}.{column}",)
        return next((output.sources for output in self.outputs or () if output.name == column), ())

    def all_columns(self) -> Outputs | None:
        """Every column it gives; None if that is not known."""
        if self.table is not None:
            return tuple(Output(column.name, self.stored(column.name)) for column in self.table.columns)
        return self.outputs


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a column's name was found to mean."""

    source: Source
    name: str
    levels_out: int
    """0 for the query itself, 1 for the one around it, and so on."""


@dataclass(slots=True)
class Scope:
    """The names that one SELECT can use."""

    schema: Schema
    select: exp.Select | None = None
    sources: list[Source] = field(default_factory=list)
    around: "Scope | None" = None
    named: Mapping[str, Outputs | None] = field(default_factory=dict)
    """The queries that WITH names, in lower case."""

    def resolve(self, column: exp.Column) -> Resolved | None:
        """The source of `column`, of this query or of one around it; None if it is not a column of any."""
        scope: Scope | None = self
        levels = 0
        while scope is not None:
            for source in scope.sources:
                if column.table and column.table.casefold() != source.name.casefold():
                    continue
                name = source.column(column.name)
                if name is not None:
                    return Resolved(source, name, levels)
                if column.table and source.table is None and source.outputs is None:
                    return Resolved(source, column.name, levels)
            scope, levels = scope.around, levels + 1
        return None

    def is_text(self, column: exp.Column) -> bool:
        """Whether SQLite takes it for a text: it stands in double quotes, and nothing has that name."""
        quoted = isinstance(column.this, exp.Identifier) and bool(column.this.args.get("quoted"))
        return quoted and not column.table and self.resolve(column) is None and self.aliased(column) is None

    def aliased(self, column: exp.Column) -> exp.Expr | None:
        """The expression of the select list that `column` is the name of."""
        if column.table or self.select is None:
            return None
        wanted = column.name.casefold()
        items = (item for item in self.select.expressions if isinstance(item, exp.Alias))
        return next((item.this for item in items if item.alias.casefold() == wanted), None)


def scope_of(select: exp.Select, around: Scope) -> Scope:
    """The scope of `select`, which stands within `around`; that one's WITH queries are known in it too."""
    named = dict(around.named)
    scope = Scope(around.schema, select, [], around if around.select is not None else None, named)
    add_named(select, scope, named)
    nodes = sources_of(select)
    counts: dict[str, int] = {}
    for node in nodes:
        counts[node.name.casefold()] = counts.get(node.name.casefold(), 0) + 1
    for node in nodes:
        scope.sources.append(_source(node, scope, twice=counts[node.name.casefold()] > 1))
    return scope


def add_named(query: exp.Query, scope: Scope, named: dict[str, Outputs | None]) -> None:
    """Note in `named` the outputs of the queries that `query` names with WITH."""
    for cte in with_queries(query):
        # Known while it is being looked at: a recursive one reads itself.
        named[cte.alias.casefold()] = None
        outside = Scope(scope.schema, named=named)
        named[cte.alias.casefold()] = _renamed(outputs_of(cte.this, outside), cte.args.get("alias"))


def with_queries(query: exp.Query) -> list[exp.CTE]:
    """The queries that `query` names with WITH."""
    clause = query.args.get("with_")
    return list(clause.expressions) if clause is not None else []


def sources_of(select: exp.Select) -> list[exp.Expr]:
    """What stands in FROM and in the joins, in order."""
    first = select.args.get("from_")
    joins = [join.this for join in select.args.get("joins") or ()]
    return ([first.this] if first is not None else []) + joins


def is_plain_table(node: exp.Expr) -> bool:
    """A table by its name, without anything that changes what it gives."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        return False
    return not any(value for key, value in node.args.items() if key not in ("this", "alias", "db", "indexed"))


def _source(node: exp.Expr, scope: Scope, *, twice: bool) -> Source:
    name = node.alias_or_name
    if is_plain_table(node):
        table = scope.schema.table(node.name)
        if node.name.casefold() in scope.named:
            table, spelt = None, node.name
        else:
            spelt = table.name if table else node.name
        shown = name if twice and node.alias else spelt
        return Source(name, shown, node, table, scope.named.get(node.name.casefold()))
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
        outside = Scope(scope.schema, named=scope.named)
        outputs = _renamed(outputs_of(node.this, outside), node.args.get("alias"))
        return Source(name, name or "the subquery", node, None, outputs)
    return Source(name, name or text_of(node), node)


def _renamed(outputs: Outputs | None, alias: exp.Expr | None) -> Outputs | None:
    """`outputs` under the names that an alias such as `t(a, b)` gives them."""
    names = alias.args.get("columns") if alias is not None else None
    if outputs is None or not names or len(names) != len(outputs):
        return outputs
    return tuple(Output(name.name, output.sources) for name, output in zip(names, outputs, strict=True))


def outputs_of(query: exp.Expr, around: Scope) -> Outputs | None:
    """The columns that `query` gives; None if they cannot be told."""
    if isinstance(query, exp.Subquery):
        return outputs_of(query.this, around)
    if isinstance(query, exp.SetOperation):
        named = dict(around.named)
        scope = Scope(around.schema, around.select, around.sources, around.around, named)
        add_named(query, scope, named)
        return _merged(outputs_of(query.this, scope), outputs_of(query.expression, scope))
    if not isinstance(query, exp.Select):
        return None
    scope = scope_of(query, around)
    found: list[Output] = []
    for item in query.expressions:
        outputs = item_outputs(item, scope)
        if outputs is None:
            return None
        found += outputs
    return tuple(found)


def _merged(left: Outputs | None, right: Outputs | None) -> Outputs | None:
    """The columns of two queries one below the other: the first's names, the sources of both."""
    if left is None or right is None or len(left) != len(right):
        return left
    return tuple(
        Output(one.name, tuple(dict.fromkeys(one.sources + other.sources)))
        for one, other in zip(left, right, strict=True)
    )


def item_outputs(item: exp.Expr, scope: Scope) -> Outputs | None:
    """The columns that one item of a select list gives: one, or all that a star stands for."""
    if is_star(item):
        wanted = item.table.casefold() if isinstance(item, exp.Column) else ""
        found: list[Output] = []
        for source in scope.sources:
            if wanted in ("", source.name.casefold()):
                columns = source.all_columns()
                if columns is None:
                    return None
                found += columns
        return tuple(found)
    inner = item.this if isinstance(item, exp.Alias) else item
    resolved = scope.resolve(inner) if isinstance(inner, exp.Column) else None
    name = item.alias or (resolved.name if resolved else text_of(item))
    return (Output(name, tuple(dict.fromkeys(stored_behind(inner, scope)))),)


def is_star(item: exp.Expr) -> bool:
    """`*` or `t.*`."""
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def stored_behind(node: exp.Expr, scope: Scope) -> Iterator[str]:
    """The stored columns ("table.column") that an expression is made of."""
    if isinstance(node, exp.Column):
        resolved = scope.resolve(node)
        if resolved is not None:
            yield from resolved.source.stored(resolved.name)
    elif isinstance(node, exp.Query):
        for output in outputs_of(node, scope) or ():
            yield from output.sources
    else:
        for child in node.iter_expressions():
            yield from stored_behind(child, scope)


def tables_of(tree: exp.Query, schema: Schema) -> Sequence[str]:
    """The tables and views that stand in `tree`, spelt as in the schema; what WITH names is none."""
    named = {cte.alias.casefold() for cte in tree.find_all(exp.CTE)}
    found: dict[str, None] = {}
    for node in tree.find_all(exp.Table, bfs=False):
        if isinstance(node.this, exp.Identifier) and node.name.casefold() not in named:
            table = schema.table(node.name)
            found[table.name if table else node.name] = None
    return tuple(found)
