"""Years, months and days: in the words of a follow-up, and in the conditions of a query.

Dates are taken to be stored as SQLite's own functions read them, year first ("2023-03-31", "2023-03-31 10:00:00").
"""

import re
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.followup.columns import single
from nl2sql_tui.language.followup.query import Place, Query
from nl2sql_tui.language.followup.words import MONTHS, stems
from nl2sql_tui.language.syntax import text_of

_YEAR: Final = r"(?P<{0}year>(?:18|19|20)\d\d)"
_MONTH: Final = rf"(?P<{{0}}month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\b\.?"


def _period(prefix: str) -> str:
    month, year = _MONTH.format(prefix), _YEAR.format(prefix)
    return rf"(?:{month}(?:,? (?:of )?{year}\b)?|{year.replace('year>', 'only_year>')}\b)"


_DAY: Final = re.compile(r"\b(\d{4}-\d\d-\d\d)\b")
_POINT: Final = re.compile(rf"\b{_period('')}", re.IGNORECASE)
_BETWEEN: Final = re.compile(
    rf"\b(?:between|from)? ?{_period('a_')} ?(?:and|to|until|-|–) ?{_period('b_')}", re.IGNORECASE
)
_SINCE: Final = re.compile(
    rf"\b(?P<word>since|after|before|until|till|up to) {_period('')}(?: on(?:wards)?)?", re.IGNORECASE
)

