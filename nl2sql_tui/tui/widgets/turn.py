"""One question with its answer, or one statement written by hand, as it stands in the chat; runs nothing itself."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from nl2sql_tui.answers import Answer, AnswerFailed, AnswerStopped, LastEvent, Linked
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.execute import Ending
from nl2sql_tui.engine.events import Started
from nl2sql_tui.text import content
from nl2sql_tui.tui.widgets.chips import (
    DIM,
    WARNING,
    answer_chips,
    ending_chip,
    failure_text,
    linked_text,
    verdict_chips,
)
from nl2sql_tui.tui.widgets.sql_view import SqlView

_LONGEST_QUESTION_SHOWN = 2_000
_WRITING_MARK = "▁"


class Turn(Vertical):
    """The question, what was linked, the SQL and its chips, one below the other."""

    def __init__(self, number: int, question: str | None, sql: str = "") -> None:
        super().__init__()
        self.number = number
        self.question = question
        """None for SQL written by hand."""
        self.answer: Answer | None = None
        self.verdict: Verdict | None = None
        """None until the SQL has been checked."""
        self.prompt: Started | None = None
        """What the model was shown, once it has been."""
        self.has_run = False
        """It has been started, so that Enter on the empty line does not start it again."""
        self.ending: Ending | None = None
        """What came of running it last, if it was run."""
        self._question_line = Static(content(self._question_shown()), classes="turn--question")
        self._notes_line = Static("", classes="turn--notes")
        self._sql_view = SqlView(sql)
        self._chips_line = Static("", classes="turn--chips")
        self._ending_line = Static("", classes="turn--ending")
        self._notes_line.display = self._ending_line.display = False
        self._sql_view.display = bool(sql)

    def _question_shown(self) -> str:
        if self.question is None:
            return "SQL by hand"
        if len(self.question) <= _LONGEST_QUESTION_SHOWN:
            return self.question
        cut = self.question[:_LONGEST_QUESTION_SHOWN]
        return f"{cut}… ({len(self.question):,} characters)"

    def compose(self) -> ComposeResult:
        yield self._question_line
        yield self._notes_line
        yield self._sql_view
        yield self._chips_line
        yield self._ending_line

    @property
    def sql(self) -> str:
        """The SQL as it stands now, finished or not."""
        return self._sql_view.sql

    @property
    def runnable(self) -> bool:
        """Its SQL has been checked and found to be a statement that only reads."""
        return self.verdict is not None and self.verdict.valid

    def show_state(self, words: str) -> None:
        """Say what is being waited for or done."""
        self._chips_line.update(content(words, DIM))

    def show_linked(self, linked: Linked) -> None:
        """Say what of the database the question was found to name."""
        words = linked_text(linked)
        self._notes_line.update(content(words))
        self._notes_line.display = bool(words)

    def show_sql(self, sql: str) -> None:
        """Show SQL that is still arriving."""
        self._sql_view.display = True
        self._sql_view.show(sql, tail=_WRITING_MARK)

    def finish(self, last: LastEvent) -> None:
        """Show how the answer ended."""
        self._show_final_sql(last.sql)
        match last:
            case Answer():
                self.answer, self.verdict = last, last.verdict
                self._chips_line.update(answer_chips(last))
            case AnswerStopped():
                words = "stopped; what came is above, unchecked" if last.sql else "stopped"
                self._chips_line.update(content(words, WARNING))
            case AnswerFailed():
                self._chips_line.update(failure_text(last.message, last.hint))

    def finish_check(self, verdict: Verdict) -> None:
        """Show what SQL written by hand was checked to be."""
        self._show_final_sql(self.sql)
        self.verdict = verdict
        self._chips_line.update(verdict_chips(verdict))

    def show_ending(self, ending: Ending) -> None:
        """Say what came of running it."""
        self.ending = ending
        self._ending_line.update(ending_chip(ending))
        self._ending_line.display = True

    def _show_final_sql(self, sql: str) -> None:
        self._sql_view.display = bool(sql)
        self._sql_view.show(sql)
