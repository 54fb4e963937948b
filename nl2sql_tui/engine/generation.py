"""What the model's thread is asked to do: answer a prompt, several times over, read it ahead, change its adapter."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import torch
from transformers import Cache, GenerationConfig

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.decoding import Decoding, Draft, read_into
from nl2sql_tui.engine.events import Candidate
from nl2sql_tui.engine.gpu_memory import footprint
from nl2sql_tui.engine.guidance import GrammarError, Grammars, Guide
from nl2sql_tui.engine.loading import LoadedModel
from nl2sql_tui.engine.passes import Passes, passes_of
from nl2sql_tui.engine.prefix import PrefixCache
from nl2sql_tui.engine.prefix_store import PrefixStore
from nl2sql_tui.engine.profiles import Sampling
from nl2sql_tui.engine.sampling import sample
from nl2sql_tui.engine.streaming import AnswerStream, GenerationInterrupted
from nl2sql_tui.folders import cache_folder

_TEMPERATURE: Final = 0.7
_SEED: Final = 42


class Generator:
    """A loaded model with what it remembers between answers. Use it from the model's thread alone."""

    def __init__(
        self,
        loaded: LoadedModel,
        sampling: Sampling | None = None,
        folder: Path | None = None,
        before_layer: Callable[[], None] = lambda: None,
    ) -> None:
        """Answers are greedy without `sampling`. With the model's `folder`, what is read ahead may be kept on disk.

        `before_layer` may raise to leave a pass; see `engine.passes`.
        """
        self.loaded = loaded
        self._before_layer = before_layer
        self._passes = self._passes_of(loaded)
        self._folder = folder
        self._store = self._store_in(folder)
        self._sampling = sampling
        self._prefix = PrefixCache()
        self._grammars: Grammars | None = None

    def renew(self, loaded: LoadedModel, folder: Path | None = None) -> None:
        """Answer with `loaded` from now on: other weights, from `folder`, or the same with another adapter in use.

        Nothing that was computed before is of use then.
        """
        # First, as on a GPU what is remembered may be held where the new passes want theirs.
        self.forget()
        if loaded.model is self.loaded.model:
            self._passes.give_back()
        self.loaded = replace(loaded, footprint=footprint(loaded.model))
        self._passes = self._passes_of(loaded)
        self._folder = folder or self._folder
        self._store = self._store_in(self._folder)
        self._grammars = None

    def answer(self, job: "AnswerJob") -> None:
        """Write the answer of `job` into its stream. Where memory runs out, once more without what is remembered."""
        try:
            self._answer(job)
            return
        except torch.OutOfMemoryError:
            if job.stream.tokens:
                raise
        # Not in the handler: until it is left, the error keeps alive whatever was being computed with.
        self.forget()
        job.stream.begin_again()
        self._answer(job)

    def forget(self) -> None:
        """Let go of everything that is remembered between answers."""
        self._prefix = PrefixCache()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _passes_of(self, loaded: LoadedModel) -> Passes:
        planned = loaded.plan.context_tokens if loaded.plan else loaded.longest
        return passes_of(loaded.model, self._before_layer, min(planned, loaded.longest))

    def _store_in(self, folder: Path | None) -> PrefixStore | None:
        return store_for(self.loaded, folder, type(self._passes).__name__)

    def _answer(self, job: "AnswerJob") -> None:
        loaded = self.loaded
        sampling = self._sampling
        decoding = Decoding(
            self._passes,
            job.stream,
            loaded.tokenizer,
            loaded.end_tokens,
            self._guide(job.grammar),
            job.draft,
            sampling.seed if sampling else None,
        )
        ids = torch.tensor([job.ids], device=loaded.model.device)
        given = {
            "attention_mask": torch.ones_like(ids),
            "generation_config": _configuration(loaded, job.max_new_tokens, sampling),
        }
        with torch.inference_mode():
            if _is_rescaled_within(loaded.model.config, len(job.ids) + job.max_new_tokens):
                # The keys of a short text are of no use to a long one here, which generate() knows how to handle.
                if job.grammar:
                    raise GrammarError("The text is too long to be held to a grammar.")
                if sampling is not None:
                    torch.manual_seed(sampling.seed)
                loaded.model.generate(ids, **given, streamer=job.stream)
                return
            cache = self._prefix.take(job.ids)
            loaded.model.generate(ids, **given, past_key_values=cache, custom_generate=decoding)
        self._prefix.keep(job.ids, cache)
        job.stream.log_probability = decoding.log_probability

    def candidates(self, job: "CandidatesJob") -> tuple[Candidate, ...]:
        """Several answers, drawn with a fixed seed; equal ones are one. None where texts get too long for it."""
        loaded = self.loaded
        length = len(job.ids) + job.max_new_tokens
        if _is_rescaled_within(loaded.model.config, length) or _slides_within(loaded.model.config, length):
            return ()
        try:
            guides = [self._guide(job.grammar) for _ in range(job.count)]
        except GrammarError:
            guides = [None] * job.count
        with torch.inference_mode():
            cache = self._read(job.ids)
            answers = sample(
                self._passes,
                cache,
                job.ids[-1],
                guides=guides,
                end_tokens=loaded.end_tokens,
                max_new_tokens=job.max_new_tokens,
                temperature=_TEMPERATURE,
                seed=_SEED,
            )
        self._prefix.keep(job.ids[:-1], cache)
        found: dict[str, Candidate] = {}
        for answer in sorted(answers, key=lambda answer: -answer.log_probability):
            text = loaded.tokenizer.decode(answer.tokens, skip_special_tokens=True)
            if answer.ended and text not in found:
                found[text] = Candidate(text, len(answer.tokens), answer.log_probability)
        return tuple(found.values())

    def read(self, job: "ReadJob") -> None:
        """Have the keys and values of a prompt's beginning ready, for the prompts that will begin with it."""
        beginning = job.ids[:-1]
        if _is_rescaled_within(self.loaded.model.config, len(job.ids)):
            return
        if self._prefix.known(beginning) == len(beginning):
            return
        cache = self._store.load(beginning) if self._store is not None else None
        if cache is None:
            with torch.inference_mode():
                cache = self._read(job.ids)
            if self._store is not None:
                self._store.save(beginning, cache)
        self._prefix.keep(beginning, cache)

    def _read(self, ids: list[int]) -> Cache:
        """A cache that holds `ids` without the last."""
        cache = self._prefix.take(ids)
        read_into(cache, self._passes, ids[:-1])
        return cache

    def _guide(self, grammar: str) -> Guide | None:
        """A guide for `grammar`; None where there is none. Raises GrammarError for one that cannot be used."""
        if not grammar:
            return None
        if self._grammars is None:
            loaded: Any = self.loaded
            vocabulary = int(loaded.model.get_output_embeddings().weight.shape[0])
            self._grammars = Grammars(loaded.tokenizer, vocabulary, loaded.end_tokens)
        return self._grammars.guide(grammar)


