"""Shows a text of any length in full: a cell, a row, the model's prompt, the help; makes it safe, changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from nl2sql_tui.text import content
from nl2sql_tui.tui.widgets.key_bar import KeyBar

LONGEST_SHOWN = 100_000
"""Characters; wrapping more would take seconds."""
MOST_LINES_SHOWN = 2_000


class Viewer(ModalScreen[None]):
    """A window over the panes with a title and a text to scroll."""

    CSS_PATH: ClassVar = [Path(__file__).with_name("viewer.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close", id="viewer.close"),
        Binding("y", "copy", "Copy", id="viewer.copy"),
        Binding("down,j", "scroll(1)", "Down", id="viewer.down", show=False),
        Binding("up,k", "scroll(-1)", "Up", id="viewer.up", show=False),
        Binding("pagedown,space", "page(1)", "A page down", id="viewer.page_down", show=False),
        Binding("pageup", "page(-1)", "A page up", id="viewer.page_up", show=False),
        Binding("home,g", "home", "Top", id="viewer.home", show=False),
        Binding("end,G", "end", "Bottom", id="viewer.end", show=False),
    ]

    def __init__(self, title: str, text: Content, copy: Callable[[], None] | None = None) -> None:
        """`copy` is called by the copy key; without it there is none."""
        super().__init__()
        self._title = title
        self._text = text
        self._copy = copy

    def compose(self) -> ComposeResult:
        with Vertical(id="viewer") as window:
            window.border_title = content(self._title)
            with VerticalScroll(id="viewer-scroll", can_focus=False):
                yield Static(self._text)
        yield KeyBar()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to copy in a help text."""
        if action == "copy":
            return self._copy is not None
        return super().check_action(action, parameters)

    def action_copy(self) -> None:
        if self._copy is not None:
            self._copy()

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one("#viewer-scroll", VerticalScroll)

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        self._scroll.scroll_relative(y=pages * max(1, self._scroll.size.height - 1), animate=False)

    def action_home(self) -> None:
        self._scroll.scroll_home(animate=False)

    def action_end(self) -> None:
        self._scroll.scroll_end(animate=False)


def text_viewer(title: str, text: str, copy: Callable[[], None]) -> Viewer:
    """A viewer of a text from outside."""
    cut = "\n".join(text[:LONGEST_SHOWN].split("\n", MOST_LINES_SHOWN)[:MOST_LINES_SHOWN])
    shown = content(cut)
    if len(text) > len(cut):
        note = f"\n\n… the first {len(cut):,} of {len(text):,} characters; copying takes all of them."
        shown += Content.styled(note, "$foreground 60%")
    return Viewer(title, shown, copy)
