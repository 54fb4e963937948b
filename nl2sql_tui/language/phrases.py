"""Cuts a question into the phrases that may name a cell's value."""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Final

LONGEST_PHRASE: Final = 6
"""Words of a question that may together name one value."""
_OPENING_MARKS: Final = "\"'“”‘’(["
_CLOSING_MARKS: Final = "\"'“”‘’)]?.,!;:"
COMMON_WORDS: Final = frozenset(
    (
        "the a an of in on is are was were and or to for by with all each list show what which who how many name "
        "names id number have has that this these those it its at from be do does did than more most least less "
        "not no yes"
    ).split()
)
"""Words that name a value only as part of a longer phrase."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question without the punctuation around it."""

    text: str
    is_quoted: bool
    """A quotation mark stands before it."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other in a question."""

    start: int
    words: tuple[Word, ...]

    @property
    def places(self) -> range:
        return range(self.start, self.start + len(self.words))

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def is_common(self) -> bool:
        """A single word that is no name."""
        return len(self.words) == 1 and self.words[0].text.lower() in COMMON_WORDS


def words_of_question(question: str) -> tuple[Word, ...]:
    """The words as white space parts them."""
    return tuple(
        Word(raw.lstrip(_OPENING_MARKS).rstrip(_CLOSING_MARKS), is_quoted=raw[0] in "\"'“‘")
        for raw in re.findall(r"\S+", question)
    )


def free_phrases(words: tuple[Word, ...], taken: Set[int]) -> Iterator[Phrase]:
    """Each phrase without a word whose place is in `taken`, which may grow meanwhile; the longest first."""
    for length in range(min(LONGEST_PHRASE, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            phrase = Phrase(start, words[start : start + length])
            if taken.isdisjoint(phrase.places):
                yield phrase
