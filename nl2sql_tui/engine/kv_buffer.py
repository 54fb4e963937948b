"""Keys and values in buffers with room to spare: a new token is written behind the others, not copied with them.

transformers' own growing cache copies everything at each token; its static one cannot be cut back.
"""

from collections.abc import Iterator
from typing import Any, Final

import torch
from transformers.cache_utils import Cache, DynamicLayer

_ROOM: Final = 256
"""Tokens by which a full buffer grows, at least."""


class BufferLayer(DynamicLayer):
    """One layer's keys and values, [batch, heads, tokens, width], as views of larger buffers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._key_room: torch.Tensor | None = None
        self._value_room: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_options: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Put the new tokens behind those that are there, and give all of them."""
        return self.append(key_states, value_states, self.get_seq_length() + key_states.shape[-2])

    def append(self, keys: torch.Tensor, values: torch.Tensor, read: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Put the new tokens behind those that are there: the first `read` of the buffers, zeros behind the last token.

        What was cut off may stand there instead of zeros, and is as finite.
        """
        if not self.is_initialized:
            self.lazy_initialization(keys, values)
        known = self.get_seq_length()
        length = known + keys.shape[-2]
        self._key_room = _with_room(self._key_room, self.keys, keys, known, read)
        self._value_room = _with_room(self._value_room, self.values, values, known, read)
        self._key_room[..., known:length, :] = keys
        self._value_room[..., known:length, :] = values
        self.keys, self.values = self._key_room[..., :length, :], self._value_room[..., :length, :]
        return self._key_room[..., :read, :], self._value_room[..., :read, :]

    def move_into(self, key_room: torch.Tensor, value_room: torch.Tensor) -> None:
        """Keep the tokens in these buffers from now on, [1, heads, room, width], whose room is enough for them."""
        known = self.get_seq_length()
        if known and self.keys is not None and self.values is not None:
            key_room[..., :known, :] = self.keys
            value_room[..., :known, :] = self.values
        elif not self.is_initialized:
            self.lazy_initialization(key_room, value_room)
        self._key_room, self._value_room = key_room, value_room
        self.set_length(known)

    def move_out(self) -> None:
        """Keep the tokens in buffers of their own from now on, without room to spare."""
        if self.keys is not None and self.values is not None:
            self._key_room, self._value_room = self.keys.clone(), self.values.clone()
            self.set_length(self._key_room.shape[-2])

    def is_in(self, key_room: torch.Tensor) -> bool:
        """Whether the keys are kept in this very buffer."""
        return self._key_room is key_room

    def set_length(self, length: int) -> None:
        """Take as known the first `length` tokens of the buffers, where somebody else may have written the last."""
        if self._key_room is not None and self._value_room is not None:
            self.keys, self.values = self._key_room[..., :length, :], self._value_room[..., :length, :]

    def reset(self) -> None:
        """Forget everything."""
        self._key_room = self._value_room = None
        super().reset()


def _with_room(
    room: torch.Tensor | None, kept: torch.Tensor | None, new: torch.Tensor, known: int, read: int
) -> torch.Tensor:
    """A buffer that begins with the `known` tokens of `kept` and has room for those of `new`, and for `read` in all."""
    length = max(read, known + new.shape[-2])
    if room is not None and room.shape[-2] >= length:
        return room
    capacity = max(length + _ROOM, 2 * known)
    larger = new.new_zeros((*new.shape[:-2], capacity, new.shape[-1]))
    if kept is not None and known:
        larger[..., :known, :] = kept
    return larger


def growing_cache() -> Cache:
    """An empty cache of such layers, one for each of the model's as they come.

    Made without the model's configuration: layers for a sliding window could not be cut back.
    """
    return Cache(layer_class_to_replicate=BufferLayer)


def layer_of(cache: Cache, place: int) -> BufferLayer:
    """The layer at `place` of a growing cache, made where it is not there yet. Raises TypeError for another cache."""
    while len(cache.layers) <= place:
        cache.layers.append(BufferLayer())
    layer = cache.layers[place]
    if not isinstance(layer, BufferLayer):
        raise TypeError(f"{type(layer).__name__} has no room to append to")
    return layer


def beginning_of(cache: Cache, length: int) -> Cache:
    """A new cache with the first `length` tokens of `cache`, which stays as it is."""
    copy = growing_cache()
    for place, (keys, values) in enumerate(keys_and_values(cache)):
        copy.update(keys[..., :length, :], values[..., :length, :], place)
    return copy


def keys_and_values(cache: Cache) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Those of each layer, [batch, heads, tokens, width]."""
    for layer in cache.layers:
        if isinstance(layer, DynamicLayer) and layer.keys is not None and layer.values is not None:
            yield layer.keys, layer.values
