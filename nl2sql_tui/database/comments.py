"""Reads the comments in a CREATE statement, which often say in words what a short name means."""

from dataclasses import dataclass, field
from typing import Final

from nl2sql_tui.quoting import SqlToken, tokens, unquoted

_LONGEST_STATEMENT: Final = 200_000
"""Characters. A longer statement was made by a program, which writes no comments."""
_LONGEST_COMMENT: Final = 200
_NO_COLUMN: Final = frozenset(("constraint", "primary", "foreign", "unique", "check"))
"""What a part of the list begins with that is no column."""


@dataclass(slots=True)
class Comments:
    """What a statement says in words."""

    table: str = ""
    """Before the first column."""
    columns: dict[str, str] = field(default_factory=dict)
    """By the column's name in lower case: in its definition, after it on the same line, or on lines before it."""


def comments_in(statement: str) -> Comments:
    """The comments of a CREATE TABLE statement; none where there is no list of columns."""
    found = Comments()
    if len(statement) > _LONGEST_STATEMENT or ("--" not in statement and "/*" not in statement):
        return found
    column = last = waiting = ""
    """The column being defined, the one defined last on this line, and what was said before the next one."""
    depth, begins = 0, False
    for token in tokens(statement):
        if token.kind == "comment":
            said = _said(token)
            if depth == 0:
                found.table = _joined(found.table, said)
            elif name := column or last:
                found.columns[name] = _joined(found.columns.get(name, ""), said)
            else:
                waiting = _joined(waiting, said)
        elif token.kind == "space":
            last = "" if "\n" in token.text else last
        elif token.text in "()":
            depth += 1 if token.text == "(" else -1
            begins = begins or (depth == 1 and token.text == "(")
        elif depth == 1 and token.text == ",":
            column, last, begins = "", column, True
        elif begins:
            begins = False
            column = "" if token.text.lower() in _NO_COLUMN else unquoted(token.text).lower()
            if column and waiting:
                found.columns[column] = waiting
            waiting = ""
    return found


def _said(token: SqlToken) -> str:
    text = token.text.removeprefix("--").removeprefix("/*").removesuffix("*/")
    return " ".join(text[: 4 * _LONGEST_COMMENT].split())[:_LONGEST_COMMENT]


def _joined(before: str, said: str) -> str:
    return f"{before} {said}".strip()[:_LONGEST_COMMENT]
