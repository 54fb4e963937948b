"""The report as Markdown: tables, plots beside it, every failure; whatever came from outside is fenced or escaped."""

import re
from collections.abc import Sequence

from nl2sql_tui.evaluation import tables
from nl2sql_tui.evaluation.judgement import FORM_MEANINGS
from nl2sql_tui.evaluation.scores import Outcome, Scores
from nl2sql_tui.evaluation.tables import Table
from nl2sql_tui.text import shortened, visible, visible_lines

LONGEST_SQL = 4_000
_MARKED = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$])")


def markdown_report(title: str, scores: Scores, outcomes: Sequence[Outcome], plots: Sequence[tuple[str, str]]) -> str:
    """The whole report; `plots` are names and files, beside the report, of its plots."""
    parts = [f"# {_escaped(title)}", f"**Execution accuracy {scores.accuracy}**"]
    parts += [f"- {_escaped(remark)}" for remark in tables.remarks(scores)]
    shown = [tables.summary(scores), tables.categories(scores), *tables.splits(scores)]
    parts += [_table(table) for table in shown]
    parts += [f"![{name}]({file})" for name, file in plots]
    parts += ["## What the scores mean", *(f"- **{form}**: {FORM_MEANINGS[form]}" for form in FORM_MEANINGS)]
    parts.append("Intervals are Wilson's (Wilson 1927), at 95 %.")
    parts += _golds(outcomes)
    if scores.two_runs is not None:
        parts += _compared("Gained", [outcome for outcome in outcomes if outcome.gained])
        parts += _compared("Lost", [outcome for outcome in outcomes if outcome.lost])
    failures = [outcome for outcome in outcomes if outcome.failed]
    parts.append(f"## Failures ({len(failures):,})")
    parts += [_failure(outcome) for outcome in failures]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    lines = [table.header, ("---",) + ("---:",) * (len(table.header) - 1)]
    lines += [tuple(_escaped(cell) for cell in row) for row in table.rows]
    return f"## {table.title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _golds(outcomes: Sequence[Outcome]) -> list[str]:
    broken = [(outcome, sql, ran) for outcome in outcomes for sql, ran in outcome.checked.broken]
    empty = [outcome for outcome in outcomes if outcome.checked.golds and outcome.checked.is_empty]
    parts = []
    if broken:
        parts.append(f"## Gold queries that do not run ({len(broken):,})")
        for outcome, sql, ran in broken:
            parts += [f"- {_named(outcome)}: {_escaped(f'{ran.failure}: {ran.error}')}", _fenced(sql)]
    if empty:
        parts.append(f"## Gold queries without rows ({len(empty):,})")
        parts.append(", ".join(_escaped(visible(str(outcome.id))) for outcome in empty))
    return parts


def _compared(title: str, outcomes: Sequence[Outcome]) -> list[str]:
    parts = [f"## {title} ({len(outcomes):,})"]
    for outcome in outcomes:
        parts += [f"- {_named(outcome)}", "This run:", _fenced(outcome.sql)]
        parts += ["The other run:", _fenced(outcome.other_sql)]
    return parts


def _failure(outcome: Outcome) -> str:
    judgement = outcome.judgement
    error = f" ({_escaped(judgement.error)})" if judgement.error else ""
    golds = [part for gold in outcome.checked.golds for part in ("Gold:", _fenced(gold))]
    answer = ["Answer:", _fenced(outcome.sql)]
    return "\n\n".join([f"### {_named(outcome)}", f"{_escaped(judgement.category.value)}{error}", *golds, *answer])


def _named(outcome: Outcome) -> str:
    question = outcome.checked.example.question
    name = f"{question.id} ({outcome.checked.traits.database}): {question.text}"
    return _escaped(shortened(name, LONGEST_SQL))


def _escaped(text: str) -> str:
    """`text` on one line as Markdown shows it, with nothing in it read as Markdown or HTML."""
    return _MARKED.sub(r"\\\1", visible(text))


def _fenced(text: str) -> str:
    """`text` as a block of SQL that nothing in it can end."""
    shown = visible_lines(text[:LONGEST_SQL])
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sql\n{shown}\n{fence}"
