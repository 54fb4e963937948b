"""Mends which end of an order a question asks for, and what the extreme is of: the youngest by age, downwards."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.as_asked import runs_otherwise
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context, meaning, sources, table_columns
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.schema import CellLookup

_LARGEST: Final = re.compile(r"\b(highest|largest|biggest|greatest|longest|heaviest|tallest|maximum)\b", re.IGNORECASE)
_SMALLEST: Final = re.compile(r"\b(lowest|smallest|shortest|lightest|cheapest|fewest|minimum)\b", re.IGNORECASE)
_OF_AGE: Final = {"oldest": True, "youngest": False}
"""Whether the largest age is meant. By a date of birth it is the other way round."""
_ANY: Final = re.compile(r"\b(most|least|first|last|top|bottom|best|worst|\w+est|maximum|minimum)\b", re.IGNORECASE)
_LONG: Final = re.compile(r"\b(longest|shortest)\b", re.IGNORECASE)


def turn_to_the_extreme(tree: exp.Query, context: Context) -> Iterator[str]:
    """Take the other end where the question has one superlative, and the SQL one order with a limit or one extreme."""
    found = _ANY.findall(context.question)
    if len(found) != 1:
        return
    orders = [order for order in tree.find_all(exp.Order) if _has_limit(order)]
    extremes = list(tree.find_all(exp.Min, exp.Max))
    if len(orders) + len(extremes) != 1:
        return
    if extremes:
        (extreme,) = extremes
        is_largest = _is_largest(found[0], extreme.this, context)
        if is_largest is not None and is_largest == isinstance(extreme, exp.Min):
            mended = (exp.Max if is_largest else exp.Min)(this=extreme.this.copy())
            before = text_of(extreme)
            extreme.replace(mended)
            yield f"{before} → {text_of(mended)}: {found[0]!r} in the question"
        return
    keys = orders[0].expressions
    is_largest = _is_largest(found[0], keys[0].this, context)
    if len(keys) == 1 and is_largest is not None and bool(keys[0].args.get("desc")) != is_largest:
        before = text_of(orders[0]).strip()
        keys[0].set("desc", is_largest)
        # As SQLite has it without a word.
        keys[0].set("nulls_first", not is_largest)
        yield f"{before} → {text_of(orders[0]).strip()}: {found[0]!r} in the question"


def _has_limit(order: exp.Order) -> bool:
    return order.parent is not None and order.parent.args.get("limit") is not None


def _is_largest(word: str, measured: exp.Expr, context: Context) -> bool | None:
    """Whether `word` asks for the largest of what is measured; None if that cannot be said."""
    if (is_older := _OF_AGE.get(word.lower())) is not None:
        is_age = isinstance(measured, exp.Column) and name_words(measured.name)[-1:] == ("age",)
        return is_older if is_age else None
    if runs_otherwise(measured, context):
        return None
    if _LARGEST.fullmatch(word):
        return True
    return False if _SMALLEST.fullmatch(word) else None


def take_own_extreme(tree: exp.Query, context: Context) -> Iterator[str]:
    """Compare a column with its own extreme: what "age = (SELECT MIN(weight) FROM pet)" finds is found by chance."""
    for extreme in list(tree.find_all(exp.Min, exp.Max)):
        inner = extreme.parent
        among = inner.parent if isinstance(inner, exp.Select) else None
        comparison = among.parent if isinstance(among, exp.Subquery) else None
        if not isinstance(inner, exp.Select) or not isinstance(comparison, exp.EQ) or len(inner.expressions) != 1:
            continue
        column, other = comparison.this, extreme.this
        outer = comparison.find_ancestor(exp.Select)
        if not isinstance(column, exp.Column) or not isinstance(other, exp.Column) or outer is None:
            continue
        read = sources(inner, context.schema)
        source = meaning(column, outer, context.schema).source
        if source is None or source.table is None or len(read) != 1 or read[0].table is None:
            continue
        if read[0].table.name != source.table.name or column.name.casefold() == other.name.casefold():
            continue
        before = text_of(extreme)
        other.set("this", column.this.copy())
        yield f"{before} → {text_of(extreme)}: {text_of(column)} is compared with it"


def measure_length(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Order by the length of texts where the question asks for the longest or the shortest, and not by the alphabet."""
    found = _LONG.search(context.question)
    if found is None:
        return
    for column, table in table_columns(tree, context, _is_ordered_by)[:MOST_ASKED]:
        stored = cells.first_values(table.name, column.name)
        # A time or a measure has figures in it.
        if stored and not any(character.isdigit() for text in stored for character in text):
            length = exp.Length(this=column.copy())
            column.replace(length)
            yield f"{text_of(column)} → {text_of(length)}: {found.group()!r} in the question"


def _is_ordered_by(column: exp.Column) -> bool:
    """Whether rows are ordered by it alone, and the first ones taken."""
    order = column.parent.parent if isinstance(column.parent, exp.Ordered) else None
    return isinstance(order, exp.Order) and len(order.expressions) == 1 and _has_limit(order)
