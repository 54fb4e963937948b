"""Opens the terminal program and ends the process when it is left; what it shows is the app's."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Engine
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.settings import Settings
from nl2sql_tui.tui.app import Nl2SqlApp
from nl2sql_tui.tui.keys_driver import KeysDriver
from nl2sql_tui.tui.own_terminal import OwnTerminal

_THREAD_SWITCH_SECONDS = 0.001
"""A key waits for the interpreter at most this long behind a thread that imports or decodes; 0.005 is usual."""
_CLOSING_SECONDS = 0.1
"""How long leaving waits for a last frame to be written and for the engine to let go."""


class _TerminalApp(Nl2SqlApp):
    """The app on a terminal of its own. Quitting ends the process at once, whatever runs on other threads."""

    def __init__(self, database: Database, engine: Engine, settings: Settings, sample_questions: Sequence[str]) -> None:
        super().__init__(database, engine, settings, sample_questions)
        self.driver_class = KeysDriver
        self.terminal: OwnTerminal | None = None

    def on_mount(self) -> None:
        # Mount handlers of base classes are called by Textual itself.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._leave, 128 + signal.SIGTERM)

    async def action_quit(self) -> None:
        self._leave(ExitCode.OK)

    def _leave(self, code: int) -> None:
        # The frames that are still queued go out first, so that nothing is drawn after the screen is given back.
        if self._driver is not None:
            _run_briefly(self._driver.close)
        _leave(self.terminal, self.engine, code)


def run(database: Database, engine: Engine, settings: Settings, sample_questions: Sequence[str] = ()) -> NoReturn:
    """Open the terminal program on `database`. Never returns: the process ends when the user leaves.

    Ending the process is the one way not to wait for a library that is being imported or a forward pass. Raises
    InputError before anything is drawn, if there is no terminal or no theme of the name in the settings.
    """
    app = _TerminalApp(database, engine, settings, sample_questions)
    terminal = app.terminal = OwnTerminal()
    sys.setswitchinterval(_THREAD_SWITCH_SECONDS)
    try:
        app.run()
    except Exception:
        logging.getLogger(__name__).exception("the interface failed")
        _fail(terminal, engine)
    if app.return_code:
        # Textual has written the traceback to standard error, which is the log.
        _fail(terminal, engine)
    _leave(terminal, engine, ExitCode.OK)


def _fail(terminal: OwnTerminal, engine: Engine) -> NoReturn:
    terminal.restore()
    terminal.say(
        "nl2sql-tui: something went wrong inside this program, so it had to end; the database is unchanged. "
        f"The details are in {terminal.log_path}"
    )
    _leave(terminal, engine, ExitCode.BUG)


def _leave(terminal: OwnTerminal | None, engine: Engine, code: int) -> NoReturn:
    if terminal is not None:
        terminal.restore()
    _run_briefly(engine.close)
    logging.shutdown()
    os._exit(code)


def _run_briefly(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_CLOSING_SECONDS)
