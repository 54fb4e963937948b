"""Mends comparisons of a date column with a bare year or a date written otherwise than the column writes its own."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context, table_columns
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.schema import CellLookup

_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d.*)?")
_YEAR: Final = re.compile(r"[12]\d{3}")
_FIRST_OF_YEAR: Final = re.compile(r"\d{4}-01-01(?:[ T]00:00(?::00)?)?")
_DAY_OR_MONTH: Final = re.compile(r"\d[-/.]\d|\b(first|1st|day|date|month|new year)\b", re.IGNORECASE)
_YEAR_FIRST: Final = re.compile(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|(\d\d)(\d\d))")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_NAMED: Final = re.compile(r"(?:(\d{1,2})\.?\s+)?([A-Za-z]{3,9})\.?\s+(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?(\d{4})")
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def compare_dates(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Compare years with the years of dates, and dates with dates in the way the column writes them.

    Only where all values looked at are written YYYY-MM-DD; 3/4/2020 may be a day in March or in April and is left.
    """
    for column, table in table_columns(tree, context, _is_compared_oddly)[:MOST_ASKED]:
        stored = cells.first_values(table.name, column.name)
        comparison = column.parent
        if comparison is None or not stored or not all(_ISO.fullmatch(text) for text in stored):
            continue
        before = text_of(comparison)
        literals = other_literals(column)
        for literal in literals:
            day = _day(literal.name)
            literal.replace(exp.Literal.string(literal.name if day is None else day.isoformat()))
        if _are_years(literals):
            column.replace(exp.func("STRFTIME", exp.Literal.string("%Y"), column.copy(), dialect="sqlite"))
        yield f"{before} → {text_of(comparison)}: the column holds dates such as {stored[0]}"


def compare_whole_years(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Compare the year where the SQL has its first day, and the question has the year and neither month nor day."""
    question = context.question.casefold()
    if any(re.search(rf"\b{month}", question) for month in _MONTHS) or _DAY_OR_MONTH.search(question):
        return
    for column, table in table_columns(tree, context, _is_first_of_year)[:MOST_ASKED]:
        (literal,) = other_literals(column)
        year, stored = literal.name[:4], cells.first_values(table.name, column.name)
        comparison = column.parent
        if comparison is None or year not in question or not stored or not all(_ISO.fullmatch(text) for text in stored):
            continue
        before = text_of(comparison)
        literal.replace(exp.Literal.string(year))
        column.replace(exp.func("STRFTIME", exp.Literal.string("%Y"), column.copy(), dialect="sqlite"))
        yield f"{before} → {text_of(comparison)}: the question asks for the year"


def _is_first_of_year(column: exp.Column) -> bool:
    literals = other_literals(column)
    return (
        isinstance(column.parent, exp.EQ)
        and all(_FIRST_OF_YEAR.fullmatch(one.name) for one in literals)
        and bool(literals)
    )


def _is_compared_oddly(column: exp.Column) -> bool:
    """Whether `column` is compared with years, or with days that are not all written YYYY-MM-DD."""
    literals = other_literals(column)
    if _are_years(literals):
        return not _sorts_as_text(column, literals)
    is_iso = all(_ISO.fullmatch(literal.name) for literal in literals)
    return not is_iso and all(_day(literal.name) is not None for literal in literals)


def _are_years(literals: Sequence[exp.Literal]) -> bool:
    return bool(literals) and all(_YEAR.fullmatch(literal.name) for literal in literals)


def other_literals(column: exp.Column) -> list[exp.Literal]:
    """The literals that `column` is compared with; empty if it is compared with anything else."""
    comparison = column.parent
    if isinstance(comparison, exp.EQ | exp.NEQ | exp.LT | exp.LTE | exp.GT | exp.GTE):
        others = [comparison.expression if comparison.this is column else comparison.this]
    elif isinstance(comparison, exp.Between) and comparison.this is column:
        others = [comparison.args["low"], comparison.args["high"]]
    elif isinstance(comparison, exp.In) and comparison.this is column:
        others = comparison.expressions
    else:
        return []
    return others if all(isinstance(other, exp.Literal) for other in others) else []


def _sorts_as_text(column: exp.Column, literals: Sequence[exp.Literal]) -> bool:
    """Whether dates and years are put in order as texts, and rightly: each day of 2023 comes behind '2023'.

    So all days of a year are >= it and none is < it; but they are > it as well, and none is <= it.
    """
    comparison = column.parent
    is_ordered = isinstance(comparison, exp.LT | exp.GTE) and comparison.this is column
    return is_ordered and all(literal.is_string for literal in literals)


def _day(text: str) -> date | None:
    """The day that `text` can only mean; None if it is no date or may be two."""
    try:
        if match := _YEAR_FIRST.fullmatch(text):
            return date(*(int(part) for part in match.groups() if part))
        if match := _YEAR_LAST.fullmatch(text):
            first, second, year = (int(part) for part in match.groups())
            day, month = (first, second) if first > 12 else (second, first)
            return date(year, month, day) if first > 12 or second > 12 or first == second else None
        if match := _NAMED.fullmatch(text):
            before, month_name, after, year_text = match.groups()
            if bool(before) != bool(after) and month_name[:3].lower() in _MONTHS:
                return date(int(year_text), _MONTHS.index(month_name[:3].lower()) + 1, int(before or after))
    except ValueError:
        return None
    return None
