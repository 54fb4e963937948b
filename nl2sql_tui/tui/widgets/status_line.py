"""One line about the database and the model: what it does now, how fast it was, how much of its context is used."""

from collections.abc import Iterator

from textual.content import Content
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from nl2sql_tui.engine.events import PACKAGED, LoadState, ModelMemory
from nl2sql_tui.load_text import load_text
from nl2sql_tui.text import byte_size, content, shortened, visible
from nl2sql_tui.tui.widgets.chips import SEPARATOR

_SECONDS_OF_A_FLASH = 5.0
_LONGEST_NAME = 60
_GAP = 2
"""Cells between the database and the model, at least."""
_LONGEST_ADAPTER = 30
_STYLES = {"ready": "$text-success", "failed": "$text-error"}


class StatusLine(Widget):
    """The database to the left, the model to the right; a word about what was just done takes the left for a while."""

    def __init__(self, database_name: str, model_name: str) -> None:
        super().__init__()
        self._database_name = database_name
        self._model_name = model_name
        self._adapter = ""
        self._coming = ""
        self._load_state = LoadState("idle")
        self._tokens_per_second = 0.0
        self._memory: ModelMemory | None = None
        self._used_context: tuple[int, int] | None = None
        self._flash: Content | None = None
        self._flash_timer: Timer | None = None

    @property
    def ready(self) -> bool:
        """The engine was last seen ready."""
        return self._load_state.phase == "ready"

    def show_load(self, state: LoadState) -> None:
        """Show where the engine stands."""
        if state != self._load_state:
            self._load_state = state
            self.refresh()

    def show_model(self, name: str, adapter: str) -> None:
        """Show which model answers, and with which adapter; one that comes with the model goes without saying."""
        if (name, adapter) != (self._model_name, self._adapter):
            self._model_name, self._adapter = name, adapter
            self.refresh()

    def show_coming(self, adapter: str) -> None:
        """Show that another adapter is on its way; empty once it is not."""
        self._coming = adapter
        self.refresh()

    def show_speed(self, tokens_per_second: float) -> None:
        """Show how fast the last answer was written."""
        self._tokens_per_second = tokens_per_second
        self.refresh()

    def show_memory(self, memory: ModelMemory | None) -> None:
        """Show what the model takes, and how much of its GPU's memory is used."""
        if memory != self._memory:
            self._memory = memory
            self.refresh()

    def show_context(self, tokens: int, context_tokens: int) -> None:
        """Show how much of the model's context the last prompt took."""
        self._used_context = (tokens, context_tokens)
        self.refresh()

    def flash(self, text: str, *, warning: bool = False) -> None:
        """Say `text` for a few seconds."""
        self._flash = content(visible(text), "$text-warning" if warning else "$text-success")
        if self._flash_timer is not None:
            self._flash_timer.stop()
        self._flash_timer = self.set_timer(_SECONDS_OF_A_FLASH, self._end_flash)
        self.refresh()

    def _end_flash(self) -> None:
        self._flash = None
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return 1

    def render(self) -> Content:
        """The line. Where there is no room, what is least needed of the model is left out before the names are cut."""
        width = self.size.width
        if self._flash is not None:
            return self._flash.truncate(width, ellipsis=True)
        left = content(shortened(self._database_name, _LONGEST_NAME), "bold")
        right = self._model(width - left.cell_length - _GAP)
        room = width - right.cell_length - _GAP
        if room < left.cell_length:
            left = left.truncate(max(0, room), ellipsis=True)
        gap = width - left.cell_length - right.cell_length
        return Content.assemble(left, " " * max(1, gap), right).truncate(width, ellipsis=True)

    def _model(self, room: int) -> Content:
        """What is known of the model: its name and state, and as many figures as there is room for."""
        state = self._load_state
        facts = [content(self._answering())]
        if state.device:
            facts.append(content(visible(state.device)))
        facts.append(content(load_text(state), _STYLES.get(state.phase, "$text-warning")))
        for figure in self._figures():
            longer = [*facts, content(figure)]
            if Content(SEPARATOR).join(longer).cell_length > room:
                break
            facts = longer
        return Content(SEPARATOR).join(facts)

    def _figures(self) -> Iterator[str]:
        """The most telling first."""
        if self._tokens_per_second:
            yield f"{self._tokens_per_second:.1f} tokens/s"
        if self._memory is not None:
            yield memory_text(self._memory)
        if self._used_context is not None:
            used, most = self._used_context
            yield f"context {used:,}/{most:,}"

    def _answering(self) -> str:
        """The model with its adapter. A served adapter is asked for in the model's place, and so is both."""
        text = visible(self._model_name)
        if self._adapter not in ("", PACKAGED, self._model_name):
            text += f" + {shortened(self._adapter, _LONGEST_ADAPTER)}"
        return f"{text} → {shortened(self._coming, _LONGEST_ADAPTER)}" if self._coming else text


def memory_text(memory: ModelMemory) -> str:
    """What the model takes, and of its GPU what is used and free."""
    if memory.gpu_used is None or memory.gpu_free is None:
        return byte_size(memory.weights)
    return f"{byte_size(memory.weights)}, GPU {byte_size(memory.gpu_used)} used, {byte_size(memory.gpu_free)} free"
