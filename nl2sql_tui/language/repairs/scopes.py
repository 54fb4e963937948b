"""Says what each name of a statement means: the tables a query reads, and the one each of its columns comes from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.names import said_words
from nl2sql_tui.language.repairs.ways import KeyGraph
from nl2sql_tui.schema import Schema, Table

MOST_ASKED: Final = 12
"""Columns of one statement that one repair asks the database about."""
_ROW_IDS: Final = frozenset(("rowid", "oid", "_rowid_"))


@dataclass(frozen=True)
class Context:
    """What a repair may look at besides the statement."""

    schema: Schema
    question: str
    words: frozenset[str] = field(init=False)
    """The question's, as names are compared."""
    keys: KeyGraph = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", said_words(self.question))
        object.__setattr__(self, "keys", KeyGraph(self.schema))


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that a query reads in FROM or JOIN."""

    name: str
    """What its columns are qualified with; empty for a query without an alias."""
    node: exp.Expr
    table: Table | None
    """The table or view of the schema; None for a query in parentheses and for a WITH table."""
    columns: frozenset[str] | None
    """Its columns' names, casefolded; None where they cannot be told."""

    def has(self, column: str) -> bool | None:
        """Whether it has a column of that name; None if that cannot be told."""
        if self.columns is None:
            return None
        name = column.casefold()
        return name in self.columns or (self.table is not None and name in _ROW_IDS)


def selects(tree: exp.Expr) -> list[exp.Select]:
    """Every SELECT of a statement, the outermost first."""
    return list(tree.find_all(exp.Select))


def source_nodes(select: exp.Select) -> list[exp.Expr]:
    """What stands in FROM and JOIN, in order."""
    first = select.args.get("from_")
    return [clause.this for clause in [*([first] if first else []), *(select.args.get("joins") or [])]]


def sources(select: exp.Select, schema: Schema) -> list[Source]:
    """What `select` reads, in order."""
    return [_source(node, schema) for node in source_nodes(select)]


def _source(node: exp.Expr, schema: Schema) -> Source:
    if isinstance(node, exp.Table) and not node.args.get("joins") and isinstance(node.this, exp.Identifier):
        query = _with_table(node)
        if query is not None:
            return Source(node.alias_or_name, node, None, _outputs(query))
        table = None if node.args.get("db") else schema.table(node.name)
        columns = frozenset(column.name.casefold() for column in table.columns) if table else None
        return Source(node.alias_or_name, node, table, columns)
    query = node.this if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query) else None
    return Source(node.alias, node, None, _outputs(query) if query is not None else None)


def _with_table(node: exp.Table) -> exp.Query | None:
    """The query that a WITH clause around `node` calls by its name."""
    name = node.name.casefold()
    level: exp.Expr | None = node.parent
    while level is not None:
        clause = level.args.get("with_")
        for cte in clause.expressions if clause else ():
            if cte.alias.casefold() == name and isinstance(cte.this, exp.Query):
                has_own_names = cte.args["alias"].args.get("columns")
                return exp.select("*") if has_own_names else cte.this
        level = level.parent
    return None


def _outputs(query: exp.Query) -> frozenset[str] | None:
    """The names of a query's results; None if some come from a star or have no plain name."""
    if any(item.is_star or not item.alias_or_name for item in query.selects):
        return None
    return frozenset(item.alias_or_name.casefold() for item in query.selects)


def own_columns(select: exp.Select) -> Iterator[exp.Column]:
    """The columns that stand in `select` itself, not in a query within it, in the order of the text."""
    for column in select.find_all(exp.Column, bfs=False):
        if not column.is_star and column.find_ancestor(exp.Query) is select:
            yield column


def enclosing(select: exp.Select) -> exp.Select | None:
    """The SELECT whose tables `select` may also use; None if it stands alone, in FROM or in WITH."""
    node: exp.Expr = select
    while (parent := node.parent) is not None:
        if isinstance(parent, exp.From | exp.Join | exp.CTE) and parent.this is node:
            return None
        if isinstance(parent, exp.Select):
            return parent
        node = parent
    return None


def visible_sources(select: exp.Select, schema: Schema) -> Iterator[list[Source]]:
    """The sources of `select`, then of each SELECT around it whose tables it may use."""
    level: exp.Select | None = select
    while level is not None:
        yield sources(level, schema)
        level = enclosing(level)


def result_names(select: exp.Select) -> frozenset[str]:
    """What `select` calls its results with AS, casefolded."""
    return frozenset(item.alias.casefold() for item in select.expressions if item.alias)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column of a statement means."""

    found: tuple[Source, ...]
    """The sources it may come from: one where it is clear, several where it is ambiguous."""
    unknown: bool = False
    """Nothing can be said, as a source's columns are not known or it is the name of a result."""

    @property
    def source(self) -> Source | None:
        """The one it comes from."""
        return self.found[0] if len(self.found) == 1 else None


def meaning(column: exp.Column, select: exp.Select, schema: Schema) -> Meaning:
    """Where `column`, which stands in `select` itself, comes from; nothing found means that it is at fault."""
    name, qualifier = column.name, column.table.casefold()
    for level in visible_sources(select, schema):
        if qualifier:
            named = [source for source in level if source.name.casefold() == qualifier]
            if named:
                if len(named) == 1 and named[0].has(name) is None:
                    return Meaning((), unknown=True)
                return Meaning(tuple(source for source in named if source.has(name)))
            continue
        if any(source.has(name) is None for source in level):
            return Meaning((), unknown=True)
        found = tuple(source for source in level if source.has(name))
        if found:
            return Meaning(found[:1] if _is_joined_by_name(name, select) else found)
    return Meaning((), unknown=not qualifier and name.casefold() in result_names(select))


def _is_joined_by_name(name: str, select: exp.Select) -> bool:
    """Whether USING or NATURAL makes one column of the tables' columns of that name."""
    joins = select.args.get("joins") or []
    named = {item.name.casefold() for join in joins for item in join.args.get("using") or []}
    return name.casefold() in named or any(join.args.get("method") == "NATURAL" for join in joins)


def table_columns(
    tree: exp.Expr, context: Context, is_wanted: Callable[[exp.Column], bool]
) -> list[tuple[exp.Column, Table]]:
    """The columns of a statement that are wanted and come from one table of the schema, with that table."""
    found = []
    for select in selects(tree):
        for column in own_columns(select):
            source = meaning(column, select, context.schema).source if is_wanted(column) else None
            if source is not None and source.table is not None:
                found.append((column, source.table))
    return found
