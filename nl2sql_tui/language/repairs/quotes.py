"""Writes texts that stand in double quotes, where SQL has names, in single quotes."""

from collections.abc import Iterator

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import Context, meaning, own_columns, selects


def quote_texts(tree: exp.Query, context: Context) -> Iterator[str]:
    """Make a string of a double-quoted name that no column of the database has."""
    known = {column.name.casefold() for table in context.schema.tables for column in table.columns}
    for select in selects(tree):
        for column in list(own_columns(select)):
            is_quoted = isinstance(column.this, exp.Identifier) and bool(column.this.args.get("quoted"))
            if not is_quoted or column.table or column.name.casefold() in known:
                continue
            if not meaning(column, select, context.schema).unknown:
                column.replace(exp.Literal.string(column.name))
                yield f"\"{column.name}\" → '{column.name}': text stands in single quotes"
