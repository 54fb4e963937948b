"""Puts what is known of a statement into a few short words: validity, tables, repairs, speed; draws nothing itself."""

from textual.content import Content

from nl2sql_tui.answers import Answer, Linked
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.execute import Ending
from nl2sql_tui.errors import Stopped
from nl2sql_tui.text import content, visible

_NAMES_SHOWN = 6
SEPARATOR = " · "
DIM = "$foreground 60%"
GOOD = "$chip-good on $chip-good-background"
BAD = "$chip-bad on $chip-bad-background"
WARNING = "$text-warning"


def answer_chips(answer: Answer) -> Content:
    """Everything a finished answer is marked with; the first line says whether it may be run."""
    tokens = f"{answer.tokens} token{'' if answer.tokens == 1 else 's'}"
    speed = f" at {answer.tokens_per_second:.1f}/s" if answer.tokens_per_second else ""
    facts = [tokens + speed, seconds_text(answer.seconds)]
    lines = [_verdict_line(answer.verdict, facts)]
    if answer.verdict.hint and not answer.verdict.valid:
        lines.append(content(answer.verdict.hint, DIM))
    if answer.cut:
        lines.append(content("cut: the answer reached the limit on its length", WARNING))
    lines += [content(f"changed: {repair}", WARNING) for repair in answer.repairs]
    return Content("\n").join(lines)


def verdict_chips(verdict: Verdict) -> Content:
    """The same for SQL that the user wrote."""
    lines = [_verdict_line(verdict, ["written by hand"])]
    if verdict.hint and not verdict.valid:
        lines.append(content(verdict.hint, DIM))
    return Content("\n").join(lines)


def _verdict_line(verdict: Verdict, facts: list[str]) -> Content:
    if verdict.valid:
        reads = f"reads {named(verdict.tables)}" if verdict.tables else "reads no table"
        chip, words = Content.styled(" valid ", GOOD), content(SEPARATOR.join([reads, *facts]), DIM)
    else:
        chip, words = Content.styled(" cannot run ", BAD), content(verdict.error)
    return Content.assemble(chip, " ", words)


def failure_text(message: str, hint: str) -> Content:
    """Why there is no answer, and what to do."""
    lines = [Content.assemble(Content.styled(" failed ", BAD), " ", content(message))]
    if hint:
        lines.append(content(hint, DIM))
    return Content("\n").join(lines)


def ending_chip(ending: Ending) -> Content:
    """What came of running it."""
    if isinstance(ending.error, Stopped):
        return content(f"stopped after {rows_text(ending)}", WARNING)
    if ending.error is not None:
        return Content.assemble(Content.styled(" failed ", BAD), " ", content(ending.error.message))
    return content(f"ran: {rows_text(ending)} in {seconds_text(ending.seconds)}", "$text-success")


def rows_text(ending: Ending) -> str:
    """How many rows came, and whether there are more."""
    rows = f"{ending.row_count:,} row{'' if ending.row_count == 1 else 's'}"
    return f"first {rows} of more" if ending.cut else rows


def linked_text(linked: Linked) -> str:
    """What of the database the question was found to name; empty if nothing is worth saying. Safe to show."""
    parts = [visible(f"{value.table}.{value.column} = '{value.text}'") for value in linked.values[:_NAMES_SHOWN]]
    if len(linked.values) > _NAMES_SHOWN:
        parts.append(f"{len(linked.values) - _NAMES_SHOWN} more")
    if parts:
        parts = ["found " + ", ".join(parts)]
    if linked.left_out:
        shown, total = len(linked.tables), len(linked.tables) + len(linked.left_out)
        parts.append(f"the model sees {shown} of {total} tables: {named(linked.tables)}")
    return SEPARATOR.join(parts)


def named(names: tuple[str, ...]) -> str:
    """`names` in a row, the first few of them, safe to show."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(map(visible, names[:_NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")


def seconds_text(seconds: float) -> str:
    """A duration with as many digits as it deserves."""
    if seconds < 0.001:
        return "<1 ms"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:,.0f} s"