def _is_rescaled_within(config: Any, tokens: int) -> bool:
    """Whether the model turns positions otherwise in texts of a length that `tokens` exceed (LongRoPE, dynamic NTK)."""
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") not in ("longrope", "dynamic"):
        return False
    short = rope.get("original_max_position_embeddings") or getattr(config, "original_max_position_embeddings", 0)
    return tokens > int(short or config.max_position_embeddings)


def _slides_within(config: Any, tokens: int) -> bool:
    """Whether a token at the end of so many does not see the first, which what several texts share has to be."""
    window = getattr(config.get_text_config(), "sliding_window", None)
    return window is not None and tokens > int(window)


def _configuration(loaded: LoadedModel, max_new_tokens: int, sampling: Sampling | None) -> GenerationConfig:
    drawn: dict[str, Any] = {"do_sample": False}
    if sampling is not None:
        drawn = {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "repetition_penalty": sampling.repetition_penalty,
        }
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        eos_token_id=sorted(loaded.end_tokens),
        pad_token_id=min(loaded.end_tokens),
        **drawn,
    )


def store_for(loaded: LoadedModel, folder: Path | None, reader: str) -> PrefixStore | None:
    """Where the model of `folder` keeps what it has read with the adapter that is in use now, by `reader`.

    None on a GPU, which is quicker than a disk.
    """
    if folder is None or loaded.device != "cpu":
        return None
    try:
        files = [(file.name, file.stat()) for file in sorted(folder.glob("*.safetensors"))]
    except OSError:
        return None
    if not files:
        return None
    stamps = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in files]
    model = f"{folder.resolve()} {stamps} {loaded.form} {loaded.adapters.stamp} {reader}"
    return PrefixStore(cache_folder() / "prefixes", model)


