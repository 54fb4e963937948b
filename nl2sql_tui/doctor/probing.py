"""Asks a database small questions within one budget of time, and builds the statements that ask them."""

import time
from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.execute import Limits, Row
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import SqlError
from nl2sql_tui.language.syntax import text_of

_MOST_SECONDS_OF_ONE: Final = 1.0
_MOST_BYTES: Final = 16 * 1024 * 1024
_NOT_IN_A_PROBE: Final = ("distinct", "group", "having", "order", "limit", "offset", "windows")


class Prober:
    """Runs probes until its time is over; after that every answer is None, which means that it is not known."""

    def __init__(self, database: Database, cancel: Cancel, seconds: float) -> None:
        self._database = database
        self._cancel = cancel
        self._ends = time.monotonic() + seconds

    def rows(self, sql: str, most: int) -> list[Row] | None:
        """The first rows of `sql`; None if it failed or the time is over. Raises Stopped, DatabaseError."""
        self._cancel.raise_if_requested()
        left = min(self._ends - time.monotonic(), _MOST_SECONDS_OF_ONE)
        if left <= 0:
            return None
        try:
            result = self._database.fetch_all(sql, self._cancel, Limits(most, _MOST_BYTES, left))
        except SqlError:
            return None
        self._cancel.raise_if_requested()
        return None if result.ending.error is not None else result.rows

    def row(self, query: exp.Query | str) -> Row | None:
        """The first row; None if there is none or it is not known."""
        found = self.rows(query if isinstance(query, str) else text_of(query), 1)
        return found[0] if found else None

    def has_rows(self, query: exp.Query) -> bool | None:
        """Whether a query gives any row."""
        found = self.rows(text_of(query), 1)
        return None if found is None else bool(found)


def rows_before_grouping(select: exp.Select, conditions: Sequence[exp.Expr], *items: exp.Expr) -> exp.Select:
    """`select` with these conditions in place of its own and without what it does with the rows then."""
    probe = select.copy()
    for part in _NOT_IN_A_PROBE:
        probe.set(part, None)
    probe.set("expressions", list(items) or [exp.Literal.number(1)])
    return with_conditions(probe, conditions)


def with_conditions(select: exp.Select, conditions: Sequence[exp.Expr]) -> exp.Select:
    """`select` with these conditions in WHERE in place of its own; the select given is changed."""
    joined = exp.and_(*[condition.copy() for condition in conditions]) if conditions else None
    select.set("where", exp.Where(this=joined) if joined is not None else None)
    return select
