"""Keeps what a model computed for the beginning of a prompt, so that the next question need not compute it again.

The schema stands first in every prompt; its keys and values stay the same from question to question.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transformers import DynamicCache

_WORTH_KEEPING: Final = 16
"""Tokens in common below which nothing is gained."""


class PrefixCache:
    """The keys and values of the last prompt. Use it from the model's thread alone."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._cache: DynamicCache | None = None

    def take(self, ids: Sequence[int]) -> "DynamicCache":
        """A cache that holds what `ids` begins with, as far as it is known; at least its last token is left to do.

        It is the caller's until `keep` brings it back: a pass that ends in the middle leaves it in pieces.
        """
        # Made without the model's configuration: layers for a sliding window could not be cut back.
        from transformers import DynamicCache

        cache, self._cache = self._cache, None
        shared = _common_length(self._ids, ids[:-1])
        if cache is None or shared < _WORTH_KEEPING:
            return DynamicCache()
        surplus = cache.get_seq_length() - shared
        if surplus > 0:
            cache.crop(-surplus)
        return cache

    def keep(self, ids: Sequence[int], cache: "DynamicCache") -> None:
        """Remember `cache`, which holds `ids` and whatever was generated after them."""
        self._ids, self._cache = list(ids), cache


def _common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))
