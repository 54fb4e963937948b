"""Changes which rows a query gives: adds, replaces, negates and lifts conditions; says in a line what it did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from nl2sql_tui.language.followup.columns import columns_named, is_key, is_measure, single
from nl2sql_tui.language.followup.conditions import Compared, Condition, InPeriod, Known, Values, read_conditions
from nl2sql_tui.language.followup.edits import Instead, Keep, LeaveOut, NumberInstead, Unfilter
from nl2sql_tui.language.followup.periods import Period, Span, condition_on, holds_dates, holds_years, standing
from nl2sql_tui.language.followup.query import Place, Query, fragment
from nl2sql_tui.language.followup.sites import TextSite, compared_literals, text_sites, texts_in
from nl2sql_tui.language.followup.words import stems
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.quoting import string_literal
from nl2sql_tui.schema import ValueLookup

_OnColumn = Callable[[str], str]
"""Gives a condition in SQL for the name of a column."""
_COMPARISONS = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)


def keep(edit: Keep, query: Query, values: ValueLookup) -> str | None:
    """Narrow the rows; a condition on the same column makes way."""
    conditions = read_conditions(edit.phrase, query, values)
    if not conditions or query.compares_with_a_summary:
        return None
    return _each(conditions, query, _Manner(narrows=True))


def put_instead(edit: Instead, query: Query, values: ValueLookup) -> str | None:
    """The same for something else: what stands on the same column is replaced, in subqueries too."""
    conditions = read_conditions(edit.phrase, query, values, everywhere=True)
    may_add = edit.may_add and not query.compares_with_a_summary
    manner = _Manner(may_add=may_add, rather=edit.rather, insists=edit.insists)
    return _each(conditions, query, manner) if conditions else None


def leave_out(edit: LeaveOut, query: Query, values: ValueLookup) -> str | None:
    """All rows but those."""
    conditions = read_conditions(edit.phrase, query, values)
    if not conditions or query.compares_with_a_summary:
        return None
    said = [_negated(condition, query) for condition in conditions]
    return None if None in said or len(said) > 1 else said[0]


def number_instead(edit: NumberInstead, query: Query) -> str | None:
    """Another limit, or another threshold where there is no limit."""
    limit = query.select.args.get("limit")
    if isinstance(limit, exp.Limit):
        limit.set("expression", exp.Literal.number(edit.number))
        return f"{edit.number} rows"
    compared = [condition for condition in _all_conditions(query) if isinstance(condition, _COMPARISONS[:4])]
    numbers = [node for condition in compared for node in condition.find_all(exp.Literal) if not node.is_string]
    replaceable = [literal for condition in compared for literal in compared_literals(condition)]
    if len(numbers) != 1 or all(literal is not numbers[0] for literal in replaceable):
        return None
    said = f"{edit.number} instead of {text_of(numbers[0])}"
    numbers[0].replace(exp.Literal.number(edit.number))
    return said


def unfilter(edit: Unfilter, query: Query, values: ValueLookup) -> str | None:
    """Without conditions: all of them, or those on what was named."""
    conditions = query.conditions()
    lifted = (
        conditions if not edit.phrase else [one for one in conditions if _is_about(edit.phrase, one, query, values)]
    )
    lifted = [one for one in lifted if not _joins(one, query)]
    if not lifted:
        return None
    query.set_conditions([one for one in conditions if all(one is not gone for gone in lifted)])
    return f"without the condition {' AND '.join(text_of(one) for one in lifted)}"


def _is_about(phrase: str, condition: exp.Expr, query: Query, values: ValueLookup) -> bool:
    places = query.places_in(condition)
    if len(places) != 1:
        return False
    words = stems(phrase)
    if words in (("year",), ("month",), ("date",), ("day",), ("time",)):
        is_period = holds_dates(places[0]) or holds_years(places[0])
        return is_period and _says_nothing_else(words[0], places[0], query)
    named = {place.key for place in columns_named(phrase, query)}
    said = {text.casefold() for text in texts_in(condition)}
    named |= {(cell.table, cell.column) for cell in values.find(phrase) if cell.text.casefold() in said}
    return places[0].key in named


def _says_nothing_else(unit: str, place: Place, query: Query) -> bool:
    """Whether only the years, or only the months, of `place` are limited: all months of a year are not all months."""
    period = standing(query, place).period
    if unit == "month":
        return period is not None and period.month is not None and period.year is None
    return unit != "year" or period is None or (period.month is None and not period.day)


def _joins(condition: exp.Expr, query: Query) -> bool:
    """It only says which rows of two tables, or of one that is read twice, belong together."""
    return len({place.source for place in query.places_in(condition)}) > 1


# One condition after another


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a condition is put among those that there are."""

    narrows: bool = False
    """It holds on top of what stands, but for a condition of the same kind; else it takes the place of one."""
    may_add: bool = True
    """It may stand where there is none of its kind."""
    rather: bool = False
    """See `Instead`."""
    insists: bool = False
    """See `Instead`."""


