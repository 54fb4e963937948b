"""Finds values that a question names in another number, or with a slip of the fingers; `linking` says when to ask.

What is allowed here was measured on questions of a public data set: each rule is right more often than wrong.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from nl2sql_tui.language.phrases import COMMON_WORDS, Phrase, Word
from nl2sql_tui.language.ranking import SchemaWords
from nl2sql_tui.language.words import words_of
from nl2sql_tui.schema import CellValue, ValueLookup

_BEFORE_A_NAME: Final = frozenset("in from at of to by for named called with near".split())
"""After these a word that is written small may be a name all the same."""
_ARTICLES: Final = frozenset(("the", "a", "an"))
_SHORTEST_INFLECTED: Final = 3
_POSSESSIVES: Final = ("'s", "’s", "'", "’")


class NearValues:
    """Looks for the values of one database that are near to a phrase."""

    def __init__(self, values: ValueLookup, schema: SchemaWords) -> None:
        self._values = values
        self._schema = schema

    def find(self, phrase: Phrase, words: Sequence[Word]) -> Sequence[CellValue]:
        """The values that `phrase`, one of the `words` of a question, may mean; empty for none."""
        if self._names_the_schema(phrase):
            return ()
        return self._inflected(phrase) or (self._values.similar(phrase.text) if _is_a_name(phrase, words) else ())

    def _names_the_schema(self, phrase: Phrase) -> bool:
        stems = words_of(phrase.text)
        return stems <= self._schema.words or phrase.is_common

    def _inflected(self, phrase: Phrase) -> Sequence[CellValue]:
        """Values that are the phrase in the singular or the plural, or what owns what follows it."""
        if any(word.text.lower() in COMMON_WORDS for word in (phrase.words[0], phrase.words[-1])):
            return ()
        *before, last = (word.text for word in phrase.words)
        for form in _other_forms(last):
            text = " ".join([*before, form])
            # A code such as RUN is not meant by "runs".
            found = [cell for cell in self._values.find(text) if phrase.text.isupper() or not cell.text.isupper()]
            if found:
                return found
        return ()


def _other_forms(word: str) -> Iterator[str]:
    """The word without its possessive ending, in the singular, and in the plural, as English writes them."""
    for ending in _POSSESSIVES:
        if word.endswith(ending):
            yield word.removesuffix(ending)
            return
    lower = word.lower()
    if len(word) <= _SHORTEST_INFLECTED - 1:
        return
    if lower.endswith("ies"):
        yield word[:-3] + "y"
    if lower.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        yield word[:-2]
    if lower.endswith("s") and not lower.endswith("ss") and len(word) > _SHORTEST_INFLECTED:
        yield word[:-1]
    elif lower.endswith("y"):
        yield word[:-1] + "ies"
        yield word + "s"
    else:
        yield word + ("es" if lower.endswith(("s", "x", "z", "ch", "sh")) else "s")


def _is_a_name(phrase: Phrase, words: Sequence[Word]) -> bool:
    """Whether the words may be a name that is misspelt, and not words of the question itself."""
    first, last = phrase.words[0], phrase.words[-1]
    if first.is_quoted:
        return True
    if all(_begins_like_a_name(word.text) for word in (first, last)):
        # The first word of a sentence is written large, whatever it is.
        return phrase.start > 0 or len(phrase.words) > 1
    if any(word.text.lower() in COMMON_WORDS for word in (first, last)):
        return False
    before = [word.text.lower() for word in words[: phrase.start]]
    while before and before[-1] in _ARTICLES:
        before.pop()
    return bool(before) and before[-1] in _BEFORE_A_NAME


def _begins_like_a_name(word: str) -> bool:
    return word[:1].isupper() or word[:1].isdigit()
