"""English words that follow-ups are made of, and the words of names; knows neither queries nor schemas."""

import re
from typing import Final

NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split(),
        1,
    )
}
MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sep sept|"
            "october oct|november nov|december dec"
        ).split("|"),
        1,
    )
    for name in names.split()
}
FILLERS: Final = frozenset(
    (
        "the a an this that these those them it one ones just only from in of for with at on by to who which is are "
        "was were be been being people rows results records entries live lives lived living based located come comes "
        "came coming made held done or and nor either both so as during dated year years month there"
    ).split()
)
"""Words of a condition that carry no meaning of their own beside the value that they stand with."""
COLUMN_FILLERS: Final = frozenset("the a an their its his her of column columns field fields value values".split())

BY_ADJECTIVE: Final[dict[str, tuple[bool, tuple[str, ...]]]] = {
    "expensive": (True, ("price", "cost", "amount", "fee")),
    "costly": (True, ("price", "cost", "amount", "fee")),
    "cheap": (False, ("price", "cost", "amount", "fee")),
    "old": (True, ("age",)),
    "young": (False, ("age",)),
    "long": (True, ("length", "duration")),
    "short": (False, ("length", "duration")),
    "heavy": (True, ("weight",)),
    "light": (False, ("weight",)),
    "tall": (True, ("height",)),
    "new": (True, ("date",)),
    "late": (True, ("date",)),
    "recent": (True, ("date",)),
    "early": (False, ("date",)),
    "high": (True, ()),
    "large": (True, ()),
    "big": (True, ()),
    "great": (True, ()),
    "low": (False, ()),
    "small": (False, ()),
}
"""For a positive adjective: whether its superlative comes first in descending order, and names of what it measures.

Without names it measures whatever single number the query has.
"""
_ENDINGS: Final = (
    ("", ""),
    ("est", ""),
    ("er", ""),
    ("st", ""),
    ("r", ""),
    ("iest", "y"),
    ("ier", "y"),
    ("gest", ""),
    ("ger", ""),
)
"""Endings of superlatives and comparatives, and what stands in their place in the positive."""
_NAME_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def positive(adjective: str) -> str:
    """The adjective of a superlative or comparative that is a key of `BY_ADJECTIVE`; empty if there is none."""
    word = re.sub(r"^(most|more|least|less) ", "", adjective.lower().strip())
    for ending, plain in _ENDINGS:
        if word.endswith(ending) and (base := word[: len(word) - len(ending)] + plain) in BY_ADJECTIVE:
            return base
    return ""


def number_of(text: str) -> int | None:
    """The whole number that `text` writes in digits or as an English word."""
    plain = text.replace(",", "").lower()
    return int(plain) if plain.isdecimal() else NUMBERS.get(plain)


_DIGITS: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def numbers_in(text: str) -> set[float]:
    """The numbers that `text` writes in digits."""
    return {float(number.replace(",", "")) for number in _DIGITS.findall(text)}


def stems(text: str) -> tuple[str, ...]:
    """The words of a name or phrase in order, in lower case and in the singular, short and common ones too."""
    return tuple(_singular(part.lower()) for part in _NAME_PARTS.findall(text))


def _singular(word: str) -> str:
    """A word without the ending of a plural; unlike a stem for ranking, still a word."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")) and len(word) > 4:
        return word[:-2]
    return word[:-1] if word.endswith("s") and len(word) > 2 and not word.endswith(("ss", "us", "is")) else word
