"""Reads the words of a condition ("those from Prague in 2023", "balance over 1000") for one query and its database."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from nl2sql_tui.language.followup.columns import columns_named, is_measure, single
from nl2sql_tui.language.followup.periods import Period, Span, holds_years, period_place, read_period
from nl2sql_tui.language.followup.query import Place, Query
from nl2sql_tui.language.followup.words import BY_ADJECTIVE, FILLERS, MONTHS, positive, stems
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.schema import CellValue, ValueLookup


@dataclass(frozen=True)
class Values:
    """A column holds one of these texts."""

    place: Place
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """A number stands in some relation to another."""

    place: Place | None
    """None where no column was said."""
    operator: str
    """`>`, `<`, `>=`, `<=`, `=`, or `BETWEEN`."""
    number: str
    high: str = ""
    """The other end of BETWEEN."""


@dataclass(frozen=True)
class InPeriod:
    """A date or year lies in a period."""

    place: Place
    period: Period | Span


@dataclass(frozen=True)
class Known:
    """A column is not empty."""

    place: Place


Condition = Values | Compared | InPeriod | Known

_OPERATORS: Final = {
    ">": r"over|above|more than|greater than|higher than|bigger than|larger than|exceeding|>",
    "<": r"under|below|less than|fewer than|lower than|smaller than|<",
    ">=": r"at least|no less than|not less than|>=",
    "<=": r"at most|no more than|not more than|up to|<=",
    "=": r"exactly|equal to|=",
}
_NUMBER: Final = r"[€$£]? ?(?P<{0}>\d[\d,]*(?:\.\d+)?)(?P<{0}_unit>k\b| thousand\b| million\b)?"
_COMPARATIVE: Final = r"(?P<adjective>(?:more|less) \w+|\w+er) than"
_COMPARED: Final = re.compile(
    rf"(?P<before>.*?)(?:\b(?:is|are|was|were|of) )?(?:"
    rf"(?P<operator>{'|'.join(_OPERATORS.values())})|{_COMPARATIVE}|(?P<between>between)) ?{_NUMBER.format('n')}"
    rf"(?: (?:and|to) {_NUMBER.format('high')})?(?P<after>.*)",
    re.IGNORECASE,
)
_UNITS: Final = frozenset("€ $ £ % euro euros dollars dollar eur usd pounds crowns percent years old".split())
_UNIT_FACTORS: Final = {"k": 1_000, "thousand": 1_000, "million": 1_000_000}
_BEGINNINGS: Final = frozenset("from origin source departure depart start sender".split())
_ENDS: Final = frozenset("to destination dest target arrival arrive end recipient receiver".split())
"""Words in the names of columns for where something comes from and where it goes."""
_SAID_AS: Final = {"born": "birth"}
"""Words for what columns call by another."""
_WITH: Final = re.compile(r"(?:with|having|(?:that|who|which) have) (?:an?|any) (?P<column>.+)", re.IGNORECASE)


def read_conditions(
    phrase: str, query: Query, values: ValueLookup, *, everywhere: bool = False
) -> tuple[Condition, ...]:
    """Every condition in `phrase`; empty if there is none or a word of it cannot be accounted for.

    A value that stands in several columns is taken for one of that which the query has a condition on already;
    with `everywhere`, conditions of queries within it count too.
    """
    if (compared := _compared(phrase, query)) is not None:
        return (compared,)
    if (known := _WITH.fullmatch(phrase)) and (places := columns_named(known.group("column"), query)):
        return tuple(Known(place) for place in places)
    found: list[Condition] = []
    rest = phrase
    linked = [value.text for value in link_values(phrase, values)]
    # "May" and "April" may be people; a month is one only where no cell is called that.
    period = None if any(text.lower() in MONTHS for text in linked) else read_period(phrase)
    if period is not None:
        when, rest = period
        linked = [value.text for value in link_values(rest, values)]
    limited = query.limited_columns(everywhere=everywhere)
    named, rest = _values(linked, rest, query, values, limited)
    if named is None:
        return ()
    found += named
    left = _left_over(rest, query, [one.place for one in named])
    if period is not None:
        place = period_place(query, left, years_too=not (isinstance(when, Period) and (when.month or when.day)))
        if place is None:
            return ()
        found.append(InPeriod(place, when))
        left -= frozenset(stems(place.column.name))
    return () if left else tuple(found)


# Numbers


def _compared(phrase: str, query: Query) -> Compared | None:
    match = _COMPARED.fullmatch(phrase)
    if match is None or (match.group("between") and not match.group("high")):
        return None
    adjective = match.group("adjective") or ""
    before = " ".join(word for word in match.group("before").split() if word.lower() not in FILLERS)
    after = " ".join(word for word in match.group("after").split() if word.lower().strip(",") not in _UNITS | FILLERS)
    if before and after:
        return None
    before = before or after
    place = None
    if adjective:
        place = None if before else measured_by(positive(adjective), query)
        operator = ">" if BY_ADJECTIVE.get(positive(adjective), (False, ()))[0] else "<"
    else:
        operator = _operator(match)
        if before and not _names_a_table(before, query):
            place = single(columns_named(before, query))
            if place is not None and not (is_measure(place) or holds_years(place)):
                place = None
    if place is None and (adjective or (before and not _names_a_table(before, query))):
        return None
    if place is None and operator == "BETWEEN" and read_period(match.group("n")) and period_place(query):
        return None
    return Compared(place, operator, _number(match, "n"), _number(match, "high"))


def measured_by(adjective: str, query: Query) -> Place | None:
    """The number that an adjective measures, as "old" does an age; None if no single column fits."""
    _, names = BY_ADJECTIVE.get(adjective, (False, ()))
    for name in names:
        if place := single(place for place in columns_named(name, query) if is_measure(place)):
            return place
    return None


def _operator(match: re.Match[str]) -> str:
    if match.group("between"):
        return "BETWEEN"
    words = match.group("operator").lower()
    return next(sign for sign, pattern in _OPERATORS.items() if re.fullmatch(pattern, words))


def _number(match: re.Match[str], name: str) -> str:
    text = (match.group(name) or "").replace(",", "")
    unit = (match.group(f"{name}_unit") or "").strip().lower()
    if not text or not unit:
        return text
    with localcontext() as context:
        # Enough digits for the exact product: a threshold is never rounded.
        context.prec = len(text) + len(str(_UNIT_FACTORS[unit]))
        product = f"{Decimal(text) * _UNIT_FACTORS[unit]:f}"
    return product.rstrip("0").rstrip(".") if "." in product else product


def _names_a_table(words: str, query: Query) -> bool:
    tables = frozenset(stem for source in query.sources for stem in stems(source.table.name))
    return frozenset(stems(words)) <= tables


# Values


def _values(
    linked: Iterable[str], rest: str, query: Query, values: ValueLookup, limited: frozenset[tuple[str, str]]
) -> tuple[list[Values] | None, str]:
    """A condition for each column that the texts stand in, and what is left of the phrase; None if that is unclear."""
    texts = list(dict.fromkeys(text.casefold() for text in linked))
    phrase = rest
    for text in texts:
        rest = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", " ", rest, flags=re.IGNORECASE)
    left = frozenset(stems(rest))
    by_place: dict[tuple[str, str], list[CellValue]] = {}
    for text in texts:
        cells = values.find(text)
        place = _best_place(cells, query, left, limited)
        if place is None or _goes_the_other_way(text, phrase, place, query):
            return None, rest
        by_place.setdefault(place.key, []).extend(cell for cell in cells if (cell.table, cell.column) == place.key)
    found = []
    for key, cells in by_place.items():
        place = _place(key, query)
        if place is not None:
            found.append(Values(place, tuple(dict.fromkeys(cell.text for cell in cells))))
    return found, rest


def _best_place(
    cells: Sequence[CellValue], query: Query, said: frozenset[str], limited: frozenset[tuple[str, str]]
) -> Place | None:
    """The column meant by a text that stands in `cells`; None if several fit equally well."""
    places = [place for cell in cells if (place := _place((cell.table, cell.column), query)) is not None]
    places = list(dict.fromkeys(places))
    named = [place for place in places if said & frozenset(stems(place.column.name))]
    read = [place for place in places if place.source is not None]
    about_main = [place for place in read if place.source == query.main]
    for candidates in ([place for place in places if place.key in limited], named, about_main, read):
        if candidates:
            return single(candidates)
    return _nearest(places, query)


def _goes_the_other_way(text: str, phrase: str, place: Place, query: Query) -> bool:
    """Whether `phrase` says "to" before a text that stands where something comes from, or "from" where it goes."""
    said = re.search(rf"\b(to|from) (?:the )?{re.escape(text)}(?!\w)", phrase, re.IGNORECASE)
    if said is None:
        return False
    against = _BEGINNINGS if said.group(1).lower() == "to" else _ENDS
    names = [place.column.name, *query.reached_by(place)]
    return any(not against.isdisjoint(stems(name)) for name in names)


def _nearest(places: Sequence[Place], query: Query) -> Place | None:
    """The one place that the shortest way leads to; a table without any way is out of reach."""
    distances = {place: query.distance_to(place.table) for place in places}
    known = [distance for distance in distances.values() if distance]
    return single(place for place, distance in distances.items() if known and distance == min(known))


def _place(key: tuple[str, str], query: Query) -> Place | None:
    table = query.schema.table(key[0])
    column = table.column(key[1]) if table else None
    return Place(table, column, query.source_named(table)) if table and column else None


def _left_over(rest: str, query: Query, places: Iterable[Place]) -> frozenset[str]:
    """The words of `rest` that neither the query's tables nor the columns of `places` account for."""
    words = [word for word in re.findall(r"[\w']+", rest) if word.lower() not in FILLERS]
    said = frozenset(_SAID_AS.get(stem, stem) for word in words for stem in stems(word))
    tables = frozenset(stem for source in query.sources for stem in stems(source.table.name))
    columns = frozenset(stem for place in places for stem in stems(place.column.name) + stems(place.table.name))
    return said - tables - columns
