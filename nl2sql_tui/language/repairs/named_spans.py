"""Adds the condition on the days that a question goes from and to, and that the SQL says nothing of."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.as_asked import DAY, SPAN
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, selects, sources
from nl2sql_tui.language.syntax import add_condition, name_node, text_of
from nl2sql_tui.schema import CellLookup, Column, Table

_NEGATION: Final = re.compile(r"\b(not|never|outside|except|without)\b|n['’]t\b", re.IGNORECASE)
_PARTS_OF_DATES: Final = (exp.TimeToStr, exp.Date, exp.Anonymous, exp.Substring, exp.Cast)
"""A condition with one of these may be on the very days."""


def add_named_span(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Add "held_on BETWEEN …" to a single SELECT that says neither of the two days that the question goes from and to.

    Only where one column of the tables read can be meant: the one that holds dates, or of several the one that the
    question names. Of moments with a time nothing is added, as BETWEEN would leave out the last day's.
    """
    spans = [span for span in SPAN.findall(context.question) if all(DAY.fullmatch(span[place]) for place in (1, 3))]
    if not isinstance(tree, exp.Select) or len(selects(tree)) != 1 or len(spans) != 1:
        return
    _, first, _, last = spans[0]
    if _NEGATION.search(context.question) or first > last or _looks_at_days(tree, first, last):
        return
    read = sources(tree, context.schema)
    dates = [
        (source, column.name, only_days)
        for source in read
        if source.table is not None
        for column in source.table.columns
        if (only_days := _holds_days(source.table, column, cells)) is not None
    ]
    named = [one for one in dates if set(name_words(one[1])) <= context.words]
    if len(found := named or dates) != 1 or not found[0][2]:
        return
    ((source, name, _),) = found
    column = exp.Column(this=name_node(name), table=name_node(source.name) if len(read) > 1 else None)
    condition = exp.Between(this=column, low=exp.Literal.string(first), high=exp.Literal.string(last))
    add_condition(tree, condition)
    yield f"{text_of(condition)} added: the question names the days"


def _looks_at_days(select: exp.Select, first: str, last: str) -> bool:
    """Whether a condition may be on these days already: it has one of them or its month, or a part of a date."""
    months = (first[:7], last[:7])
    if any(month in literal.name for literal in select.find_all(exp.Literal) for month in months):
        return True
    where = select.args.get("where")
    return where is not None and where.find(*_PARTS_OF_DATES) is not None


def _holds_days(table: Table, column: Column, cells: CellLookup) -> bool | None:
    """Whether all values looked at are days as 2024-03-31 and none has a time; None where some are no days at all."""
    is_likely = "DATE" in column.declared_type.upper() or not {"date", "at", "on"}.isdisjoint(name_words(column.name))
    stored = cells.first_values(table.name, column.name) if is_likely else ()
    if not stored or not all(DAY.match(value) for value in stored):
        return None
    return all(DAY.fullmatch(value) for value in stored)
