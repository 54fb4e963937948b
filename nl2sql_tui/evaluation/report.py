"""Writes what an evaluation found into its folder: for people in Markdown and HTML, for programs in JSON."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.errors import InputError
from nl2sql_tui.evaluation.html_report import html_report
from nl2sql_tui.evaluation.judgement import Form
from nl2sql_tui.evaluation.markdown_report import markdown_report
from nl2sql_tui.evaluation.plots import accuracy_plot, categories_plot, seconds_plot
from nl2sql_tui.evaluation.scores import Outcome, Scores
from nl2sql_tui.text import visible

HTML_FILE: Final = "report.html"
_PLOTS: Final = (
    ("Execution accuracy by split", "accuracy.svg", accuracy_plot),
    ("What became of the answers", "categories.svg", categories_plot),
    ("Seconds of answering", "seconds.svg", seconds_plot),
)


def write_report(out: Path, title: str, scores: Scores, outcomes: Sequence[Outcome], about: dict[str, Any]) -> None:
    """Write report.html, report.md with its plots, scores.json and judged.jsonl into the folder `out`.

    `about` says what was judged and stands at the head of scores.json. Files of an earlier report are written over.
    Raises InputError if the folder cannot be written.
    """
    plots = [(name, file, draw(scores)) for name, file, draw in _PLOTS]
    files = {
        HTML_FILE: html_report(title, scores, outcomes, [svg for _, _, svg in plots]),
        "report.md": markdown_report(title, scores, outcomes, [(name, file) for name, file, _ in plots]),
        "scores.json": json.dumps({**about, **scores.as_json()}, ensure_ascii=False, indent=2) + "\n",
        "judged.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _judged_rows(outcomes)),
        **{file: svg for _, file, svg in plots},
    }
    try:
        for name, content in files.items():
            (out / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{visible(str(out))} cannot be written: {error.strerror}.") from error


def _judged_rows(outcomes: Sequence[Outcome]) -> Iterator[dict[str, Any]]:
    """A row for each question, in order; `right` is null where it is left out of the score."""
    for outcome in outcomes:
        judgement = outcome.judgement
        row: dict[str, Any] = {
            "id": outcome.id,
            "database": outcome.checked.traits.database,
            "right": None if outcome.left_out else judgement.right,
            "category": judgement.category.value,
            "forms": [form.value for form in Form if form in judgement.forms],
            "error": judgement.error,
            "gold_rows": judgement.gold_sample and judgement.gold_sample.row_count,
            "rows": judgement.sample and judgement.sample.row_count,
            "run_seconds": round(judgement.seconds, 4),
        }
        if outcome.other_judgement is not None:
            row["other_right"] = None if outcome.left_out else outcome.other_judgement.right
            row["other_category"] = outcome.other_judgement.category.value
        yield row
