"""The terminal program: paints its frame at once and then opens the workspace, which needs more to be imported."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType

from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Engine
from nl2sql_tui.errors import InputError
from nl2sql_tui.settings import Settings
from nl2sql_tui.text import visible
from nl2sql_tui.tui.widgets.status_line import StatusLine


class Nl2SqlApp(App[None]):
    """Questions in plain words to one database."""

    TITLE = "nl2sql-tui"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH: ClassVar = [Path(__file__).with_name("app.tcss")]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", id="program.quit", priority=True),
    ]

    def __init__(
        self, database: Database, engine: Engine, settings: Settings, sample_questions: Sequence[str] = ()
    ) -> None:
        """Raises InputError if there is no theme of the name in the settings."""
        super().__init__()
        self.database = database
        self.engine = engine
        self.settings = settings
        self._sample_questions = sample_questions
        self._open = False
        self._keys_before: list[events.Key] = []
        if settings.theme not in self.available_themes:
            raise InputError(
                f"There is no theme {visible(settings.theme)}.",
                f"Known: {', '.join(sorted(self.available_themes))}.",
            )
        self.theme = settings.theme

    def get_css_variables(self) -> dict[str, str]:
        """Textual's colours and those of the chips, whose background themes of 16 colours do not set off."""
        variables = super().get_css_variables()
        ansi = self.current_theme.ansi
        for name, kind in (("good", "success"), ("unsure", "warning"), ("bad", "error")):
            variables[f"chip-{name}"] = "ansi_black" if ansi else variables[f"text-{kind}"]
            variables[f"chip-{name}-background"] = variables[kind if ansi else f"{kind}-muted"]
        return variables

    def compose(self) -> ComposeResult:
        yield StatusLine(self.database.name, self.engine.name)

    def on_mount(self) -> None:
        self.call_after_refresh(self._open_workspace)

    async def _open_workspace(self) -> None:
        from nl2sql_tui.tui.screens.workspace import Workspace

        await self.push_screen(Workspace(self.database, self.engine, self.settings, self._sample_questions))
        self._open = True
        for event in self._keys_before:
            self.post_message(events.Key(event.key, event.character))

    def on_key(self, event: events.Key) -> None:
        """Keep what is typed before there is anything to type into."""
        if not self._open:
            self._keys_before.append(event)
