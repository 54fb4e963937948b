"""Mends comparisons of a moment kept as seconds or milliseconds since 1970 with a year or a date."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.dates import other_literals
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, meaning, own_columns, selects
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.schema import CellLookup

_YEAR: Final = re.compile(r"(19|20)\d{2}")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENTS: Final = frozenset(
    "time date stamp timestamp datetime created updated modified changed accessed visited sent received at on epoch ts "
    "day moment when since until start end".split()
)
_WHOLE: Final = re.compile(r"\d{9,14}")
_SECONDS: Final = range(100_000_000, 10_000_000_000)
_MILLISECONDS: Final = range(100_000_000_000, 10_000_000_000_000)
"""From 1973 to 2286."""
_MOST_ASKED: Final = 6


def compare_moments(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Compare the year or the day of such a moment; only where its column's name says that it is one."""
    asked = 0
    for select in selects(tree):
        for column in list(own_columns(select)):
            literals = other_literals(column)
            form = _form(literals)
            if not form or asked >= _MOST_ASKED or _MOMENTS.isdisjoint(name_words(column.name)):
                continue
            source = meaning(column, select, context.schema).source
            if source is None or source.table is None:
                continue
            asked += 1
            stored = cells.first_values(source.table.name, column.name)
            seconds = _seconds(column, stored)
            comparison = column.parent
            if seconds is None or comparison is None:
                continue
            before = text_of(comparison)
            for literal in literals:
                literal.replace(exp.Literal.string(literal.name))
            arguments = [exp.Literal.string(form), seconds, exp.Literal.string("unixepoch")]
            column.replace(exp.Anonymous(this="STRFTIME", expressions=arguments))
            yield f"{before} → {text_of(comparison)}: the column holds moments such as {stored[0]}"


def _form(literals: Sequence[exp.Literal]) -> str:
    """How STRFTIME writes what the literals are, all years or all days; empty if they are neither."""
    if literals and all(_YEAR.fullmatch(literal.name) for literal in literals):
        return "%Y"
    return "%Y-%m-%d" if literals and all(_DAY.fullmatch(literal.name) for literal in literals) else ""


def _seconds(column: exp.Column, stored: Sequence[str]) -> exp.Expr | None:
    """The moment in seconds; None where the values are not all such moments."""
    if not stored or not all(_WHOLE.fullmatch(text) for text in stored):
        return None
    moments = [int(text) for text in stored]
    if all(moment in _SECONDS for moment in moments):
        return column.copy()
    if all(moment in _MILLISECONDS for moment in moments):
        return exp.Div(this=column.copy(), expression=exp.Literal.number(1000))
    return None
