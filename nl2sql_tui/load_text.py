"""Puts an engine's way to readiness into words, for the interface and the commands alike."""

from nl2sql_tui.engine.events import LoadState

_PHASES = {
    "idle": "not started",
    "fetching": "fetching",
    "converting": "converting",
    "loading": "loading",
    "ready": "ready",
    "failed": "not loaded",
}
_MEGA = 1_000_000


def load_text(state: LoadState) -> str:
    """One short line: the phase, and how far a fetch has come."""
    words = _PHASES[state.phase]
    if state.phase == "fetching" and state.total:
        words += f" {state.done / _MEGA:.1f} of {state.total / _MEGA:.1f} MB, {state.done * 100 // state.total} %"
    elif state.phase == "fetching" and state.done:
        words += f" {state.done / _MEGA:.1f} MB"
    elif state.phase == "converting" and state.total:
        words += f" {state.done * 100 // state.total} %"
    if state.bytes_per_second > 0:
        words += f", {state.bytes_per_second / _MEGA:.1f} MB/s"
    return words
