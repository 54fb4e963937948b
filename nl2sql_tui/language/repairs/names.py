"""Compares names of tables and columns as a person reads them: by words, and by letters; knows no SQL."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from nl2sql_tui.spelling import slips_between, slips_forgiven, without_accents

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_LINKS: Final = frozenset(("of", "the", "a", "an"))
_QUALIFIERS: Final = frozenset(
    (
        "max maximum min minimum highest lowest most least first last start end begin initial final old new previou "
        "next former not no non un archived deleted cancelled canceled"
    ).split()
)
"""Words that make another thing of what they stand before, as `name_words` gives them: an age is no max_age."""
_OF_SOMETHING: Final = frozenset("id key code number no nr date time day month year".split())
"""Words that say nothing without what they are of."""
_TWO_SIDES: Final = ({"er", "ee"}, {"or", "ee"})
"""How the names of the two sides of a deal end."""
_OPPOSITE_BEGINNINGS: Final = (("hyper", "hypo"), ("macro", "micro"))
"""With the same first letter; all others differ in it."""
_SHARED_TAIL: Final = 3
_SHORTEST_CUT: Final = 3
_SHORTEST_PLURAL: Final = 4
_SHORTEST_JOINED: Final = 6


Likeness = Callable[[str, Sequence[str], str, frozenset[str]], str | None]
"""Finds what a name means: of the name, the candidates, the name of their table, and the words of the question."""


def name_words(name: str) -> tuple[str, ...]:
    """The words of `name` without case, accents and a plural's s: "Year_of_Founded", "pettypes" → pettype."""
    return tuple(_singular(word.casefold()) for word in _WORD.findall(without_accents(name)))


def _singular(word: str) -> str:
    is_plural = len(word) >= _SHORTEST_PLURAL and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural else word


def same_name(name: str, candidates: Sequence[str], table: str = "", _said: frozenset[str] = frozenset()) -> str | None:
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


def like_name(name: str, candidates: Sequence[str], table: str, said: frozenset[str]) -> str | None:
    """The only one of `candidates` that `name` says in part (date → transaction_date), else that it misspells.

    `said` are the words of the question: a word that the question has is no slip, and one like max, which makes
    another thing of what it stands before, is added only if the question has it.
    """
    longer = [candidate for candidate in candidates if _is_said_in_part(name, candidate, table, said)]
    if longer:
        return longer[0] if len(longer) == 1 else None
    return only(candidate for candidate in candidates if _is_misspelt(name, candidate, said))


def asked_name(name: str, candidates: Sequence[str], table: str, said: frozenset[str]) -> str | None:
    """The only one of `candidates` that ends in the same word, if the question names it and not what `name` says.

    The last word of a name says what it is: a number, a date. No opposite is taken: what asks for is_inactive = 0 would
    ask for the contrary of it with is_active. Nor is a word like max, which makes another thing of a name, left out.
    """
    words = _content(name)
    alike = only(candidate for candidate in candidates if _content(candidate)[-1:] == words[-1:])
    if alike is None or not words:
        return None
    others = set(_content(alike))
    dropped = set(words) - others
    is_asked_for = others - set(name_words(table)) <= said and not dropped & (said | _QUALIFIERS)
    return alike if is_asked_for and not _has_opposites(dropped, others - set(words)) else None


def _content(name: str) -> tuple[str, ...]:
    """The words of a name but for those that only link others."""
    return tuple(word for word in name_words(name) if word not in _LINKS)


def _is_said_in_part(name: str, candidate: str, table: str, said: frozenset[str]) -> bool:
    """Whether `candidate` has all words of `name`, but for the table's own, and what it adds only tells more of it.

    The date of an order is no ship_date, nor its id a line_id: there even the table's own words are not left out.
    """
    own = set(name_words(table))
    wanted, words = set(_content(name)), set(_content(candidate))
    dropped, added = wanted - words, words - wanted
    if not wanted or (added & _QUALIFIERS) - said:
        return False
    if not dropped:
        return True
    # What is of the table's own name may be left out, but not for another part of it.
    is_table_left_out = dropped <= own and dropped != wanted and (own <= wanted or not added & own)
    return is_table_left_out and not (wanted & _OF_SOMETHING and (added or not own <= wanted))


def _is_misspelt(name: str, candidate: str, said: frozenset[str]) -> bool:
    """Whether one word of `name` is a slip away from that of `candidate` and all others are the same, or all joined."""
    words, others = _content(name), _content(candidate)
    if len(words) != len(others):
        # SSHIPMENTID for ShipmentID: written without what parts the words.
        joined, wanted = "".join(words), "".join(others)
        is_long = min(len(joined), len(wanted)) >= _SHORTEST_JOINED
        return is_long and slips_between(joined, wanted, 1) is not None and _is_slip(joined, wanted)
    unequal = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    return len(unequal) == 1 and _is_slip(*unequal[0]) and not (unequal[0][0] in said and unequal[0][1] not in said)


def _is_slip(word: str, other: str) -> bool:
    """Whether `word` is `other` misspelt, and not another word that is spelt like it.

    Opposites differ in how they begin (import and export, paid and unpaid, hyper- and hypo-) or in the two sides of a
    deal (payer and payee, consignor and consignee), slips hardly ever. A word too short for a slip may lack its end.
    """
    ends = {word[-2:], other[-2:]}
    if word[0] != other[0] or ends in _TWO_SIDES or begin_as_opposites(word, other):
        return False
    if len(word) >= _SHORTEST_CUT and other[:-1] == word:
        return True
    return slips_between(word, other, min(slips_forgiven(word), slips_forgiven(other))) is not None


def begin_as_opposites(word: str, other: str) -> bool:
    """Whether two words that are spelt alike begin with what makes one the contrary of the other."""
    return any(
        (word.startswith(one) and other.startswith(opposite)) or (word.startswith(opposite) and other.startswith(one))
        for one, opposite in _OPPOSITE_BEGINNINGS
    )


def _has_opposites(words: Iterable[str], others: Iterable[str]) -> bool:
    """Whether two of the words differ in how they begin only, as active and inactive, import and export do."""
    return any(one[-_SHARED_TAIL:] == other[-_SHARED_TAIL:] for one in words for other in others)


def said_words(question: str) -> frozenset[str]:
    """The words of a question, as `name_words` gives those of a name."""
    return frozenset(name_words(question))


def only(found: Iterable[str]) -> str | None:
    """The one thing in `found`; None if there is none or more than one."""
    distinct = list(dict.fromkeys(found))
    return distinct[0] if len(distinct) == 1 else None