def _each(conditions: Sequence[Condition], query: Query, manner: _Manner) -> str | None:
    said = [_placed(condition, query, manner) for condition in conditions]
    return None if None in said else ", ".join(one for one in said if one)


def _placed(condition: Condition, query: Query, manner: _Manner) -> str | None:
    match condition:
        case Values():
            return _placed_values(condition, query, manner)
        case Compared():
            return _placed_comparison(condition, query, manner)
        case InPeriod():
            return _placed_period(condition, query, manner)
        case Known():
            return _placed_known(condition.place, query) if manner.may_add else None


def _placed_known(place: Place, query: Query) -> str | None:
    """Only rows that have something there; a condition that they have nothing makes way."""
    missing = [one for one in query.conditions() if isinstance(one, exp.Is) and query.places_in(one) == [place]]
    missing = [one for one in missing if isinstance(one.expression, exp.Null)]
    query.set_conditions([one for one in query.conditions() if all(one is not gone for gone in missing)])
    return _added(place, lambda column: f"{column} IS NOT NULL", query)


def _added(place: Place, condition: _OnColumn, query: Query) -> str | None:
    """Add a condition on `place`, through a join or a query of its own where its table is not read yet.

    Not where the query says already which row of that table is meant.
    """
    if place.source is None and query.is_settled(place.table):
        return None
    column = query.reach(place, keep_rows=False)
    if column is not None:
        node: exp.Expr | None = fragment(condition(text_of(column)))
    else:
        node = query.condition_through(place, condition(text_of(query.bare(place))))
    if node is None:
        return None
    query.add_condition(node)
    return f"only rows where {text_of(node)}"


# Values


def _is_one_of(column: str, texts: Sequence[str], *, negated: bool = False) -> str:
    if len(texts) == 1:
        return f"{column} {'<>' if negated else '='} {string_literal(texts[0])}"
    listed = ", ".join(string_literal(text) for text in texts)
    return f"{'NOT ' if negated else ''}{column} IN ({listed})"


def _listed(texts: Sequence[str]) -> str:
    return " or ".join(string_literal(text) for text in texts)


def _placed_values(wanted: Values, query: Query, manner: _Manner) -> str | None:
    sites = text_sites(wanted.place, query, everywhere=not manner.narrows)
    if not sites:
        if not manner.may_add or (not manner.narrows and _may_stand_for_another(wanted.place, query, manner)):
            return None
        return _added(wanted.place, lambda column: _is_one_of(column, wanted.texts), query)
    before = {site.texts for site in sites}
    is_left_out = any(site.negated and set(site.texts) & set(wanted.texts) for site in sites)
    # "And Prague" may take back that Prague was left out.
    if len(before) > 1 or (is_left_out and not manner.narrows):
        return None
    for site in sites:
        negated = not manner.narrows and site.negated
        site.replace(fragment(_is_one_of(text_of(site.column), wanted.texts, negated=negated)))
    return f"{wanted.place.name}: {_listed(wanted.texts)} instead of {_listed(next(iter(before)))}"


