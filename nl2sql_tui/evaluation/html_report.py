"""The report as one HTML file that needs nothing else: tables, inline plots, every failure with its first rows.

Everything that came from a database, a data set or a model is escaped, and its control characters are shown. The
file loads nothing, and its policy lets no script run but the small filter written here.
"""

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from nl2sql_tui.evaluation import tables
from nl2sql_tui.evaluation.judgement import FORM_MEANINGS, Category, Sample
from nl2sql_tui.evaluation.markdown_report import LONGEST_SQL
from nl2sql_tui.evaluation.scores import Outcome, Scores
from nl2sql_tui.evaluation.tables import Table
from nl2sql_tui.text import visible, visible_lines

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1rem; }
th, td { border-bottom: 1px solid #8886; padding: .15rem .6rem; text-align: left; font-variant-numeric: tabular-nums; }
.figures td:not(:first-child), .figures th:not(:first-child) { text-align: right; }
pre { background: #8882; padding: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0; }
details { border-top: 1px solid #8886; padding: .3rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.category { font-size: .85em; border: 1px solid #8888; border-radius: .3rem; padding: 0 .3rem; margin-right: .4rem; }
.rows { overflow-x: auto; }
svg { max-width: 100%; height: auto; }
""".strip()

_SCRIPT = """
const kind = document.getElementById("kind"), words = document.getElementById("words");
function filter() {
  const wanted = words.value.toLowerCase();
  for (const one of document.querySelectorAll("#failures > details"))
    one.hidden = (kind.value && one.dataset.category !== kind.value) ||
      (wanted && !one.textContent.toLowerCase().includes(wanted));
}
kind.addEventListener("change", filter);
words.addEventListener("input", filter);
document.getElementById("filter").hidden = false;
""".strip()

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def html_report(title: str, scores: Scores, outcomes: Sequence[Outcome], plots: Sequence[str]) -> str:
    """The whole report; `plots` are SVG texts."""
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    shown = [tables.summary(scores), tables.categories(scores), *tables.splits(scores)]
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(digest=digest)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_line(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_line(title)}</h1>",
        f"<p><strong>Execution accuracy {escape(str(scores.accuracy))}</strong></p>",
        _list(tables.remarks(scores)),
        *plots,
        *(_table(table) for table in shown),
        "<h2>What the scores mean</h2><dl>",
        *(f"<dt><strong>{escape(form)}</strong></dt><dd>{escape(FORM_MEANINGS[form])}</dd>" for form in FORM_MEANINGS),
        "</dl><p>Intervals are Wilson's (Wilson 1927), at 95 %.</p>",
        *_golds(outcomes),
        *_two_runs(scores, outcomes),
        *_failures(outcomes),
        f"<script>{_SCRIPT}</script></body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _failures(outcomes: Sequence[Outcome]) -> list[str]:
    failures = [(place, outcome) for place, outcome in enumerate(outcomes) if outcome.failed]
    met = [category for category in Category if any(one.judgement.category is category for _, one in failures)]
    options = "".join(f'<option value="{escape(category)}">{escape(category)}</option>' for category in met)
    return [
        f"<h2>Failures ({len(failures):,})</h2>",
        '<p id="filter" hidden><label>Show <select id="kind"><option value="">all</option>',
        f'{options}</select></label> <label>with the words <input id="words" type="search"></label></p>',
        '<div id="failures">',
        *(_failure(place, outcome) for place, outcome in failures),
        "</div>",
    ]


def _failure(place: int, outcome: Outcome) -> str:
    judgement = outcome.judgement
    category = escape(judgement.category)
    return "\n".join(
        (
            f'<details id="q{place}" data-category="{category}">',
            f'<summary><span class="category">{category}</span> {_named(outcome)}</summary>',
            f"<p>{_line(judgement.error)}</p>" if judgement.error else "",
            *(f"Gold:{_pre(gold)}" for gold in outcome.checked.golds),
            f"Answer:{_pre(outcome.sql)}",
            _right_by(outcome),
            _sample("The gold's rows", judgement.gold_sample),
            _sample("The answer's rows", judgement.sample),
            "</details>",
        )
    )


def _right_by(outcome: Outcome) -> str:
    forms = sorted(form.value for form in outcome.judgement.forms)
    return f"<p>Right all the same by: {escape(', '.join(forms))}.</p>" if forms else ""


def _sample(title: str, sample: Sample | None) -> str:
    if sample is None:
        return ""
    head = "".join(f"<th>{_line(name)}</th>" for name in sample.columns)
    body = "".join("<tr>" + "".join(f"<td>{_line(cell)}</td>" for cell in row) + "</tr>" for row in sample.rows)
    size = f"{sample.row_count:,} rows, {sample.column_count:,} columns"
    return (
        f'<p>{escape(title)}: {size}; the first {len(sample.rows)} are</p><div class="rows"><table><tr>{head}</tr>'
        f"{body}</table></div>"
        if sample.rows
        else f"<p>{escape(title)}: {size}.</p>"
    )


def _golds(outcomes: Sequence[Outcome]) -> list[str]:
    broken = [(outcome, sql, ran) for outcome in outcomes for sql, ran in outcome.checked.broken]
    empty = [outcome for outcome in outcomes if outcome.checked.golds and outcome.checked.is_empty]
    parts = []
    if broken:
        parts.append(f"<h2>Gold queries that do not run ({len(broken):,})</h2>")
        parts += [
            f"<details><summary>{_named(outcome)}</summary>"
            f"<p>{_line(f'{ran.failure}: {ran.error}')}</p>{_pre(sql)}</details>"
            for outcome, sql, ran in broken
        ]
    if empty:
        parts.append(f"<h2>Gold queries without rows ({len(empty):,})</h2>")
        parts.append(_list([_plain_name(outcome) for outcome in empty]))
    return parts


def _two_runs(scores: Scores, outcomes: Sequence[Outcome]) -> list[str]:
    if scores.two_runs is None:
        return []
    parts = []
    for title, chosen in (
        ("Gained", [outcome for outcome in outcomes if outcome.gained]),
        ("Lost", [outcome for outcome in outcomes if outcome.lost]),
    ):
        parts.append(f"<h2>{title} ({len(chosen):,})</h2>")
        parts += [
            f"<details><summary>{_named(outcome)}</summary>"
            f"This run:{_pre(outcome.sql)}"
            f"The other run:{_pre(outcome.other_sql)}</details>"
            for outcome in chosen
        ]
    return parts


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.header)
    body = "".join("<tr>" + "".join(f"<td>{_line(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f'<h2>{escape(table.title)}</h2><table class="figures"><tr>{head}</tr>{body}</table>'


def _list(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{_line(line)}</li>" for line in lines) + "</ul>" if lines else ""


def _plain_name(outcome: Outcome) -> str:
    question = outcome.checked.example.question
    return f"{question.id} ({outcome.checked.traits.database}): {question.text}"


def _named(outcome: Outcome) -> str:
    return _line(_plain_name(outcome)[:LONGEST_SQL])


def _line(text: str) -> str:
    return escape(visible(text))


def _pre(sql: str) -> str:
    return f"<pre>{escape(visible_lines(sql[:LONGEST_SQL]))}</pre>"
