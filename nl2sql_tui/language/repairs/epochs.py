"""Mends what takes a moment kept as seconds or milliseconds since 1970 for a date: comparisons, date functions."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.dates import other_literals
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context, table_columns
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.schema import CellLookup

_YEAR: Final = re.compile(r"(19|20)\d{2}")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENTS: Final = frozenset(
    "time date stamp timestamp datetime created updated modified changed accessed visited sent received at on epoch ts "
    "day moment when since until start end".split()
)
_QUANTITIES: Final = frozenset("byte count size amount number total price sum length".split())
"""Bytes that were sent are no moment."""
_WHOLE: Final = re.compile(r"\d{9,14}")
_SECONDS: Final = range(100_000_000, 10_000_000_000)
_MILLISECONDS: Final = range(100_000_000_000, 10_000_000_000_000)
"""From 1973 to 2286."""


def read_moments(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Compare the year or the day of such a moment, and say 'unixepoch' to what makes a date of it.

    Only where its column's name says that it is one.
    """
    for column, table in table_columns(tree, context, _is_taken_for_a_date)[:MOST_ASKED]:
        stored = cells.first_values(table.name, column.name)
        seconds = _seconds(column, stored)
        if seconds is not None:
            change = _read_in(column, seconds) or _compared(column, seconds)
            yield f"{change}: the column holds moments such as {stored[0]}"


def _is_taken_for_a_date(column: exp.Column) -> bool:
    """Whether `column`, which its name calls a moment, is compared with years or days or made a date of."""
    is_at_fault = bool(_form(other_literals(column))) or _date_function(column) is not None
    words = name_words(column.name)
    return is_at_fault and not _MOMENTS.isdisjoint(words) and _QUANTITIES.isdisjoint(words)


_UNIX: Final = exp.Literal.string("unixepoch")


def _read_in(column: exp.Column, seconds: exp.Expr) -> str:
    """Have the date function around `column` read it as seconds since 1970, and tell the change; empty without one."""
    function = _date_function(column)
    if function is None:
        return ""
    after = _of_seconds(function, seconds)
    change = f"{text_of(function)} → {text_of(after)}"
    function.replace(after)
    return change


def _compared(column: exp.Column, seconds: exp.Expr) -> str:
    """Have the year or the day of `column` compared in its place, and tell the change."""
    comparison = column.parent
    assert comparison is not None
    before = text_of(comparison)
    literals = other_literals(column)
    form = exp.Literal.string(_form(literals))
    for literal in literals:
        literal.replace(exp.Literal.string(literal.name))
    column.replace(_call("STRFTIME", form, seconds, _UNIX))
    return f"{before} → {text_of(comparison)}"


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _date_function(column: exp.Column) -> exp.Expr | None:
    """What makes a date or a part of one of `column` alone, without a word on how it is kept."""
    around = column.parent
    if isinstance(around, exp.TsOrDsToTimestamp | exp.TsOrDsToDate) and isinstance(around.parent, exp.TimeToStr):
        return around.parent
    if isinstance(around, exp.Date) and not around.expressions:
        return around
    is_plain = isinstance(around, exp.Anonymous) and around.name.upper() in ("DATE", "TIME", "DATETIME", "STRFTIME")
    return around if is_plain and around is not None and around.expressions[-1] is column else None


def _of_seconds(function: exp.Expr, seconds: exp.Expr) -> exp.Anonymous:
    """The same function of a moment in seconds since 1970."""
    if isinstance(function, exp.TimeToStr):
        return _call("STRFTIME", function.args["format"], seconds, _UNIX)
    if isinstance(function, exp.Date):
        return _call("DATE", seconds, _UNIX)
    return _call(function.name.upper(), *function.expressions[:-1], seconds, _UNIX)


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
