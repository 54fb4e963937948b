"""A served model behind the Engine protocol: which model it is, what fits it, and how each answer ends.

Importing this module opens nothing and imports no HTTP library. `endpoint` says where the server is, `chat_requests`
asks it, `chat_api` reads its answers.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.endpoint import KEY_VARIABLE, Endpoint, Limits
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
from nl2sql_tui.engine.opening import Opening
from nl2sql_tui.engine.profiles import AnswerForm
from nl2sql_tui.errors import InputError, ModelError, Stopped
from nl2sql_tui.template_names import TemplateName
from nl2sql_tui.text import shortened

if TYPE_CHECKING:
    from nl2sql_tui.engine.chat_api import Choice, ServedModel
    from nl2sql_tui.engine.chat_requests import ChatRequests
    from nl2sql_tui.engine.endpoint_client import EndpointClient, EndpointFailed

_DEFAULT_CONTEXT_TOKENS: Final = 4096
_MOST_SCHEMA_TOKENS: Final = 4000
"""As for the largest local profile: more dilutes the question."""
_MOST_NAMES_TOLD: Final = 12


class RemoteEngine:
    """Implements `engine.events.Engine` over the OpenAI-compatible API of vLLM, Ollama, llama-server and others.

    `model` and `adapter` are the server's names for them; a LoRA adapter is asked for by its name in the model's
    place. With neither, the server's only model answers. `context_tokens` is the most that is used of what the server
    tells, and what it is taken to have where it tells nothing; 0 for all of it, or a cautious number.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        model: str = "",
        adapter: str = "",
        context_tokens: int = 0,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        template: TemplateName = "schema first",
    ) -> None:
        self.endpoint = endpoint
        self._template: TemplateName = template
        self._base = model.strip()
        self._adapter = adapter.strip()
        self._limits = limits
        self._context_tokens = context_tokens or _DEFAULT_CONTEXT_TOKENS
        self._limit_by_user = context_tokens
        self._model = self._adapter or self._base
        self._served: tuple[ServedModel, ...] = ()
        self._chat: ChatRequests | None = None
        self._opening = Opening(_of_library, "The connection has been closed.")
        self._closing = self._opening.closing

    @property
    def name(self) -> str:
        """The model's name on the server; the server's own until it has said which model it has."""
        return self._model or self.endpoint.authority

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    @property
    def schema_tokens(self) -> int:
        return min(_MOST_SCHEMA_TOKENS, self._context_tokens // 2)

    @property
    def history_tokens(self) -> int:
        return self._context_tokens // 4

    @property
    def answer_form(self) -> AnswerForm:
        return "sql"

    @property
    def template(self) -> TemplateName:
        return self._template

    @property
    def more_answers(self) -> int:
        """None: each would be another request to somebody's server."""
        return 0

    @property
    def load_state(self) -> LoadState:
        return self._opening.state

    @property
    def adapter(self) -> str:
        return self._adapter

    def adapters(self) -> tuple[KnownAdapter, ...]:
        """Those that the server listed, and the one in use; a server that tells nothing of adapters may have others."""
        listed = {one.name: one.base for one in self._served if one.base}
        if self._adapter:
            listed.setdefault(self._adapter, self._base)
        return tuple(
            KnownAdapter(name, f"on {base}" if base else "", in_use=name == self._adapter, is_loaded=True)
            for name, base in listed.items()
        )

    def memory(self) -> ModelMemory | None:
        """Not known: the model is elsewhere."""
        return None

    def start(self) -> None:
        """Ask the server for its models in the background; after a failure, ask again."""
        asking = LoadState("loading", f"asking {self.endpoint.authority}")
        self._opening.begin(asking, self._open, "endpoint opening")

    def wait_until_ready(self, cancel: Cancel) -> None:
        """Return when the server has answered, starting if nobody has. Raises ModelError, Stopped."""
        if self._opening.state.phase == "idle":
            self.start()
        self._opening.wait(cancel)

    def use_adapter(self, wanted: str | None, cancel: Cancel) -> None:
        """Ask for the adapter that the server calls `wanted`, or its base for None; see `Engine.use_adapter`.

        The server is asked for its models anew. One that lists none is believed to have what is named; if it does not,
        it says so to the next question.
        """
        self.wait_until_ready(cancel)
        own = Cancel()
        with self._opening.changing(cancel), cancel.calling(own.request), self._closing.calling(own.request):
            self._served = self._listed(self._ready().client, own, must_list=False)
            name = wanted.strip() if wanted is not None else self._base_of_adapter()
            listed = next((one for one in self._served if one.name == name), None)
            if self._served and listed is None:
                raise InputError(*self._no_model(name))
            own.raise_if_requested()
            tells_bases = any(one.base for one in self._served)
            is_model = name == self._base or (tells_bases and listed is not None and not listed.base)
            self._settle(name, is_adapter=wanted is not None and not is_model)

    def count_tokens(self, text: str) -> int:
        """An estimate: the tokenizer is the server's."""
        from nl2sql_tui.engine.chat_api import estimated_tokens

        return estimated_tokens(text)

    def stream(
        self,
        prompt: Prompt,
        *,
        max_new_tokens: int,
        cancel: Cancel,
        grammar: str = "",
        draft: Callable[[str], str] | None = None,  # noqa: ARG002 - nothing of a draft can be said to a server
    ) -> Iterator[GenerationEvent]:
        """Answer greedily; see `Engine.stream`. The token counts are estimates until the server tells its own."""
        from nl2sql_tui.engine.chat_api import ChatAnswer, request_for
        from nl2sql_tui.engine.endpoint_client import EndpointFailed

        began = time.perf_counter()
        chat = self._ready()
        request = request_for(prompt, self._model, max_new_tokens)
        estimate = sum(self.count_tokens(text) for text in request.texts)
        problem = self._too_long(estimate, max_new_tokens)
        if problem is not None:
            yield problem
            return
        shown = f"to {self._model} at {self.endpoint.base}\n\n{request.shown}"
        if grammar and chat.refuses_grammars:
            yield self._without_grammars()
            return
        yield Started(shown, estimate, self.context_tokens)
        answer, first_at, own = ChatAnswer(chat.client), 0.0, Cancel()
        try:
            with cancel.calling(own.request), self._closing.calling(own.request):
                for piece in chat.pieces(answer, request, grammar, own):
                    first_at = first_at or time.perf_counter()
                    yield Token(piece, answer.first.tokens, time.perf_counter() - began)
                own.raise_if_requested()
        except Stopped:
            yield GenerationStopped(answer.first.text, answer.first.tokens, time.perf_counter() - began)
            return
        except EndpointFailed as error:
            told = self._in_words(error)
            yield GenerationFailed(told.message, told.hint, answer.first.text)
            return
        ended_at = time.perf_counter()
        if "grammar" in answer.left_out:
            yield self._without_grammars(answer.first.text)
            return
        yield Generated(
            text=answer.first.text,
            prompt_tokens=answer.prompt_tokens or estimate,
            tokens=answer.answer_tokens or answer.first.tokens,
            seconds_to_first_token=(first_at or ended_at) - began,
            seconds=ended_at - began,
            cut=answer.first.finish_reason == "length",
            log_probability=answer.first.known_log_probability,
        )

    def candidates(
        self, prompt: Prompt, *, count: int, max_new_tokens: int, cancel: Cancel, grammar: str = ""
    ) -> tuple[Candidate, ...]:
        """Sampled answers with fixed seeds; see `Engine.candidates`.

        Where the server gives no log-probabilities, an answer's is that of its share among the samples. Empty where
        the server takes no seed: it would not give the same answers again.
        """
        from nl2sql_tui.engine.chat_api import request_for
        from nl2sql_tui.engine.endpoint_client import EndpointFailed

        chat, own = self._ready(), Cancel()
        request = request_for(prompt, self._model, max_new_tokens)
        try:
            with cancel.calling(own.request), self._closing.calling(own.request):
                return _ranked(chat.samples(request, count, grammar, own))
        except EndpointFailed as error:
            raise self._in_words(error) from error

    def read_ahead(self, one: Prompt, other: Prompt, cancel: Cancel) -> None:
        """Does nothing: nothing of the database is sent before there is a question about it."""

    def close(self) -> None:
        """Close every connection and release whoever waits for one."""
        self._opening.close()

    # Opening

    def _open(self) -> None:
        chat = self._opening.attempt(self._opened)
        if chat is not None:
            self._chat = chat
            self._opening.succeed(LoadState("ready", self.endpoint.disclosure, device=self.endpoint.authority))

    def _opened(self) -> "ChatRequests":
        """What asks the server, with the model settled and its context taken over. Raises ModelError, Stopped."""
        from nl2sql_tui.engine.chat_requests import ChatRequests
        from nl2sql_tui.engine.endpoint_client import EndpointClient

        client = EndpointClient(self.endpoint, self._limits)
        self._served = self._listed(client, self._closing, must_list=not self._model)
        name = self._model or self._only_model()
        self._settle(name, is_adapter=bool(self._adapter) or any(one.base for one in self._served if one.name == name))
        return ChatRequests(client)

    def _listed(self, client: "EndpointClient", cancel: Cancel, *, must_list: bool) -> "tuple[ServedModel, ...]":
        """The server's models. Raises ModelError, Stopped.

        A list of models is a courtesy, and some servers have none: unless it `must_list` them, that is an empty one.
        """
        from nl2sql_tui.engine.chat_api import served_models
        from nl2sql_tui.engine.endpoint_client import EndpointFailed

        try:
            document = client.models(cancel)
            served = served_models(document)
            if served is None:
                raise client.garbage(str(document))
        except EndpointFailed as error:
            if must_list or not error.status or error.status in (401, 403):
                raise ModelError(error.message, error.hint) from error
            return ()
        return served

    def _settle(self, name: str, *, is_adapter: bool) -> None:
        """Ask for the model that the server calls `name` from now on, with the context that it tells of it."""
        self._model = name
        self._adapter = name if is_adapter else ""
        if not is_adapter:
            self._base = name
        told = [one.context_tokens for one in self._served if one.name == name and one.context_tokens]
        if told:
            self._context_tokens = min(told[0], self._limit_by_user or told[0])
        else:
            self._context_tokens = self._limit_by_user or _DEFAULT_CONTEXT_TOKENS

    def _base_of_adapter(self) -> str:
        """The model that the adapter in use was made for. Raises InputError where nobody has told."""
        told = next((one.base for one in self._served if one.name == self._adapter and one.base), "")
        if told or self._base:
            return told or self._base
        raise InputError(
            f"{self.endpoint.authority} does not tell which model {shortened(self._adapter, 80)} is an adapter of.",
            f"Name the model itself: {self._names()}." if self._served else "Name the model itself.",
        )

    def _only_model(self) -> str:
        where = self.endpoint.authority
        if not self._served:
            raise ModelError(f"{where} lists no models.", "Name the model with --model, as the server calls it.")
        if len(self._served) > 1:
            raise ModelError(f"{where} has several models.", f"Choose one with --model: {self._names()}.")
        return self._served[0].name

    def _names(self) -> str:
        names = [shortened(one.name, 80) for one in self._served]
        more = f" and {len(names) - _MOST_NAMES_TOLD} more" if len(names) > _MOST_NAMES_TOLD else ""
        return ", ".join(names[:_MOST_NAMES_TOLD]) + more

    def _ready(self) -> "ChatRequests":
        if self._chat is None:
            raise ModelError("The endpoint has not been opened yet.")
        return self._chat

    # Asking

    def _too_long(self, prompt_tokens: int, max_new_tokens: int) -> GenerationFailed | None:
        """What keeps the prompt from being sent: a server may cut it without a word."""
        room = self.context_tokens - max_new_tokens
        if room <= 0:
            return GenerationFailed(
                f"An answer of {max_new_tokens:,} tokens leaves no room in {self.name}'s {self.context_tokens:,}.",
                "Lower the setting max_new_tokens.",
            )
        if prompt_tokens > room:
            return GenerationFailed(
                f"Question and schema are about {prompt_tokens:,} tokens long; {self.name} takes {room:,} beside its "
                "answer.",
                "Shorten the question, or set context_tokens if the server takes more than it tells.",
            )
        return None

    def _without_grammars(self, text: str = "") -> GenerationFailed:
        """That nothing holds an answer to the schema here; `text` is what was written without."""
        return GenerationFailed(f"{self.endpoint.authority} does not hold answers to a grammar.", "", text)

    def _in_words(self, error: "EndpointFailed") -> ModelError:
        """A failure with what this engine knows beside it."""
        if error.status == 404:
            return ModelError(*self._no_model(self._model, error.hint))
        if error.status in (401, 403) and self.endpoint.key:
            return ModelError(error.message, f"Is the key in {KEY_VARIABLE} the right one?")
        return ModelError(error.message, error.hint)

    def _no_model(self, name: str, hint: str = "") -> tuple[str, str]:
        """That the server has nothing called `name`, and what it has, or else `hint`."""
        has = f"It has: {self._names()}." if self._served else hint
        return f"{self.endpoint.authority} has no model {shortened(name, 80)}.", has


def _of_library(error: BaseException) -> ModelError:
    return ModelError(f"The endpoint cannot be asked: {type(error).__name__}.")


def _ranked(samples: "list[Choice]") -> tuple[Candidate, ...]:
    """Different texts, the likeliest first."""
    share = Counter(sample.text.strip() for sample in samples)
    told = [sample.known_log_probability for sample in samples]
    found: dict[str, Candidate] = {}
    for sample, probability in zip(samples, told, strict=True):
        text = sample.text.strip()
        if text and text not in found:
            if probability is None or None in told:
                probability = math.log(share[text] / len(samples))
            found[text] = Candidate(text, sample.tokens, probability)
    return tuple(sorted(found.values(), key=lambda candidate: -candidate.log_probability))
