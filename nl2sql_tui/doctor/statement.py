"""One SELECT under examination: its parts in words and as probes; draws no conclusions."""

from collections.abc import Sequence

from sqlglot import exp

from nl2sql_tui.doctor.probing import Prober, rows_before_grouping
from nl2sql_tui.language.reading.expressions import ExpressionWords
from nl2sql_tui.language.reading.scope import Scope, Source, scope_of
from nl2sql_tui.language.reading.sentences import Teller
from nl2sql_tui.language.syntax import conjuncts
from nl2sql_tui.schema import Schema


class Statement:
    """A SELECT with the means to ask what its parts do."""

    def __init__(self, select: exp.Select, schema: Schema, prober: Prober) -> None:
        self.select = select
        self.schema = schema
        self.prober = prober
        self.scope: Scope = scope_of(select, Scope(schema))
        self.words: ExpressionWords = Teller(schema).words_for(self.scope)
        where = select.args.get("where")
        every = conjuncts(where.this if where is not None else None)
        self.ties = [part for part in every if self._ties_sources(part)]
        """Conditions in WHERE that only join two sources."""
        self.conditions = [part for part in every if part not in self.ties]
        """The other conditions in WHERE that all have to hold."""

    def _ties_sources(self, condition: exp.Expr) -> bool:
        if not isinstance(condition, exp.EQ):
            return False
        sources = [self.source_of(side) for side in (condition.this, condition.expression)]
        return None not in sources and sources[0] is not sources[1]

    def source_of(self, node: exp.Expr) -> Source | None:
        """The source of its own that a plain column belongs to."""
        resolved = self.scope.resolve(node) if isinstance(node, exp.Column) else None
        return resolved.source if resolved is not None and not resolved.levels_out else None

    def some_row_meets(self, conditions: Sequence[exp.Expr]) -> bool | None:
        """Whether the joined sources have a row that meets all of these conditions; None if that is not known."""
        return self.prober.has_rows(rows_before_grouping(self.select, [*self.ties, *conditions]))

    def without(self, part: str) -> exp.Select:
        """A copy of the statement without one of its clauses."""
        copy = self.select.copy()
        copy.set(part, None)
        return copy
