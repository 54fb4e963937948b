"""Writes SQL with the tables before the columns, as the default model answers, and turns such text back into SQL.

    SELECT a.x FROM a JOIN b ON a.i = b.i WHERE b.y = 1
    FROM a JOIN b ON a.i = b.i SELECT a.x WHERE b.y = 1

A model writes from left to right: in SQL it has to name columns before it has settled where they come from. Only the
order of two clauses changes, in every subquery too, so that the way back needs no parser and no schema.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from nl2sql_tui.quoting import SqlToken, tokens

_CLAUSES: Final = frozenset(
    "select from where group having window order limit union intersect except values returning".split()
)
_SET_OPERATORS: Final = frozenset(("union", "intersect", "except"))
_TO_COME: Final = "SELECT … "
"""Stands for the columns while a model still writes the tables."""
_MOST_PARENTHESES: Final = 300
"""A text with more is no query that anybody wrote, and each may be a level of nesting."""


@dataclass(slots=True)
class _Clause:
    """A clause of one nesting level, what stands in parentheses within it already rearranged."""

    word: str
    """The keyword that begins it, in lower case; empty for what stands before the first."""
    text: str


def tables_first(sql: str) -> str:
    """`sql` with each FROM clause in front of its SELECT clause."""
    return _rearranged(sql, "select", "from")


def as_sql(text: str) -> str:
    """The SQL of a text in either form; SQL is given back as it is."""
    return _rearranged(text, "from", "select")


def draft_of_sql(text: str) -> str:
    """What to show of an answer of which only the beginning, `text`, has been written."""
    return _rearranged(text, "from", "select", unfinished=True)


def _rearranged(text: str, first: str, second: str, *, unfinished: bool = False) -> str:
    """`text` with each clause `first` that `second` follows put behind it."""
    if text.count("(") > _MOST_PARENTHESES:
        return text
    return _level(tokens(text), first, second, unfinished, nested=False)


def _level(pieces: Iterator[SqlToken], first: str, second: str, unfinished: bool, *, nested: bool) -> str:
    """One nesting level: up to and with its closing parenthesis if `nested`, else to the end."""
    clauses = [_Clause("", "")]
    before = ""
    closed = False
    for piece in pieces:
        word = piece.text.lower() if piece.kind == "word" else piece.text
        if word == ")" and nested:
            closed = True
            break
        if piece.kind == "word" and word in _CLAUSES and not (word == "from" and before == "distinct"):
            clauses.append(_Clause(word, piece.text))
        elif word == "(":
            inner = _level(pieces, first, second, unfinished, nested=True)
            clauses[-1].text += f"({inner}"
        else:
            clauses[-1].text += piece.text
        if not piece.is_blank:
            before = word
    text = "".join(_swapped(clauses, first, second, unfinished and not closed))
    return f"{text})" if closed else text


def _swapped(clauses: list[_Clause], first: str, second: str, open_end: bool) -> Iterator[str]:
    place = 0
    while place < len(clauses):
        clause = clauses[place]
        following = clauses[place + 1] if place + 1 < len(clauses) else None
        if clause.word == first and following is not None and following.word == second:
            # What stood behind the pair stays behind it: the space before the next clause, or none at the end.
            gap = following.text[len(following.text.rstrip()) :]
            yield f"{_ended(following.text)} {_ended(clause.text)}{gap}"
            place += 2
            continue
        is_being_written = clause.word == "from" and following is None and open_end
        if is_being_written and _begins_a_query(clauses, place):
            yield _TO_COME
        yield clause.text
        place += 1


def _ended(text: str) -> str:
    """`text` without the space at its end, so that more may follow it on its line."""
    text = text.rstrip()
    *_, last = tokens(text)
    return f"{text}\n" if last.text.startswith("--") else text


def _begins_a_query(clauses: list[_Clause], place: int) -> bool:
    """Whether nothing of the same query stands before the clause, as DELETE does before its FROM."""
    before = clauses[place - 1]
    return before.word in _SET_OPERATORS or not before.text.strip() or before.text.lstrip().lower().startswith("with ")
