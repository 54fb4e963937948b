"""Turns a text into a syntax tree and back, within bounds, and refuses what would not come back as it was."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql_tui.quoting import needs_quotes, tokens

LONGEST: Final = 20_000
"""Characters of a statement that is looked at. What a model writes is hundreds."""
_MOST_TOKENS: Final = 3_000
_MOST_PARENTHESES: Final = 300
_MOST_TABLES: Final = 30
_MOST_COLUMNS: Final = 200
"""The repairs look at each table of a query for each of its columns."""
_SAME_MARKS: Final = {"!=": "<>", "==": "="}
_FREE_MARKS: Final = frozenset(",().;")


Step = Callable[[exp.Query], Iterator[str]]
"""One kind of repair: changes a tree, and says in a line each what it changed."""


def mended(sql: str, steps: Sequence[Step], compiles: Callable[[str], bool]) -> tuple[str, tuple[str, ...]]:
    """`sql` after all `steps`, and their lines; as it was, without a line, if it is not changed or does not compile."""
    tree = parsed(sql)
    if tree is None:
        return sql, ()
    try:
        lines = tuple(dict.fromkeys(line for step in steps for line in step(tree)))
        after = written(tree)
    except (SqlglotError, RecursionError):
        return sql, ()
    return (after, lines) if lines and compiles(after) else (sql, ())


def parsed(sql: str) -> exp.Query | None:
    """The tree of one query; None for anything else, and for what is too large or not read faithfully."""
    if len(sql) > LONGEST or sql.count("(") > _MOST_PARENTHESES or sum(1 for _ in tokens(sql)) > _MOST_TOKENS:
        return None
    try:
        statements = sqlglot.parse(sql, read="sqlite")
        tree = statements[0] if len(statements) == 1 else None
        if not isinstance(tree, exp.Select | exp.SetOperation) or _is_too_large(tree):
            return None
        return tree if _said(written(tree)) == _said(sql) else None
    except (SqlglotError, RecursionError, ValueError):
        return None


def _is_too_large(tree: exp.Query) -> bool:
    counts = Counter(type(node) for node in tree.walk())
    return counts[exp.Table] + counts[exp.Select] > _MOST_TABLES or counts[exp.Column] > _MOST_COLUMNS


def written(tree: exp.Query) -> str:
    """The tree as SQL, in the form the default model writes. Raises RecursionError if it is nested too deeply."""
    return tree.sql(dialect="sqlite", comments=False)


def _said(sql: str) -> Counter[str]:
    """The strings, numbers and operators of a text, however its words are spelt and arranged."""
    found: Counter[str] = Counter()
    for piece in tokens(sql):
        if piece.kind in ("string", "number", "blob"):
            found[piece.text] += 1
        elif piece.kind in ("mark", "unknown") and piece.text not in _FREE_MARKS:
            found[_SAME_MARKS.get(piece.text, piece.text)] += 1
    return found


def name_node(name: str) -> exp.Identifier:
    """`name` as a node, quoted where it must be."""
    return exp.to_identifier(name, quoted=needs_quotes(name))


def column_node(table: str, column: str) -> exp.Column:
    """table.column as a node."""
    return exp.Column(this=name_node(column), table=name_node(table))


def shown(node: exp.Expr) -> str:
    """A node as it stands in the SQL, for the line that tells of a repair."""
    return node.sql(dialect="sqlite", comments=False)
