"""The OpenAI-compatible API in both directions: what a request says, and what the events of its answer say."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from nl2sql_tui.engine.chat_format import without_common_markers
from nl2sql_tui.engine.endpoint_client import EndpointClient, EndpointFailed, server_words
from nl2sql_tui.engine.events import Prompt

BYTES_PER_TOKEN: Final = 3.5
"""An estimate from the cautious side: English is nearer to four bytes a token, names with underscores to three."""
_CONTEXT_NAMES: Final = ("max_model_len", "context_length", "context_window", "max_context_length", "n_ctx")
"""What servers call the most tokens that prompt and answer may take; llama-server's stands under `meta`."""
_MOST_PLAUSIBLE: Final = 10**9
_DONE: Final = "[DONE]"
_BROKEN_OFF: Final = frozenset({"abort", "error", "content_filter"})


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One entry of a server's list of models."""

    name: str
    context_tokens: int | None
    """None where the server does not tell."""
    base: str = ""
    """The model that it is an adapter of; empty for a model, and where the server does not tell."""


def served_models(document: Any) -> tuple[ServedModel, ...] | None:
    """The models that `document`, the parsed answer of `/models`, lists; None if it is no such list."""
    entries = document.get("data") if isinstance(document, dict) else document
    if entries is None and isinstance(document, dict) and document.get("object") == "list":
        entries = []
    if not isinstance(entries, list):
        return None
    named = (entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str))
    return tuple(ServedModel(entry["id"], _context(entry), _base(entry)) for entry in named)


def _base(entry: Mapping[str, Any]) -> str:
    """vLLM's word for it."""
    parent = entry.get("parent")
    return parent if isinstance(parent, str) else ""


def _context(entry: Mapping[str, Any]) -> int | None:
    meta = entry.get("meta")
    for place in (entry, meta if isinstance(meta, dict) else {}):
        for name in _CONTEXT_NAMES:
            if (count := _count(place.get(name))) is not None:
                return count
    return None


def estimated_tokens(text: str) -> int:
    """About how many tokens `text` is, where the tokenizer is the server's and out of reach."""
    return math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Request:
    """One greedy answer as a stream, asked for with nothing that not every server takes."""

    path: str
    body: Mapping[str, Any]
    reports: Mapping[str, Any]
    """Useful fields beyond that. Greedy decoding needs no seed; it is there for servers that round."""
    texts: tuple[str, ...]
    """All that is sent of question and database."""
    shown: str
    """The same for a person; the server puts its own markers around the turns."""


def request_for(prompt: Prompt, model: str, max_new_tokens: int) -> Request:
    """The request that asks `model`, as a chat; as a plain completion where the prompt is the pieces of a plain text.

    The tokenizer is the server's, so what passes for a marker of turns in many models is made harmless.
    """
    greedy = {"model": model, "stream": True, "temperature": 0, "max_tokens": max_new_tokens}
    reports: dict[str, Any] = {"seed": 1, "stream_options": {"include_usage": True}}
    if any(message.role in ("frame", "fill") for message in prompt):
        text = "".join(m.text if m.role == "frame" else without_common_markers(m.text) for m in prompt)
        return Request("/completions", {**greedy, "prompt": text}, reports, (text,), text)
    turns = [{"role": message.role, "content": without_common_markers(message.text)} for message in prompt]
    return Request(
        "/chat/completions",
        {**greedy, "messages": turns},
        {**reports, "logprobs": True, "top_logprobs": 1},
        tuple(turn["content"] for turn in turns),
        "\n\n".join(f"{turn['role']}:\n{turn['content']}" for turn in turns),
    )


@dataclass(slots=True)
class Choice:
    """One answer as far as it has come."""

    text: str = ""
    tokens: int = 0
    finish_reason: str = ""
    """Empty until the server has said that it ended, and why."""
    log_probability: float = 0.0
    """Of the tokens that came with theirs; the mark of the end may not be among them."""
    has_log_probabilities: bool = True
    """Every piece so far came with them."""

    @property
    def known_log_probability(self) -> float | None:
        """Of the whole text; None where the server does not tell."""
        return self.log_probability if self.has_log_probabilities and self.tokens else None


@dataclass(slots=True)
class ChatAnswer:
    """What has come of the answer to one request; as many choices as were asked for."""

    client: EndpointClient
    choices: dict[int, Choice] = field(default_factory=dict)
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    """Both by the server's count, None until it tells."""
    left_out: set[str] = field(default_factory=set)
    """The groups of fields that the server refused for it."""
    events: int = 0
    is_done: bool = False
    """The server has closed the stream by its last word."""

    @property
    def ended(self) -> bool:
        """Every answer is whole."""
        return self.is_done or (bool(self.choices) and all(choice.finish_reason for choice in self.choices.values()))

    @property
    def first(self) -> Choice:
        """The answer where only one was asked for."""
        return self.choices.get(0) or Choice()

    def take(self, data: str) -> str:
        """Read one event; give the piece of text that it adds to the first answer.

        Raises EndpointFailed for an event that tells of an error, and for one that is none of the API's.
        """
        self.events += 1
        if data.strip() == _DONE:
            self.is_done = True
            return ""
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            raise self.client.garbage(data) from None
        if not isinstance(event, dict):
            raise self.client.garbage(data)
        if event.get("error") or event.get("object") == "error":
            said = self.client.quoted(server_words(data))
            raise EndpointFailed(f"{self.client.endpoint.authority} failed: {said}", "Its log says more.")
        self._take_usage(event.get("usage"))
        choices = event.get("choices")
        if not isinstance(choices, list):
            if "usage" in event:
                return ""
            raise self.client.garbage(data)
        pieces = [self._take_choice(choice) for choice in choices if isinstance(choice, dict)]
        return "".join(text for index, text in pieces if index == 0)

    def _take_usage(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self.prompt_tokens = _count(usage.get("prompt_tokens")) or self.prompt_tokens
            self.answer_tokens = _count(usage.get("completion_tokens")) or self.answer_tokens

    def _take_choice(self, found: Mapping[str, Any]) -> tuple[int, str]:
        """The number of the choice that `found` adds to, and the text that it adds."""
        index = found.get("index")
        index = index if isinstance(index, int) and index >= 0 else 0
        choice = self.choices.setdefault(index, Choice())
        message = found.get("delta") or found.get("message")
        text = message.get("content") if isinstance(message, dict) else found.get("text")
        text = _without_lone_surrogates(text) if isinstance(text, str) else ""
        probabilities = _log_probabilities(found.get("logprobs"))
        if text or probabilities:
            choice.text += text
            choice.tokens += len(probabilities) or 1
            choice.log_probability += sum(probabilities)
            choice.has_log_probabilities = choice.has_log_probabilities and bool(probabilities)
        reason = found.get("finish_reason")
        if isinstance(reason, str) and reason:
            if reason in _BROKEN_OFF:
                raise EndpointFailed(f"{self.client.endpoint.authority} broke the answer off ({reason}).")
            choice.finish_reason = reason
        return index, text


def _log_probabilities(found: Any) -> list[float]:
    content = found.get("content") if isinstance(found, dict) else None
    values = [entry.get("logprob") for entry in content if isinstance(entry, dict)] if isinstance(content, list) else []
    return [float(value) for value in values if isinstance(value, int | float) and not math.isnan(value)]


def _count(value: Any) -> int | None:
    """`value` if it can be a number of tokens."""
    return value if type(value) is int and 0 < value < _MOST_PLAUSIBLE else None


def _without_lone_surrogates(text: str) -> str:
    """JSON can write half a character; nothing further on could."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
