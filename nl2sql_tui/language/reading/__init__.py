"""Says in plain words what a SQL statement does, from its syntax tree alone; runs nothing and asks no model.

What it cannot put into words it names as it stands in the SQL, so that a reading is never more than the SQL says.
"""

from dataclasses import dataclass

from nl2sql_tui.schema import Schema


@dataclass(frozen=True, slots=True)
class ColumnOrigin:
    """Where one column of the result comes from."""

    name: str
    """The name that the statement gives it, or its SQL if it gives none."""
    words: str
    """What it is: a column, or an expression in words."""
    sources: tuple[str, ...]
    """The stored columns it is made of, as "table.column"; empty for a constant or a count of rows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement in words. Names and values in it are raw: whoever shows them makes them safe."""

    text: str
    """One sentence."""
    tables: tuple[str, ...]
    """Tables and views that it reads, in the order in which they are written."""
    filters: tuple[str, ...]
    """Each condition that a row or a group has to meet, in words; those of inner queries come first."""
    columns: tuple[ColumnOrigin, ...]
    """The columns of its result, in order; empty where they cannot be told."""


def read(sql: str, schema: Schema) -> Reading | None:
    """What `sql` does; None if it is no query, cannot be parsed, or is too large or deep to be parsed in time.

    Names are looked up in `schema`; a statement that does not fit it is read as it is written.
    """
    # What parses SQL takes a moment to import, and no screen may wait for it.
    from nl2sql_tui.language.reading.sentences import Teller
    from nl2sql_tui.language.syntax import parsed

    tree = parsed(sql)
    if tree is None:
        return None
    try:
        return Teller(schema).reading(tree)
    except RecursionError:
        return None
