"""Looks at the engine from time to time and tells what has changed; starts nothing and draws nothing."""

from collections.abc import Callable

from nl2sql_tui.engine.events import Engine
from nl2sql_tui.tui.widgets.status_line import StatusLine

LOOKS_PER_SECOND = 10
_LOOKS_SKIPPED_WHEN_READY = 10


class ModelWatch:
    """Keeps the status line up to date, and tells once of each thing that the chat should say."""

    def __init__(
        self,
        engine: Engine,
        status: StatusLine,
        on_ready: Callable[[], None],
        remark: Callable[[str], None],
        on_failure: Callable[[str], None],
        changes: Callable[[], bool] = lambda: False,
    ) -> None:
        """`remark` gets what a ready engine has to say about itself, `on_failure` why it could not be loaded.

        While `changes` holds, a ready engine is looked at as closely as one that loads.
        """
        self._engine = engine
        self._status = status
        self._on_ready = on_ready
        self._remark = remark
        self._on_failure = on_failure
        self._changes = changes
        self._looks = 0
        self._remarked = False
        self._failure_told = False

    def look(self) -> None:
        """To be called `LOOKS_PER_SECOND` times a second; most looks at a ready engine are left out."""
        self._looks += 1
        was_ready = self._status.ready
        if was_ready and self._looks % _LOOKS_SKIPPED_WHEN_READY and not self._changes():
            return
        state = self._engine.load_state
        self._status.show_load(state)
        self._status.show_model(self._engine.name, self._engine.adapter)
        if state.phase == "ready":
            self._status.show_memory(self._engine.memory())
            if not was_ready:
                self._on_ready()
            if state.detail and not self._remarked:
                self._remarked = True
                self._remark(state.detail)
        if state.phase != "failed":
            self._failure_told = False
        elif not self._failure_told:
            self._failure_told = True
            self._on_failure(state.detail)
