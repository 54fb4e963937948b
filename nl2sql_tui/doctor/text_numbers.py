"""Finds numbers that are stored as text and put in order, or compared, letter by letter."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.doctor import Finding
from nl2sql_tui.doctor.statement import Statement
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.text import shortened

_MOST_CELLS: Final = 500
"""Different ones of a column that are looked at."""
_MOST_COLUMNS: Final = 4
_LONGEST_NUMBER: Final = 40
_NO_NUMBERS: Final = frozenset(("", "-", "?", "null", "none", "nan", "na", "n/a", "unknown"))
"""What stands for a number that is missing."""
_IN_ORDER: Final = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between)


def numbers_as_text(statement: Statement) -> Iterator[Finding]:
    """Each column of numbers in text that the statement puts in order, where that is not the order of the numbers.

    That is ORDER BY, MIN and MAX, and comparisons with a number.
    """
    asked: set[tuple[str, str]] = set()
    for column in list(statement.select.find_all(exp.Column)):
        source = statement.source_of(column) if column.find_ancestor(exp.Select) is statement.select else None
        if source is None or source.table is None or source.table.is_view or not _is_put_in_order(column):
            continue
        known = source.table.column(column.name)
        key = (source.name, column.name.casefold())
        # Without a type a column keeps what comes.
        if (
            known is None
            or not (known.is_text or not known.declared_type)
            or key in asked
            or len(asked) == _MOST_COLUMNS
        ):
            continue
        asked.add(key)
        swapped = _first_swapped(_texts(statement, source.node, column.name))
        if swapped is not None:
            one, other = (shortened(text, _LONGEST_NUMBER) for text in swapped)
            yield Finding(
                f"{column.name} holds numbers as text, in order letter by letter: '{one}' comes before '{other}'.",
                _as_numbers(statement, column),
            )


def _is_put_in_order(column: exp.Column) -> bool:
    parent = column.parent
    if isinstance(parent, exp.Ordered | exp.Min | exp.Max):
        return True
    return isinstance(parent, _IN_ORDER) and any(
        isinstance(side, exp.Literal) and _number(side.name) is not None for side in parent.iter_expressions()
    )


def _texts(statement: Statement, table: exp.Expr, name: str) -> list[str]:
    column = exp.column(exp.to_identifier(name, quoted=True))
    is_text = exp.EQ(this=exp.func("typeof", column.copy()), expression=exp.Literal.string("text"))
    probe = exp.select(column).distinct().from_(table.copy()).where(is_text).limit(_MOST_CELLS)
    return [cell for (cell,) in statement.prober.rows(text_of(probe), _MOST_CELLS) or () if isinstance(cell, str)]


def _first_swapped(texts: Sequence[str]) -> tuple[str, str] | None:
    """Two numbers in order as texts and not as numbers; None where there are none such, or not all are numbers."""
    given = sorted(text for text in texts if text.strip().casefold() not in _NO_NUMBERS)
    numbers = [_number(text) for text in given]
    for one, other, text, following in zip(numbers, numbers[1:], given, given[1:], strict=False):
        if one is not None and other is not None and one > other and None not in numbers:
            return text, following
    return None


def _number(text: str) -> float | None:
    """What `text` writes with digits, a sign and a point; None for anything else."""
    plain = text.strip().removeprefix("-").removeprefix("+")
    if not plain.isascii() or not plain.replace(".", "", 1).isdecimal():
        return None
    return float(text)


def _as_numbers(statement: Statement, column: exp.Column) -> str | None:
    """The statement with the column in order as numbers; None if it gives no row then, or cannot run."""
    copy = statement.select.copy()
    for node in list(copy.find_all(exp.Column)):
        if node == column and _is_put_in_order(node) and node.find_ancestor(exp.Select) is copy:
            for side in node.parent.find_all(exp.Literal) if isinstance(node.parent, _IN_ORDER) else ():
                if _number(side.name) is not None:
                    side.replace(exp.Literal.number(side.name))
            node.replace(exp.Cast(this=node.copy(), to=exp.DataType.build("REAL")))
    return text_of(copy) if statement.prober.has_rows(copy) else None
