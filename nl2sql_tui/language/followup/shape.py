"""Changes what a query shows of its rows: columns, numbers, groups; says in a line what it did."""

import re
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.followup.columns import (
    columns_named,
    is_key,
    is_measure,
    label_of,
    places_of,
    single,
    table_named,
)
from nl2sql_tui.language.followup.edits import Aggregate, Function, Group, Hide, Show
from nl2sql_tui.language.followup.periods import holds_dates, holds_years, period_place
from nl2sql_tui.language.followup.query import Place, Query, fragment
from nl2sql_tui.language.followup.words import stems
from nl2sql_tui.language.syntax import is_result_in_order, text_of
from nl2sql_tui.schema import Table

_DATE_PARTS: Final = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "week": "%Y-%W", "weekday": "%w"}
_CLASSES: Final[dict[Function, type[exp.AggFunc]]] = {
    "AVG": exp.Avg,
    "SUM": exp.Sum,
    "MAX": exp.Max,
    "MIN": exp.Min,
    "COUNT": exp.Count,
}
_COUNT: Final = "COUNT(*)"


def count_rows(query: Query) -> str | None:
    """How many rows it gives."""
    if query.grouped or any(query.has(clause) for clause in ("distinct", "having")):
        return None
    counted = fragment(_COUNT)
    if query.aggregates == [counted]:
        return None
    said = counting_words(query.select)
    query.shown = [counted]
    query.drop("order", "limit", "offset")
    return said


def counting_words(query: exp.Query) -> str:
    """What counting the rows of `query` does: nobody asks how many a limit has left, since they have just said it."""
    limit = query.args.get("limit")
    return "counts the rows" if limit is None else f"counts all the rows, without {text_of(limit).strip()}"


def show_rows(query: Query) -> str | None:
    """The rows behind a number."""
    if not query.aggregates:
        return None
    first = query.aggregates[0]
    if isinstance(first, exp.Max | exp.Min) or (query.grouped and (query.has("having") or query.has("limit"))):
        # Not all rows are meant then.
        return None
    distinct = first.this if isinstance(first.this, exp.Distinct) and isinstance(first, exp.Count) else None
    query.drop("group", "having", "order", "limit", "offset")
    if distinct is not None:
        query.shown = [one.copy() for one in distinct.expressions]
        query.select.set("distinct", exp.Distinct())
    else:
        query.shown = [query.all_of(query.sources[0])]
    return "the rows instead of their number" if isinstance(first, exp.Count) else "the rows instead of one number"


def distinct(query: Query) -> str | None:
    """Each row once."""
    if query.has("distinct") or query.aggregates:
        return None
    query.select.set("distinct", exp.Distinct())
    return "each row only once"


def show(edit: Show, query: Query) -> str | None:
    """Further columns; in the place of a number that sums all rows up."""
    places = _places_to_show(edit.phrase, query)
    if not places or (query.grouped and not all(_depends_on_groups(place, query) for place in places)):
        return None
    query.spell_out_places()
    replaces = query.is_one_row
    columns: list[exp.Expr] = []
    for place in places:
        column = query.reach(place, keep_rows=True)
        if column is None:
            return None
        columns.append(column)
    if replaces:
        query.shown = columns
        query.drop("order", "having")
        return f"{_named(places)} of the rows instead of one number"
    here = {text_of(one) for one in query.shown}
    new = [one for one in columns if text_of(one) not in here]
    if not new or any(isinstance(one, exp.Star) for one in query.shown):
        return None
    _insert_before_aggregates(query, new)
    return f"also shows {_named(places)}"


def _places_to_show(phrase: str, query: Query) -> tuple[Place, ...]:
    if places := columns_named(phrase, query):
        return places
    table = table_named(phrase, query.schema)
    if table is None or table is query.main.table:
        return ()
    return tuple(Place(table, column, query.source_named(table)) for column in label_of(table))


def _depends_on_groups(place: Place, query: Query) -> bool:
    """Each group has one value there, or one as good as: a table's rows are grouped by what they are known by."""
    for group in query.grouped:
        for grouped in query.places_in(group):
            if grouped.table is place.table and (grouped.column.primary_key or grouped.column in label_of(place.table)):
                return True
            to = {key.to_table.casefold() for key in grouped.table.foreign_keys if key.column == grouped.column.name}
            if place.table.name.casefold() in to:
                return True
    return False


