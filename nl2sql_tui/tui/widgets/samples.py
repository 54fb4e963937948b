"""Offers a handful of questions to try; asking one is left to who handles the message."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from nl2sql_tui.text import content, visible
from nl2sql_tui.tui.messages import QuestionSubmitted


class Samples(Widget, can_focus=True):
    """A numbered list: its number or Enter asks a question; any letter begins one of one's own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask_highlighted", "Ask this", id="samples.ask"),
        Binding("up", "highlight(-1)", "Up", id="samples.up", show=False),
        Binding("down", "highlight(1)", "Down", id="samples.down", show=False),
    ]

    highlighted = reactive(0, layout=True)

    class TypedAhead(Message):
        """The user began to type a question of their own."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def __init__(self, questions: Sequence[str]) -> None:
        super().__init__()
        self.questions = tuple(questions)

    def render(self) -> Content:
        """One question a line, cut to the width there is; the highlighted one in full."""
        return Content("\n").join([line for index in range(len(self.questions)) for line in self._lines(index)])

    def _lines(self, index: int) -> list[Content]:
        marked = index == self.highlighted and self.has_focus
        number = Content.styled(f" {index + 1:>2} ", "bold reverse" if marked else "$text-primary bold")
        room = max(10, self.content_size.width - number.cell_length - 1)
        question = content(visible(self.questions[index]), "bold" if marked else "")
        if not marked:
            return [Content.assemble(number, " ", question.truncate(room, ellipsis=True))]
        first, *others = question.wrap(room)
        indent = " " * (number.cell_length + 1)
        return [Content.assemble(number, " ", first), *(Content.assemble(indent, line) for line in others)]

    def watch_highlighted(self) -> None:
        """Keep the highlighted question in view."""
        line = sum(len(self._lines(index)) for index in range(self.highlighted))
        region = Region(0, self.virtual_region.y + line, 1, len(self._lines(self.highlighted)))
        if isinstance(self.parent, Widget) and self.is_mounted:
            self.parent.scroll_to_region(region, animate=False)

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
        self.refresh(layout=True)

    def on_blur(self) -> None:
        self.refresh(layout=True)

    def on_resize(self) -> None:
        self.refresh(layout=True)