def _may_stand_for_another(place: Place, query: Query, manner: _Manner) -> bool:
    """Whether something in the query might have to make way that is no condition on `place` of its own."""
    limited = query.limited_columns(everywhere=True)
    # What is compared with it elsewhere, under an OR or in what is shown, would have to change as well.
    return place.key in limited or (manner.rather and any(table == place.table.name for table, _ in limited))


# Numbers


def _placed_comparison(wanted: Compared, query: Query, manner: _Manner) -> str | None:
    standing_ones = [one for one in _all_conditions(query) if _compares_a_number(one, wanted.place, query)]
    if wanted.place is None and len(standing_ones) > 1:
        return None
    makes_way = standing_ones
    if manner.narrows or len(standing_ones) > 1:
        makes_way = [one for one in standing_ones if _same_side(one, wanted.operator)]
    if len(makes_way) > 1 or (standing_ones and not makes_way and not manner.narrows):
        return None
    if makes_way:
        old = makes_way[0]
        if not manner.insists and not _same_side(old, wanted.operator) and _hold_together(old, wanted):
            return None
        new = fragment(_comparison(text_of(old.this), wanted))
        said = f"{text_of(new)} instead of {text_of(old)}"
        old.replace(new)
        return said
    if not manner.may_add:
        return None
    if wanted.place is not None:
        return _added_comparison(wanted.place, wanted, query, manner)
    if standing_ones:
        return _limited(standing_ones[0].this, wanted, query)
    return _limited_by_what_is_shown(wanted, query)


def _added_comparison(place: Place, wanted: Compared, query: Query, manner: _Manner) -> str | None:
    """A further condition on `place`, where it is clear that it is about the rows."""
    summed_up = [other for one in query.aggregates if not isinstance(one, exp.Count) for other in query.places_in(one)]
    if query.grouped and place in summed_up:
        # "At least 100 hours" may be what a row or what a group has.
        return None
    if not manner.narrows and _is_limited_otherwise(place, (), query):
        return None
    return _added(place, lambda column: _comparison(column, wanted), query)


def _is_limited_otherwise(place: Place, known: Sequence[exp.Expr], query: Query) -> bool:
    """Whether a condition besides those `known` limits `place`: it might be the one that is to make way."""
    others = [one for one in query.conditions() if all(one is not each for each in known) and not _joins(one, query)]
    return any(place in query.places_in(one) for one in others)


def _hold_together(old: exp.Expr, wanted: Compared) -> bool:
    """Whether a number may be on the sides of both thresholds: over 20 and under 50, but not under 20 and over 50."""
    literal = old.expression
    try:
        threshold = Decimal(literal.this) if isinstance(literal, exp.Literal) else None
    except InvalidOperation:
        threshold = None
    if threshold is None:
        return True
    number = Decimal(wanted.number)
    return threshold < number if isinstance(old, exp.GT | exp.GTE) else threshold > number


def _limited_by_what_is_shown(wanted: Compared, query: Query) -> str | None:
    """A number without a name is the one that the query shows."""
    if query.aggregates:
        if len(query.aggregates) != 1 or not query.grouped:
            return None
        return _limited(query.aggregates[0], wanted, query, "having")
    shown = [place for one in query.shown for place in query.places_in(one) if is_measure(place)]
    place = single(shown)
    return _added_comparison(place, wanted, query, _Manner()) if place else None


def _limited(what: exp.Expr, wanted: Compared, query: Query, clause: str = "where") -> str:
    node = fragment(_comparison(text_of(what), wanted))
    query.add_condition(node, clause)
    return f"only rows where {text_of(node)}"


def _comparison(what: str, wanted: Compared) -> str:
    if wanted.operator == "BETWEEN":
        return f"{what} BETWEEN {wanted.number} AND {wanted.high}"
    return f"{what} {wanted.operator} {wanted.number}"


