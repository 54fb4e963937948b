"""Does what `/adapter` in the question box asks for: lists the model's adapters, or has another one answer."""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from textual.message import Message

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import PACKAGED, Engine, KnownAdapter
from nl2sql_tui.errors import Stopped, UserError
from nl2sql_tui.text import shortened
from nl2sql_tui.tui.background import InternalError, Stream
from nl2sql_tui.tui.messages import ActivityChanged, AdaptersListed, AdapterSwitched, Flashed
from nl2sql_tui.tui.widgets.status_line import StatusLine

COMMAND: Final = "/adapter"
_NONE: Final = "none"
_LONGEST_NAME: Final = 60
_LONGEST_PLACE: Final = 200


class AdapterSwitch:
    """Works on daemon threads and tells with messages. One switch at a time; the status line says that it goes on."""

    def __init__(self, engine: Engine, status: StatusLine, post: Callable[[Message], object]) -> None:
        """`post` is called on other threads too."""
        self._engine = engine
        self._status = status
        self._post = post
        self._cancel: Cancel | None = None

    @property
    def switching(self) -> bool:
        """Another adapter is on its way."""
        return self._cancel is not None

    def do(self, words: str, *, answering: bool) -> bool:
        """Do what stands behind the command; whether that is begun. Not while another answer or adapter is awaited."""
        if not words:
            Stream("adapters", self._list)
            return True
        if answering:
            self._post(Flashed("An answer is being written; Esc stops it, then switch the adapter.", warning=True))
            return False
        if self.switching:
            self._post(Flashed("Another adapter is on its way already; Esc stops that.", warning=True))
            return False
        self._cancel = cancel = Cancel()
        wanted = None if words.casefold() == _NONE else words
        self._status.show_coming(Path(words).name if wanted else "no adapter")
        Stream("adapter", lambda: self._switch(wanted, cancel))
        self._post(ActivityChanged())
        return True

    def stop(self) -> bool:
        """Stop switching, if another adapter is on its way; its end is still told."""
        if self._cancel is None:
            return False
        self._cancel.request()
        return True

    def end(self, problem: UserError | None) -> tuple[str, str]:
        """Note that a switch has ended, and give what is to be said of it, with a hint where it went wrong."""
        self._cancel = None
        self._status.show_coming("")
        self._status.show_model(self._engine.name, self._engine.adapter)
        answers = self._in_use()
        if self._engine.load_state.phase == "failed" and problem is not None:
            # There was no model to give an adapter to, and so none goes on.
            return problem.message, problem.hint
        if problem is None:
            return f"{answers} answers from now on.", ""
        if isinstance(problem, Stopped):
            return f"Stopped: {answers} goes on answering.", ""
        return problem.message, f"{problem.hint} {answers} goes on answering.".strip()

    def _in_use(self) -> str:
        adapter, model = self._engine.adapter, shortened(self._engine.name, _LONGEST_NAME)
        if adapter == PACKAGED:
            return f"{model} with its packaged adapter"
        return f"{model} with the adapter {shortened(adapter, _LONGEST_NAME)}" if adapter else f"{model} by itself"

    def _list(self) -> Iterable[None]:
        self._post(AdaptersListed(self._engine.adapters()))
        return ()

    def _switch(self, wanted: str | None, cancel: Cancel) -> Iterable[None]:
        problem: UserError | None = None
        try:
            self._engine.use_adapter(wanted, cancel)
        except UserError as error:
            problem = error
        except Exception as error:
            logging.getLogger(__name__).exception("switching the adapter")
            problem = InternalError(error)
        self._post(AdapterSwitched(problem))
        return ()


def list_text(adapters: Sequence[KnownAdapter]) -> str:
    """The adapters that can be used by name, one a line, and how to use one."""
    lines = [_line(adapter) for adapter in adapters]
    known = ["Adapters:", *lines] if lines else ["No adapters are known for this model."]
    is_merged = any(adapter.name == PACKAGED for adapter in adapters)
    without = f"{COMMAND} {PACKAGED} uses the model's own" if is_merged else f"{COMMAND} {_NONE} uses none"
    return "\n".join((*known, f"{COMMAND} NAME, a folder or a Hub id uses one; {without}."))


def _line(adapter: KnownAdapter) -> str:
    state = "answers now" if adapter.in_use else "in memory" if adapter.is_loaded else ""
    facts = (shortened(adapter.name, _LONGEST_NAME), state, shortened(adapter.place, _LONGEST_PLACE))
    return "  " + " · ".join(fact for fact in facts if fact)
