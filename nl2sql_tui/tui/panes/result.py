"""The result: runs one statement at a time and shows its rows as they come; decides nothing about SQL."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.execute import Ending, Page
from nl2sql_tui.errors import Stopped, UserError
from nl2sql_tui.text import content, shortened
from nl2sql_tui.tui.background import DRAINS_PER_SECOND, Stream
from nl2sql_tui.tui.messages import ActivityChanged, RunEnded
from nl2sql_tui.tui.widgets.chips import SEPARATOR, rows_text, seconds_text
from nl2sql_tui.tui.widgets.result_grid import ResultGrid

Execute = Callable[[str, Cancel], Iterator[Page | Ending]]

_SQL_IN_TITLE = 200
_SECONDS_TO_STOP = 1.0
"""How long a statement that was stopped may take to end before it is left to itself."""


@dataclass
class _Statement:
    """The statement that runs."""

    sql: str
    turn: int
    cancel: Cancel
    stream: Stream[Page | Ending]
    began: float = field(default_factory=time.monotonic)
    stopped_at: float | None = None
    """When the user asked for it to stop."""


class ResultPane(Vertical):
    """The rows of the statement that was run last."""

    help_text: ClassVar[str] = (
        "The rows of the statement that was run last. Numbers are shown in full; NULL and BLOB stand for what they "
        "are; a control character inside a text is shown as a glyph.\n\n"
        "The arrow keys move from cell to cell. Enter opens a cell, R its whole row, Y copies the cell."
    )

    def __init__(self, execute: Execute) -> None:
        super().__init__(id="result", classes="-empty")
        self._execute = execute
        self._statement: _Statement | None = None
        self._timer: Timer | None = None
        self.border_title = Content("Result")
        self.grid = ResultGrid(id="grid")
        self._message = Static("", id="result-message")
        self._facts = ""
        self._sql = ""
        """What the title says of the statement, and the statement itself once it has ended."""

    def compose(self) -> ComposeResult:
        yield Static(
            content("Rows appear here once you run a statement: Ctrl+R for the model's SQL, F4 for your own."),
            id="no-result",
        )
        yield self.grid
        yield self._message

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / DRAINS_PER_SECOND, self._drain, pause=True)

    @property
    def running(self) -> bool:
        """A statement runs, or is about to stop."""
        return self._statement is not None

    def run(self, sql: str, turn: int) -> None:
        """Run `sql` for the turn of that number. What ran before is stopped."""
        if self._statement is not None:
            self._statement.cancel.request()
            self._end(self._statement, Ending(0.0, len(self.grid.rows), error=Stopped()))
        cancel = Cancel()
        stream = Stream("query", lambda: self._execute(sql, cancel))
        self._statement = _Statement(sql, turn, cancel, stream)
        self.remove_class("-empty")
        self.grid.show_columns(())
        self._say("")
        self._show_progress(self._statement)
        if self._timer is not None:
            self._timer.resume()
        self.post_message(ActivityChanged())

    def stop(self) -> bool:
        """Stop the statement that runs, if one does; its rows so far stay."""
        statement = self._statement
        if statement is None:
            return False
        if statement.stopped_at is None:
            statement.stopped_at = time.monotonic()
            self._title("stopping…")
            statement.cancel.request()
        else:
            self._abandon(statement)
        return True

    def _abandon(self, statement: _Statement) -> None:
        """Let go of a statement that does not stop: one function call on long texts cannot be interrupted."""
        seconds = time.monotonic() - statement.began
        self._end(statement, Ending(seconds, len(self.grid.rows), error=Stopped()))

    def _drain(self) -> None:
        statement = self._statement
        if statement is None:
            if self._timer is not None:
                self._timer.pause()
            return
        parts, ended, error = statement.stream.take()
        for part in parts:
            if isinstance(part, Page):
                if not self.grid.columns:
                    self.grid.show_columns(part.columns)
                self.grid.add_rows(part.rows)
            else:
                self._end(statement, part)
                return
        if ended:
            self._end(statement, Ending(time.monotonic() - statement.began, len(self.grid.rows), error=error))
        elif statement.stopped_at is None:
            self._show_progress(statement)
        elif time.monotonic() - statement.stopped_at > _SECONDS_TO_STOP:
            self._abandon(statement)

    def _show_progress(self, statement: _Statement) -> None:
        words = [f"running {time.monotonic() - statement.began:.1f} s", "Esc stops"]
        if self.grid.rows:
            words.insert(1, f"{len(self.grid.rows):,} rows so far")
        self._title(SEPARATOR.join(words))

    def _end(self, statement: _Statement, ending: Ending) -> None:
        self._statement = None
        facts = SEPARATOR.join([rows_text(ending), seconds_text(ending.seconds)])
        self._title(facts, statement.sql)
        if ending.error is not None:
            self._show_error(ending.error)
        elif ending.cut == "bytes":
            self._say("The rest was left out: these rows take as much memory as the setting max_megabytes allows.")
        elif ending.cut == "rows":
            self._say("The rest was left out: the setting max_rows allows no more rows. A LIMIT keeps it shorter.")
        elif not ending.row_count:
            self._say("No rows: the statement ran, and nothing in the database matches it.")
        self.post_message(RunEnded(statement.turn, statement.sql, ending))
        self.post_message(ActivityChanged())

    def _show_error(self, error: UserError) -> None:
        kept = f" {len(self.grid.rows):,} rows came before and are kept." if self.grid.rows else ""
        stopped = isinstance(error, Stopped)
        words = f"Stopped.{kept}" if stopped else f"{error.message}{kept} {error.hint}".strip()
        self._say(words, "-warning" if stopped else "-error")

    def _say(self, words: str, kind: str = "") -> None:
        self._message.set_classes(kind)
        self._message.update(content(words))
        self._message.display = bool(words)

    def _title(self, words: str, sql: str = "") -> None:
        self._facts, self._sql = words, sql
        self._show_title()

    def on_columns_moved(self) -> None:
        self._show_title()

    def _show_title(self) -> None:
        facts = [fact for fact in (self.grid.place, self._facts) if fact]
        title = Content(SEPARATOR).join([Content("Result"), *(content(fact, "$text-primary") for fact in facts)])
        if self._sql:
            title = Content.assemble(title, SEPARATOR, content(shortened(self._sql, _SQL_IN_TITLE), "$foreground 60%"))
        self.border_title = title
