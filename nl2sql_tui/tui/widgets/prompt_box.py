"""Text boxes that send what is written with Enter and remember it; what becomes of it is left to who listens."""

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from nl2sql_tui.text import content, shortened, visible_lines
from nl2sql_tui.tui.highlight import SQL_CLASSES, Span, sql_spans
from nl2sql_tui.tui.messages import EmptyLineSubmitted, QuestionSubmitted, SqlSubmitted

_QUESTION_IN_TITLE = 60


def _as_seen(text: str) -> str:
    """`text` with glyphs for what cannot be seen; a carriage return, as terminals paste it, ends a line."""
    return visible_lines(text.replace("\r\n", "\n").replace("\r", "\n"))


class PromptBox(TextArea):
    """Enter sends, Ctrl+J begins a new line, Up and Down leaf through what was sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Ask", id="prompt.submit"),
        Binding("ctrl+j,alt+enter,shift+enter", "new_line", "New line", id="prompt.new_line", show=False),
        Binding("up", "up", "Earlier", id="prompt.up", show=False),
        Binding("down", "down", "Later", id="prompt.down", show=False),
    ]

    def __init__(self, *, id: str, placeholder: str) -> None:
        super().__init__(
            id=id,
            placeholder=placeholder,
            soft_wrap=True,
            highlight_cursor_line=False,
            tab_behavior="focus",
        )
        self._sent: list[str] = []
        self._place = 0
        """Place in `_sent` that is shown; one past the end for the text being written."""
        self._draft = ""
        self._put_in = ""
        """What was put in from elsewhere or was leafed to: as long as it is unchanged, it is no one's draft."""

    def hold(self, text: str) -> None:
        """Put `text` into the box, and keep for Up what was being written there."""
        for draft in (self._draft, "" if self.text == self._put_in else self.text):
            if draft.strip():
                self.keep(draft.strip())
        self._begin_at_newest()
        self._show(text)

    def keep(self, text: str) -> None:
        """Keep `text` for Up as the newest; the box holds what it holds."""
        if not self._sent or self._sent[-1] != text:
            self._sent.append(text)
        self._begin_at_newest()

    def remember(self, text: str) -> None:
        """Keep `text` for Up, and empty the box."""
        self.keep(text)
        self.text = ""

    def _begin_at_newest(self) -> None:
        self._place = len(self._sent)
        self._draft = ""

    def _show(self, text: str) -> None:
        """Show `text` with unsafe characters as glyphs: what will be sent is what is seen."""
        self._put_in = self.text = _as_seen(text)
        self.move_cursor(self.document.end)

    def on_paste(self, event: events.Paste) -> None:
        """Make the text safe before TextArea, whose handler Textual calls next, puts it in."""
        event.text = _as_seen(event.text)

    async def on_key(self, event: events.Key) -> None:
        """Act on a key that is bound here in its turn among the letters.

        Textual acts on bindings before the letters typed ahead of them are in, or not at all where TextArea takes the
        key for itself, as it does with Enter.
        """
        if event.is_printable:
            return
        active = self.screen.active_bindings.get(event.key)
        if active is not None and active.node is self and await self.app.run_action(active.binding.action, self):
            event.stop()
            event.prevent_default()

    def action_submit(self) -> None:
        """Send the text."""
        message = self._message(self.text.strip())
        if message is not None:
            self.post_message(message)

    def _message(self, text: str) -> Message | None:  # noqa: ARG002
        """What it means to send `text`, which may be empty; None for nothing."""
        return None

    def action_new_line(self) -> None:
        self.insert("\n")

    def action_up(self) -> None:
        """The line above; from the first line, what was sent before."""
        if self.navigator.is_first_wrapped_line(self.cursor_location):
            self._leaf(-1)
        else:
            self.action_cursor_up()

    def action_down(self) -> None:
        """The line below; from the last line, what was sent after."""
        if self.navigator.is_last_wrapped_line(self.cursor_location):
            self._leaf(1)
        else:
            self.action_cursor_down()

    def _leaf(self, step: int) -> None:
        place = self._place + step
        if not 0 <= place <= len(self._sent):
            return
        if self._place == len(self._sent):
            self._draft = self.text
        self._place = place
        if place == len(self._sent):
            self._show(self._draft)
            # It is still being written.
            self._put_in = ""
        else:
            self._show(self._sent[place])


class QuestionBox(PromptBox):
    """Where questions are written."""

    def _message(self, text: str) -> Message:
        return QuestionSubmitted(text) if text else EmptyLineSubmitted()


class SqlBox(PromptBox):
    """Where SQL is written by hand, with colours."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(SQL_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Run", id="sql.submit"),
    ]

    def __init__(self, *, id: str, placeholder: str) -> None:
        super().__init__(id=id, placeholder=placeholder)
        self._begin_own()

    def _begin_own(self) -> None:
        """From here on the SQL is the user's own, and belongs to no question."""
        self.source: int | None = None
        self.border_title = content("SQL by hand")

    def _show(self, text: str) -> None:
        super()._show(text)
        self._begin_own()

    def hold_answer(self, sql: str, source: int, question: str) -> None:
        """Put the SQL of turn number `source` into the box: edited, it is still an answer to `question`."""
        self.hold(sql)
        self.source = source
        self.border_title = content(f"SQL for: {shortened(question, _QUESTION_IN_TITLE)}")

    def remember(self, text: str) -> None:
        super().remember(text)
        self._begin_own()

    def edit(self, edit: Edit) -> EditResult:
        """Change the text; once it is empty, what is written next has nothing to do with what stood there."""
        result = super().edit(edit)
        if self.source is not None and not self.text.strip():
            self._begin_own()
        return result

    def _message(self, text: str) -> Message | None:
        return SqlSubmitted(text, self.source) if text else None

    def get_line(self, line_index: int) -> Text:
        """The line with the colours of the whole text, as strings and comments reach over lines."""
        line = super().get_line(line_index)
        start = sum(len(self.document.get_line(index)) + 1 for index in range(line_index))
        for span_start, span_end, name in self._spans():
            if span_end > start and span_start < start + len(line):
                style = self.get_component_rich_style(name, partial=True)
                line.stylize(style, max(0, span_start - start), span_end - start)
        return line

    def _spans(self) -> tuple[Span, ...]:
        return sql_spans(self.text)
