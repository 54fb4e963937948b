"""Mends what a question says in so many words: which way rows are ordered, how a number is compared, and from when
to when."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.followup.words import NUMBERS
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, meaning
from nl2sql_tui.language.syntax import text_of

_LARGE_FIRST: Final = "highest|largest|biggest|greatest|longest|heaviest|tallest"
_SMALL_FIRST: Final = "lowest|smallest|shortest|lightest|cheapest"
_DOWNWARDS: Final = re.compile(
    rf"\b(descending(ly)?|decreasing(ly)?|reversed?( \w+)? order|from (the )?({_LARGE_FIRST}) to|"
    r"(high|large|big|long) to (low|small|short))\b",
    re.IGNORECASE,
)
_UPWARDS: Final = re.compile(
    r"\b(ascending(ly)?|increasing(ly)?|(?<!reverse )(?<!reversed )alphabetical(ly)?|"
    rf"from (the )?({_SMALL_FIRST}) to|(low|small|short) to (high|large|big|long))\b",
    re.IGNORECASE,
)
_FROM_OLD, _FROM_YOUNG = (re.compile(rf"\b{first}(est)? to\b", re.IGNORECASE) for first in ("old", "young"))
"""Which way these go depends on what is ordered by: ages, or dates of birth."""

_RANKS: Final = frozenset("rank ranking position place".split())
"""The highest of these is the first."""
_TIME: Final = re.compile(r"DATE|TIME", re.IGNORECASE)
_BEGINNINGS: Final = frozenset("date year birth born dob birthday hired hire joined join since start founded".split())
"""The longer ago one of these is, the older something is."""

_MORE: Final = "more|greater|higher|larger|bigger|later|longer|heavier|taller"
_LESS: Final = "less|fewer|lower|smaller|earlier|shorter|lighter|cheaper"
"""Older and younger are left out: an age is the larger, and a year the smaller, the older something is."""
_BEFORE_A_NUMBER: Final[dict[str, type[exp.Binary]]] = {
    rf"at least|(no|not) ({_LESS}) than": exp.GTE,
    rf"at most|up to|(no|not) ({_MORE}) than": exp.LTE,
    rf"over|above|exceeding|after|({_MORE}) than": exp.GT,
    rf"under|below|before|({_LESS}) than": exp.LT,
}
_BEHIND_A_NUMBER: Final[dict[str, type[exp.Binary]]] = {
    rf"or (after|above|over|{_MORE})": exp.GTE,
    rf"or (before|below|under|{_LESS})": exp.LTE,
}
"""Patterns of words and what a column is compared by then; the first one that fits holds."""
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_BOUND: Final = rf"{DAY.pattern}|\d+(?:\.\d+)?"
_YEAR: Final = re.compile(r"[12]\d{3}")
_NEGATION: Final = re.compile(r"(\b(not|never|neither|nor)|n't)\b", re.IGNORECASE)


def order_as_asked(tree: exp.Query, context: Context) -> Iterator[str]:
    """Turn the order round where the question names the other way, and all rows are given by one key."""
    order = tree.args.get("order")
    if order is None or tree.args.get("limit") is not None or len(order.expressions) != 1:
        return
    (key,) = order.expressions
    down, up = (bool(way.search(context.question)) for way in (_DOWNWARDS, _UPWARDS))
    if runs_otherwise(key.this, context):
        return
    if "age" in name_words(key.this.name):
        down = down or bool(_FROM_OLD.search(context.question))
        up = up or bool(_FROM_YOUNG.search(context.question))
    if down == up or bool(key.args.get("desc")) == down:
        return
    before = text_of(order).strip()
    key.set("desc", down)
    # As SQLite has it without a word.
    key.set("nulls_first", not down)
    yield f"{before} → {text_of(order).strip()}: the order that the question names"


def runs_otherwise(measured: exp.Expr, context: Context) -> bool:
    """Whether what is large by a word of the question may be small in `measured`: the oldest was born first.

    So it is with ranks, and with dates where the question does not speak of dates but of how long something is.
    """
    select = measured.find_ancestor(exp.Select)
    shown = [item.unalias() for item in (select.expressions if select is not None else ()) if item.alias]
    named = [item for item in shown if item.parent is not None and item.parent.alias == measured.name]
    measured = named[0] if len(named) == 1 else measured
    words = {word for column in measured.find_all(exp.Column) for word in name_words(column.name)}
    if select is not None and any(_is_time(one, select, context) for one in measured.find_all(exp.Column)):
        words.add("date")
    if isinstance(measured, exp.Window) or not words.isdisjoint(_RANKS):
        return True
    beginnings = words & _BEGINNINGS
    return bool(beginnings) and beginnings.isdisjoint(context.words)


def _is_time(column: exp.Column, select: exp.Select, context: Context) -> bool:
    """Whether the column's declared type is one of dates or times."""
    source = meaning(column, select, context.schema).source
    known = source.table.column(column.name) if source is not None and source.table is not None else None
    return known is not None and bool(_TIME.search(known.declared_type))


