"""Measures what a model takes here: to load, to its first token with the schema read or not, to an answer; memory.

Judges no answer. Every figure is of this run; nothing is estimated.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import Engine, Generated, GenerationFailed, GenerationStopped
from nl2sql_tui.errors import ModelError, Stopped
from nl2sql_tui.evaluation.statistics import quantile


@dataclass(frozen=True, slots=True)
class Measured:
    """What one generation took, in seconds."""

    prompt_tokens: int
    tokens: int
    first_token: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What was measured of one model."""

    model: str
    device: str
    load_seconds: float
    cold: Measured
    """The first answer, of which nothing had been read before."""
    warm: tuple[Measured, ...]
    """The answers after it, on the same schema."""
    peak_bytes: int
    """The most memory that this process has taken so far."""
    gpu_used_bytes: int | None
    """On the GPU after the last answer, by whatever program; None without one."""
    weights_bytes: int | None
    """None where it is not known, as for a model on a server."""

    @property
    def first_token_warm(self) -> float:
        """Median seconds to the first token with the schema read before."""
        return statistics.median(one.first_token for one in self.warm)

    @property
    def tokens_per_second(self) -> float:
        """Of all answers after the first, the time to the first token left out."""
        decoding = sum(one.seconds - one.first_token for one in self.warm)
        return sum(one.tokens - 1 for one in self.warm) / decoding if decoding > 0 else 0.0

    def as_json(self) -> dict[str, Any]:
        """Everything, seconds and bytes as numbers."""
        seconds = [one.seconds for one in self.warm]
        return {
            **asdict(self),
            "first_token_warm": self.first_token_warm,
            "tokens_per_second": self.tokens_per_second,
            "answer_seconds_p50": quantile(seconds, 0.5),
            "answer_seconds_p95": quantile(seconds, 0.95),
        }


def run(
    assistant: Assistant, questions: Sequence[str], max_new_tokens: int, cancel: Cancel, report: Callable[[int], None]
) -> Bench:
    """Load the assistant's model and have it answer `questions`, of which there are at least two.

    `report` hears how many are done. Raises ModelError, Stopped.
    """
    engine = assistant.engine
    began = time.perf_counter()
    engine.start()
    engine.wait_until_ready(cancel)
    loaded = time.perf_counter() - began
    measured = []
    for done, question in enumerate(questions):
        report(done)
        measured.append(_measured(engine, assistant, question, max_new_tokens, cancel))
    memory = engine.memory()
    return Bench(
        model=engine.name,
        device=engine.load_state.device,
        load_seconds=loaded,
        cold=measured[0],
        warm=tuple(measured[1:]),
        peak_bytes=_peak_bytes(),
        gpu_used_bytes=memory.gpu_used if memory else None,
        weights_bytes=memory.weights if memory else None,
    )


def _measured(engine: Engine, assistant: Assistant, question: str, max_new_tokens: int, cancel: Cancel) -> Measured:
    prompt, draft = assistant.prompt_for(question, cancel)
    *_, last = engine.stream(prompt, max_new_tokens=max_new_tokens, cancel=cancel, draft=draft)
    match last:
        case Generated():
            return Measured(last.prompt_tokens, last.tokens, last.seconds_to_first_token, last.seconds)
        case GenerationFailed():
            raise ModelError(last.message, last.hint)
        case GenerationStopped():
            raise Stopped
        case _:
            raise AssertionError(f"the engine ended with {last!r}")


def _peak_bytes() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return most if sys.platform == "darwin" else most * 1024
