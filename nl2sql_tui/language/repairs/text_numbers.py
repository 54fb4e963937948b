"""Mends numbers and texts that are taken for each other: '9' sorts behind '10', and 0971 is the number 971."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context, table_columns
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.schema import CellLookup

_ORDERED: Final = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between)
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
"""Without the zeros that a code begins with."""
_YEAR: Final = re.compile(r"[12]\d{3}")
_CODE: Final = re.compile(r"0\d+")


def compare_as_numbers(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Read a column of texts that all are numbers as numbers, where it is ordered or compared in size.

    Years stay: as texts they are in the same order.
    """
    for column, table in table_columns(tree, context, _is_ordered)[:MOST_ASKED]:
        declared = table.column(column.name)
        if declared is None or not declared.is_text:
            continue
        stored = cells.first_values(table.name, column.name)
        if not _are_numbers(stored) or cells.holds_only_numbers(table.name, column.name) is not True:
            continue
        number = exp.Cast(this=column.copy(), to=exp.DataType(this=exp.DataType.Type.USERDEFINED, kind="NUMERIC"))
        before = text_of(column)
        column.replace(number)
        yield f"{before} → {text_of(number)}: the column holds numbers as texts, in whose order 10 stands before 9"


def _is_ordered(column: exp.Column) -> bool:
    """Whether its size decides: it is compared, ordered by, an extreme is taken, or it is compared with one."""
    around = column.parent
    if isinstance(around, exp.EQ):
        other = around.expression if around.this is column else around.this
        return isinstance(other, exp.Subquery) and other.find(exp.Min, exp.Max) is not None
    return isinstance(around, (*_ORDERED, exp.Ordered, exp.Min, exp.Max))


def _are_numbers(stored: Sequence[str]) -> bool:
    is_number = all(_NUMBER.fullmatch(text) for text in stored)
    return bool(stored) and is_number and not all(_YEAR.fullmatch(text) for text in stored)


def keep_leading_zeros(tree: exp.Query, context: Context) -> Iterator[str]:
    """Compare a column of texts with '0971' and not with 0971, which is the number 971."""
    for column, table in table_columns(tree, context, lambda column: bool(_codes_beside(column))):
        declared = table.column(column.name)
        for literal in _codes_beside(column) if declared is not None and declared.is_text else ():
            literal.replace(exp.Literal.string(literal.name))
            yield f"{literal.name} → '{literal.name}': {text_of(column)} holds texts"


def _codes_beside(column: exp.Column) -> list[exp.Literal]:
    comparison = column.parent
    if isinstance(comparison, exp.In) and comparison.this is column:
        others = comparison.expressions
    elif isinstance(comparison, exp.EQ | exp.NEQ):
        others = [comparison.expression if comparison.this is column else comparison.this]
    else:
        return []
    return [one for one in others if isinstance(one, exp.Literal) and not one.is_string and _CODE.fullmatch(one.name)]
