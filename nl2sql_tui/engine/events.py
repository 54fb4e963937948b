"""What an engine is and what it says while it works; the core and the interface know engines only by this."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.profiles import AnswerForm
from nl2sql_tui.template_names import TemplateName

Role = Literal["system", "user", "assistant", "frame", "fill"]
"""Whose turn it is. The last two are pieces of a plain text that goes past the chat template: "frame" is the text's own
and stands as it is, markers included, "fill" is put into it, and no marker in it counts."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of what the model is shown."""

    role: Role
    text: str


Prompt = tuple[Message, ...]
"""The turns in order, to which the engine adds the model's own markers and the cue to answer; or the pieces of a plain
text, all of them, to which it adds at most what the model wants at the start of any text."""


@dataclass(frozen=True, slots=True)
class LoadState:
    """Where the engine stands between start and ready, and again while it is given another adapter."""

    phase: Literal["idle", "fetching", "converting", "loading", "ready", "failed"]
    detail: str = ""
    """For a person: what is fetched from where, what is wrong and what to do."""
    done: int = 0
    total: int = 0
    """Bytes of a fetch, so far and in all; 0 where there is nothing to count."""
    bytes_per_second: float = 0.0
    device: str = ""
    """Set once known: "cpu", "cuda:0 NVIDIA …", "mps"."""


PACKAGED = "packaged"
"""The name of the adapter that came with the program, where a model has one merged into its weights."""


@dataclass(frozen=True, slots=True)
class KnownAdapter:
    """An adapter that an engine can be told to use by its name alone."""

    name: str
    place: str = ""
    """Where it lies, or what it was made from, in raw words; empty where the name says it."""
    in_use: bool = False
    is_loaded: bool = False
    """It is in memory, so that switching to it takes no time."""


@dataclass(frozen=True, slots=True)
class ModelMemory:
    """What a loaded model takes, in bytes."""

    weights: int
    gpu_used: int | None
    """On its GPU, by whatever program; None for a model elsewhere."""
    gpu_free: int | None


@dataclass(frozen=True, slots=True)
class Started:
    """The prompt is ready for the model: what it is shown, to the letter."""

    prompt_text: str
    prompt_tokens: int
    context_tokens: int
    """The most that prompt and answer may take together."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the model has read a long prompt; not told of a short one."""

    done: int
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer. Pieces come at word ends, so one may stand for several tokens."""

    text: str
    tokens: int
    """Tokens generated so far, this piece's included."""
    seconds: float
    """Since the question reached the engine."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What a generation that ended by itself measured."""

    text: str
    prompt_tokens: int
    tokens: int
    seconds_to_first_token: float
    seconds: float
    cut: bool = False
    """The answer reached the limit on new tokens before it ended."""
    log_probability: float | None = None
    """Natural logarithm of the probability that the model gave the whole text, its end included; None if not known."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several answers to the same prompt."""

    text: str
    tokens: int
    log_probability: float
    """As in `Generated`."""


@dataclass(frozen=True, slots=True)
class GenerationStopped:
    """The user stopped it; `text` is what had come."""

    text: str
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class GenerationFailed:
    """It could not be done; `text` is what had come before."""

    message: str
    hint: str = ""
    text: str = ""


Final = Generated | GenerationStopped | GenerationFailed
GenerationEvent = Started | Reading | Token | Final


class Engine(Protocol):
    """A model that answers prompts. Every method may be called from any thread."""

    @property
    def name(self) -> str:
        """The profile's name, as the user gave it."""
        ...

    @property
    def context_tokens(self) -> int:
        """The most tokens that prompt and answer may take together."""
        ...

    @property
    def schema_tokens(self) -> int:
        """The most tokens the schema should take in a prompt, for this model to stay quick and to the point."""
        ...

    @property
    def history_tokens(self) -> int:
        """The most tokens that earlier turns should take in a prompt; 0 for a model taught on single questions."""
        ...

    @property
    def answer_form(self) -> AnswerForm:
        """What the model was taught to write."""
        ...

    @property
    def template(self) -> TemplateName:
        """How a question is laid out for it."""
        ...

    @property
    def more_answers(self) -> int:
        """How many more answers are worth comparing where it is unsure; 0 where that was not measured to help."""
        ...

    @property
    def load_state(self) -> LoadState:
        """Where loading stands now; cheap, for polling."""
        ...

    @property
    def adapter(self) -> str:
        """The adapter that answers, by its name; empty for the model by itself. Cheap, for polling."""
        ...

    def adapters(self) -> tuple[KnownAdapter, ...]:
        """Those loaded, and those known of that are not; it may look at the disk, and asks nobody over a network."""
        ...

    def use_adapter(self, wanted: str | None, cancel: Cancel) -> None:
        """Let another adapter answer from now on, or the model by itself for None; return when it does.

        `wanted` is the name of one that is known, or for a local model a folder or a Hub id. Answers being written come
        to their end first; whoever waits until the engine is ready waits for the end of this. Nothing that was computed
        with the one adapter is used with the other. Raises InputError where there is no such adapter or it is not the
        model's, ModelError, Stopped; the one before then stays in use.
        """
        ...

    def memory(self) -> ModelMemory | None:
        """What the model takes now; None where that is not known, as before it is loaded. Cheap, for polling."""
        ...

    def start(self) -> None:
        """Begin to load in the background; returns at once; a second call does nothing unless it failed."""
        ...

    def wait_until_ready(self, cancel: Cancel) -> None:
        """Return when ready, starting if nobody has. Raises ModelError if loading failed, Stopped on cancel."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens in `text`, without markers. Only after `wait_until_ready`."""
        ...

    def stream(
        self,
        prompt: Prompt,
        *,
        max_new_tokens: int,
        cancel: Cancel,
        grammar: str = "",
        draft: Callable[[str], str] | None = None,
    ) -> Iterator[GenerationEvent]:
        """Answer `prompt` greedily: at most one Started, Reading, Tokens, then exactly one Final as the last event.

        `grammar`, in llguidance's dialect of Lark, is what the answer has to keep to; empty for none. An engine that
        cannot hold an answer to it fails. `draft` tells how an answer is likely to go on; it makes the answer come
        sooner, and no other. It is called from the model's thread.

        Never raises for what happens in the model. A cancel takes at most one forward pass; the reader gets
        its GenerationStopped at once, without waiting for that pass.
        """
        ...

    def candidates(
        self, prompt: Prompt, *, count: int, max_new_tokens: int, cancel: Cancel, grammar: str = ""
    ) -> tuple[Candidate, ...]:
        """At most `count` different answers, the same each time for the same arguments; the likeliest first.

        Empty where an engine has none to give. Raises ModelError, Stopped.
        """
        ...

    def read_ahead(self, one: Prompt, other: Prompt, cancel: Cancel) -> None:
        """Prepare for prompts that begin as both of these do; returns at once. Only after `wait_until_ready`."""
        ...

    def close(self) -> None:
        """Let go of the model's memory; never waits for a running forward pass."""
        ...
