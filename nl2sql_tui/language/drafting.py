"""Foresees how an answer that has begun is likely to go on, so that a model need only check it; decides nothing.

What is foreseen wrongly costs a little time and changes no answer. The method is prompt lookup (Saxena, 2023) on texts
instead of tokens, over what SQL, this schema, this question and earlier answers make likely.
"""

import re
from collections.abc import Iterable
from typing import Final

from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.quoting import identifier
from nl2sql_tui.schema import Schema

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
_SURE_MATCH: Final = 8
"""Characters of the answer that, found again, say more than the rule about tables."""
_LONGEST: Final = 40
"""Characters foreseen at once."""
_NAME: Final = r'(?:"(?:[^"]|"")*"|\w+)'
_TABLE: Final = re.compile(rf"\b(?:FROM|JOIN) ({_NAME})")
_BEFORE_A_COLUMN: Final = re.compile(r"(?:\b(?:SELECT|WHERE|BY|AND|OR|DISTINCT|ON|HAVING)|,|\()$")
_NEW_QUERY: Final = re.compile(r"\((?=FROM\b)|\b(?:UNION|INTERSECT|EXCEPT)\b")


class LikelyAnswer:
    """What an answer to one question may look like. Calling it is cheap: it searches a few thousand characters."""

    def __init__(self, schema: Schema, question: str, earlier: Iterable[str] = ()) -> None:
        """`question` is the text that the model is shown for it; `earlier` are answers to others, the latest last."""
        joins = [
            f"{one} JOIN {other} ON {table}.{column} = {to_table}.{to_column}"
            for table, column, to_table, to_column in _keys(schema)
            for one, other in ((table, to_table), (to_table, table))
        ]
        self._text = "\n".join([*_PHRASES, *joins, schema_text(schema), question, *earlier]) + "\n"

    def __call__(self, answer: str) -> str:
        """The text that probably comes next; empty if there is no telling."""
        if not answer:
            return ""
        likely, length = self._continued(answer)
        if length < _SURE_MATCH and _BEFORE_A_COLUMN.search(answer):
            # A column comes, and most are of the first table that the query reads.
            *_, query = _NEW_QUERY.split(answer)
            if tables := _TABLE.findall(query):
                return f"{'' if answer.endswith('(') else ' '}{tables[0]}."
        return likely

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


def _keys(schema: Schema) -> list[tuple[str, str, str, str]]:
    return [
        (identifier(table.name), identifier(key.column), identifier(key.to_table), identifier(key.to_column))
        for table in schema.tables
        for key in table.foreign_keys
    ]


def _is_in_a_word(before: str, first: str) -> bool:
    return bool(re.fullmatch(r"\w\w", before + first))
