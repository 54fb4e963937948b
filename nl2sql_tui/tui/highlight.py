"""Says which parts of a SQL text are keywords, strings, numbers and so on; which colour they have is the CSS's say."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

SQL_CLASSES: Final = frozenset(("sql--keyword", "sql--string", "sql--number", "sql--comment", "sql--function"))
"""Component classes of a widget that shows SQL, styled in widgets/sql_view.tcss."""

LONGEST_HIGHLIGHTED: Final = 20_000
"""Characters. A longer text stays plain, so that typing into it stays quick."""

Span = tuple[int, int, str]


def sql_spans(sql: str) -> tuple[Span, ...]:
    """(start, end, component class) of each part of `sql` that has a colour of its own, in order."""
    return _spans(sql) if len(sql) <= LONGEST_HIGHLIGHTED else ()


@lru_cache(maxsize=64)
def _spans(sql: str) -> tuple[Span, ...]:
    return tuple(_find_spans(sql))


def _find_spans(sql: str) -> Iterator[Span]:
    from pygments.token import Comment, Keyword, Name, Number, String

    from nl2sql_tui.tui.sqlite_lexer import SqliteLexer

    kinds = (
        (Keyword, "sql--keyword"),
        (String, "sql--string"),
        (Number, "sql--number"),
        (Comment, "sql--comment"),
        (Name.Function, "sql--function"),
    )
    for start, found, text in SqliteLexer().get_tokens_unprocessed(sql):
        for kind, name in kinds:
            if found in kind:
                yield start, start + len(text), name