def _compares_a_number(condition: exp.Expr, place: Place | None, query: Query) -> bool:
    if not isinstance(condition, (*_COMPARISONS, exp.EQ)) or condition.find(exp.Select):
        return False
    numbers = [node for node in condition.find_all(exp.Literal) if not node.is_string]
    places = query.places_in(condition)
    if not numbers or isinstance(condition.this, exp.Literal):
        return False
    if place is None:
        return isinstance(condition, _COMPARISONS) or (
            len(places) == 1 and not is_key(places[0].table, places[0].column)
        )
    return isinstance(condition.this, exp.Column) and places == [place]


def _same_side(condition: exp.Expr, operator: str) -> bool:
    sides = {">": (exp.GT, exp.GTE), ">=": (exp.GT, exp.GTE), "<": (exp.LT, exp.LTE), "<=": (exp.LT, exp.LTE)}
    return not isinstance(condition, _COMPARISONS[:4]) or isinstance(condition, sides.get(operator, _COMPARISONS))


def _all_conditions(query: Query) -> list[exp.Expr]:
    return [*query.conditions(), *query.conditions("having")]


# Periods


def _placed_period(wanted: InPeriod, query: Query, manner: _Manner) -> str | None:
    before = standing(query, wanted.place)
    period = wanted.period
    meets = isinstance(period, Span) and before.meets(period)
    is_unclear = meets or _is_limited_otherwise(wanted.place, before.conditions, query)
    if is_unclear and not manner.narrows and not manner.insists:
        return None
    if isinstance(period, Period):
        is_read = before.period is not None or bool(before.since or before.until)
        if not is_read or (period.year is None and not period.day and before.period is None):
            return None
        period = period.within(before.period or Period())
    if not before.conditions and not manner.may_add:
        return None
    column = query.reach(wanted.place, keep_rows=False)
    text = condition_on(column, wanted.place, period) if column is not None else None
    if text is None:
        return None
    replaced = () if meets and manner.narrows else before.conditions
    others = [one for one in query.conditions() if all(one is not old for old in replaced)]
    query.set_conditions([*others, fragment(text)])
    old = f" instead of {' AND '.join(text_of(one) for one in replaced)}" if replaced else ""
    return f"only rows where {text}{old}"


# All but those


def _negated(condition: Condition, query: Query) -> str | None:
    match condition:
        case Values():
            return _left_out(condition, query)
        case InPeriod():
            column = query.reach(condition.place, keep_rows=True)
            text = condition_on(column, condition.place, condition.period, negated=True) if column is not None else None
            if text is None or standing(query, condition.place).conditions:
                return None
            query.add_condition(fragment(text))
            return f"only rows where {text}"
        case _:
            return None


def _left_out(unwanted: Values, query: Query) -> str | None:
    place = unwanted.place
    texts = list(unwanted.texts)
    for site in text_sites(place, query, everywhere=False):
        if site.is_pattern:
            continue
        others = [text for text in site.texts if text not in texts]
        if not _is_in_where(site, query) or (not site.negated and len(others) == len(site.texts)):
            return None
        if site.negated:
            texts = [*others, *texts]
            site.replace(fragment(_is_one_of(text_of(site.column), texts, negated=True)))
            return f"without rows whose {place.name} is {_listed(texts)}"
        if others:
            site.replace(fragment(_is_one_of(text_of(site.column), others)))
            return f"{place.name}: only {_listed(others)}"
        query.set_conditions([one for one in query.conditions() if one is not site.condition])
    column = query.reach(place, keep_rows=True)
    if column is None:
        inner = query.condition_through(place, _is_one_of(text_of(query.bare(place)), texts))
        if inner is None:
            return None
        query.add_condition(exp.Not(this=inner))
    else:
        name = text_of(column)
        text = _is_one_of(name, texts, negated=True)
        # A comparison with NULL is never true, so that rows without a value would be gone as well.
        may_be_missing = not place.column.not_null or place.source is None
        query.add_condition(fragment(f"({text} OR {name} IS NULL)" if may_be_missing else text))
    return f"without rows whose {place.name} is {_listed(texts)}"


def _is_in_where(site: TextSite, query: Query) -> bool:
    return any(one is site.condition for one in query.conditions())
