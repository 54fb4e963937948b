"""Converts numbers into the unit that a column's name says: 10 minutes are 600000 in a column of milliseconds."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.dates import other_literals
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, table_columns
from nl2sql_tui.language.syntax import text_of

_TIME: Final = {
    "millisecond": 1,
    "ms": 1,
    "second": 1000,
    "sec": 1000,
    "minute": 60_000,
    "min": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
_LENGTH: Final = {"mm": 1, "cm": 10, "meter": 1000, "metre": 1000, "kilometer": 10**6, "kilometre": 10**6, "km": 10**6}
_WEIGHT: Final = {"gram": 1, "kg": 1000, "kilogram": 1000, "tonne": 10**6}
_SIZE: Final = {
    "byte": 1,
    "kb": 10**3,
    "kilobyte": 10**3,
    "mb": 10**6,
    "megabyte": 10**6,
    "gb": 10**9,
    "gigabyte": 10**9,
}
_KINDS: Final = (_TIME, _LENGTH, _WEIGHT, _SIZE)
"""By kind, how large each unit is in the smallest."""
_MEASURE: Final = re.compile(r"\b(\d+(?:\.\d+)?)\s*([A-Za-z]{2,})")


def convert_units(tree: exp.Query, context: Context) -> Iterator[str]:
    """Write the number of the question in the column's unit, where the SQL compares the column with it as it stands."""
    asked: dict[str, str] = dict(_MEASURE.findall(context.question))
    for column, _ in table_columns(tree, context, lambda one: bool(other_literals(one))):
        for literal in other_literals(column):
            unit = asked.get(literal.name, "")
            factor = _factor(unit.lower(), column.name)
            if factor is None or factor == 1 or literal.is_string:
                continue
            converted = float(literal.name) * factor
            number = f"{converted:.10g}" if converted < 10**10 else f"{converted:.0f}"
            yield f"{literal.name} → {number}: {text_of(column)} is not in {unit}"
            literal.set("this", number)


def _factor(unit: str, column: str) -> float | None:
    """What a number in `unit` is multiplied by for the column; None where the two have no units of one kind."""
    words = name_words(column)
    for kind in _KINDS:
        own = [kind[word] for word in words if word in kind]
        size = kind.get(unit) or kind.get(unit.removesuffix("s"))
        if len(own) == 1 and size is not None:
            return size / own[0]
    return None
