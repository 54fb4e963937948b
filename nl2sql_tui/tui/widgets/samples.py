"""Offers a handful of questions to try; asking one is left to who handles the message."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from nl2sql_tui.text import content
from nl2sql_tui.tui.messages import QuestionSubmitted


class Samples(Widget, can_focus=True):
    """A numbered list: its number or Enter asks a question; any letter begins one of one's own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask_highlighted", "Ask this", id="samples.ask"),
        Binding("up", "highlight(-1)", "Up", id="samples.up", show=False),
        Binding("down", "highlight(1)", "Down", id="samples.down", show=False),
    ]

    highlighted = reactive(0)

    class TypedAhead(Message):
        """The user began to type a question of their own."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def __init__(self, questions: Sequence[str]) -> None:
        super().__init__()
        self.questions = tuple(questions)

    def render(self) -> Content:
        """One question a line, wrapped behind its number."""
        lines = []
        for index, question in enumerate(self.questions):
            marked = index == self.highlighted and self.has_focus
            number = Content.styled(f" {index + 1} ", "$text-primary bold" if not marked else "bold reverse")
            lines.append(Content.assemble(number, " ", content(question, "bold" if marked else "")))
        return Content("\n").join(lines)

    def action_highlight(self, step: int) -> None:
        self.highlighted = (self.highlighted + step) % len(self.questions)

    def action_ask_highlighted(self) -> None:
        self.post_message(QuestionSubmitted(self.questions[self.highlighted]))

    def on_key(self, event: events.Key) -> None:
        """A digit asks that question; another character is the first of the user's own."""
        character = event.character
        if character is None or not event.is_printable:
            return
        if character.isdecimal() and 0 < int(character) <= len(self.questions):
            self.highlighted = int(character) - 1
            self.action_ask_highlighted()
        else:
            self.post_message(self.TypedAhead(character))
        event.stop()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