_DATE_TYPE: Final = re.compile(r"date|timestamp", re.IGNORECASE)
_DATE_NAME: Final = re.compile(
    r"(?:^|_)(?:date|datetime|timestamp)$|[a-z]Date(?:Time)?$|_(?:on|at|date|day)$", re.IGNORECASE
)
_NUMERIC_TYPE: Final = re.compile(r"int|real|num|dec|floa|doub", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Period:
    """A year, a month of a year, a month of every year, or a day."""

    year: int | None = None
    month: int | None = None
    day: str = ""

    def within(self, other: "Period") -> "Period":
        """This period with the year or month that it leaves open taken from `other`."""
        if self.day:
            return self
        return Period(self.year or other.year, self.month or (other.month if self.year else None))

    def __str__(self) -> str:
        if self.day:
            return self.day
        month = next((name.capitalize() for name, number in MONTHS.items() if number == self.month), "")
        return f"{month} {self.year or ''}".strip()


@dataclass(frozen=True, slots=True)
class Span:
    """From the first of a month up to, not with, the first of another; either end may be open. Months as (y, m)."""

    first: tuple[int, int] | None
    end: tuple[int, int] | None

    def __str__(self) -> str:
        first = f"from {_first_day(self.first)}" if self.first else ""
        end = f"before {_first_day(self.end)}" if self.end else ""
        return f"{first} {end}".strip()


def read_period(phrase: str) -> tuple[Period | Span, str] | None:
    """The period in a phrase, and the phrase without it; None if there is none."""
    if match := _BETWEEN.search(phrase):
        low, high = _point(match, "a_"), _point(match, "b_")
        if high.year is not None and (low.year is not None or low.month is not None):
            first = _start(Period(low.year or high.year, low.month))
            return Span(first, _after(high)), _without(phrase, match)
    if match := _SINCE.search(phrase):
        point = _point(match, "")
        if point.year is not None:
            return _open_span(match.group("word").lower(), point), _without(phrase, match)
        return None
    if match := _DAY.search(phrase):
        return Period(day=match.group(1)), _without(phrase, match)
    if match := _POINT.search(phrase):
        return _point(match, ""), _without(phrase, match)
    return None


def _without(phrase: str, match: re.Match[str]) -> str:
    return f"{phrase[: match.start()]} {phrase[match.end() :]}"


def _point(match: re.Match[str], prefix: str) -> Period:
    month = match.group(f"{prefix}month")
    year = match.group(f"{prefix}only_year") or match.group(f"{prefix}year")
    return Period(int(year) if year else None, MONTHS[month.lower()] if month else None)


def _start(point: Period) -> tuple[int, int]:
    return point.year or 0, point.month or 1


def _after(point: Period) -> tuple[int, int]:
    """The month that follows a point."""
    year, month = point.year or 0, point.month or 12
    return (year, month + 1) if month < 12 else (year + 1, 1)


def _open_span(word: str, point: Period) -> Span:
    if word == "since":
        return Span(_start(point), None)
    if word == "after":
        return Span(_after(point), None)
    return Span(None, _start(point) if word == "before" else _after(point))


def _first_day(month: tuple[int, int] | None) -> str:
    return f"{month[0]:04}-{month[1]:02}-01" if month else ""


# The columns that hold them


def holds_years(place: Place) -> bool:
    return "year" in stems(place.column.name)


def holds_dates(place: Place) -> bool:
    declared = place.column.declared_type
    if _DATE_TYPE.search(declared):
        return True
    return _DATE_NAME.search(place.column.name) is not None and _NUMERIC_TYPE.search(declared) is None


def period_place(query: Query, said: frozenset[str] = frozenset(), *, years_too: bool = True) -> Place | None:
    """The column of the query's tables that a period is about; None if that cannot be told.

    A column that `said` names comes first, then one that the query has a condition on or shows, then the only one.
    A date of birth is meant only if it is said.
    """
    found = [
        place
        for source in query.sources
        for place in (Place(source.table, column, source) for column in source.table.columns)
        if holds_dates(place) or (years_too and holds_years(place))
    ]
    named = [place for place in found if said & frozenset(stems(place.column.name)) - {"date", "year"}]
    if named:
        return single(named)
    found = [place for place in found if not {"birth", "born"} & frozenset(stems(place.column.name))]
    for condition in query.conditions():
        used = [place for place in query.places_in(condition) if place in found]
        if used:
            return single(used)
        if any(holds_years(place) for place in query.places_in(condition)):
            # Who left in 2022 is asked about: a month is not that of another date.
            return None
    used = [place for shown in query.shown for place in query.places_in(shown) if place in found]
    return single(used) or single(place for place in found if place.source == query.main) or single(found)


def condition_on(column: exp.Column, place: Place, period: Period | Span, *, negated: bool = False) -> str | None:
    """The condition in SQL; None if the column cannot tell that period."""
    name = text_of(column)
    equals = "<>" if negated else "="
    if holds_years(place) and not holds_dates(place):
        return None if negated and isinstance(period, Span) else _condition_on_year(name, place, period, equals)
    if isinstance(period, Span):
        ends = [f"{name} >= '{_first_day(period.first)}'"] if period.first else []
        ends += [f"{name} < '{_first_day(period.end)}'"] if period.end else []
        return None if negated else " AND ".join(ends)
    if period.day:
        return f"DATE({name}) {equals} '{period.day}'"
    form, text = _form_and_text(period)
    return f"STRFTIME('{form}', {name}) {equals} '{text}'"


def _form_and_text(period: Period) -> tuple[str, str]:
    if period.year is None:
        return "%m", f"{period.month:02}"
    return ("%Y", f"{period.year}") if period.month is None else ("%Y-%m", f"{period.year}-{period.month:02}")


def _condition_on_year(name: str, place: Place, period: Period | Span, equals: str) -> str | None:
    quote = "" if _NUMERIC_TYPE.search(place.column.declared_type) else "'"
    if isinstance(period, Period):
        whole = period.year is not None and period.month is None and not period.day
        return f"{name} {equals} {quote}{period.year}{quote}" if whole else None
    if any(end is not None and end[1] != 1 for end in (period.first, period.end)):
        return None
    ends = [f"{name} >= {quote}{period.first[0]}{quote}"] if period.first else []
    ends += [f"{name} < {quote}{period.end[0]}{quote}"] if period.end else []
    return " AND ".join(ends)


# What a query says of them already


@dataclass(frozen=True)
class Standing:
    """The conditions of a query on one column that holds periods."""

    conditions: tuple[exp.Expr, ...]
    period: Period | None
    """What they come to; None if that is no year, month or day."""
    since: str = ""
    """The date or year that all have to be at or after; empty if there is none."""
    until: str = ""
    """The one that all have to be before, or at most at."""

    def meets(self, span: Span) -> bool:
        """Whether `span`, open at one end, would cut short what these conditions leave, and leave something of it.

        "Before 2023" meets "since 2022", but not "since 2024", and not "before 2022" either.
        """
        if (span.first is None) == (span.end is None):
            return False
        if span.first is not None:
            return self.since < _first_day(span.first) < self.until
        return bool(self.since) and self.since < _first_day(span.end) and not "" < self.until <= _first_day(span.end)


_ON_PARTS: Final = re.compile(
    r"(?:CAST\()?STRFTIME\('(?P<form>%Y|%m|%Y-%m|%Y-%m-%d)', C\)(?: AS \w+\))? = '?(?P<a>[\d-]+)'?"
    r"|C LIKE '%?(?P<b>[\d-]+)%'"
    r"|SUBSTR(?:ING)?\(C, 1, (?:4|7|10)\) = '(?P<c>[\d-]+)'"
    r"|(?:DATE\()?C\)? = '?(?P<d>\d{4}(?:-\d\d-\d\d)?)'?"
)
_ON_ENDS: Final = re.compile(
    r"C BETWEEN '?(?P<low>[\d-]+)[\d: ]*'? AND '?(?P<high>[\d-]+)[\d: ]*'?"
    r"|(?:CAST\()?(?:STRFTIME\('%Y(?:-%m)?', )?C\)?(?: AS \w+\))? (?P<op>>=|>|<=|<) '?(?P<end>[\d-]+)[\d: ]*'?"
)


def standing(query: Query, place: Place) -> Standing:
    """What the query says of the periods in `place`."""
    conditions: list[exp.Expr] = []
    period: Period | None = Period()
    ends: dict[str, str] = {}
    for condition in query.conditions():
        columns = query.columns_in(condition)
        if len(columns) != 1 or query.place_of(columns[0]) != place:
            continue
        text = text_of(condition).replace(text_of(columns[0]), "C", 1)
        if match := _ON_PARTS.fullmatch(text):
            conditions.append(condition)
            period = _joined(period, _read(match))
        elif match := _ON_ENDS.fullmatch(text):
            conditions.append(condition)
            ends.update(_ends(match))
    if ends:
        period = _between(ends)
    since, until = (next((ends[sign] for sign in signs if sign in ends), "") for signs in ((">=", ">"), ("<", "<=")))
    return Standing(tuple(conditions), period if conditions else Period(), since, until)


def _read(match: re.Match[str]) -> Period | None:
    text = next(found for found in match.group("a", "b", "c", "d") if found)
    if match.group("form") == "%m":
        return Period(month=int(text))
    parts = [int(part) for part in text.strip("-").split("-") if part]
    if len(parts) == 3:
        return Period(day=text)
    if len(parts) not in (1, 2) or parts[0] < 1000:
        return None
    return Period(parts[0], parts[1] if len(parts) == 2 else None)


def _joined(one: Period | None, other: Period | None) -> Period | None:
    if one is None or other is None:
        return None
    return Period(one.year or other.year, one.month or other.month, one.day or other.day)


def _ends(match: re.Match[str]) -> dict[str, str]:
    if match.group("low"):
        return {">=": match.group("low"), "<=": match.group("high")}
    return {match.group("op"): match.group("end")}


def _between(ends: dict[str, str]) -> Period | None:
    """The year or month that a first and a last day enclose."""
    low = ends.get(">=", "")
    high = ends.get("<") or ends.get("<=", "")
    if re.fullmatch(r"\d{4}-01-01", low):
        year = int(low[:4])
        if high in (f"{year}-12-31", f"{year + 1}-01-01"):
            return Period(year)
    if re.fullmatch(r"\d{4}-\d\d-01", low):
        year, month = int(low[:4]), int(low[5:7])
        if high == _first_day(_after(Period(year, month))) or re.fullmatch(rf"{low[:7]}-(?:28|29|30|31)", high):
            return Period(year, month)
    return None
