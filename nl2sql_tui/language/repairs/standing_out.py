"""Says whether words of a question stand out in it as the name of something, by how they are written."""

from collections.abc import Sequence
from typing import Final

from nl2sql_tui.language.followup.words import MONTHS
from nl2sql_tui.language.phrases import Word
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.schema import Schema

_TITLES: Final = frozenset("dr mr mrs ms miss prof professor sir".split())
_TIMES: Final = frozenset(MONTHS) | frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
"""A patient may be called May, but so is the month."""
_ENDS_A_SENTENCE: Final = ".?!:"
_TOO_MANY: Final = 0.6
"""The share of words with a capital from which on a capital says nothing."""
_FEWEST_OTHERS: Final = 3


def stands_out(question: str, words: Sequence[Word], place: range) -> bool:
    """Whether the words at `place` stand out as a name: quoted, or with a capital that no sentence begins with.

    Not if it is a title or a time, nor where most words have a capital. `words` are `words_of_question(question)`.
    """
    first = words[place.start]
    if first.is_quoted:
        return True
    raw = question.split()
    begins = [start for start in range(len(words)) if start == 0 or raw[start - 1][-1] in _ENDS_A_SENTENCE]
    if place.start in begins or not first.text[:1].isupper():
        return False
    others = [word for start, word in enumerate(words) if start not in begins and start not in place]
    capitals = sum(word.text[:1].isupper() for word in others)
    if len(others) >= _FEWEST_OTHERS and capitals > _TOO_MANY * len(others):
        return False
    return len(place) > 1 or first.text.casefold() not in _TITLES | _TIMES


def is_a_name(text: str, schema: Schema) -> bool:
    """Whether a table or a column is called so: "the surname of the driver" asks for no driver called Driver."""
    wanted = name_words(text)
    names = (name for table in schema.tables for name in (table.name, *(column.name for column in table.columns)))
    return any(name_words(name) == wanted for name in names)
