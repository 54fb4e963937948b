"""Decides what of a result is worth examining, and has it examined."""

from sqlglot import exp

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.doctor import Finding, ResultFacts
from nl2sql_tui.doctor.emptiness import of_set_operation, why_empty
from nl2sql_tui.doctor.probing import Prober
from nl2sql_tui.doctor.repeats import lost_rows, repeated_rows
from nl2sql_tui.doctor.statement import Statement
from nl2sql_tui.doctor.text_numbers import numbers_as_text
from nl2sql_tui.language.reading.expressions import is_aggregate
from nl2sql_tui.language.syntax import parsed
from nl2sql_tui.text import visible_lines


def examined(database: Database, sql: str, facts: ResultFacts, cancel: Cancel, seconds: float) -> list[Finding]:
    """What is odd about the result of `sql`, the likeliest cause first. Raises Stopped, DatabaseError."""
    tree = parsed(sql)
    prober = Prober(database, cancel, seconds)
    if isinstance(tree, exp.SetOperation):
        return of_set_operation(tree, prober) if not facts.row_count else []
    if not isinstance(tree, exp.Select):
        return []
    statement = Statement(tree, database.schema(), prober)
    if not facts.row_count or _is_one_row_of_nothing(tree, sql, facts, prober):
        found = [*numbers_as_text(statement), *why_empty(statement)]
    else:
        joined = [*repeated_rows(statement), *lost_rows(statement)] if tree.args.get("joins") else []
        found = [*numbers_as_text(statement), *joined]
    return [_without_unseen(finding) for finding in found]


def _is_one_row_of_nothing(tree: exp.Select, sql: str, facts: ResultFacts, prober: Prober) -> bool:
    """Whether the result is one row of aggregates that are all zero or missing."""
    sums_up = all(is_aggregate(item) for item in tree.expressions) and not tree.args.get("group")
    if facts.row_count != 1 or not sums_up:
        return False
    row = facts.first_row if facts.first_row is not None else prober.row(sql)
    return row is not None and all(cell is None or cell == 0 for cell in row)


def _without_unseen(finding: Finding) -> Finding:
    """The finding, without a statement that holds what a person could not see before running it."""
    sql = finding.suggestion_sql
    return finding if sql is None or visible_lines(sql) == sql else Finding(finding.text)
