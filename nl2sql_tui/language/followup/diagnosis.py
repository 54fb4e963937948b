"""Shows why a row is not among a query's rows: the row itself, and beside it which conditions it meets."""

from sqlglot import exp

from nl2sql_tui.language.followup.conditions import Values, read_conditions
from nl2sql_tui.language.followup.edits import Explain
from nl2sql_tui.language.followup.query import Query, fragment
from nl2sql_tui.language.syntax import name_node, text_of
from nl2sql_tui.quoting import string_literal
from nl2sql_tui.schema import ValueLookup


def explain(edit: Explain, query: Query, values: ValueLookup) -> str | None:
    """The named row of the query's tables, with each condition as a column that is 1 where it holds.

    Tables that the query joins are joined so that a missing partner does not lose the row. Grouping, order and limit
    go, and are named in what is said.
    """
    named = _named(edit.phrase, query, values)
    if not named:
        return None
    row = " AND ".join(f"{text_of(query.qualified(one.place))} = {string_literal(one.texts[0])}" for one in named)
    kept = query.conditions()
    dropped = [words for clause, words in _ALSO_LIMITS if query.has(clause)]
    partners = _loosen_joins(query)
    if not kept and not partners:
        return None
    shown: list[exp.Expr] = [query.qualified(one.place) for one in named]
    seen = {one.place for one in named}
    for condition in kept:
        for place in query.places_in(condition):
            if place not in seen and place.source is not None:
                seen.add(place)
                shown.append(query.qualified(place))
    shown += [_as_column(condition) for condition in [*partners, *kept]]
    query.shown = shown
    query.drop("group", "having", "order", "limit", "offset", "distinct")
    query.set_conditions([fragment(row)])
    also = f"; the query also has {' and '.join(dropped)}" if dropped else ""
    return f"the row where {row}, and of each condition whether it holds (1) or not (0){also}"


_ALSO_LIMITS = (("having", "a condition on its groups"), ("limit", "a limit on its rows"))


def _named(phrase: str, query: Query, values: ValueLookup) -> list[Values]:
    """What one row of a table of the query is known by: a text, or several in columns of their own ("Emily Walsh")."""
    conditions = read_conditions(phrase, query, values)
    named = [one for one in conditions if isinstance(one, Values) and one.place.source and len(one.texts) == 1]
    of_one_table = len({one.place.source for one in named}) == 1
    return named if of_one_table and len(named) == len(conditions) else []


def _as_column(condition: exp.Expr) -> exp.Expr:
    value = exp.Paren(this=condition.copy()) if isinstance(condition, exp.Connector) else condition.copy()
    return exp.Alias(this=value, alias=exp.to_identifier(text_of(condition), quoted=True))


def _loosen_joins(query: Query) -> list[exp.Expr]:
    """Turn inner joins into outer ones; gives for each whether there is a partner."""
    found: list[exp.Expr] = []
    for join, source in zip(query.select.args.get("joins") or [], query.sources[1:], strict=True):
        keys = [column for column in source.table.columns if column.primary_key] or list(source.table.columns[:1])
        if join.args.get("on") is None or join.side:
            continue
        join.set("side", "LEFT")
        join.set("kind", None)
        key = exp.Column(this=name_node(keys[0].name), table=name_node(source.alias))
        found.append(exp.Not(this=exp.Is(this=key, expression=exp.Null())))
    return found
