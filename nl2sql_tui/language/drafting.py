"""Foresees how an answer that has begun is likely to go on, so that a model need only check it; decides nothing.

What is foreseen wrongly costs a little time and changes no answer. Where the answer repeats what was written before,
that says what follows (prompt lookup, Saxena, 2023, on texts instead of tokens); elsewhere the clause does that it is
in, see `clause_drafts`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from nl2sql_tui.language.clause_drafts import ClauseDrafts
from nl2sql_tui.schema import CellValue, Schema

_PHRASES: Final = (
    "SELECT COUNT(*)",
    "SELECT DISTINCT",
    "COUNT(DISTINCT",
    "COUNT(*) >",
    "GROUP BY",
    "HAVING COUNT(*)",
    "ORDER BY",
    "COUNT(*) DESC LIMIT 1",
    "DESC LIMIT 1",
    "IN (FROM",
    "NOT IN (FROM",
    "LIKE '%",
    "UNION FROM",
    "INTERSECT FROM",
    "EXCEPT FROM",
)
"""What nearly always follows the beginning of each of these."""
_LONGEST_MATCH: Final = 40
_SHORTEST_MATCH: Final = 2
_SURE_MATCH: Final = 20
"""Characters of the answer that, found again, say more than its clause."""
_LONGEST: Final = 40
"""Characters foreseen at once."""


class LikelyAnswer:
    """What an answer to one question may look like. Calling it is cheap: it searches a few thousand characters."""

    def __init__(
        self, schema: Schema, question: str, values: Sequence[CellValue] = (), earlier: Iterable[str] = ()
    ) -> None:
        """`values` are the cells that the question names; `earlier` are answers to others, the latest last."""
        self._in_clause = ClauseDrafts(schema, question, values)
        self._text = "\n".join([*_PHRASES, question, *earlier]) + "\n"

    def __call__(self, answer: str) -> str:
        """The text that probably comes next; empty if there is no telling."""
        likely, length = self._continued(answer)
        if length >= _SURE_MATCH:
            return likely
        return self._in_clause(answer) or likely

    def _continued(self, answer: str) -> tuple[str, int]:
        """What follows the longest end of `answer` that stands in the text, where it stands last; how long that is."""
        known = self._text + answer
        for length in range(min(len(answer), _LONGEST_MATCH), _SHORTEST_MATCH - 1, -1):
            end = answer[-length:]
            if _is_in_a_word(answer[-length - 1 : -length], end[0]):
                continue
            place = known.rfind(end, 0, len(known) - 1)
            if place >= 0:
                following, *_ = known[place + length : place + length + _LONGEST].split("\n")
                if following:
                    return following, length
        return "", 0


def _is_in_a_word(before: str, first: str) -> bool:
    return bool(re.fullmatch(r"\w\w", before + first))
