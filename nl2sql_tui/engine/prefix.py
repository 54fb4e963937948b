"""Keeps what a model computed for the beginnings of prompts, so that the next question need not compute it again.

The schema stands first in every prompt; its keys and values stay the same from question to question.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transformers import Cache

_WORTH_KEEPING: Final = 16
"""Tokens in common below which nothing is gained."""
_MOST_TIMES_AS_LONG: Final = 2
"""A prompt that is this much longer than what another has in common with it stays whole beside that."""
_MOST_BYTES: Final = 512 * 1024 * 1024


class PrefixCache:
    """The keys and values of the last prompts, the oldest dropped first. Use it from the model's thread alone."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """The latest prompt is kept whatever it takes, the others within `most_bytes` in all."""
        self._most_bytes = most_bytes
        self._kept: list[tuple[list[int], Cache]] = []

    def known(self, ids: Sequence[int]) -> int:
        """How many tokens `ids` has in common with the prompt that has the most."""
        return max((common_length(kept, ids) for kept, _ in self._kept), default=0)

    def take(self, ids: Sequence[int]) -> "Cache":
        """A cache that holds what `ids` begins with, as far as it is known; at least its last token is left to do.

        It is the caller's until `keep` brings it back: a pass that ends in the middle leaves it in pieces.
        """
        from nl2sql_tui.engine.kv_buffer import beginning_of, growing_cache

        shared = self.known(ids[:-1])
        if shared < _WORTH_KEEPING:
            return growing_cache()
        # Of several with as much in common, the latest.
        place = max(range(len(self._kept)), key=lambda place: (common_length(self._kept[place][0], ids[:-1]), place))
        kept, cache = self._kept[place]
        if len(kept) > _MOST_TIMES_AS_LONG * shared:
            # It is of more use to those who will come with all of it.
            return beginning_of(cache, shared)
        del self._kept[place]
        surplus = cache.get_seq_length() - shared
        if surplus > 0:
            cache.crop(-surplus)
        return cache

    def keep(self, ids: Sequence[int], cache: "Cache") -> None:
        """Remember `cache`, which holds `ids` and whatever was generated after them."""
        self._kept.append((list(ids), cache))
        total = sum(_bytes_of(kept) for _, kept in self._kept)
        while len(self._kept) > 1 and total > self._most_bytes:
            total -= _bytes_of(self._kept.pop(0)[1])


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def _bytes_of(cache: "Cache") -> int:
    from nl2sql_tui.engine.kv_buffer import keys_and_values

    return sum(keys.nbytes + values.nbytes for keys, values in keys_and_values(cache))