def compare_as_asked(tree: exp.Query, context: Context) -> Iterator[str]:
    """Write the comparison that the question names for =, where both hold the number once.

    "More than one order and active" is no active > 1: 0 and 1 are compared so only if they count something.
    """
    for number in _numbers(context.question):
        kind, literals = number.comparison, [one for one in tree.find_all(exp.Literal) if one.this == number.text]
        compared = [
            one.parent
            for one in literals
            if isinstance(one.parent, exp.EQ) and one.parent.expression is one and not one.is_string
        ]
        if kind is None or len(literals) != 1 or len(compared) != 1:
            continue
        measured = compared[0].this
        if not isinstance(measured, exp.AggFunc if number.text in ("0", "1") else exp.Column | exp.AggFunc):
            continue
        mended = kind(this=compared[0].this.copy(), expression=compared[0].expression.copy())
        before = text_of(compared[0])
        compared[0].replace(mended)
        yield f"{before} → {text_of(mended)}: {number.said!r} in the question"


SPAN: Final = re.compile(rf"\b(between|from) ({_BOUND}) (and|to|until|till) ({_BOUND})(?![\w-])", re.IGNORECASE)
"""The first word, the first bound, the second word, the second bound."""
_RANGES: Final = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_FROM_THE_LOW: Final = (exp.EQ, exp.GT, exp.GTE)
_TO_THE_HIGH: Final = (exp.LT, exp.LTE)
_SAID_TOGETHER: Final = frozenset(("between and", "from to", "from until", "from till"))


def span_as_asked(tree: exp.Query, context: Context) -> Iterator[str]:
    """Write BETWEEN where the question says "between 3 and 5" and a column is compared with the 3 alone.

    Dates count as they stand in SQL, year first.
    """
    for first, low, second, high in SPAN.findall(context.question):
        literals = [one for one in tree.find_all(exp.Literal) if one.this in (low, high)]
        if f"{first} {second}".lower() not in _SAID_TOGETHER or len(literals) != 1:
            continue
        (literal,) = literals
        comparison = literal.parent
        if not isinstance(comparison, exp.EQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
            continue
        column = comparison.this
        if comparison.expression is not literal or not isinstance(column, exp.Column):
            continue
        is_low = literal.this == low
        if not isinstance(comparison, _FROM_THE_LOW if is_low else _TO_THE_HIGH) or not _is_in_order(low, high):
            continue
        if any(one is not comparison and one.find(exp.Literal) for one in tree.find_all(*_RANGES)):
            continue
        low_node, high_node = (_literal_like(literal, bound) for bound in (low, high))
        before = text_of(comparison)
        mended = exp.Between(this=column.copy(), low=low_node, high=high_node)
        comparison.replace(mended)
        said = f"{first} {low} {second} {high}"
        yield f"{before} → {text_of(mended)}: {said!r} in the question"


def _is_in_order(low: str, high: str) -> bool:
    return low < high if DAY.fullmatch(low) and DAY.fullmatch(high) else _is_smaller(low, high)


def _is_smaller(low: str, high: str) -> bool:
    return not DAY.fullmatch(low) and not DAY.fullmatch(high) and float(low) < float(high)


def _literal_like(literal: exp.Literal, bound: str) -> exp.Literal:
    """`bound` as a text or as a number, as `literal` is."""
    return exp.Literal(this=bound, is_string=literal.is_string)


class _Number:
    """A number in a question, and the words that say how to compare with it."""

    def __init__(self, text: str, before: str, behind: str, written: str) -> None:
        self.text = text
        self.comparison: type[exp.Binary] | None = None
        self.said = ""
        if _NEGATION.search(" ".join(before.split()[-4:])) and not re.search(r"\b(no|not) \w+ than\s*$", before):
            return
        for pattern, kind in _BEFORE_A_NUMBER.items():
            if found := re.search(rf"\b({pattern})\s*$", before, re.IGNORECASE):
                self.said = f"{found.group(1)} {written}"
                # What happened over 2023 did so in that year.
                is_during = _YEAR.fullmatch(text) and found.group(1).lower() in ("over", "under")
                self.comparison = None if is_during else kind
                return
        for pattern, kind in _BEHIND_A_NUMBER.items():
            if found := re.match(rf"\s*({pattern})\b", behind, re.IGNORECASE):
                self.comparison, self.said = kind, f"{written} {found.group(1)}"
                return


def _numbers(question: str) -> Iterator[_Number]:
    """The numbers that stand in `question` once."""
    found = re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", question)
    texts = [str(NUMBERS.get(word.lower(), word)) for word in found]
    for match in re.finditer(r"(?<![\w.,])\d+(?:\.\d+)?(?![\w,])|[^\W\d_]+", question):
        written = match.group()
        text = str(NUMBERS.get(written.lower(), written))
        if text[0].isdigit() and texts.count(text) == 1:
            yield _Number(text, question[: match.start()], question[match.end() :], written)
