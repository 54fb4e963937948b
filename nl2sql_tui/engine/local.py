"""A model of this computer behind the Engine protocol: one daemon thread owns it and runs every forward pass."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.chat_format import chat_text
from nl2sql_tui.engine.events import (
    Final,
    Generated,
    GenerationEvent,
    GenerationFailed,
    GenerationStopped,
    LoadState,
    Prompt,
    Started,
    Token,
)
from nl2sql_tui.engine.prefix import PrefixCache
from nl2sql_tui.engine.preload import preload_torch
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.errors import ModelError, Stopped, UserError

if TYPE_CHECKING:
    from nl2sql_tui.engine.loading import LoadedModel
    from nl2sql_tui.engine.streaming import AnswerStream

Prepare = Callable[[Profile, Callable[[LoadState], None], Cancel], Path | str]
"""Makes sure that a profile's files are on disk and says where; see `engine.sources.prepare`."""


@dataclass(frozen=True, slots=True)
class _Job:
    ids: list[int]
    max_new_tokens: int
    stream: "AnswerStream"
    cancel: Cancel


class LocalEngine:
    """Implements `engine.events.Engine` with transformers. Importing this module imports no model library."""

    def __init__(self, profile: Profile, prepare: Prepare) -> None:
        self.profile = profile
        self._prepare = prepare
        self._load_state = LoadState("idle")
        self._state_changed = threading.Condition()
        self._error: UserError | None = None
        self._loaded: LoadedModel | None = None
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._running: Cancel = Cancel()
        self._closing = Cancel()
        self._tokenizing = threading.Lock()
        self._prefix = PrefixCache()

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def context_tokens(self) -> int:
        return self.profile.context_tokens

    @property
    def schema_tokens(self) -> int:
        return self.profile.schema_tokens

    @property
    def load_state(self) -> LoadState:
        return self._load_state

    def start(self) -> None:
        """Begin to load in the background; after a failure, begin again."""
        with self._state_changed:
            if self._load_state.phase not in ("idle", "failed"):
                return
            self._load_state, self._error = LoadState("loading"), None
        threading.Thread(target=self._own_the_model, name="model", daemon=True).start()

    def wait_until_ready(self, cancel: Cancel) -> None:
        """Return when ready, starting if nobody has. Raises ModelError if loading failed, Stopped on cancel."""
        if self._load_state.phase == "idle":
            self.start()
        with cancel.calling(self._wake_waiters), self._state_changed:
            self._state_changed.wait_for(lambda: cancel.requested or self._loaded or self._error)
        cancel.raise_if_requested()
        if self._error is not None:
            raise self._error

    def count_tokens(self, text: str) -> int:
        with self._tokenizing:
            return len(self._ready().tokenizer(text, add_special_tokens=False)["input_ids"])

    def stream(self, prompt: Prompt, *, max_new_tokens: int, cancel: Cancel) -> Iterator[GenerationEvent]:
        """Answer greedily; see `Engine.stream`."""
        from nl2sql_tui.engine.streaming import AnswerStream

        started = time.perf_counter()
        tokenizer = self._ready().tokenizer
        with self._tokenizing:
            text = chat_text(tokenizer, prompt)
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        room = self.context_tokens - max_new_tokens
        if room <= 0:
            yield GenerationFailed(
                f"An answer of {max_new_tokens:,} tokens leaves no room in {self.name}'s {self.context_tokens:,}.",
                "Lower the setting max_new_tokens.",
            )
            return
        if len(ids) > room:
            yield GenerationFailed(
                f"Question and schema are {len(ids):,} tokens long; {self.name} takes {room:,} beside its answer.",
                "Shorten the question, or lower the setting max_new_tokens.",
            )
            return
        yield Started(text, len(ids), self.context_tokens)
        # The reader's own cancel: it goes up too when the reader leaves without asking for anything.
        own = Cancel()
        stream = AnswerStream(tokenizer, own, started)
        pieces: list[str] = []
        try:
            with cancel.calling(own.request), own.calling(stream.release_reader):
                self._jobs.put(_Job(ids, max_new_tokens, stream, own))
                for piece in stream:
                    if piece and not own.requested:
                        pieces.append(piece)
                        yield Token(piece, stream.tokens, time.perf_counter() - started)
        finally:
            own.request()
        yield self._final(stream, "".join(pieces), len(ids), max_new_tokens, started, cancel)

    def close(self) -> None:
        """Stop loading or generating, and let the model go once the running forward pass has ended."""
        self._closing.request()
        self._running.request()
        self._jobs.put(None)

    def _final(
        self,
        stream: "AnswerStream",
        text: str,
        prompt_tokens: int,
        max_new_tokens: int,
        started: float,
        cancel: Cancel,
    ) -> Final:
        seconds = time.perf_counter() - started
        if cancel.requested or self._closing.requested:
            return GenerationStopped(text, stream.tokens, seconds)
        if stream.error is not None:
            problem = _in_words(stream.error)
            return GenerationFailed(problem.message, problem.hint, text)
        ended = stream.last_token in self._ready().end_tokens
        cut = stream.tokens >= max_new_tokens and not ended
        return Generated(text, prompt_tokens, stream.tokens, stream.seconds_to_first_token, seconds, cut)

    def _ready(self) -> "LoadedModel":
        if self._loaded is None:
            raise ModelError("The model is not loaded yet.")
        return self._loaded

    def _wake_waiters(self) -> None:
        with self._state_changed:
            self._state_changed.notify_all()

    def _report(self, state: LoadState) -> None:
        self._load_state = state

    def _own_the_model(self) -> None:
        """The model thread: load, then serve questions until closed."""
        try:
            loaded = self._load()
        except Exception as error:  # noqa: BLE001 - whatever a library raises is told to the user
            problem = error if isinstance(error, UserError) else _in_words(error)
            with self._state_changed:
                self._load_state = LoadState("failed", str(problem))
                self._error = problem
                self._state_changed.notify_all()
            return
        with self._state_changed:
            self._loaded = loaded
            self._load_state = LoadState("ready", device=loaded.device)
            self._state_changed.notify_all()
        while (job := self._jobs.get()) is not None and not self._closing.requested:
            self._generate(loaded, job)
        del loaded
        with self._state_changed:
            self._loaded, self._error = None, Stopped("The model has been closed.")
            self._state_changed.notify_all()
        # Whoever waits for an answer that will not come is let go.
        while True:
            if job is not None:
                job.stream.finish()
            job = self._jobs.get()

    def _load(self) -> "LoadedModel":
        preload_torch()
        folder = self._prepare(self.profile, self._report, self._closing)
        self._closing.raise_if_requested()
        self._report(LoadState("loading"))
        from nl2sql_tui.engine.loading import load

        loaded = load(folder, self.profile)
        for layer in getattr(loaded.model.base_model, "layers", ()):
            layer.register_forward_pre_hook(self._leave_if_cancelled)
        return loaded

    def _leave_if_cancelled(self, *_: Any) -> None:
        """Runs before each layer, so that a cancel need not wait for the end of a long prompt's forward pass."""
        if self._running.requested:
            from nl2sql_tui.engine.streaming import GenerationInterrupted

            raise GenerationInterrupted

    def _generate(self, loaded: "LoadedModel", job: _Job) -> None:
        import torch
        from transformers import GenerationConfig

        from nl2sql_tui.engine.streaming import GenerationInterrupted

        self._running = job.cancel
        try:
            if job.cancel.requested:
                return
            ids = torch.tensor([job.ids], device=loaded.model.device)
            config = GenerationConfig(
                max_new_tokens=job.max_new_tokens,
                do_sample=False,
                eos_token_id=sorted(loaded.end_tokens),
                pad_token_id=min(loaded.end_tokens),
            )
            cache = self._prefix.take(job.ids)
            with torch.inference_mode():
                loaded.model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    generation_config=config,
                    past_key_values=cache,
                    streamer=job.stream,
                )
            self._prefix.keep(job.ids, cache)
        except GenerationInterrupted:
            pass
        except Exception as error:  # noqa: BLE001 - told to the reader, who must not wait for ever
            job.stream.error = error
        finally:
            job.stream.finish()


def _in_words(error: Exception) -> ModelError:
    """A library's error as one line."""
    first_line = next(iter(str(error).splitlines()), "")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return ModelError("There is not enough memory for this model.", "Close other programs, or use a smaller one.")
    if isinstance(error, ImportError):
        return ModelError(f"A library the model needs cannot be imported: {first_line}.", "Install it and try again.")
    return ModelError(f"The model failed: {type(error).__name__}: {first_line}")
