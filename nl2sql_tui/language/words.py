"""Takes names and questions apart into words that can be compared; knows no database and no model."""

import re
from typing import Final

from nl2sql_tui.spelling import without_accents

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
COMMON_WORDS: Final = frozenset(
    "the and for are was were with all each list show what which who how many that this from have has than give "
    "find tell many much their there number total average most least more less per not any does did its of in on "
    "is or to by an at be do it as we me my if so up no us".split()
)
"""Words of questions that say nothing about a table."""
_SHORTEST: Final = 2
_LIKE_FROM: Final = 4
"""Letters that two different words must have in common to count as alike."""
_LIKE_SHARE: Final = 0.55
_ABBREVIATION_LETTERS: Final = range(3, 6)


def words_in(text: str) -> list[str]:
    """The stems of the words of a name or question, in order: split at case changes, digits and underscores."""
    words = (word.lower() for word in _WORD.findall(without_accents(text)))
    return [stem(word) for word in words if len(word) >= _SHORTEST and word not in COMMON_WORDS]


def words_of(text: str) -> set[str]:
    """The same without order and repetition."""
    return set(words_in(text))


def stem(word: str) -> str:
    """A lower-case word without the ending of its plural, so that "companies" and "company" meet.

    The result need not be a word: "courses" and "course" meet in "cours".
    """
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "ses")) and len(word) > 4:
        word = word[:-2]
    elif word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def likeness(asked: str, named: str) -> float:
    """How surely a stem of a question means a stem of a name: 1 for the same one, 0 for nothing in common.

    Between them lie words that begin alike (enrolled, enrolment), words that a longer one is put together from
    (flight, flightno), and abbreviations (department, dept; employee, emp).
    """
    if asked == named:
        return 1.0
    if not asked or not named or asked[0] != named[0]:
        return 0.5 if len(asked) >= _LIKE_FROM and named.endswith(asked) else 0.0
    alike = _letters_alike(asked, named)
    if alike == len(asked) >= _LIKE_FROM:
        return 0.7
    if alike >= _LIKE_FROM and alike >= _LIKE_SHARE * max(len(asked), len(named)):
        return 0.6
    if len(named) in _ABBREVIATION_LETTERS and len(asked) > len(named) + 1:
        return 0.5 if alike == len(named) else 0.3 if _abbreviates(named, asked) else 0.0
    return 0.0


def _letters_alike(one: str, other: str) -> int:
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


def _abbreviates(short: str, long: str) -> bool:
    """Whether `short` is `long` with letters left out, of which it kept one vowel at most."""
    letters = iter(long)
    kept_in_order = all(letter in letters for letter in short)
    return kept_in_order and sum(letter in "aeiou" for letter in short) <= 1
