"""Looks for the cause of an empty or odd result and for one change that mends it; changes and shows nothing itself."""

from dataclasses import dataclass
from typing import Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.execute import Row
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import DatabaseError

SECONDS: Final = 2.0
"""What one examination may take, all its probes together."""


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """What is known of a result."""

    row_count: int
    first_row: Row | None = None
    """None where it was not kept; it is then fetched again if it matters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause. Names and values in it are raw: whoever shows them makes them safe."""

    text: str
    """In one or two sentences."""
    suggestion_sql: str | None = None
    """A statement without the cause, which was found to give rows; None if there is none to offer."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, the likeliest cause first; nothing if nothing is odd or the cause cannot be told in time."""

    findings: tuple[Finding, ...] = ()

    @property
    def suggestion(self) -> str | None:
        """The first statement that a finding offers."""
        return next((finding.suggestion_sql for finding in self.findings if finding.suggestion_sql), None)


def examine(database: Database, sql: str, facts: ResultFacts, cancel: Cancel, seconds: float = SECONDS) -> Diagnosis:
    """Why the result of `sql` is empty, zero or missing, counts rows twice or leaves some out, or has a false order.

    Reads the database in short probes through its guarded door, `seconds` in all; a result that cannot be odd costs
    none. Raises Stopped on cancel.
    """
    # What parses SQL takes a moment to import, and no screen may wait for it.
    from nl2sql_tui.doctor.examination import examined

    try:
        return Diagnosis(tuple(examined(database, sql, facts, cancel, seconds)))
    except (DatabaseError, RecursionError):
        return Diagnosis()
