"""Tells which numbers of an SQL are odd as an answer to its question: not asked for, left out, or of no amount."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.followup.words import number_of, numbers_in
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import meaning
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.schema import Column, Schema, Table

_WORD: Final = re.compile(r"[^\W\d_]+|%")
_TRUTHS: Final = frozenset((0.0, 1.0))
"""They stand for no and yes, for none and some, and need not be named."""
_DATE: Final = re.compile(r"\b\d{1,4}([-/])\d{1,2}(\1\d{1,4})?\b|\b\d{1,2}\.\d{1,2}\.\d{2,4}\b")
"""Its parts are no numbers that are asked for."""
_COMPARISONS: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_ORDERED: Final = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_FACTORS: Final = {
    "hundred": (100.0,),
    "thousand": (1e3,),
    "million": (1e6,),
    "billion": (1e9,),
    "percent": (0.01,),
    "%": (0.01,),
    "dozen": (12.0,),
    "second": (1e3,),
    "minute": (60.0, 6e4),
    "hour": (60.0, 3600.0, 3.6e6),
    "day": (24.0, 1440.0, 86_400.0),
    "week": (7.0, 168.0),
    "month": (30.0,),
    "year": (12.0, 52.0, 365.0),
    "century": (100.0,),
    "decade": (10.0,),
    "kilometer": (1e3,),
    "kilometre": (1e3,),
    "km": (1e3,),
    "kg": (1e3,),
    "mb": (1e6,),
    "gb": (1e9,),
}
"""What a number is multiplied by if it stands with such a word, in a column that holds it in another unit."""
_TIMES: Final = {
    word: float(number)
    for number, words in enumerate(
        (
            "once first",
            "twice second both couple pair",
            "thrice third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
        ),
        1,
    )
    for word in words.split()
}
"""Words that stand for a number and are none."""
_NAMES: Final = frozenset("name title".split())
_FEW: Final = re.compile(
    r"\b(most|least|top|bottom|first|last|best|worst|one|single|only|next|latest|maximum|minimum|max|min|largest|\w+est|"
    r"favou?rite|any|an?|some|sample|example|few)\b",
    re.IGNORECASE,
)
"""With such a word a question may ask for some rows alone."""
_TIME: Final = re.compile(r"DATE|TIME", re.IGNORECASE)
_YEAR: Final = re.compile(r"(19|20)\d\d")


def strange_numbers(tree: exp.Query, question: str) -> Iterator[str]:
    """Numbers that are compared with and not asked for, and those that are asked for and stand nowhere."""
    words = [word.casefold() for word in _WORD.findall(question)]
    asked = numbers_in(_DATE.sub(" ", question))
    said = asked | {float(value) for word in words if (value := number_of(word)) is not None}
    said |= {_TIMES[word] for word in words if word in _TIMES}
    converted = _in_other_units(said | {1.0}, words)
    for number, is_ordered in sorted(_compared_with(tree)):
        near = (number - 1, number, number + 1) if is_ordered else (number,)
        if number not in _TRUTHS and (said | converted).isdisjoint(near):
            yield f"compares with {number:g}, which is not in the question"
    written = numbers_in(text_of(tree))
    for number in sorted(asked - _TRUTHS):
        if written.isdisjoint((number - 1, number, number + 1)) and written.isdisjoint(
            _in_other_units({number}, words)
        ):
            yield f"leaves out {number:g}"


def _in_other_units(numbers: set[float], words: list[str]) -> set[float]:
    factors = [factor for word in words for factor in _FACTORS.get(word.removesuffix("s"), ())]
    return {number * factor for number in numbers for factor in factors}


def _compared_with(tree: exp.Query) -> set[tuple[float, bool]]:
    """The numbers, and whether they are compared in size, where "at least 3" may be "more than 2"."""
    return {
        (float(side.this), isinstance(comparison, _ORDERED))
        for comparison in tree.find_all(*_COMPARISONS)
        for side in comparison.iter_expressions()
        if isinstance(side, exp.Literal) and not side.is_string
    }


def unasked_limit(tree: exp.Query, question: str) -> Iterator[str]:
    """A limit on the rows of which the question has no word and no number."""
    limit = tree.args.get("limit")
    count = limit.expression if isinstance(limit, exp.Limit) else None
    if not isinstance(count, exp.Literal) or _FEW.search(question):
        return
    said = numbers_in(question) | {float(number_of(word) or -1) for word in _WORD.findall(question)}
    if float(count.name) not in said:
        yield f"gives only {count.name} of the rows"


def no_amounts(select: exp.Select, schema: Schema) -> Iterator[str]:
    """Dates and keys that are added up, keys that are compared with years, and names with numbers."""
    for column, table, known in _known_columns(select, schema):
        around, words = column.parent, name_words(known.name)
        is_key = table.is_key(known.name) and "year" not in words
        is_summed = isinstance(around, exp.Sum) and (is_key or _TIME.search(known.declared_type))
        if is_summed or (isinstance(around, exp.Avg) and is_key):
            yield f"adds up {text_of(column)}, which is no amount"
        if isinstance(around, exp.EQ | exp.NEQ | exp.In) and is_key and _is_with(around, _is_year):
            yield f"compares {text_of(column)}, which is a key, with a year"
        is_name = known.is_text and not _NAMES.isdisjoint(words[-1:])
        if isinstance(around, _ORDERED) and is_name and _is_with(around, lambda one: not one.is_string):
            yield f"compares the texts of {text_of(column)} with a number"


def _is_with(comparison: exp.Expr, is_wanted: Callable[[exp.Literal], bool]) -> bool:
    """Whether all literals of a comparison are wanted, and it has one."""
    literals = [one for one in comparison.iter_expressions() if isinstance(one, exp.Literal)]
    return bool(literals) and all(map(is_wanted, literals))


def _is_year(literal: exp.Literal) -> bool:
    return _YEAR.fullmatch(literal.name) is not None


def _known_columns(select: exp.Select, schema: Schema) -> Iterator[tuple[exp.Column, Table, Column]]:
    for column in select.find_all(exp.Column):
        source = meaning(column, select, schema).source if column.find_ancestor(exp.Query) is select else None
        table = source.table if source is not None else None
        known = table.column(column.name) if table is not None else None
        if table is not None and known is not None:
            yield column, table, known


_BY_PERIOD: Final = re.compile(r"\b(per|by|each|every) (calendar )?(year|month)\b(?! of)", re.IGNORECASE)
_OF_PERIODS: Final = (exp.TimeToStr, exp.Substring, exp.Anonymous, exp.Extract, exp.Year, exp.Month)


def not_by_period(tree: exp.Query, question: str) -> Iterator[str]:
    """A question by year or month whose SQL groups by nothing that may be one."""
    said = _BY_PERIOD.search(question)
    if said is None or tree.find(*_OF_PERIODS) is not None:
        return
    period = "month" if "month" in said.group().lower() else "year"
    parts = [*tree.find_all(exp.Group), *tree.find_all(exp.Order)]
    names = {word for part in parts for column in part.find_all(exp.Column) for word in name_words(column.name)}
    if period not in names:
        yield f"has nothing for {said.group()!r}"
