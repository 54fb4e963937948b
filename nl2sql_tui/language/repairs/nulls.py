"""Mends comparisons with NULL by = or <>, which hold for no row at all."""

from collections.abc import Iterator

from sqlglot import exp

from nl2sql_tui.language.repairs.scopes import Context
from nl2sql_tui.language.syntax import text_of


def ask_for_null(tree: exp.Query, context: Context) -> Iterator[str]:  # noqa: ARG001
    """Write IS NULL for = NULL and IS NOT NULL for <> NULL, wherever a condition decides about rows."""
    for comparison in list(tree.find_all(exp.EQ, exp.NEQ)):
        sides = [comparison.this, comparison.expression]
        others = [side for side in sides if not isinstance(side, exp.Null)]
        if len(others) != 1 or not comparison.find_ancestor(exp.Where, exp.Having, exp.Join):
            continue
        before = text_of(comparison)
        is_null = exp.Is(this=others[0], expression=exp.Null())
        mended = exp.Not(this=is_null) if isinstance(comparison, exp.NEQ) else is_null
        comparison.replace(mended)
        yield f"{before} → {text_of(mended)}: nothing equals NULL, nor differs from it"
