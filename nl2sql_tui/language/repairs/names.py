"""Compares names of tables and columns as a person reads them: by words, and by letters; knows no SQL."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_LEAST_RATIO: Final = 0.8
"""Share of letters that two names have in common, as difflib counts it, from which one may be the other misspelt."""
_SHORTEST_PLURAL: Final = 4


def name_words(name: str) -> tuple[str, ...]:
    """The words of `name` in lower case and without a plural's s: "Year_of_Founded", "pettypes" → pettype."""
    return tuple(_singular(word.lower()) for word in _WORD.findall(name))


def _singular(word: str) -> str:
    is_plural = len(word) >= _SHORTEST_PLURAL and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural else word


def same_name(name: str, candidates: Sequence[str], table: str = "") -> str | None:
    """The only one of `candidates` that is `name` but for separators, plurals or the table's own name.

    pet_type is PetType; within a table visitor both Visitor_ID and ID are the same name, and visitor is visitor_name.
    """
    wanted = "".join(name_words(name))
    equal = [candidate for candidate in candidates if "".join(name_words(candidate)) == wanted]
    if not equal and table:
        bare = _without(name_words(name), table)
        equal = [candidate for candidate in candidates if _without(name_words(candidate), table) == bare]
    return equal[0] if len(equal) == 1 else None


def _without(words: tuple[str, ...], table: str) -> str:
    """The words but for the table's own before or behind them; a column called like its table holds the names."""
    own = name_words(table)
    if words == own:
        return "name"
    if len(words) > len(own) and words[: len(own)] == own:
        words = words[len(own) :]
    elif len(words) > len(own) and words[-len(own) :] == own:
        words = words[: -len(own)]
    return "".join(words)


def like_name(name: str, candidates: Sequence[str], _table: str = "") -> str | None:
    """The only one of `candidates` that `name` says in part (date → transaction_date), else that it misspells."""
    wanted = set(name_words(name))
    longer = [candidate for candidate in candidates if wanted and wanted < set(name_words(candidate))]
    if longer:
        return longer[0] if len(longer) == 1 else None
    ratios = {candidate: _ratio(name, candidate) for candidate in candidates}
    close = [candidate for candidate, ratio in ratios.items() if ratio >= _LEAST_RATIO]
    return close[0] if len(close) == 1 else None


def of_one_kind(name: str, candidates: Sequence[str], _table: str = "") -> str | None:
    """The only one of `candidates` with the same last word, which in a name says what it is: Template_Details."""
    last = name_words(name)[-1:]
    alike = [candidate for candidate in candidates if last and name_words(candidate)[-1:] == last]
    return alike[0] if len(alike) == 1 else None


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def said_words(question: str) -> frozenset[str]:
    """The words of a question, as `name_words` gives those of a name."""
    return frozenset(name_words(question))


def only(found: Iterable[str]) -> str | None:
    """The one thing in `found`; None if there is none or more than one."""
    distinct = list(dict.fromkeys(found))
    return distinct[0] if len(distinct) == 1 else None
