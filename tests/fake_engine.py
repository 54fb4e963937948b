"""An engine whose every word, pause and failure is written by the test; stands in for a model."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import (
    Candidate,
    Generated,
    GenerationEvent,
    GenerationFailed,
    GenerationStopped,
    KnownAdapter,
    LoadState,
    ModelMemory,
    Prompt,
    Started,
    Token,
)
from nl2sql_tui.engine.profiles import AnswerForm
from nl2sql_tui.errors import InputError, ModelError, Stopped, UserError
from nl2sql_tui.template_names import TemplateName

_POLL_SECONDS = 0.005
READY = LoadState("ready", device="cpu")


@dataclass(frozen=True)
class Failure:
    """A scripted answer that fails after it has written `text`."""

    message: str
    hint: str = ""
    text: str = ""


Reply = str | Failure


class ScriptedEngine:
    """Answers by the first key that stands in the question, or else with its replies in order, the last for ever."""

    def __init__(
        self,
        replies: Sequence[Reply] = ("SELECT 1",),
        by_question: Mapping[str, Reply] | None = None,
        *,
        token_seconds: float = 0.0,
        ready: bool = True,
        context_tokens: int = 2048,
        schema_tokens: int = 1500,
    ) -> None:
        self.replies = list(replies)
        self.by_question = dict(by_question or {})
        self.token_seconds = token_seconds
        """Pause before each token."""
        self.context_tokens = context_tokens
        self.schema_tokens = schema_tokens
        self.ready_at_start = ready
        """Whether `start` makes it ready at once; otherwise the test sets `load_state`."""
        self.load_state = LoadState("idle")
        self.more_answers = 0
        self.scripted_candidates: tuple[Candidate, ...] = ()
        """What `candidates` gives."""
        self.log_probability: float | None = None
        """Of every answer."""
        self.history_tokens = 0
        self.answer_form: AnswerForm = "sql"
        self.template: TemplateName = "schema first"
        self.scripted_memory: ModelMemory | None = None
        self.adapter = ""
        self.scripted_adapters: dict[str, str | UserError] = {}
        """By name: where each lies, or why it cannot be used."""
        self.switch_seconds = 0.0
        """How long switching to another takes."""
        self.starts = 0
        self.prompts: list[Prompt] = []
        self.grammars: list[str] = []
        self.read: list[Prompt] = []
        """What it was asked to read ahead."""
        self.closed = False
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return "scripted"

    def memory(self) -> ModelMemory | None:
        return None if self.closed else self.scripted_memory

    def adapters(self) -> tuple[KnownAdapter, ...]:
        return tuple(
            KnownAdapter(name, "" if isinstance(place, UserError) else place, in_use=name == self.adapter)
            for name, place in self.scripted_adapters.items()
        )

    def use_adapter(self, wanted: str | None, cancel: Cancel) -> None:
        self.wait_until_ready(cancel)
        ready, ends = self.load_state, time.monotonic() + self.switch_seconds
        self.load_state = LoadState("loading", device="cpu")
        try:
            while time.monotonic() < ends:
                cancel.raise_if_requested()
                time.sleep(_POLL_SECONDS)
            found = self.scripted_adapters.get(wanted, InputError(f"There is no adapter {wanted}.")) if wanted else ""
            if isinstance(found, UserError):
                raise found
            self.adapter = wanted or ""
        finally:
            self.load_state = ready

    def start(self) -> None:
        self.starts += 1
        if self.ready_at_start:
            self.load_state = READY
        elif self.load_state.phase in ("idle", "failed"):
            self.load_state = LoadState("loading")

    def wait_until_ready(self, cancel: Cancel) -> None:
        if self.load_state.phase == "idle":
            self.start()
        while self.load_state.phase != "ready":
            if cancel.requested:
                raise Stopped
            if self.load_state.phase == "failed":
                raise ModelError(f"The model could not be loaded. {self.load_state.detail}".strip())
            time.sleep(_POLL_SECONDS)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def stream(
        self,
        prompt: Prompt,
        *,
        max_new_tokens: int,
        cancel: Cancel,
        grammar: str = "",
        draft: Callable[[str], str] | None = None,  # noqa: ARG002
    ) -> Iterator[GenerationEvent]:
        with self._lock:
            self.prompts.append(prompt)
            self.grammars.append(grammar)
            reply = self._reply(prompt[-1].text)
        prompt_text = "\n".join(f"<{message.role}>\n{message.text}" for message in prompt)
        prompt_tokens = self.count_tokens(prompt_text)
        yield Started(prompt_text, prompt_tokens, self.context_tokens)
        began = time.monotonic()
        text, tokens, first = "", 0, 0.0
        for piece in _pieces(reply.text if isinstance(reply, Failure) else reply):
            pause_ends = time.monotonic() + self.token_seconds
            while not cancel.requested and time.monotonic() < pause_ends:
                time.sleep(min(_POLL_SECONDS, self.token_seconds))
            elapsed = time.monotonic() - began
            if cancel.requested:
                yield GenerationStopped(text, tokens, elapsed)
                return
            if tokens == max_new_tokens:
                yield Generated(text, prompt_tokens, tokens, first, elapsed, cut=True)
                return
            text, tokens, first = text + piece, tokens + 1, first or elapsed
            yield Token(piece, tokens, elapsed)
        if isinstance(reply, Failure):
            yield GenerationFailed(reply.message, reply.hint, text)
        else:
            seconds = time.monotonic() - began
            yield Generated(text, prompt_tokens, tokens, first, seconds, log_probability=self.log_probability)

    def _reply(self, question: str) -> Reply:
        for words, reply in self.by_question.items():
            if words in question:
                return reply
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def candidates(
        self,
        prompt: Prompt,  # noqa: ARG002
        *,
        count: int,
        max_new_tokens: int,  # noqa: ARG002
        cancel: Cancel,  # noqa: ARG002
        grammar: str = "",  # noqa: ARG002
    ) -> tuple[Candidate, ...]:
        return self.scripted_candidates[:count]

    def read_ahead(self, one: Prompt, other: Prompt, cancel: Cancel) -> None:  # noqa: ARG002
        self.read.append(one)

    def close(self) -> None:
        self.closed = True


def _pieces(text: str) -> list[str]:
    """`text` in pieces that end at spaces, as a streamer emits them."""
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + [words[-1]]
