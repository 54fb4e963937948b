"""Finds in a question the cell values that it names; knows no database, only a lookup of stored texts."""

import re
from typing import Final

from nl2sql_tui.schema import CellValue, ValueLookup

_MOST_VALUES: Final = 3
"""Links given to the model; the default adapter was trained with at most this many."""
_LONGEST_PHRASE: Final = 6
"""Words of a question that may together name one value."""
_PLACES_PER_PHRASE: Final = 2
"""A value that stands in several columns is linked to the first ones of the schema."""
_SHORTEST: Final = 2

_OPENING_MARKS: Final = "\"'“”‘’(["
_CLOSING_MARKS: Final = "\"'“”‘’)]?.,!;:"
_COMMON_WORDS: Final = frozenset(
    (
        "the a an of in on is are was were and or to for by with all each list show what which who how many name "
        "names id number have has that this these those it its at from be do does did than more most least less "
        "not no yes"
    ).split()
)
"""Words that name a value only as part of a longer phrase."""


def link_values(question: str, values: ValueLookup) -> tuple[CellValue, ...]:
    """The stored values that `question` names, the longest phrases first.

    A phrase is one to six words as they stand in the question, without the punctuation around each; it is
    compared whole and without regard to case. A word belongs to one phrase at most.
    """
    words = [word.lstrip(_OPENING_MARKS).rstrip(_CLOSING_MARKS) for word in re.findall(r"\S+", question)]
    taken: set[int] = set()
    found: list[CellValue] = []
    for length in range(min(_LONGEST_PHRASE, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            places = range(start, start + length)
            if not taken.isdisjoint(places):
                continue
            phrase = " ".join(words[start : start + length])
            if length == 1 and (phrase.lower() in _COMMON_WORDS or len(phrase) < _SHORTEST):
                continue
            if matches := values.find(phrase):
                found += matches[:_PLACES_PER_PHRASE]
                taken.update(places)
                if len(found) >= _MOST_VALUES:
                    return tuple(found[:_MOST_VALUES])
    return tuple(found)