class Job(Protocol):
    """Something for the model's thread to do."""

    @property
    def cancel(self) -> Cancel:
        """Ends it within one forward pass."""
        ...

    def run(self, generator: Generator) -> None:
        """Do it. Never raises: what went wrong is for whoever waits."""
        ...

    def let_go(self) -> None:
        """Tell whoever waits that it will not be done, or is."""
        ...


@dataclass(frozen=True, slots=True)
class AnswerJob:
    """One answer, streamed."""

    ids: list[int]
    max_new_tokens: int
    stream: AnswerStream
    cancel: Cancel
    grammar: str = ""
    draft: Draft | None = None

    def run(self, generator: Generator) -> None:
        """Write the answer into the stream, and end the stream whatever happens."""
        try:
            if not self.cancel.requested:
                generator.answer(self)
        except GenerationInterrupted:
            pass
        except BaseException as error:  # noqa: BLE001 - a library's panic is no Exception, and the reader must not wait
            self.stream.error = error
        finally:
            self.let_go()

    def let_go(self) -> None:
        """End the reader's iteration."""
        self.stream.finish()


class _AwaitedJob(ABC):
    """Something whose end is waited for: `done` is set whatever becomes of it."""

    def __init__(self, cancel: Cancel) -> None:
        self.cancel = cancel
        self.error: BaseException | None = None
        self.done = threading.Event()

    def run(self, generator: Generator) -> None:
        """Do it, or keep the error."""
        try:
            if not self.cancel.requested:
                self._do(generator)
        except GenerationInterrupted:
            pass
        except BaseException as error:  # noqa: BLE001 - a library's panic is no Exception; told to whoever waits
            self.error = error
        finally:
            self.let_go()

    @abstractmethod
    def _do(self, generator: Generator) -> None:
        """What there is to do; it may raise whatever a library raises."""

    def let_go(self) -> None:
        """Wake whoever waits."""
        self.done.set()


class CandidatesJob(_AwaitedJob):
    """Several answers at once."""

    def __init__(self, ids: list[int], count: int, max_new_tokens: int, cancel: Cancel, grammar: str = "") -> None:
        super().__init__(cancel)
        self.ids = ids
        self.count = count
        self.max_new_tokens = max_new_tokens
        self.grammar = grammar
        self.found: tuple[Candidate, ...] = ()

    def _do(self, generator: Generator) -> None:
        self.found = generator.candidates(self)


class ChangeJob(_AwaitedJob):
    """Another adapter. It comes after the answers that were asked for before it, and those after it get the other."""

    def __init__(self, change: Callable[[Generator], None], cancel: Cancel) -> None:
        super().__init__(cancel)
        self._change = change
        self._beginning = threading.Lock()
        self._has_begun = False
        self.is_made = False

    def run(self, generator: Generator) -> None:
        """Make the change, unless it has been given up."""
        with self._beginning:
            self._has_begun = not self.cancel.requested
        super().run(generator)

    def give_up(self) -> None:
        """Once cancelled: let go of whoever waits, unless it has begun and its end decides what is in use."""
        with self._beginning:
            if not self._has_begun:
                self.let_go()

    def _do(self, generator: Generator) -> None:
        self._change(generator)
        self.is_made = True


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A prompt's beginning, read ahead of time. Nobody waits for it, so an error in it is the next answer's to tell."""

    ids: list[int]
    cancel: Cancel

    def run(self, generator: Generator) -> None:
        """Read it."""
        try:
            if not self.cancel.requested:
                generator.read(self)
        except BaseException:  # noqa: BLE001 - the question that follows meets the same error, and tells it
            return

    def let_go(self) -> None:
        """Nobody waits."""
