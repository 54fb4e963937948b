"""Mends what can be mended in a model's SQL without guessing what it meant; says in a line what was changed."""

import re
from typing import Final

from nl2sql_tui.language.answer_form import as_sql, draft_of_sql
from nl2sql_tui.quoting import RESERVED, SqlToken, quoted, tokens
from nl2sql_tui.schema import Schema

_CODE_BLOCK: Final = re.compile(r"```(?:sql|sqlite)?\s*(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_BEFORE_A_NAME: Final = frozenset(("from", "join"))


def sql_of(model_text: str, *, unfinished: bool = False) -> str:
    """The statement in a model's answer, with its columns before its tables; no semicolon at its end.

    The first code block's, if there is one. `unfinished` text was cut off; what is missing is marked in it.
    """
    block = _CODE_BLOCK.search(model_text)
    text = (block.group(1) if block else model_text).strip().rstrip(";").rstrip()
    return draft_of_sql(text) if unfinished else as_sql(text)


def quote_reserved_names(sql: str, schema: Schema) -> tuple[str, tuple[str, ...]]:
    """`sql` with quotes around tables and columns of `schema` whose names SQLite reserves, and what was changed.

    A reserved word is taken for a name next to a dot, after FROM and JOIN, and wherever else a name may stand,
    unless it also has a meaning in queries there, as ORDER before BY has.
    """
    names = {table.name.lower() for table in schema.tables} | {
        column.name.lower() for table in schema.tables for column in table.columns
    }
    reserved_names = names & RESERVED
    if not reserved_names:
        return sql, ()
    pieces = list(tokens(sql))
    solid = [piece for piece in pieces if not piece.is_blank]
    mended: dict[int, str] = {}
    for place, piece in enumerate(solid):
        word = piece.text.lower()
        if piece.kind == "word" and word in reserved_names and _is_name(solid, place):
            mended[piece.start] = quoted(piece.text)
    changes = dict.fromkeys(f"{name[1:-1]} → {name}: a reserved word needs quotes" for name in mended.values())
    return "".join(mended.get(piece.start, piece.text) for piece in pieces), tuple(changes)


_QUERY_WORDS: Final = frozenset(
    (
        "all and as between case collate distinct else escape except exists from having in intersect is isnull "
        "join limit not notnull null on or select then union using values when where"
    ).split()
)
"""Reserved words that a query uses; the others (transaction, table, to, check …) can only be names in one."""


def _is_name(solid: list[SqlToken], place: int) -> bool:
    """Whether the reserved word at `place` stands for a table or column there."""
    before = solid[place - 1].text.lower() if place else ""
    after = solid[place + 1].text.lower() if place + 1 < len(solid) else ""
    if before == "." or after == "." or before in _BEFORE_A_NAME:
        return True
    word = solid[place].text.lower()
    if word in ("order", "group"):
        return after != "by"
    return word not in _QUERY_WORDS
