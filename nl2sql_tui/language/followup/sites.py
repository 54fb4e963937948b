"""Finds where a query compares a column with texts or numbers, so that others can take their place; changes nothing.

A text may only be replaced where the condition decides by itself which rows there are: between the ANDs of WHERE, of
HAVING or of an inner join. Under an OR, in CASE or in what is shown it means something else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from nl2sql_tui.language.followup.query import Place, Query
from nl2sql_tui.language.syntax import conjuncts

_WITH_TEXTS = (exp.EQ, exp.NEQ, exp.In, exp.Like)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


@dataclass(frozen=True)
class TextSite:
    """A condition that a column holds, or does not hold, one of some texts."""

    condition: exp.Expr
    """All of it, a NOT before it included."""
    column: exp.Column
    texts: tuple[str, ...]
    negated: bool
    is_pattern: bool
    """The texts are parts of LIKE patterns, not whole values."""

    def replace(self, new: exp.Expr) -> None:
        """Put `new` in its place, brackets around it included."""
        old = self.condition
        while isinstance(old.parent, exp.Paren):
            old = old.parent
        old.replace(new)


def text_sites(place: Place, query: Query, *, everywhere: bool) -> list[TextSite]:
    """The conditions of the query, and of those within it if `everywhere`, that compare `place` with texts."""
    selects = list(query.select.find_all(exp.Select)) if everywhere else [query.select]
    sites = [site for select in selects for part in _decisive(select) if (site := _site(part)) is not None]
    return [site for site in sites if query.owner_of(site.column) == place.key]


def _decisive(select: exp.Select) -> Iterator[exp.Expr]:
    """The conditions that every row, or every group, of `select` has to meet."""
    for clause in ("where", "having"):
        node = select.args.get(clause)
        yield from conjuncts(node.this) if node else ()
    for join in select.args.get("joins") or ():
        if not join.side:
            yield from conjuncts(join.args.get("on"))


def _site(condition: exp.Expr) -> TextSite | None:
    """One comparison, or several of the same column of which one has to hold; with or without a NOT before them."""
    inner = condition.this if isinstance(condition, exp.Not) else condition
    compared = conjuncts(inner, exp.Or)
    columns = [_column_with_texts(one) for one in compared]
    first = columns[0]
    if first is None or any(column != first for column in columns):
        return None
    denied = [isinstance(one, exp.NEQ) or bool(one.args.get("negate")) for one in compared]
    if len(compared) > 1 and any(denied):
        return None
    texts = tuple(text for one in compared for text in texts_in(one))
    is_pattern = any(isinstance(one, exp.Like) for one in compared)
    return TextSite(condition, first, texts, denied[0] != isinstance(condition, exp.Not), is_pattern)


def _column_with_texts(comparison: exp.Expr) -> exp.Column | None:
    """The only column of a comparison with texts."""
    if not isinstance(comparison, _WITH_TEXTS) or comparison.find(exp.Select) or not texts_in(comparison):
        return None
    columns = list(comparison.find_all(exp.Column))
    return columns[0] if len(columns) == 1 else None


def texts_in(node: exp.Expr) -> list[str]:
    """The texts that stand in a condition, without the signs of a pattern at their ends."""
    return [literal.this.strip("%") for literal in node.find_all(exp.Literal) if literal.is_string]


def compared_literals(tree: exp.Expr) -> Iterator[exp.Literal]:
    """The numbers and texts that a column or an aggregate is compared with; none that is part of arithmetic."""
    for comparison in tree.find_all(*_COMPARISONS):
        sides = [side for side in comparison.iter_expressions() if not isinstance(side, exp.Literal)]
        if any(side.find(exp.Column, exp.AggFunc) for side in sides):
            yield from (side for side in comparison.iter_expressions() if isinstance(side, exp.Literal))
