"""A report's tables as rows of plain text, the same for the terminal, Markdown and HTML; knows no markup."""

from collections.abc import Sequence
from dataclasses import dataclass

from nl2sql_tui.evaluation.judgement import Form
from nl2sql_tui.evaluation.scores import Scores, Share
from nl2sql_tui.text import shortened

_LABEL_LETTERS = 60


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a report."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


_SHARE_HEADER = ("", "right", "of", "share", "95 % interval")


def _share_row(label: str, share: Share) -> tuple[str, ...]:
    low, high = share.interval
    name = shortened(label, _LABEL_LETTERS)
    return name, f"{share.right:,}", f"{share.total:,}", f"{share.value:.1%}", f"{low:.1%} to {high:.1%}"


def summary(scores: Scores) -> Table:
    """The main measure, the other forms, and the share of valid SQL."""
    rows = [_share_row(form.value, scores.forms[form]) for form in Form]
    rows.append(_share_row("valid SQL", scores.valid))
    if scores.two_runs is not None:
        rows.append(_share_row("the other run, execution accuracy", scores.two_runs.other))
    return Table("Scores", _SHARE_HEADER, rows)


def categories(scores: Scores) -> Table:
    """What became of the answers."""
    total = max(1, sum(scores.categories.values()))
    rows = [(category.value, f"{count:,}", f"{count / total:.1%}") for category, count in scores.categories.items()]
    return Table("What became of the answers", ("", "answers", "share"), rows)


def splits(scores: Scores) -> list[Table]:
    """Execution accuracy by each of the splits."""
    return [
        Table(f"By {title}", _SHARE_HEADER, [_share_row(label, share) for label, share in parts.items()])
        for title, parts in scores.splits.items()
    ]


def remarks(scores: Scores) -> list[str]:
    """What must be known to read the scores, a sentence each."""
    found = []
    if scores.left_out:
        found.append(f"{scores.left_out:,} of {scores.questions:,} questions are left out: their gold does not run.")
    if scores.empty_golds:
        found.append(f"{scores.empty_golds:,} gold queries give no rows; being right there says little.")
    if scores.unanswered:
        found.append(f"{scores.unanswered:,} questions have no answer in the run; they count as wrong.")
    p50, p95 = scores.seconds_at(0.5), scores.seconds_at(0.95)
    if p50 is not None and p95 is not None:
        found.append(f"Answering took {p50:.2f} s at the median and {p95:.2f} s at the 95th percentile.")
    if scores.two_runs is not None:
        gained, lost = len(scores.two_runs.gained), len(scores.two_runs.lost)
        found.append(
            f"Against the other run {gained:,} questions are gained and {lost:,} lost: "
            f"p = {scores.two_runs.p_value:.3g} by McNemar's exact test (McNemar 1947, two-sided)."
        )
    return found


def as_text(table: Table) -> str:
    """A table for a terminal, numbers to the right."""
    lines = [table.header, *table.rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(table.header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
