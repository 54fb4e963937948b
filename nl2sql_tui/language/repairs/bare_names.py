"""Puts quotes around names that a model writes bare and SQLite takes only in quotes; needs no syntax tree."""

from collections.abc import Collection, Set
from typing import Final

from nl2sql_tui.quoting import RESERVED, SqlToken, needs_quotes, quoted, tokens
from nl2sql_tui.schema import Schema

_BEFORE_A_NAME: Final = frozenset(("from", "join"))


def quote_bare_names(sql: str, schema: Schema) -> tuple[str, tuple[str, ...]]:
    """`sql` with quotes around tables and columns of `schema` that need them, and what was changed.

    Those are reserved words, and names of several words or with other marks: "Unit Price", "2024 total". A reserved
    word is taken for a name next to a dot, after FROM and JOIN, and wherever else a name may stand, unless it also has
    a meaning in queries there, as ORDER before BY has. Of two names that begin at one place the longer is taken.
    """
    names = {name for table in schema.tables for name in (table.name, *(column.name for column in table.columns))}
    bare = [name for name in names if needs_quotes(name)]
    if not bare:
        return sql, ()
    reserved = frozenset(name.lower() for name in bare) & RESERVED
    compound = _compound_names(bare, names)
    pieces = list(tokens(sql))
    solid = [piece for piece in pieces if not piece.is_blank]
    ends = {piece.start + len(piece.text) for piece in solid}
    parts: list[str] = []
    changes: dict[str, None] = {}
    done = place = 0
    while place < len(solid):
        piece = solid[place]
        written = _compound_name(sql, piece, ends, compound)
        name, end = compound.get(written, piece.text), piece.start + len(written or piece.text)
        if written or (piece.kind == "word" and piece.text.lower() in reserved and _is_name(solid, place)):
            parts += [sql[done : piece.start], quoted(name)]
            changes[f"{written or name} → {quoted(name)}: {_WHY[not written]}"] = None
            done = end
        while place < len(solid) and solid[place].start < end:
            place += 1
    return "".join((*parts, sql[done:])), tuple(changes)


_WHY: Final = {True: "a reserved word needs quotes", False: "such a name needs quotes"}


def _compound_names(bare: Collection[str], names: Set[str]) -> dict[str, str]:
    """The names by how they may be written, the longest first.

    That is as they are, and as models write them that have seen few names with spaces: 2024_total, where no other of
    `names` is called so.
    """
    compound = sorted((name for name in bare if name.lower() not in RESERVED), key=lambda name: (-len(name), name))
    joined = {name.replace(" ", "_"): name for name in compound}
    written = {way: name for way, name in joined.items() if way not in names} | {name: name for name in compound}
    return dict(sorted(written.items(), key=lambda pair: -len(pair[0])))


def _compound_name(sql: str, piece: SqlToken, ends: Set[int], names: Collection[str]) -> str:
    """The first of `names` that begins with `piece` and ends where a piece does; empty if there is none."""
    if piece.kind not in ("word", "number", "mark"):
        return ""
    for name in names:
        end = piece.start + len(name)
        if end in ends and sql[piece.start : end].casefold() == name.casefold():
            return name
    return ""


_QUERY_WORDS: Final = frozenset(
    (
        "all and as between case collate distinct else escape except exists from having in intersect is isnull "
        "join limit not notnull null on or select then union using values when where"
    ).split()
)
"""Reserved words that a query uses; the others (transaction, table, to, check …) can only be names in one."""

_COMPARISONS: Final = frozenset(("=", "==", "<>", "!=", "<", "<=", ">", ">="))
_BEFORE_A_VALUE: Final = _COMPARISONS | frozenset(
    "select distinct by where and or on having when then else , (".split()
)
_AFTER_A_VALUE: Final = _COMPARISONS | frozenset(
    ("from", "in", "like", "between", "is", "and", "or", "then", "else", "end", "asc", "desc", ",", ")", "")
)
"""Between one of these and one of those a query has a value, and none of its own words but NULL."""


def _is_name(solid: list[SqlToken], place: int) -> bool:
    """Whether the reserved word at `place` stands for a table or column there."""
    before = solid[place - 1].text.lower() if place else ""
    after = solid[place + 1].text.lower() if place + 1 < len(solid) else ""
    if before == "." or after == "." or before in _BEFORE_A_NAME:
        return True
    word = solid[place].text.lower()
    if word in ("order", "group"):
        return after != "by"
    is_a_value = before in _BEFORE_A_VALUE and after in _AFTER_A_VALUE and word != "null"
    return is_a_value or word not in _QUERY_WORDS
