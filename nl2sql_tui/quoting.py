"""SQLite's words: what must be quoted, how, and where a statement's words, names and strings begin and end.

This is a lexer, not a parser: it says of each piece what kind it is, and leaves meaning to SQLite itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

RESERVED: Final = frozenset(
    (
        "add all alter and as autoincrement between case cast check collate commit constraint create "
        "current_date current_time current_timestamp default deferrable delete distinct drop else escape "
        "except exists foreign from group having in index insert intersect into is isnull join limit not "
        "nothing notnull null on or order primary raise references returning select set table then to "
        "transaction union unique update using values when where"
    ).split()
)
"""Words that SQLite does not read as a name unless they are quoted, found by trying every keyword it has."""

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

TokenKind = Literal["space", "comment", "string", "quoted name", "blob", "number", "word", "mark", "unknown"]

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<blob>[xX]'[^']*')
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
  | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<mark><>|<=|>=|==|!=|\|\||<<|>>|->>|->|[-+*/%&|~<>=(),.;?:@\#$])
  | (?P<unknown>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SqlToken:
    """One piece of a statement."""

    kind: TokenKind
    text: str
    start: int

    @property
    def is_blank(self) -> bool:
        """White space or a comment."""
        return self.kind in ("space", "comment")


def tokens(sql: str) -> Iterator[SqlToken]:
    """Every piece of `sql` in order; joined they give `sql` again."""
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "unknown"
        yield SqlToken("quoted name" if kind == "quoted" else kind, match.group(), match.start())  # type: ignore[arg-type]


def needs_quotes(name: str) -> bool:
    """Whether SQLite takes `name` as a name only within quotes."""
    return _PLAIN_NAME.fullmatch(name) is None or name.lower() in RESERVED


def quoted(name: str) -> str:
    """`name` in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def unquoted(name: str) -> str:
    """The name that `name` stands for, which may be in quotes of any kind."""
    if not name.startswith(('"', "`", "[")):
        return name
    end = name[-1]
    return name[1:-1].replace(end * 2, end)


def identifier(name: str) -> str:
    """`name` as it may stand in a statement: quoted where it must be."""
    return quoted(name) if needs_quotes(name) else name


def string_literal(text: str) -> str:
    """`text` as a string literal."""
    return "'" + text.replace("'", "''") + "'"
