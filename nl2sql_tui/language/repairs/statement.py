"""Takes one statement through repairs of its syntax tree, and refuses what would not come back as it was."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql_tui.language.syntax import parsed, text_of
from nl2sql_tui.quoting import tokens

_MOST_TABLES: Final = 30
_MOST_COLUMNS: Final = 200
"""The repairs look at each table of a query for each of its columns."""
_SAME_MARKS: Final = {"!=": "<>", "==": "="}
_FREE_MARKS: Final = frozenset(",().;")


Repair = Callable[[exp.Query], Iterator[str]]
"""Changes a tree where it has one kind of fault, and says in a line each what it changed."""


def mended(sql: str, repairs: Sequence[Repair], compiles: Callable[[str], bool]) -> tuple[str, tuple[str, ...]]:
    """`sql` after all `repairs`, and their lines; as it was, without a line, if unchanged or if it does not compile.

    Where it does not compile after all of them, but before, each that keeps it from that is left out.
    """
    after, lines = _after(sql, repairs)
    if not lines or compiles(after):
        return after, lines
    if not compiles(sql):
        return sql, ()
    told: tuple[str, ...] = ()
    for repair in repairs:
        after, lines = _after(sql, (repair,))
        if lines and compiles(after):
            sql, told = after, told + lines
    return sql, tuple(dict.fromkeys(told))


def _after(sql: str, repairs: Sequence[Repair]) -> tuple[str, tuple[str, ...]]:
    """`sql` after `repairs`, and their lines; as it was, without a line, where nothing changes or cannot be read."""
    tree = _read_faithfully(sql)
    if tree is None:
        return sql, ()
    try:
        lines = tuple(dict.fromkeys(line for repair in repairs for line in repair(tree)))
        return (text_of(tree), lines) if lines else (sql, ())
    except (SqlglotError, RecursionError):
        return sql, ()


def _read_faithfully(sql: str) -> exp.Query | None:
    """The tree of one query; None for anything else, and for what is too large or would be written otherwise."""
    tree = parsed(sql)
    if not isinstance(tree, exp.Select | exp.SetOperation) or _is_too_large(tree):
        return None
    return tree if _said(text_of(tree)) == _said(sql) else None


def _is_too_large(tree: exp.Query) -> bool:
    counts = Counter(type(node) for node in tree.walk())
    return counts[exp.Table] + counts[exp.Select] > _MOST_TABLES or counts[exp.Column] > _MOST_COLUMNS


def _said(sql: str) -> Counter[str]:
    """The strings, numbers and operators of a text, however its words are spelt and arranged."""
    found: Counter[str] = Counter()
    for piece in tokens(sql):
        if piece.kind in ("string", "number", "blob"):
            found[piece.text] += 1
        elif piece.kind in ("mark", "unknown") and piece.text not in _FREE_MARKS:
            found[_SAME_MARKS.get(piece.text, piece.text)] += 1
    return found
