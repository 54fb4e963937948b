"""Holds an answer to a grammar while it is written, with llguidance; writes no grammar itself.

The method is constrained decoding with an Earley parser over the bytes of the tokens, as llguidance implements it.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import torch

_FORBIDDEN: Final = float("-inf")


class Guide:
    """Where an answer stands in its grammar. Used from the model's thread alone."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    def held(self, logits: torch.Tensor) -> torch.Tensor:
        """`logits`, [vocabulary], with every token that cannot stand next at minus infinity.

        Raises GrammarError if the parser gave up, as on a grammar too large.
        """
        allowed = torch.frombuffer(bytearray(self._matcher.compute_logit_bias()), dtype=torch.uint8) != 0
        if self._matcher.is_error():
            # The parser has met a limit of its own, and offers the end where the answer is not at one.
            raise GrammarError(self._matcher.get_error())
        held = logits.clone()
        known = min(len(allowed), len(held))
        held[:known].masked_fill_(~allowed[:known].to(held.device), _FORBIDDEN)
        held[known:] = _FORBIDDEN
        return held

    def forced(self) -> list[int]:
        """The tokens that have to come next whatever the model prefers; often none."""
        return list(self._matcher.compute_ff_tokens())

    def possible(self, draft: Sequence[int]) -> int:
        """How many tokens of `draft` may stand next, from its beginning."""
        return int(self._matcher.validate_tokens(list(draft)))

    def take(self, token: int) -> None:
        """The answer goes on with `token`. Raises GrammarError if the parser gave up, as on a grammar too large."""
        if not self._matcher.consume_token(token):
            raise GrammarError(self._matcher.get_error())


class GrammarError(Exception):
    """The grammar cannot be used; the answer can still be written without it."""


class Grammars:
    """Compiles grammars for one tokenizer."""

    def __init__(self, tokenizer: Any, vocabulary: int, end_tokens: Iterable[int]) -> None:
        """`vocabulary` is the number of the model's logits. Raises GrammarError for a tokenizer that cannot be used."""
        from llguidance import LLTokenizer

        try:
            description = _without_special_names(tokenizer.backend_tokenizer.to_str())
            self._tokenizer = LLTokenizer(description, n_vocab=vocabulary, eos_token=sorted(end_tokens))
        except ValueError as error:
            raise GrammarError(str(error)) from error
        self._last: tuple[str, Any] | None = None

    def guide(self, grammar: str) -> Guide:
        """A guide at the beginning of `grammar`. Raises GrammarError where it is none."""
        from llguidance import LLMatcher

        if self._last is None or self._last[0] != grammar:
            # It would print its warnings over the screen.
            matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
            if matcher.is_error():
                raise GrammarError(matcher.get_error())
            self._last = (grammar, matcher)
        return Guide(self._last[1].deep_copy())


def _without_special_names(description: str) -> str:
    """A tokenizer's description in which no text reads as a special token.

    A name of the schema may hold `<|im_end|>`: where the grammar forces it, its letters have to be written, and not
    the token. U+FDD0 stands in no text.
    """
    tokenizer = json.loads(description)
    tokenizer["truncation"] = tokenizer["padding"] = None
    unsayable = {token["content"]: f"\ufdd0{token['id']}" for token in tokenizer["added_tokens"] if token["special"]}
    for token in tokenizer["added_tokens"]:
        token["content"] = unsayable.get(token["content"], token["content"])
    vocabulary = tokenizer["model"].get("vocab")
    if isinstance(vocabulary, dict):
        tokenizer["model"]["vocab"] = {unsayable.get(text, text): place for text, place in vocabulary.items()}
    elif isinstance(vocabulary, list):
        tokenizer["model"]["vocab"] = [[unsayable.get(text, text), score] for text, score in vocabulary]
    return json.dumps(tokenizer)
