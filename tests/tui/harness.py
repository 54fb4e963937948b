"""Opens the terminal program, or one widget of it, without a terminal, and reads what it shows."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

import nl2sql_tui.tui
from nl2sql_tui.database.file import Database
from nl2sql_tui.settings import Settings
from nl2sql_tui.tui.app import Nl2SqlApp
from nl2sql_tui.tui.screens.workspace import Workspace
from nl2sql_tui.tui.widgets.turn import Turn
from tests.fake_engine import ScriptedEngine

_STEP_SECONDS = 0.02
_STEPS_UNTIL_HANGING = 1_000

_STYLES = sorted(Path(nl2sql_tui.tui.__file__).parent.glob("*/*.tcss"))


def shown(app: App[Any]) -> str:
    """What stands on the screen, line by line."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; fail if it never does."""
    for _ in range(_STEPS_UNTIL_HANGING):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(_STEP_SECONDS)
    raise AssertionError(f"never came true; on the screen:\n{shown(pilot.app)}")


@dataclass
class Opened:
    """The program while it is open."""

    app: Nl2SqlApp
    pilot: Pilot[None]
    workspace: Workspace
    engine: ScriptedEngine

    @property
    def text(self) -> str:
        return shown(self.app)

    @property
    def turn(self) -> Turn:
        """The last turn of the chat."""
        return self.workspace.chat.turns.turns[-1]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type `text`, one key after another."""
        await self.pilot.press(*("space" if letter == " " else letter for letter in text))

    async def until(self, condition: Callable[[], object]) -> None:
        await until(self.pilot, condition)

    async def ask(self, question: str) -> Turn:
        """Send `question` from the question box and wait until its answer has ended."""
        self.workspace.chat.question_box.hold(question)
        self.workspace.chat.open_box("question")
        await self.press("enter")
        await self.until(lambda: self.workspace.chat.turns.turns and not self.workspace.chat.answering)
        return self.turn

    async def until_run_ended(self) -> None:
        await self.until(lambda: self.turn.ending and not self.workspace.result.running)

    async def run_by_hand(self, sql: str) -> Turn:
        """Send `sql` from the SQL box and wait until it has run or been refused."""
        turns = len(self.workspace.chat.turns.turns)
        self.workspace.chat.edit(sql)
        await self.pilot.pause()
        await self.press("enter")
        await self.until(lambda: len(self.workspace.chat.turns.turns) > turns and self.turn.verdict is not None)
        if self.turn.runnable:
            await self.until_run_ended()
        return self.turn


@asynccontextmanager
async def opened(
    database: Database,
    engine: ScriptedEngine | None = None,
    *,
    settings: Settings | None = None,
    samples: Sequence[str] = (),
    size: tuple[int, int] = (120, 40),
) -> AsyncIterator[Opened]:
    """The whole program on `database`, once its panes are there and the tables are read."""
    engine = engine or ScriptedEngine()
    app = Nl2SqlApp(database, engine, settings or Settings(), samples)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Workspace))
        workspace = app.screen
        assert isinstance(workspace, Workspace)
        await until(pilot, lambda: workspace.schema.tables.schema.tables)
        yield Opened(app, pilot, workspace, engine)


class Host(App[None]):
    """An app that shows one widget, with the program's styles, and keeps the messages it sends."""

    CSS_PATH: ClassVar = [*_STYLES]

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget
