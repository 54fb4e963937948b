"""A model of this computer behind the Engine protocol: one daemon thread owns it and runs every forward pass."""

import gc
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.adapter_choice import Prepare, choice_for
from nl2sql_tui.engine.chat_format import chat_text
from nl2sql_tui.engine.events import (
    Candidate,
    Final,
    Generated,
    GenerationEvent,
    GenerationFailed,
    GenerationStopped,
    KnownAdapter,
    LoadState,
    ModelMemory,
    Prompt,
    Reading,
    Started,
    Token,
)
from nl2sql_tui.engine.opening import Opening
from nl2sql_tui.engine.prefix import common_length
from nl2sql_tui.engine.preload import preload_torch
from nl2sql_tui.engine.profiles import AnswerForm, Profile
from nl2sql_tui.errors import ModelError, Stopped, UserError
from nl2sql_tui.template_names import TemplateName

if TYPE_CHECKING:
    from nl2sql_tui.engine.generation import Generator, Job
    from nl2sql_tui.engine.loading import LoadedModel
    from nl2sql_tui.engine.streaming import AnswerStream

_NOT_LOADED = "The model is not loaded yet."
_CLOSED = "The model has been closed."


class LocalEngine:
    """Implements `engine.events.Engine` with transformers. Importing this module imports no model library."""

    def __init__(self, profile: Profile, prepare: Prepare) -> None:
        self.profile = profile
        self._prepare = prepare
        self._opening = Opening(_in_words, _CLOSED)
        self._closing = self._opening.closing
        self._choice = choice_for(profile, prepare, self._read)
        self._adapter = ""
        self._loaded: LoadedModel | None = None
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._running: Cancel = Cancel()
        self._tokenizing = threading.Lock()

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def context_tokens(self) -> int:
        """By the profile, and no more than the model was made for, which is known once it is loaded."""
        loaded = self._loaded
        return min(self.profile.context_tokens, loaded.longest) if loaded is not None else self.profile.context_tokens

    @property
    def schema_tokens(self) -> int:
        return min(self.profile.schema_tokens, self.context_tokens * 3 // 4)

    @property
    def history_tokens(self) -> int:
        return self.profile.history_tokens

    @property
    def answer_form(self) -> AnswerForm:
        return self.profile.answer_form

    @property
    def template(self) -> TemplateName:
        return self.profile.template

    @property
    def more_answers(self) -> int:
        return self.profile.more_answers

    @property
    def load_state(self) -> LoadState:
        return self._opening.state

    @property
    def adapter(self) -> str:
        return self._adapter

    def adapters(self) -> tuple[KnownAdapter, ...]:
        """Those in memory or merged, and those made on this computer; see `Engine.adapters`."""
        return self._choice.known(self._loaded)

    def memory(self) -> ModelMemory | None:
        """What the model takes; see `Engine.memory`."""
        loaded = self._loaded
        if loaded is None:
            return None
        gpu = loaded.meter.read() if loaded.meter is not None else None
        return ModelMemory(loaded.footprint, gpu.used if gpu else None, gpu.free if gpu else None)

    def start(self) -> None:
        """Begin to load in the background; after a failure, begin again."""
        self._opening.begin(LoadState("loading"), self._own_the_model, "model")

    def wait_until_ready(self, cancel: Cancel) -> None:
        """Return when ready, starting if nobody has. Raises ModelError if loading failed, Stopped on cancel."""
        if self._opening.state.phase == "idle":
            self.start()
        self._opening.wait(cancel)

    def use_adapter(self, wanted: str | None, cancel: Cancel) -> None:
        """Put another adapter into use on the model's thread; see `Engine.use_adapter`."""
        from nl2sql_tui.engine.generation import ChangeJob

        self.wait_until_ready(cancel)
        own = Cancel()
        with self._opening.changing(cancel), cancel.calling(own.request), self._closing.calling(own.request):
            change = self._choice.change_to(wanted, self._ready(), self._opening.report, own)

            def changed(generator: "Generator") -> None:
                self._adapter = change(generator)
                has_other_weights = self._loaded is None or generator.loaded.model is not self._loaded.model
                self._loaded = generator.loaded
                if has_other_weights:
                    # The memory of those before is given back now, and not when there is next need of a collection.
                    gc.collect()

            job = ChangeJob(changed, own)
            with own.calling(job.give_up):
                self._jobs.put(job)
                # Once it has begun until its end, even when stopped: which adapter is in use is certain only then.
                job.done.wait()
        if job.error is not None:
            raise job.error if isinstance(job.error, UserError) else _in_words(job.error) from job.error
        if not job.is_made:
            raise Stopped

    def count_tokens(self, text: str) -> int:
        with self._tokenizing:
            return len(self._ready().tokenizer(text, add_special_tokens=False)["input_ids"])

    def stream(
        self,
        prompt: Prompt,
        *,
        max_new_tokens: int,
        cancel: Cancel,
        grammar: str = "",
        draft: Callable[[str], str] | None = None,
    ) -> Iterator[GenerationEvent]:
        """Answer greedily; see `Engine.stream`."""
        from nl2sql_tui.engine.generation import AnswerJob
        from nl2sql_tui.engine.streaming import AnswerStream

        started = time.perf_counter()
        try:
            # Once for the whole answer: the engine may be closed at any point of it.
            loaded = self._ready()
        except Stopped:
            yield GenerationStopped("", 0, 0.0)
            return
        text, ids = self._tokens_of(prompt, loaded)
        if problem := self._does_not_fit(len(ids), max_new_tokens):
            yield problem
            return
        yield Started(text, len(ids), self.context_tokens)
        # The reader's own cancel: it goes up too when the reader leaves without asking for anything.
        own = Cancel()
        stream = AnswerStream(loaded.tokenizer, own, started)
        pieces: list[str] = []
        told = 0
        try:
            with cancel.calling(own.request), self._closing.calling(own.request), own.calling(stream.release_reader):
                self._jobs.put(AnswerJob(ids, max_new_tokens, stream, own, grammar, draft))
                for piece in stream:
                    if own.requested:
                        continue
                    if stream.prompt_read > told:
                        told = stream.prompt_read
                        yield Reading(told, len(ids))
                    if piece:
                        pieces.append(piece)
                        yield Token(piece, stream.tokens, time.perf_counter() - started)
        finally:
            own.request()
        yield self._final(stream, "".join(pieces), len(ids), max_new_tokens, started, cancel, loaded.end_tokens)

    def candidates(
        self, prompt: Prompt, *, count: int, max_new_tokens: int, cancel: Cancel, grammar: str = ""
    ) -> tuple[Candidate, ...]:
        """Several answers at once, drawn with a fixed seed; see `Engine.candidates`."""
        from nl2sql_tui.engine.generation import CandidatesJob

        _, ids = self._tokens_of(prompt, self._ready())
        if problem := self._does_not_fit(len(ids), max_new_tokens):
            raise ModelError(problem.message, problem.hint)
        own = Cancel()
        job = CandidatesJob(ids, count, max_new_tokens, own, grammar)
        with cancel.calling(own.request), self._closing.calling(own.request), own.calling(job.let_go):
            self._jobs.put(job)
            job.done.wait()
        cancel.raise_if_requested()
        if self._closing.requested:
            raise Stopped(_CLOSED)
        if job.error is not None:
            raise _in_words(job.error) from job.error
        return job.found

    def read_ahead(self, one: Prompt, other: Prompt, cancel: Cancel) -> None:
        """Compute the keys and values of what both prompts begin with; returns at once."""
        from nl2sql_tui.engine.generation import ReadJob

        loaded = self._ready()
        ids = self._tokens_of(one, loaded)[1]
        shared = common_length(ids, self._tokens_of(other, loaded)[1])
        if shared < self.context_tokens:
            self._jobs.put(ReadJob(ids[: shared + 1], cancel))

    def close(self) -> None:
        """Stop loading or generating, and let the model go once the running forward pass has ended."""
        self._opening.close()
        self._jobs.put(None)

    def _final(
        self,
        stream: "AnswerStream",
        text: str,
        prompt_tokens: int,
        max_new_tokens: int,
        started: float,
        cancel: Cancel,
        end_tokens: Collection[int],
    ) -> Final:
        seconds = time.perf_counter() - started
        if cancel.requested or self._closing.requested:
            return GenerationStopped(text, stream.tokens, seconds)
        if stream.error is not None:
            problem = _in_words(stream.error)
            return GenerationFailed(problem.message, problem.hint, text)
        ended = stream.last_token in end_tokens
        cut = stream.tokens >= max_new_tokens and not ended
        return Generated(
            text, prompt_tokens, stream.tokens, stream.seconds_to_first_token, seconds, cut, stream.log_probability
        )

    def _tokens_of(self, prompt: Prompt, loaded: "LoadedModel") -> tuple[str, list[int]]:
        """The prompt as the model is shown it, and its tokens."""
        tokenizer = loaded.tokenizer
        with self._tokenizing:
            text = chat_text(tokenizer, prompt)
            return text, tokenizer(text, add_special_tokens=False)["input_ids"]

    def _does_not_fit(self, prompt_tokens: int, max_new_tokens: int) -> GenerationFailed | None:
        """What to tell if prompt and answer are longer than the model's context."""
        room = self.context_tokens - max_new_tokens
        if room <= 0:
            return GenerationFailed(
                f"An answer of {max_new_tokens:,} tokens leaves no room in {self.name}'s {self.context_tokens:,}.",
                "Lower the setting max_new_tokens.",
            )
        if prompt_tokens > room:
            return GenerationFailed(
                f"Question and schema are {prompt_tokens:,} tokens long; {self.name} takes {room:,} beside its answer.",
                "Shorten the question, or lower the setting max_new_tokens.",
            )
        return None

    def _ready(self) -> "LoadedModel":
        loaded = self._loaded
        if loaded is None:
            raise Stopped(_CLOSED) if self._closing.requested else ModelError(_NOT_LOADED)
        return loaded

    def _own_the_model(self) -> None:
        """The model thread: load, then serve questions until closed."""
        generator = self._opening.attempt(self._load)
        if generator is None:
            return
        self._loaded, self._adapter = generator.loaded, generator.loaded.adapters.active or self._adapter
        self._opening.succeed(LoadState("ready", device=generator.loaded.device))
        while (job := self._jobs.get()) is not None and not self._closing.requested:
            self._running = job.cancel
            job.run(generator)
        del generator
        self._loaded = None
        self._opening.emptied.set()
        # Whoever waits for an answer that will not come is let go.
        while True:
            if job is not None:
                job.let_go()
            job = self._jobs.get()

    def _load(self) -> "Generator":
        preload_torch()
        self._adapter = self._choice.at_first()
        folder = self._prepare(self.profile, self._opening.report, self._closing)
        self._closing.raise_if_requested()
        self._opening.report(LoadState("loading"))
        from nl2sql_tui.engine.generation import Generator

        loaded = self._read(folder, self.profile, self._closing)
        return Generator(loaded, self.profile.sampling, Path(folder), self._leave_if_cancelled)

    def _read(self, folder: Path | str, profile: Profile, cancel: Cancel) -> "LoadedModel":
        """The model of `folder` in memory, ready to be left in the middle of a pass."""
        from nl2sql_tui.engine.loading import load

        loaded = load(folder, profile, self._opening.report, cancel)
        for layer in getattr(loaded.model.base_model, "layers", ()):
            layer.register_forward_pre_hook(self._leave_if_cancelled)
        return loaded

    def _leave_if_cancelled(self, *_: Any) -> None:
        """Runs before each layer, so that a cancel need not wait for the end of a long prompt's forward pass."""
        if self._running.requested or self._closing.requested:
            from nl2sql_tui.engine.streaming import GenerationInterrupted

            raise GenerationInterrupted


def _in_words(error: BaseException) -> ModelError:
    """A library's error as one line."""
    first_line = next(iter(str(error).splitlines()), "")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return ModelError("There is not enough memory for this model.", "Close other programs, or use a smaller one.")
    if isinstance(error, ImportError):
        return ModelError(f"A library the model needs cannot be imported: {first_line}.", "Install it and try again.")
    return ModelError(f"The model failed: {type(error).__name__}: {first_line}")