def _insert_before_aggregates(query: Query, new: list[exp.Expr]) -> None:
    """Show `new` before the first number of a grouped query, at the end of any other; and group by it."""
    if not query.grouped:
        query.shown = [*query.shown, *new]
        return
    place = next((number for number, one in enumerate(query.shown) if one.find(exp.AggFunc)), len(query.shown))
    query.shown = [*query.shown[:place], *new, *query.shown[place:]]
    query.grouped = [*query.grouped, *(one.copy() for one in new)]


def hide(edit: Hide, query: Query) -> str | None:
    """Without some of its columns."""
    keys = {place.key for place in columns_named(edit.phrase, query)}
    query.spell_out_places()
    gone = [
        one for one in query.shown if _is_column_of(one, keys, query) or one.alias.casefold() == edit.phrase.casefold()
    ]
    if not gone or len(gone) == len(query.shown):
        return None
    query.shown = [one for one in query.shown if all(one is not other for other in gone)]
    texts = {text_of(one.unalias()) for one in gone}
    query.grouped = [one for one in query.grouped if text_of(one) not in texts]
    return f"without {', '.join(text_of(one) for one in gone)}"


def _is_column_of(shown: exp.Expr, keys: set[tuple[str, str]], query: Query) -> bool:
    column = shown.unalias()
    place = query.place_of(column) if isinstance(column, exp.Column) else None
    return place is not None and place.key in keys


# Groups


def group(edit: Group, query: Query) -> str | None:
    """A row for each of something; a list becomes a count for each."""
    if (not query.aggregates and not edit.counts_rows) or query.compares_with_a_summary or query.has("distinct"):
        return None
    # The first rows of all are not the first ones of each group.
    if query.has("limit") and not query.is_one_row and not edit.instead:
        return None
    query.spell_out_places()
    if edit.instead and not _ungroup(query):
        return None
    by: list[exp.Expr] = []
    shown: list[exp.Expr] = []
    for part in re.split(r",? and (?:per |by |for each )?|, (?:per |by |for each )?", edit.phrase):
        target = _group_target(part, query)
        if target is None:
            return None
        shown += target[0]
        by += target[1]
    if not query.aggregates:
        query.shown = [fragment(_COUNT)]
        query.drop("order", "limit", "offset")
    here = {text_of(one) for one in query.grouped}
    if any(text_of(one) in here for one in by):
        return None
    if query.is_one_row:
        query.shown = [*shown, *query.shown]
    else:
        place = next((number for number, one in enumerate(query.shown) if one.find(exp.AggFunc)), len(query.shown))
        query.shown = [*query.shown[:place], *shown, *query.shown[place:]]
    query.grouped = [*query.grouped, *(one.copy() for one in by)]
    return f"a row for each {', '.join(text_of(one) for one in shown)}"


def _ungroup(query: Query) -> bool:
    """Take the groups away, and the order unless it is by a number of each; False if more depends on them."""
    is_ordered_by_a_number = bool(query.order) and all(_sums_up(term.this, query) for term in query.order)
    if not all(_sums_up(one, query) for one in query.conditions("having")):
        return False
    if query.has("limit") and not is_ordered_by_a_number:
        return False
    texts = {text_of(one) for one in query.grouped}
    query.shown = [one for one in query.shown if one.find(exp.AggFunc) or text_of(one.unalias()) not in texts]
    query.drop("group", *(() if is_ordered_by_a_number else ("order",)))
    return True


def _sums_up(node: exp.Expr, query: Query) -> bool:
    """Whether it is a number of each group, whatever the groups are of: all its columns are within aggregates."""
    outside = [column for column in query.columns_in(node) if column.find_ancestor(exp.AggFunc) is None]
    return all(_is_a_number_by_name(column, query) for column in outside)


def _is_a_number_by_name(column: exp.Column, query: Query) -> bool:
    """Whether it is what the query calls one of its aggregates."""
    if column.table or (query.source_of(column) is not None and not is_result_in_order(column, query.select)):
        return False
    named = [one.unalias() for one in query.shown if one.alias and one.alias.casefold() == column.name.casefold()]
    return bool(named) and any(named[0] == one for one in query.aggregates)


def _group_target(phrase: str, query: Query) -> tuple[list[exp.Expr], list[exp.Expr]] | None:
    """What to show and what to group by, for one thing that was named."""
    words = stems(phrase)
    if len(words) == 1 and words[0] in _DATE_PARTS:
        return _date_target(words[0], query)
    if places := columns_named(phrase, query):
        columns = [query.reach(place, keep_rows=True) for place in places]
        found: list[exp.Expr] = [column for column in columns if column is not None]
        return (found, found) if len(found) == len(columns) else None
    table = table_named(phrase, query.schema)
    return _table_target(table, query) if table is not None else None


