"""A screen that opens texts in a window over itself and copies them; which texts, its panes say with messages."""

from textual.screen import Screen

from nl2sql_tui.tui import messages
from nl2sql_tui.tui.clipboard import copy_text
from nl2sql_tui.tui.screens.help import help_for
from nl2sql_tui.tui.screens.viewer import text_viewer
from nl2sql_tui.tui.widgets.explanations import reading_in_full


class ViewingScreen(Screen[None]):
    """Shows cells, prompts, readings and the help over its panes."""

    def action_help(self) -> None:
        self.app.push_screen(help_for(self))

    def on_cell_opened(self, message: messages.CellOpened) -> None:
        def copy() -> None:
            self._copy(message.copied(), "what is shown")

        self.app.push_screen(text_viewer(message.title, message.text, copy))

    def on_prompt_requested(self, message: messages.PromptRequested) -> None:
        title = f"What the model was shown · {message.prompt_tokens:,} of {message.context_tokens:,} tokens"

        def copy() -> None:
            self._copy(message.prompt_text, "the prompt")

        self.app.push_screen(text_viewer(title, message.prompt_text, copy))

    def on_reading_requested(self, message: messages.ReadingRequested) -> None:
        text = reading_in_full(message.reading, message.changes)
        self.app.push_screen(text_viewer("What the SQL does", text, lambda: self._copy(text, "what is shown")))

    def on_copy_requested(self, message: messages.CopyRequested) -> None:
        self._copy(message.text, message.what)

    def _copy(self, text: str, what: str) -> None:
        def tell(line: str) -> None:
            self.post_message(messages.Flashed(line))

        copy_text(text, what, self.app.copy_to_clipboard, tell)
