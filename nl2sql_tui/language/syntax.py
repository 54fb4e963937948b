"""Turns one query of SQLite's SQL into a syntax tree and back, in bounded time; what it means is left to others.

Imports sqlglot, which takes a moment: import this only inside functions, or in modules that are imported so.
"""

import logging
from typing import Final

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import SqlglotError

from nl2sql_tui.quoting import needs_quotes

# What it has to say of SQL that it does not know is of no use to anybody, and standard error may be a screen.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

LONGEST: Final = 10_000
"""Characters of a statement that is parsed. What a model writes is hundreds."""
_MOST_TOKENS: Final = 2_000
_DEEPEST: Final = 30
_DEEPEST_TYPE_CALL: Final = 5
"""The parser tries `date(…)` as a type first and then as a function, which doubles the work at each level."""
_FAILURES: Final = (SqlglotError, RecursionError, ValueError, LookupError, AttributeError, TypeError)
"""What the parser raises: its own errors, and those of its own faults, as a KeyError for nested calls of nullable()."""
_OPENING: Final = frozenset((TokenType.L_PAREN, TokenType.CASE))
_CLOSING: Final = frozenset((TokenType.R_PAREN, TokenType.END))
_DEEPEST_TREE: Final = 100
"""Nodes from the root to a leaf. What writes a tree calls itself some four times for each."""
_MOST_OPEN_JOINS: Final = 8
"""JOINs that wait for an ON. The parser tries each as the beginning of a nested join first, which doubles the work."""
_JOIN_CONDITIONS: Final = frozenset((TokenType.ON, TokenType.USING))
_JOINED_WITHOUT: Final = frozenset((TokenType.CROSS, TokenType.NATURAL))
_PREFIXES: Final = frozenset((TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE))


def parsed(sql: str, dialect: str = "sqlite") -> exp.Query | None:
    """The syntax tree of `sql`; None if it is not one query, or is too long or too deeply nested. Never raises.

    `dialect` is sqlglot's name of the one that it is written in.
    """
    if len(sql) > LONGEST:
        return None
    try:
        tokens = sqlglot.tokenize(sql, read=dialect)
        if len(tokens) > _MOST_TOKENS or not _is_shallow(tokens) or _leaves_joins_open(tokens):
            return None
        statements = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    except _FAILURES:
        return None
    only = statements[0] if len(statements) == 1 else None
    return only if isinstance(only, exp.Query) and _is_whole(only) and _is_writable(only) else None


def _is_whole(tree: exp.Query) -> bool:
    """Whether every SELECT selects something. The parser takes a SELECT of nothing for one; SQLite does not."""
    return all(select.expressions for select in tree.find_all(exp.Select))


def _is_writable(tree: exp.Query) -> bool:
    """Whether the tree is no deeper than what writes it copes with; a row of ANDs or ORs counts as one node."""
    waiting: list[tuple[exp.Expr, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _DEEPEST_TREE:
            return False
        waiting += [
            (child, depth + (not isinstance(node, exp.Connector) or type(child) is not type(node)))
            for child in node.iter_expressions()
        ]
    return True


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


def _leaves_joins_open(tokens: list[Token]) -> bool:
    """Whether many JOINs stand without the ON or USING that belongs to them."""
    open_joins = 0
    before: TokenType | None = None
    for token in tokens:
        if token.token_type is TokenType.JOIN and before not in _JOINED_WITHOUT:
            open_joins += 1
        elif token.token_type in _JOIN_CONDITIONS and open_joins:
            open_joins -= 1
        if open_joins > _MOST_OPEN_JOINS:
            return True
        before = token.token_type
    return False


def text_of(node: exp.Expr) -> str:
    """SQL for a tree or a part of one, in the form the default model writes."""
    return node.sql(dialect="sqlite", comments=False)


def name_node(name: str) -> exp.Identifier:
    """`name` as a node, in quotes where SQLite needs them."""
    return exp.to_identifier(name, quoted=needs_quotes(name))


def column_node(table: str, column: str) -> exp.Column:
    """table.column as a node."""
    return exp.Column(this=name_node(column), table=name_node(table))


def is_result_in_order(column: exp.Column, select: exp.Select) -> bool:
    """Whether `column` orders rows by a result of `select` of that name, which SQLite prefers to a stored column."""
    if column.table or not isinstance(column.parent, exp.Ordered):
        return False
    return column.name.casefold() in {item.alias.casefold() for item in select.expressions if item.alias}


def conjuncts(condition: exp.Expr | None, kind: type[exp.Connector] = exp.And) -> list[exp.Expr]:
    """What is joined by AND (or by another connector) in `condition`, brackets around each taken away, in order."""
    found: list[exp.Expr] = []
    waiting = [condition] if condition is not None else []
    while waiting:
        node = waiting.pop().unnest()
        if isinstance(node, kind):
            waiting += [node.expression, node.this]
        else:
            found.append(node)
    return found


def add_condition(select: exp.Select, condition: exp.Expr) -> None:
    """Have `select` give only rows of its own for which `condition` holds too."""
    where = select.args.get("where")
    if where is None:
        select.set("where", exp.Where(this=condition))
        return
    before = exp.Paren(this=where.this) if isinstance(where.this, exp.Or) else where.this
    where.set("this", exp.And(this=before, expression=condition))
