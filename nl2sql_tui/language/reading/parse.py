"""Parses one query of SQLite's SQL in bounded time; what it means is left to others."""

import logging
from typing import Final

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import SqlglotError

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

LONGEST: Final = 10_000
"""Characters."""
_MOST_TOKENS: Final = 2_000
_DEEPEST: Final = 30
_DEEPEST_TYPE_CALL: Final = 5
"""The parser tries `date(…)` as a type first and then as a function, which doubles the work at each level."""
_OPENING: Final = frozenset((TokenType.L_PAREN, TokenType.CASE))
_CLOSING: Final = frozenset((TokenType.R_PAREN, TokenType.END))
_PREFIXES: Final = frozenset((TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE))


def parsed(sql: str) -> exp.Query | None:
    """The syntax tree of `sql`; None if it is not one query, or is too long or too deeply nested."""
    if len(sql) > LONGEST:
        return None
    try:
        tokens = sqlglot.tokenize(sql, read="sqlite")
        if len(tokens) > _MOST_TOKENS or not _is_shallow(tokens):
            return None
        statements = [tree for tree in sqlglot.parse(sql, read="sqlite") if tree is not None]
    except (SqlglotError, RecursionError, ValueError):
        return None
    only = statements[0] if len(statements) == 1 else None
    # The parser takes a SELECT of nothing for one; SQLite does not.
    is_whole = isinstance(only, exp.Query) and all(select.expressions for select in only.find_all(exp.Select))
    return only if isinstance(only, exp.Query) and is_whole else None


def _is_shallow(tokens: list[Token]) -> bool:
    """Whether the tokens nest no deeper than the parser copes with."""
    types = sqlglot.Parser.TYPE_TOKENS
    open_calls: list[bool] = []
    prefixes = 0
    before: TokenType | None = None
    for token in tokens:
        kind = token.token_type
        prefixes = prefixes + 1 if kind in _PREFIXES else 0
        if kind in _OPENING:
            open_calls.append(kind is TokenType.L_PAREN and before in types and before is not TokenType.VAR)
        elif kind in _CLOSING and open_calls:
            open_calls.pop()
        if len(open_calls) > _DEEPEST or sum(open_calls) > _DEEPEST_TYPE_CALL or prefixes > _DEEPEST:
            return False
        before = kind
    return True
