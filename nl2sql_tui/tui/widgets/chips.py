"""Puts what is known of a statement into a few short words: validity, tables, repairs, speed; draws nothing itself."""

from textual.content import Content

from nl2sql_tui.answers import Answer, Doubt, Linked
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.execute import Ending
from nl2sql_tui.errors import Stopped
from nl2sql_tui.text import ELLIPSIS, content, shortened, visible

_NAMES_SHOWN = 6
_CELLS_SHOWN = 4
_LONGEST_CELL = 30
_LONGEST_CHANGE = 120
"""Characters; a change that repeats a whole statement would push the new one out of sight. W shows all of it."""
_END_OF_CHANGE = 70
"""How many of them come from the end, where the reason stands."""
SEPARATOR = " · "
DIM = "$foreground 60%"
GOOD = "$chip-good on $chip-good-background"
UNSURE = "$chip-unsure on $chip-unsure-background"
BAD = "$chip-bad on $chip-bad-background"
WARNING = "$text-warning"


def answer_chips(answer: Answer) -> Content:
    """Everything a finished answer is marked with; the first line says whether it may be run."""
    likely = [] if answer.confidence is None else [f"likely {answer.confidence:.0%}"]
    facts = [*likely, _source(answer), seconds_text(answer.seconds)]
    lines = [_verdict_line(answer.verdict, facts, is_sure=answer.doubt is None)]
    if answer.doubt is not None:
        lines.append(content(doubt_text(answer.doubt, can_run=answer.verdict.valid), WARNING))
    if answer.verdict.hint and not answer.verdict.valid:
        lines.append(content(answer.verdict.hint, DIM))
    if answer.cut:
        lines.append(content("cut: the answer reached the limit on its length", WARNING))
    lines += [content(f"changed: {_cut_in_the_middle(repair)}", WARNING) for repair in answer.repairs]
    if len(answer.interpretations) > 1:
        lines.append(content(disagreement_text(answer), WARNING))
    return Content("\n").join(lines)


def _cut_in_the_middle(change: str) -> str:
    if len(change) <= _LONGEST_CHANGE:
        return change
    beginning = change[: _LONGEST_CHANGE - _END_OF_CHANGE - 3].rstrip()
    return f"{beginning} {ELLIPSIS} {change[-_END_OF_CHANGE:].lstrip()}"


def doubt_text(doubt: Doubt, *, can_run: bool) -> str:
    """Why the user is asked about an answer, and what there is to do."""
    ways = "Ask in other words; Enter twice runs it" if can_run else "Ask in other words"
    return f"{doubt.text} {ways}."


def disagreement_text(answer: Answer) -> str:
    """That the model's answers differ, how much speaks for this one, and a row that tells the next one from it."""
    taken, following, *_ = answer.interpretations
    text = f"{len(answer.interpretations)} readings: {taken.share:.0%} for this one, {following.share:.0%} for the next"
    if following.telling_row is not None:
        cells = ", ".join(shortened(str(cell), _LONGEST_CELL) for cell in following.telling_row[:_CELLS_SHOWN])
        text += f", which has the row {cells}"
    elif following.says_nothing:
        text += ", which gives nothing"
    return f"{text}{SEPARATOR}Ctrl+N shows it"


def _source(answer: Answer) -> str:
    """What wrote it, and how fast; or where else it comes from, and how to have the model asked."""
    if answer.origin != "model":
        return f"{answer.provenance}{SEPARATOR}Ctrl+O asks the model"
    speed = f" at {answer.tokens_per_second:.1f}/s" if answer.tokens_per_second else ""
    return f"{answer.tokens} token{'' if answer.tokens == 1 else 's'}{speed}"


def verdict_chips(verdict: Verdict) -> Content:
    """The same for SQL that the user wrote."""
    lines = [_verdict_line(verdict, ["written by hand"])]
    if verdict.hint and not verdict.valid:
        lines.append(content(verdict.hint, DIM))
    return Content("\n").join(lines)


def _verdict_line(verdict: Verdict, facts: list[str], *, is_sure: bool = True) -> Content:
    if verdict.valid:
        reads = f"reads {named(verdict.tables)}" if verdict.tables else "reads no table"
        chip = Content.styled(" valid ", GOOD) if is_sure else Content.styled(" unsure ", UNSURE)
        words = content(SEPARATOR.join([reads, *facts]), DIM)
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
    parts = [visible(f"{word} → {column}") for word, column in linked.replaced]
    found = [visible(f"{value.table}.{value.column} = '{value.text}'") for value in linked.values[:_NAMES_SHOWN]]
    if len(linked.values) > _NAMES_SHOWN:
        found.append(f"{len(linked.values) - _NAMES_SHOWN} more")
    if found:
        parts.append("found " + ", ".join(found))
    if linked.left_out:
        shown, total = len(linked.tables), len(linked.tables) + len(linked.left_out)
        parts.append(f"the model sees {shown} of {total} tables: {named(linked.tables)}")
    if linked.columns_left_out:
        parts.append(f"{linked.columns_left_out} of their columns are left out")
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
