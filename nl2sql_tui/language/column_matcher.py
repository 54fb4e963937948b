"""The article's way of linking columns: a word of the question that is nearly a column's name becomes that name.

Each word is compared with every column's name by difflib's ratio (Ratcliff and Obershelp: twice the matching letters
by the letters of both), without regard to case; above 0.91 the name takes the word's place, spelled as in the schema.
"transacton_amount" becomes "transaction_amount".

Off unless the setting `column_matcher` is on. It sees single words alone: "transaction amount" stays as it is, a
plural or a typing error in a short word is below the threshold, and a common word that happens to be a column's name
("name", "date") is only respelled. The program's own linking and pruning work with parts of names and with values,
change no word of the question, and are what the default model was taught with.
"""

import difflib
import re
from dataclasses import dataclass
from typing import Final

from nl2sql_tui.schema import Schema

LEAST_RATIO: Final = 0.91
"""A ratio has to be above it."""
_WORD: Final = re.compile(r"\w+(?:[-.]\w+)*")


@dataclass(frozen=True, slots=True)
class Replacement:
    """A word of the question and the column's name that took its place."""

    word: str
    column: str


def match_columns(question: str, schema: Schema) -> tuple[str, tuple[Replacement, ...]]:
    """The question with names in the place of words that are nearly names, and what was replaced."""
    names = list(dict.fromkeys(column.name for table in schema.tables for column in table.columns))
    replaced: list[Replacement] = []

    def name_for(found: re.Match[str]) -> str:
        word = found.group()
        name = _nearest(word, names)
        if name is None or name == word:
            return word
        replaced.append(Replacement(word, name))
        return name

    return _WORD.sub(name_for, question), tuple(replaced)


def _nearest(word: str, names: list[str]) -> str | None:
    """The name of the highest ratio above the threshold, the first of them in the schema; None without any."""
    best, nearest = LEAST_RATIO, None
    # The library keeps what it knows of the second text, so the word stands there.
    matcher = difflib.SequenceMatcher(None, "", word.casefold(), autojunk=False)
    for name in names:
        matcher.set_seq1(name.casefold())
        # Upper bounds that cost little: with hundreds of tables most names end here.
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            ratio = matcher.ratio()
            if ratio > best:
                best, nearest = ratio, name
    return nearest
