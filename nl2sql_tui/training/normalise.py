"""Rewrites SQL of training data into the one form a model is taught, so that it learns one way to say a thing.

One line, strings in single quotes, names spelt as in the schema and quoted where SQLite needs it, no alias where a
table's own name does, columns qualified where a query has several tables and bare where it has one.
"""

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql_tui.quoting import needs_quotes, tokens
from nl2sql_tui.schema import Schema


def normalised(sql: str, schema: Schema) -> str | None:
    """`sql` in the form above; None if it cannot be parsed as one statement of SQLite's SQL."""
    try:
        statements = sqlglot.parse(sql, read="sqlite")
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            return None
        tree = statements[0]
        _turn_quoted_values_into_strings(tree, _names(tree, sql, schema))
        # The innermost first: an alias that a subquery gives anew is gone before the query around it looks for its own.
        for select in reversed(list(tree.find_all(exp.Select))):
            _drop_needless_aliases(select)
        _spell_as_in_schema(tree, schema)
        for select in list(tree.find_all(exp.Select)):
            _qualify(select, schema)
        for identifier in tree.find_all(exp.Identifier):
            identifier.set("quoted", needs_quotes(identifier.name))
        return tree.sql(dialect="sqlite", comments=False)
    except (SqlglotError, RecursionError, ValueError):
        return None


def _names(tree: exp.Query, sql: str, schema: Schema) -> set[str]:
    """What stands for a name in `sql` wherever it is quoted, in lower case.

    The schema's columns, what the statement itself calls its results, and whatever stands in backticks or brackets,
    which SQLite never reads as a text.
    """
    names = {column.name.casefold() for table in schema.tables for column in table.columns}
    names |= {alias.alias.casefold() for alias in tree.find_all(exp.Alias)}
    for alias in tree.find_all(exp.TableAlias):
        names |= {column.name.casefold() for column in alias.args.get("columns") or ()}
    bracketed = (piece.text for piece in tokens(sql) if piece.kind == "quoted name" and piece.text[0] in "`[")
    return names | {text[1:-1].casefold() for text in bracketed}


def _turn_quoted_values_into_strings(tree: exp.Query, names: set[str]) -> None:
    """SQLite reads "France" as a string where nothing is called France; so many data sets write it."""
    for column in list(tree.find_all(exp.Column)):
        is_quoted = isinstance(column.this, exp.Identifier) and column.this.args.get("quoted")
        if is_quoted and not column.table and column.name.casefold() not in names:
            column.replace(exp.Literal.string(column.name))


def _sources(select: exp.Select) -> list[exp.Expression]:
    """What stands in FROM and JOIN."""
    first = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or []
    return [source.this for source in ([first] if first else []) + joins]


def _drop_needless_aliases(select: exp.Select) -> None:
    """Write a table's own name for its alias, unless the table stands there twice."""
    tables = [source for source in _sources(select) if isinstance(source, exp.Table)]
    names = [table.name.casefold() for table in tables]
    if len(set(names)) != len(names):
        return
    by_alias = {table.alias.casefold(): table.name for table in tables if table.alias}
    used = [column for column in select.find_all(exp.Column) if column.table.casefold() in by_alias]
    needed = {column.table.casefold() for column in used if _is_read_again(by_alias, column, select)}
    for column in used:
        if column.table.casefold() not in needed:
            column.set("table", exp.to_identifier(by_alias[column.table.casefold()]))
    for table in tables:
        if table.alias and table.alias.casefold() not in needed:
            table.set("alias", None)


def _is_read_again(by_alias: Mapping[str, str], column: exp.Column, select: exp.Select) -> bool:
    """Whether a query between `column` and `select` reads the column's table too: its name would mean that one."""
    name = by_alias[column.table.casefold()].casefold()
    inner = column.find_ancestor(exp.Select)
    while inner is not None and inner is not select:
        if any(isinstance(source, exp.Table) and source.name.casefold() == name for source in _sources(inner)):
            return True
        inner = inner.find_ancestor(exp.Select)
    return False


def _spell_as_in_schema(tree: exp.Query, schema: Schema) -> None:
    columns: dict[str, str] = {}
    for table in schema.tables:
        for column in table.columns:
            columns.setdefault(column.name.casefold(), column.name)
    for named in tree.find_all(exp.Table):
        table_found = schema.table(named.name)
        if table_found is not None and isinstance(named.this, exp.Identifier):
            named.this.set("this", table_found.name)
    for used in tree.find_all(exp.Column):
        owner = schema.table(used.table) if used.table else None
        if owner is not None:
            used.args["table"].set("this", owner.name)
        own = owner.column(used.name) if owner else None
        spelling = own.name if own else columns.get(used.name.casefold())
        if spelling and isinstance(used.this, exp.Identifier):
            used.this.set("this", spelling)


def _own_columns(select: exp.Select) -> Iterator[exp.Column]:
    """Columns that stand in `select` itself, not in a query within it."""
    for column in select.find_all(exp.Column):
        if column.find_ancestor(exp.Select) is select:
            yield column


def _qualify(select: exp.Select, schema: Schema) -> None:
    """Put the table before a column where there are several; take it away where there is one and no query around."""
    sources = _sources(select)
    tables = [schema.table(source.name) for source in sources if isinstance(source, exp.Table) and not source.alias]
    known = [table for table in tables if table is not None]
    if not sources or len(known) != len(sources):
        return
    if len(known) == 1:
        if select.find_ancestor(exp.Select) is None and not any(True for _ in _inner_queries(select)):
            for column in _own_columns(select):
                if column.table and column.table.casefold() == known[0].name.casefold():
                    column.set("table", None)
        return
    outputs = {item.alias.casefold() for item in select.expressions if item.alias}
    for column in _own_columns(select):
        owners = [table for table in known if table.column(column.name) is not None]
        if not column.table and len(owners) == 1 and column.name.casefold() not in outputs:
            column.set("table", exp.to_identifier(owners[0].name))


def _inner_queries(select: exp.Select) -> Iterator[exp.Select]:
    return (inner for inner in select.find_all(exp.Select) if inner is not select)
