"""Answers a follow-up by changing the last SQL; whatever is not surely one is left to be asked as a question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from nl2sql_tui.language.followup.edits import (
    Aggregate,
    CountRows,
    Distinct,
    Edit,
    Explain,
    Group,
    Hide,
    Instead,
    Keep,
    LeaveOut,
    Limit,
    NoLimit,
    NumberInstead,
    Reverse,
    Show,
    ShowRows,
    Sort,
    Unfilter,
)
from nl2sql_tui.language.followup.recognise import bare_words, readings
from nl2sql_tui.schema import Schema, ValueLookup

if TYPE_CHECKING:
    from sqlglot import exp

    from nl2sql_tui.language.followup.query import Query

Compiles = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """SQL that was made out of the last one."""

    sql: str
    change: str
    """What was changed, in one line."""


def follow_up(text: str, last_sql: str, schema: Schema, values: ValueLookup, compiles: Compiles) -> FollowUp | None:
    """What `text` asks to be changed in `last_sql`, done; None if `text` is a question of its own.

    `compiles` says whether SQL is valid on the database; what is not is never given.
    """
    try:
        for edits in (*_as_a_value(text, last_sql, schema, values), *readings(text)):
            changed = _changed(edits, last_sql, schema, values)
            if changed is not None and changed.sql != _rewritten(last_sql) and compiles(changed.sql):
                return changed
    except RecursionError:
        # A tree can nest too deeply to be written as SQL again.
        return None
    return None


def _as_a_value(text: str, sql: str, schema: Schema, values: ValueLookup) -> tuple[tuple[Edit, ...], ...]:
    """The reading of a text that is a value of a column that `sql` limits, whatever else it might say.

    "And first?" is about another class of seats where the last question was about one.
    """
    body = bare_words(text)
    places = {(cell.table, cell.column) for cell in values.find(body)} if body else set()
    if not places:
        return ()
    from nl2sql_tui.language.followup.query import Query
    from nl2sql_tui.language.syntax import parsed

    tree = parsed(sql)
    query = Query.of(tree, schema) if tree is not None else None
    is_limited = query is not None and not places.isdisjoint(query.limited_columns(everywhere=True))
    return ((Instead(body, may_add=False),),) if is_limited else ()


def _rewritten(sql: str) -> str:
    """`sql` as it comes back from its tree, unchanged."""
    from nl2sql_tui.language.syntax import parsed, text_of

    tree = parsed(sql)
    return text_of(tree) if tree is not None else sql


def _changed(edits: Sequence[Edit], sql: str, schema: Schema, values: ValueLookup) -> FollowUp | None:
    from nl2sql_tui.language.followup.query import Query
    from nl2sql_tui.language.syntax import parsed, text_of

    tree = parsed(sql)
    if tree is None:
        return None
    query = Query.of(tree, schema)
    said = [_apply(edit, query, values) for edit in edits] if query is not None else []
    if query is not None and None not in said:
        return FollowUp(text_of(query.select), "; ".join(one for one in said if one))
    return _of_whole(edits[0], sql) if len(edits) == 1 else None


def _apply(edit: Edit, query: "Query", values: ValueLookup) -> str | None:
    """Change `query`; what was done, or None, when the query may be left half changed."""
    from nl2sql_tui.language.followup import diagnosis, filters, order, shape

    match edit:
        case Keep():
            return filters.keep(edit, query, values)
        case LeaveOut():
            return filters.leave_out(edit, query, values)
        case Instead():
            return filters.put_instead(edit, query, values)
        case NumberInstead():
            return filters.number_instead(edit, query)
        case Unfilter():
            return filters.unfilter(edit, query, values)
        case Group():
            return shape.group(edit, query)
        case Show():
            return shape.show(edit, query)
        case Hide():
            return shape.hide(edit, query)
        case Distinct():
            return shape.distinct(query)
        case CountRows():
            return shape.count_rows(query)
        case ShowRows():
            return shape.show_rows(query)
        case Aggregate():
            return shape.aggregate(edit, query)
        case Sort():
            return order.sort(edit, query)
        case Limit():
            return order.limit(edit, query)
        case NoLimit():
            return order.no_limit(query)
        case Reverse():
            return order.reverse(query)
        case Explain():
            return diagnosis.explain(edit, query, values)
        case _:
            assert_never(edit)


def _of_whole(edit: Edit, sql: str) -> FollowUp | None:
    """What can be done to any query without looking into it."""
    from sqlglot import exp

    from nl2sql_tui.language.followup.shape import counting_words
    from nl2sql_tui.language.syntax import parsed, text_of

    tree = parsed(sql)
    if isinstance(edit, CountRows) and isinstance(tree, exp.Query) and not _is_one_number(tree):
        said = counting_words(tree)
        for clause in ("order", "limit", "offset"):
            tree.set(clause, None)
        return FollowUp(f"SELECT COUNT(*) FROM ({text_of(tree)})", said)
    if isinstance(edit, Reverse) and isinstance(tree, exp.Except):
        left, right = tree.this, tree.expression
        tree.set("this", right)
        tree.set("expression", left)
        return FollowUp(text_of(tree), "what the second part has and the first has not")
    return None


def _is_one_number(tree: "exp.Query") -> bool:
    from sqlglot import exp

    shown = tree.selects
    return not tree.args.get("group") and any(one.find(exp.AggFunc) for one in shown)
