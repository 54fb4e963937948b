"""Says which parts of a SQL text are keywords, strings, numbers and so on; which colour they have is the CSS's say."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

SQL_CLASSES: Final = frozenset(("sql--keyword", "sql--string", "sql--number", "sql--comment", "sql--function"))
"""Component classes of a widget that shows SQL, styled in widgets/sql.tcss."""

LONGEST_HIGHLIGHTED: Final = 20_000
"""Characters. A longer text stays plain, so that typing into it stays quick."""

_NAMES: Final[dict[tuple[str, ...], str]] = {
    ("Keyword",): "sql--keyword",
    ("Comment",): "sql--comment",
    ("Name", "Function"): "sql--function",
    ("Literal", "String"): "sql--string",
    ("Literal", "Number"): "sql--number",
}
"""By the beginning of pygments' token types, which are tuples."""

Span = tuple[int, int, str]


def sql_spans(sql: str) -> tuple[Span, ...]:
    """(start, end, component class) of each part of `sql` that has a colour of its own, in order."""
    return _spans(sql) if len(sql) <= LONGEST_HIGHLIGHTED else ()


@lru_cache(maxsize=64)
def _spans(sql: str) -> tuple[Span, ...]:
    return tuple(_find_spans(sql))


def _find_spans(sql: str) -> Iterator[Span]:
    # Imported when first needed: the first paint comes before it.
    from nl2sql_tui.tui.sqlite_lexer import SqliteLexer

    for start, kind, text in SqliteLexer().get_tokens_unprocessed(sql):
        name = _NAMES.get(kind[:1]) or _NAMES.get(kind[:2])
        if name:
            yield start, start + len(text), name
