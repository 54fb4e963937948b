"""Writes texts that stand in double quotes, where SQL has names, in single quotes."""

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import Context, meaning, own_columns, selects

_HOLDS_NAMES: Final = (
    exp.Select,
    exp.Group,
    exp.Ordered,
    exp.Where,
    exp.Having,
    exp.Join,
    exp.Connector,
    exp.Not,
    exp.Neg,
)
"""Where a text alone would be the same for every row."""


def quote_texts(tree: exp.Query, context: Context) -> Iterator[str]:
    """Make a string of a double-quoted name that no column of the database has, where a text may stand.

    As a result, in an order or under an aggregate the text would be the same for every row: there a name is meant.
    """
    known = {column.name.casefold() for table in context.schema.tables for column in table.columns}
    for select in selects(tree):
        for column in list(own_columns(select)):
            is_quoted = isinstance(column.this, exp.Identifier) and bool(column.this.args.get("quoted"))
            if not is_quoted or column.table or column.name.casefold() in known or not _may_be_text(column):
                continue
            if not meaning(column, select, context.schema).unknown:
                column.replace(exp.Literal.string(column.name))
                yield f"\"{column.name}\" → '{column.name}': text stands in single quotes"


def _may_be_text(column: exp.Column) -> bool:
    """Whether a text there could tell one row from another: beside what some column holds."""
    node: exp.Expr = column
    while isinstance(node.parent, exp.Paren | exp.Alias | exp.Distinct):
        node = node.parent
    place = node.parent
    if place is None or isinstance(place, _HOLDS_NAMES) or (isinstance(place, exp.AggFunc) and place.this is node):
        return False
    beside: exp.Expr = place
    if isinstance(place, exp.In | exp.Between):
        beside = place.this
    elif isinstance(place, exp.Binary) and not isinstance(place, exp.DPipe):
        if not isinstance(place, exp.Predicate):
            return False
        beside = place.right if place.left is node else place.left
    return any(each is not column for each in beside.find_all(exp.Column))
