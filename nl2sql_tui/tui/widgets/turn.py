"""One question with its answer, or one statement written by hand, as it stands in the chat; runs nothing itself."""

from dataclasses import replace
from typing import ClassVar

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from nl2sql_tui.answers import Answer, AnswerFailed, AnswerStopped, LastEvent, Linked
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.execute import Ending
from nl2sql_tui.doctor import Diagnosis
from nl2sql_tui.engine.events import Started
from nl2sql_tui.language.reading import Reading
from nl2sql_tui.text import content
from nl2sql_tui.tui.highlight import SQL_CLASSES, sql_spans
from nl2sql_tui.tui.widgets.chips import (
    DIM,
    WARNING,
    answer_chips,
    ending_chip,
    failure_text,
    linked_text,
    verdict_chips,
)
from nl2sql_tui.tui.widgets.explanations import diagnosis_content, reading_lines

_LONGEST_QUESTION_SHOWN = 2_000
_LONGEST_SQL_SHOWN = 10_000
"""Characters; colouring and wrapping more would hold up the interface. All of it is run, copied and edited."""
_WRITING_MARK = "▁"
_INDENT = 2
"""Cells by which everything stands behind the question."""


class Turn(Widget):
    """The question, what was linked, the SQL and its chips, one below the other.

    It is a single widget that wraps its own lines: with one for each part, a long chat would be slow to lay out.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(SQL_CLASSES)

    def __init__(self, number: int, question: str | None, sql: str = "", source: "Turn | None" = None) -> None:
        """`source` is the turn whose SQL the user has edited, and perhaps changed, for this one."""
        super().__init__()
        self.number = number
        self.question = question
        """None for SQL written by hand."""
        self.answers: str | None = question if source is None else source.answers
        """The question that its SQL answers: its own, or that of the turn it comes from; None if it answers none."""
        self.edited: bool = source is not None and (source.edited or sql != source.sql)
        """Whether the user changed SQL that the model had written."""
        self.model: str = "" if source is None else source.model
        """The name of the model whose SQL it is, edited or not; empty until there is an answer."""
        self.as_answered: Answer | None = source.as_answered if source is not None and not self.edited else None
        """The answer that its SQL stands for unchanged; None where the user has written it."""
        self.leans_on_last: bool = source is not None and source.leans_on_last
        """Whether its question says something only behind the one before it."""
        self.sql: str = sql
        """The SQL as it stands now, finished or not."""
        self.answer: Answer | None = None
        self.first_answer: Answer | None = None
        """The answer as it came, before another reading of it was taken."""
        self.verdict: Verdict | None = None
        """None until the SQL has been checked."""
        self.prompt: Started | None = None
        """What the model was shown, once it has been."""
        self.has_run = False
        """It has been started, so that Enter on the empty line does not start it again."""
        self.enter_pressed = False
        """Enter has been pressed on an answer in doubt; the next one runs it."""
        self.ending: Ending | None = None
        """What came of running it last, if it was run."""
        self.reading: Reading | None = None
        """What the SQL does in plain words, once it has been read."""
        self.diagnosis: Diagnosis | None = Diagnosis()
        """What was found about its result; None while that is being looked for."""
        self._linked = ""
        self._chips = Content()
        self._is_writing = False
        self._lines: tuple[int, list[Content]] | None = None
        self._sql_lines = range(0)

    @property
    def runnable(self) -> bool:
        """Its SQL has been checked and found to be a statement that only reads."""
        return self.verdict is not None and self.verdict.valid

    @property
    def suggestion(self) -> str | None:
        """SQL without the cause of an empty or odd result, if there is some to offer."""
        return self.diagnosis.suggestion if self.diagnosis is not None else None

    @property
    def in_doubt(self) -> bool:
        """It could run, but the user should be asked first."""
        return self.runnable and self.answer is not None and self.answer.doubt is not None and not self.has_run

    @property
    def awaits_reading(self) -> bool:
        """It is an answer that has just come, and is to be read before anything is done with it."""
        return self.answer is not None and not self.has_run

    def consent(self) -> bool:
        """Whether Enter runs it: an answer in doubt at the second time only."""
        may_run = self.enter_pressed or not self.in_doubt
        self.enter_pressed = not may_run
        return may_run

    # What happens to it

    def show_state(self, words: str) -> None:
        """Say what is being waited for or done."""
        if self._chips.plain != words:
            self._chips = content(words, DIM)
            self._change()

    def show_linked(self, linked: Linked) -> None:
        """Say what of the database the question was found to name."""
        self._linked = linked_text(linked)
        self._change()

    def show_sql(self, sql: str) -> None:
        """Show SQL that is still arriving."""
        self.sql, self._is_writing = sql, True
        self._change()

    def finish(self, last: LastEvent) -> None:
        """Show how the answer ended."""
        self.sql, self._is_writing = last.sql, False
        match last:
            case Answer():
                self.answer, self.verdict, self.enter_pressed = last, last.verdict, False
                self.as_answered = last
                self.first_answer = self.first_answer or last
                self.model = last.model
                self.leans_on_last = _leans_on_last(last)
                self._chips = answer_chips(last)
            case AnswerStopped():
                words = "stopped; what came is above, unchecked" if last.sql else "stopped"
                self._chips = content(words, WARNING)
            case AnswerFailed():
                self._chips = failure_text(last.message, last.hint)
        self._change()

    def show_other_reading(self) -> None:
        """Show the next of the readings in the place of this one, of which nothing that was said holds any longer."""
        if self.answer is None or self.first_answer is None:
            return
        # The first goes to the end, so that each comes in turn.
        taken, *others = self.answer.interpretations
        rotated = replace(self.answer, interpretations=(*others, taken), doubt=self.first_answer.doubt).read_as(0)
        self.has_run, self.ending, self.reading, self.diagnosis = False, None, None, Diagnosis()
        # The one that came first was weighed, and is as likely as it was.
        self.finish(self.first_answer if rotated.sql == self.first_answer.sql else rotated)

    def finish_check(self, verdict: Verdict) -> None:
        """Show what SQL written by hand was checked to be."""
        self.verdict = verdict
        self._chips = verdict_chips(verdict)
        self._change()

    def show_ending(self, ending: Ending) -> None:
        """Say what came of running it."""
        self.ending = ending
        self._change()

    def show_reading(self, reading: Reading) -> None:
        """Say in plain words what its SQL does."""
        self.reading = reading
        self._change()

    def show_diagnosis(self, diagnosis: Diagnosis | None) -> None:
        """Say what was found about its result; None says that it is being looked for."""
        self.diagnosis = diagnosis
        self._change()

    # How it looks

    @property
    def sql_lines(self) -> range:
        """The lines in which its SQL stands as it is drawn now, counted from its own first line."""
        self._wrapped(self.content_size.width)
        return self._sql_lines

    def _change(self) -> None:
        """Draw it anew; with a new layout of the whole chat only if it has become longer or shorter."""
        if self._lines is None:
            self.refresh(layout=True)
            return
        width, before = self._lines
        self._lines = None
        self.refresh(layout=len(self._wrapped(width)) != len(before))

    def notify_style_update(self) -> None:
        """Make the lines anew, as their colours come from the theme."""
        self._lines = None
        super().notify_style_update()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return len(self._wrapped(width))

    def render(self) -> Content:
        return Content("\n").join(self._wrapped(self.content_size.width))

    def _wrapped(self, width: int) -> list[Content]:
        if self._lines is None or self._lines[0] != width:
            lines = self._question_content().wrap(max(1, width))
            indent = " " * _INDENT
            above, sql, below = self._parts(max(1, width - _INDENT))
            sql_begins = len(lines) + len(above)
            self._sql_lines = range(sql_begins, sql_begins + len(sql))
            lines += [Content.assemble(indent, line) for line in (*above, *sql, *below)]
            self._lines = (width, lines)
        return self._lines[1]

    def _question_content(self) -> Content:
        if self.answers is None:
            return content("SQL by hand", "bold")
        words = self.answers
        if len(words) > _LONGEST_QUESTION_SHOWN:
            words = f"{words[:_LONGEST_QUESTION_SHOWN]}… ({len(words):,} characters)"
        return content(words if self.question is not None else f"SQL by hand for: {words}", "bold")

    def _parts(self, width: int) -> tuple[list[Content], list[Content], list[Content]]:
        """The lines below the question: what stands above the SQL, the SQL, and what stands below it."""
        reading = reading_lines(self.reading, width) if self.reading is not None else []
        below = [self._chips]
        if self.ending is not None:
            below += [ending_chip(self.ending), diagnosis_content(self.diagnosis)]
        above = _wrapped_parts([content(self._linked, DIM)], width)
        return above, _wrapped_parts([self._sql_content()], width), [*reading, *_wrapped_parts(below, width)]

    def _sql_content(self) -> Content:
        text = content(self.sql[:_LONGEST_SQL_SHOWN])
        # Spans are found in what is shown, so that glyphs in place of unsafe characters do not shift them.
        for start, end, name in sql_spans(text.plain):
            text = text.stylize(self.get_visual_style(name, partial=True), start, end)
        if len(self.sql) > _LONGEST_SQL_SHOWN:
            text += content(f"… ({len(self.sql):,} characters)", DIM)
        return text + Content(_WRITING_MARK) if self._is_writing else text


def _leans_on_last(answer: Answer) -> bool:
    """Whether its question says nothing without the one before it, be it that a model has answered it."""
    # Its many patterns are compiled on import, which nothing that is drawn may wait for.
    from nl2sql_tui.language.followup.recognise import leans_on_the_last

    return answer.origin in ("follow-up", "undo") or leans_on_the_last(answer.question)


def _wrapped_parts(parts: list[Content], width: int) -> list[Content]:
    return [line for part in parts if part for line in part.wrap(width)]
