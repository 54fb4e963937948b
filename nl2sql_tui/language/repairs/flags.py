"""Mends comparisons of a column that says yes or no with another word for it: 'yes' where 1 is stored."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context, table_columns
from nl2sql_tui.language.syntax import text_of
from nl2sql_tui.schema import CellLookup

_PAIRS: Final = (("0", "1"), ("n", "y"), ("no", "yes"), ("f", "t"), ("false", "true"))
"""No and yes, as columns have them."""
_PLACES: Final = {word: place for pair in _PAIRS for place, word in enumerate(pair)}


def write_flags(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Write yes and no as the column has them, where it holds one of these pairs and nothing else."""
    for column, table in table_columns(tree, context, _is_said_to_hold)[:MOST_ASKED]:
        comparison = column.parent
        assert comparison is not None
        literal = comparison.expression
        stored = _as_stored(literal.name, cells.first_values(table.name, column.name))
        if stored is not None:
            before = text_of(comparison)
            literal.replace(exp.Literal(this=stored, is_string=not stored.isdecimal()))
            yield f"{before} → {text_of(comparison)}: so {text_of(column)} has it"


def _is_said_to_hold(column: exp.Column) -> bool:
    """Whether `column` is compared with a word for yes or no."""
    comparison = column.parent
    literal = comparison.expression if isinstance(comparison, exp.EQ | exp.NEQ) else None
    return isinstance(literal, exp.Literal) and literal.name.casefold() in _PLACES


def yes_of(values: Sequence[str], *, is_named_so: bool) -> str | None:
    """How a column with such `values` says yes; None if it holds anything but no and yes.

    Where only one of the two is seen, the column's name has to say that it holds them: a number may be 0 for long.
    """
    spelt = {value.casefold(): value for value in values}
    pairs = [pair for pair in _PAIRS if set(spelt) <= set(pair)]
    if not spelt or len(pairs) != 1 or not (is_named_so or len(spelt) == len(pairs[0])):
        return None
    no, yes = pairs[0]
    return spelt.get(yes) or (yes.upper() if spelt[no].isupper() else yes)


def _as_stored(word: str, values: Sequence[str]) -> str | None:
    """The value that means what `word` does; None if it is stored as it is, or the column holds something else."""
    spelt = {value.casefold(): value for value in values}
    if word.casefold() in spelt:
        return None
    pairs = [pair for pair in _PAIRS if set(spelt) <= set(pair)]
    return spelt.get(pairs[0][_PLACES[word.casefold()]]) if spelt and len(pairs) == 1 else None
