"""Mends what is counted: the rows of the table that "how many" names, people and not lines, different ones once."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, selects, sources
from nl2sql_tui.language.syntax import name_node, text_of
from nl2sql_tui.schema import Table

_COUNTED: Final = re.compile(
    r"\b(?:how many|(?:the |total )?number of|count(?: of)?)\s+(?:all |the |of )*(?P<rest>[\w\s]+)", re.IGNORECASE
)
_LINKS: Final = frozenset("with of and in for by the to".split())
_PEOPLE: Final = re.compile(r"\bhow many (people|persons|inhabitants|residents|citizens)\b", re.IGNORECASE)
_HOLDS_PEOPLE: Final = frozenset("population inhabitant".split())
_EACH_ONCE: Final = re.compile(r"\b(different|distinct|unique)\b(?! (from|to|than)\b)", re.IGNORECASE)


def count_the_named(tree: exp.Query, context: Context) -> Iterator[str]:
    """Read the table that "how many" stands before in the place of another one that has the columns by chance.

    Only in a query of one table that counts rows, and where the other has every column that the query uses.
    """
    if not isinstance(tree, exp.Select) or not any(_counts_rows(item) for item in tree.expressions):
        return
    read, named = sources(tree, context.schema), _table_named(context)
    if len(read) != 1 or named is None or len(selects(tree)) != 1:
        return
    table, node = read[0].table, read[0].node
    columns = [column for column in tree.find_all(exp.Column) if not column.is_star]
    if (
        table is None
        or table == named
        or _is_said(table, context)
        or not all(named.column(column.name) for column in columns)
    ):
        return
    if isinstance(node, exp.Table) and not node.alias:
        node.set("this", name_node(named.name))
        for column in columns:
            if column.table:
                column.set("table", name_node(named.name))
        yield f"{table.name} → {named.name}: the question asks how many of these there are"


def _is_said(table: Table, context: Context) -> bool:
    """Whether the question has all words of the table's name, but for those that link others."""
    return set(name_words(table.name)) - _LINKS <= context.words


def _counts_rows(item: exp.Expr) -> bool:
    counted = item.unalias()
    return isinstance(counted, exp.Count) and isinstance(counted.this, exp.Star)


def _table_named(context: Context) -> Table | None:
    """The one table whose whole name is what is counted; None where words of another table's name follow."""
    found = _COUNTED.search(context.question)
    words = name_words(found["rest"]) if found is not None else ()
    called = {name_words(table.name): table for table in context.schema.tables}
    named = [name for name in called if name and words[: len(name)] == name]
    if len(named) != 1:
        return None
    behind = words[len(named[0]) :][:1]
    others = {word for name in called if name != named[0] for word in name}
    return None if others.intersection(behind) else called[named[0]]


def sum_people(tree: exp.Query, context: Context) -> Iterator[str]:
    """Add up the population of all rows where the question asks how many people there are; one row's is the same."""
    if not isinstance(tree, exp.Select) or not _PEOPLE.search(context.question):
        return
    if any(tree.args.get(part) is not None for part in ("group", "limit", "order", "distinct", "having")):
        return
    shown = [item.unalias() for item in tree.expressions]
    columns = [item for item in shown if isinstance(item, exp.Column)]
    if len(columns) != 1 or not all(isinstance(item, exp.Column | exp.AggFunc) for item in shown):
        return
    (column,) = columns
    if not _HOLDS_PEOPLE.isdisjoint(name_words(column.name)):
        total = exp.Sum(this=column.copy())
        column.replace(total)
        yield f"{text_of(column)} → {text_of(total)}: the question asks how many there are together"


def take_each_once(tree: exp.Query, context: Context) -> Iterator[str]:
    """Add the DISTINCT that the question asks for, where the SQL has none and gives plain columns."""
    said = _EACH_ONCE.search(context.question)
    if said is None or not isinstance(tree, exp.Select) or tree.find(exp.Distinct, exp.AggFunc, exp.Window):
        return
    if tree.args.get("group") is not None or tree.args.get("limit") is not None or not tree.args.get("from_"):
        return
    if all(isinstance(item.unalias(), exp.Column) and not item.is_star for item in tree.expressions):
        tree.set("distinct", exp.Distinct())
        yield f"DISTINCT added: {said.group()!r} in the question"