def _date_target(part: str, query: Query) -> tuple[list[exp.Expr], list[exp.Expr]] | None:
    place = period_place(query, years_too=part == "year")
    column = query.reach(place, keep_rows=True) if place else None
    if place is None or column is None:
        return None
    if holds_years(place) and not holds_dates(place):
        return [column], [column]
    target = fragment(f"STRFTIME('{_DATE_PARTS[part]}', {text_of(column)})")
    same_date = [one for one in query.grouped if query.places_in(one) == [place]]
    if same_date:
        # From years to months, or back: one takes the place of the other.
        texts = {text_of(one) for one in same_date}
        query.shown = [one for one in query.shown if text_of(one.unalias()) not in texts]
        query.grouped = [one for one in query.grouped if text_of(one) not in texts]
    return [target], [target]


def _table_target(table: Table, query: Query) -> tuple[list[exp.Expr], list[exp.Expr]] | None:
    """A row for each row of another table, known by its name."""
    keys = [column for column in table.columns if column.primary_key]
    labels = label_of(table)
    if len(keys) != 1 or not labels:
        return None
    found = [query.reach(Place(table, column, None), keep_rows=True) for column in (*labels, *keys)]
    columns: list[exp.Expr] = [column for column in found if column is not None]
    return (columns[:-1], columns[-1:]) if len(columns) == len(found) else None


# Numbers


def aggregate(edit: Aggregate, query: Query) -> str | None:
    """A number of the rows: in the place of the one that there is, beside it, or of a column that was listed."""
    if edit.function == "COUNT" and edit.phrase:
        return None
    place = _measure(edit, query)
    if edit.phrase and place is None:
        return None
    if not query.aggregates:
        return _of_listed(edit, place, query)
    if len(query.aggregates) != 1:
        return None
    old = query.aggregates[0]
    new = _function_of(edit.function, place, old, query)
    if new is None or text_of(new) == text_of(old):
        return None
    if edit.connected and not edit.instead and query.grouped:
        query.shown = [*query.shown, new]
        return f"also shows {text_of(new)}"
    said = f"{text_of(new)} instead of {text_of(old)}"
    _exchange(old, new, query)
    return said


def _exchange(old: exp.Expr, new: exp.Expr, query: Query) -> None:
    """Show `new` for `old`, and order by it; conditions on groups keep what they are about."""
    before = old.copy()
    for shown in query.shown:
        if shown.alias and shown.unalias() == before:
            _exchange_name(shown.alias, before, new, query)
            shown.replace(new.copy())
    order = query.select.args.get("order")
    for part in (*query.shown, *([order] if order else [])):
        for node in list(query.own(part, exp.AggFunc)):
            if node == before:
                node.replace(new.copy())


def _exchange_name(alias: str, old: exp.Expr, new: exp.Expr, query: Query) -> None:
    """Write out what an alias of `old` stands for: it would be wrong for `new`."""
    for clause, meant in (("order", new), ("having", old)):
        node = query.select.args.get(clause)
        for column in query.columns_in(node) if node else []:
            if not column.table and column.name.casefold() == alias.casefold():
                column.replace(meant.copy())


def _measure(edit: Aggregate, query: Query) -> Place | None:
    if not edit.phrase:
        return None
    place = single(columns_named(edit.phrase, query))
    return place if place is not None and is_measure(place) else None


def _function_of(function: Function, place: Place | None, old: exp.Expr, query: Query) -> exp.Expr | None:
    if function == "COUNT":
        return fragment(_COUNT)
    if place is not None:
        column: exp.Expr | None = query.reach(place, keep_rows=True)
    elif isinstance(old, exp.Count):
        only = single(one for one in places_of(query, [query.main.table]) if is_measure(one))
        column = query.reach(only, keep_rows=True) if only else None
    else:
        column = old.this.copy()
    return _CLASSES[function](this=column) if column is not None else None


def _of_listed(edit: Aggregate, place: Place | None, query: Query) -> str | None:
    if query.has("limit") or query.has("distinct") or query.grouped:
        return None
    if place is None:
        places = [one for shown in query.shown for one in query.places_in(shown)]
        place = single(one for one in places if is_measure(one) and not is_key(one.table, one.column))
    column = query.reach(place, keep_rows=True) if place else None
    if column is None or edit.function == "COUNT":
        return None
    new = _CLASSES[edit.function](this=column)
    query.shown = [new]
    query.drop("order")
    return f"{text_of(new)} instead of the rows"


def _named(places: tuple[Place, ...]) -> str:
    return ", ".join(place.name for place in places)
