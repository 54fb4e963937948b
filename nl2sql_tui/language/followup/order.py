"""Changes the order of a query's rows and how many of them are given; says in a line what it did."""

from sqlglot import exp

from nl2sql_tui.language.followup.columns import columns_named, is_measure, is_text, single
from nl2sql_tui.language.followup.conditions import measured_by
from nl2sql_tui.language.followup.edits import Limit, Sort
from nl2sql_tui.language.followup.periods import period_place
from nl2sql_tui.language.followup.query import Query
from nl2sql_tui.language.followup.words import BY_ADJECTIVE, stems
from nl2sql_tui.language.syntax import text_of

_SUMMARY_WORDS = frozenset("number count total sum average mean amount the of maximum minimum".split())
_OPPOSITES: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LTE,
    exp.LTE: exp.GTE,
}


def reverse(query: Query) -> str | None:
    """The other way round: its order; without one its MAX or MIN, or else its only comparison."""
    if _turn_order(query):
        return "in the opposite order"
    extremes = list(query.select.find_all(exp.Max, exp.Min))
    if len(extremes) == 1:
        old = extremes[0]
        new = (exp.Min if isinstance(old, exp.Max) else exp.Max)(this=old.this.copy())
        said = f"{text_of(new)} instead of {text_of(old)}"
        old.replace(new)
        return said
    compared = [one for one in query.conditions() if type(one) in _OPPOSITES]
    if extremes or len(compared) != 1:
        return None
    turned = _OPPOSITES[type(compared[0])](this=compared[0].this.copy(), expression=compared[0].expression.copy())
    said = f"{text_of(turned)} instead of {text_of(compared[0])}"
    compared[0].replace(turned)
    return said


def _turn_order(query: Query) -> bool:
    terms = query.order
    for term in terms:
        _set_direction(term, descending=not term.args.get("desc"))
    return bool(terms)


def _set_direction(term: exp.Expr, *, descending: bool) -> None:
    term.set("desc", descending)
    # SQLite takes NULL for the smallest value.
    term.set("nulls_first", not descending)


def sort(edit: Sort, query: Query) -> str | None:
    """In the order of what was named."""
    if query.is_one_row:
        return None
    descending = edit.descending
    if edit.adjective in BY_ADJECTIVE:
        descending = BY_ADJECTIVE[edit.adjective][0]
    if not edit.phrase and not edit.adjective:
        return _directed(query, descending=descending)
    terms = _named_terms(edit.phrase, query) if edit.phrase else _measured_terms(edit.adjective, query)
    if not terms:
        return None
    _order_by(query, terms, descending=descending)
    return f"sorted by {', '.join(text_of(term) for term in terms)}{', descending' if descending else ''}"


def _directed(query: Query, *, descending: bool) -> str | None:
    terms = query.order
    if not terms or all(bool(term.args.get("desc")) == descending for term in terms):
        return None
    for term in terms:
        _set_direction(term, descending=descending)
    return "in descending order" if descending else "in ascending order"


def _order_by(query: Query, terms: list[exp.Expr], *, descending: bool) -> None:
    ordered = [exp.Ordered(this=term, desc=descending, nulls_first=not descending) for term in terms]
    query.select.set("order", exp.Order(expressions=ordered))


def _named_terms(phrase: str, query: Query) -> list[exp.Expr]:
    aliased = [one for one in query.shown if one.alias and stems(one.alias) == stems(phrase)]
    if len(aliased) == 1:
        return [exp.Column(this=aliased[0].args["alias"].copy())]
    if len(query.aggregates) == 1 and query.grouped:
        summed = query.aggregates[0]
        of_columns = frozenset(stem for place in query.places_in(summed) for stem in stems(place.column.name))
        if frozenset(stems(phrase)) <= _SUMMARY_WORDS | of_columns:
            return [summed.copy()]
    places = columns_named(phrase, query)
    if query.grouped and not all(place in query.places_in(one) for place in places for one in query.grouped[:1]):
        return []
    found = [query.reach(place, keep_rows=True) for place in places]
    return [column for column in found if column is not None] if all(found) else []


def _measured_terms(adjective: str, query: Query) -> list[exp.Expr]:
    """The column that an adjective measures; without a name for it, the single number that is shown."""
    shown = [place for one in query.shown for place in query.places_in(one)]
    if adjective == "alphabetical":
        first = next((place for place in shown if is_text(place)), None)
        column = query.reach(first, keep_rows=True) if first else None
        return [column] if column is not None else []
    names = BY_ADJECTIVE.get(adjective, (False, ()))[1]
    if names == ("date",):
        place = period_place(query)
    elif names:
        place = measured_by(adjective, query)
    elif len(query.aggregates) == 1 and query.grouped:
        return [query.aggregates[0].copy()]
    else:
        place = single(place for place in shown if is_measure(place))
    if place is None or query.grouped:
        return []
    column = query.reach(place, keep_rows=True)
    return [column] if column is not None else []


def limit(edit: Limit, query: Query) -> str | None:
    """So many rows, the first, the last, or the first by something."""
    if query.is_one_row:
        return None
    said = ""
    if edit.phrase:
        terms = _named_terms(edit.phrase, query)
        if not terms:
            return None
        _order_by(query, terms, descending=edit.end not in ("last", "bottom"))
        said = f" by {', '.join(text_of(term) for term in terms)}"
    elif edit.end in ("last", "bottom"):
        # The last of ten rows are not the first ones of the opposite order.
        if (edit.end == "last" and query.has("limit")) or not _turn_order(query):
            return None
        said = " in the opposite order"
    elif edit.end == "top" and not query.has("order"):
        terms = _measured_terms("high", query)
        if not terms:
            return None
        _order_by(query, terms, descending=True)
        said = f" by {', '.join(text_of(term) for term in terms)}"
    query.drop("offset")
    query.select.set("limit", exp.Limit(expression=exp.Literal.number(edit.count)))
    return f"only the first {edit.count} rows{said}"


def no_limit(query: Query) -> str | None:
    """All rows."""
    if not query.has("limit"):
        return None
    query.drop("limit", "offset")
    return "all rows, without a limit"
