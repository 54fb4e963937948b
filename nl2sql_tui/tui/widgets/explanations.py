"""How a reading and the findings about a result look, short in the chat and in full; makes neither."""

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from nl2sql_tui.database.cells import cut
from nl2sql_tui.doctor import Diagnosis
from nl2sql_tui.language.reading import Reading
from nl2sql_tui.text import content, visible
from nl2sql_tui.tui.widgets.chips import DIM, WARNING

_READING_LINES: Final = 2
_FINDINGS_SHOWN: Final = 3
_LONGEST_FINDING: Final = 400
"""Characters; a condition with long texts in it would fill the window."""
_MORE: Final = "… W in the chat (F3) shows all"
_EXAMINING: Final = "looking for the cause · Esc stops"


def reading_lines(reading: Reading, width: int) -> list[Content]:
    """The reading in at most two lines of `width` cells, the second saying so where there is more."""
    lines = content(visible(reading.text), DIM).wrap(max(1, width))
    if len(lines) <= _READING_LINES:
        return list(lines)
    last = cut(lines[_READING_LINES - 1].plain, max(1, width - len(_MORE))).rstrip().removesuffix("…").rstrip()
    return [*lines[: _READING_LINES - 1], content(f"{last}{_MORE}"[: max(1, width)], DIM)]


def reading_in_full(reading: Reading, changes: Sequence[str] = ()) -> str:
    """Everything that a reading says, and each change to the SQL, one thing a line; not yet safe to show."""
    parts = [reading.text]
    if reading.tables:
        parts.append("Tables\n" + "\n".join(f"  {table}" for table in reading.tables))
    if reading.filters:
        parts.append("Conditions\n" + "\n".join(f"  {words}" for words in reading.filters))
    columns = []
    for column in reading.columns:
        source = ", ".join(column.sources) or "no stored column"
        words = "" if column.words in (column.name, *column.sources) else f"{column.words}, "
        columns.append(f"  {column.name}: {words}from {source}")
    if columns:
        parts.append("Columns of the result\n" + "\n".join(columns))
    if changes:
        parts.append("Changed\n" + "\n".join(f"  {change}" for change in changes))
    return "\n\n".join(parts)


def diagnosis_content(diagnosis: Diagnosis | None) -> Content:
    """What was found about a result; None while it is being looked for."""
    if diagnosis is None:
        return content(_EXAMINING, DIM)
    lines = [content(_shown(finding.text), WARNING) for finding in diagnosis.findings[:_FINDINGS_SHOWN]]
    if diagnosis.suggestion is not None:
        lines.append(Content.assemble(("Ctrl+G", "$text-primary bold"), content(" puts the mended SQL into the box.")))
    return Content("\n").join(lines)


def _shown(text: str) -> str:
    line = visible(text)
    return line if len(line) <= _LONGEST_FINDING else line[:_LONGEST_FINDING] + "…"
