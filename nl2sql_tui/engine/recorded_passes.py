"""Passes on an NVIDIA GPU: those over a few tokens are recorded once, and played back as one piece of work.

Such a pass reads each weight once, which a GPU does in less time than Python takes to ask for its some thousand steps.
So what lies between the products is compiled into few kernels, and the whole pass becomes a CUDA graph. That needs
everything to stand in the same place each time: keys and values stay in buffers of one size, and a pass is always one
over `_ROWS` tokens, of which some may be there to fill up. Nor do the sums depend then on how many were asked for.
"""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn import functional
from transformers import Cache

from nl2sql_tui.engine.kv_buffer import growing_cache, layer_of
from nl2sql_tui.engine.llama_layers import LlamaLayers, Pointwise
from nl2sql_tui.engine.passes import Branches, Passes
from nl2sql_tui.engine.steady import Part, attend, seen_before

Work = Callable[[], None]
"""Reads and writes tensors that stay where they are."""
Recorder = Callable[[Work], Work]
"""Makes of some work one that does the same, more quickly."""

_ROWS: Final = 8
"""Tokens of a pass: as many as the smallest blocks that a GPU multiplies by have."""
_STRIDE: Final = 512
"""Keys that are read are a multiple of it; each has a recording of its own."""
_MOST_APART: Final = 0.05
"""Of the span of the logits: what rounding in half precision may change, and a wrong pass exceeds by far."""


class StaticRooms:
    """Buffers for the keys and values of one cache at a time, which stay where they are."""

    def __init__(self, layers: LlamaLayers, tokens: int, device: torch.device) -> None:
        shape = (1, layers.groups, tokens, layers.width)
        self.tokens: Final = tokens
        self.of_layer: Final = tuple(
            (
                torch.zeros(shape, dtype=layers.dtype, device=device),
                torch.zeros(shape, dtype=layers.dtype, device=device),
            )
            for _ in range(layers.count)
        )
        """Keys and values, each (1, groups, tokens, width)."""
        self._guest: weakref.ref[Cache] | None = None

    def take_in(self, cache: Cache) -> None:
        """Have the tokens of `cache` here, and those of the cache before it in buffers of its own."""
        if self._holds(cache):
            return
        before = self._guest() if self._guest is not None else None
        if before is not None and self._holds(before):
            for place in range(len(self.of_layer)):
                layer_of(before, place).move_out()
        for place, (keys, values) in enumerate(self.of_layer):
            layer_of(cache, place).move_into(keys, values)
        self._guest = weakref.ref(cache)

    def _holds(self, cache: Cache) -> bool:
        """Whether it is here still: a cache that outgrew the buffers has its own."""
        return bool(cache.layers) and layer_of(cache, 0).is_in(self.of_layer[0][0])


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a recorded pass reads and writes, always in the same place."""

    ids: torch.Tensor
    """(rows)."""
    positions: torch.Tensor
    """(1, rows), in the text."""
    places: torch.Tensor
    """(rows), in the buffers."""
    sight: torch.Tensor
    """(rows, tokens that there is room for), bool: what each sees."""
    logits: torch.Tensor
    """(rows, vocabulary)."""


class RecordedPasses(Passes):
    """See the module. Longer passes, and those that the buffers have no room for, go through the modules."""

    def __init__(
        self,
        model: Any,
        before_layer: Callable[[], None],
        context_tokens: int,
        record: Recorder,
        pointwise: Pointwise = Pointwise(),  # noqa: B008 - it is frozen
    ) -> None:
        super().__init__(model)
        self._before_layer = before_layer
        self._record = record
        self._pointwise = pointwise
        self._layers = LlamaLayers(model)
        room = -(-(context_tokens + _ROWS) // _STRIDE) * _STRIDE
        self._rooms = StaticRooms(self._layers, room, self.device)
        self._inputs = self._made_inputs(room)
        self._recordings: dict[int, Work] = {}

    @property
    def longest_draft(self) -> int:
        """What fills a pass up."""
        return _ROWS - 1

    def give_back(self) -> None:
        """Let the modules have their weights again, and drop what was recorded with them."""
        self._recordings.clear()
        self._layers.give_back()

    def _computed(self, ids: Sequence[int], cache: Cache, rows: int, branches: Branches | None) -> torch.Tensor:
        known, count = cache.get_seq_length(), len(ids)
        if known + max(count, _ROWS) > self._rooms.tokens:
            return super()._computed(ids, cache, rows, branches)
        self._rooms.take_in(cache)
        if count > _ROWS:
            return super()._computed(ids, cache, rows, branches)
        self._before_layer()
        self._fill_in(ids, known, branches)
        read = -(-(known + _ROWS) // _STRIDE) * _STRIDE
        if read not in self._recordings:
            self._recordings[read] = self._record(lambda: self._pass(read))
        self._recordings[read]()
        for place in range(self._layers.count):
            layer_of(cache, place).set_length(known + count)
        return self._inputs.logits[count - rows : count].clone()

    def _made_inputs(self, room: int) -> _Inputs:
        return _Inputs(
            ids=torch.zeros(_ROWS, dtype=torch.int64, device=self.device),
            positions=torch.zeros((1, _ROWS), dtype=torch.int64, device=self.device),
            places=torch.zeros(_ROWS, dtype=torch.int64, device=self.device),
            sight=torch.zeros((_ROWS, room), dtype=torch.bool, device=self.device),
            logits=torch.zeros((_ROWS, self._layers.vocabulary), device=self.device),
        )

    def _fill_in(self, ids: Sequence[int], known: int, branches: Branches | None) -> None:
        """Put into the inputs `ids` and what they see; the last one fills up, and nobody sees its repetitions."""
        missing = _ROWS - len(ids)
        positions = branches.positions if branches is not None else list(range(known, known + len(ids)))
        sight = branches.sight if branches is not None else seen_before(known, len(ids), self._layers.window)
        sight = torch.cat([sight, sight[-1:].expand(missing, -1)])
        inputs = self._inputs
        inputs.ids.copy_(torch.tensor([*ids, *[ids[-1]] * missing]))
        inputs.positions.copy_(torch.tensor([[*positions, *[positions[-1]] * missing]]))
        inputs.places.copy_(torch.arange(known, known + _ROWS))
        inputs.sight.copy_(functional.pad(sight, (0, inputs.sight.shape[1] - sight.shape[1])))

    def _pass(self, read: int) -> None:
        """Compute the inputs' logits, with the first `read` tokens of the buffers in sight at most."""
        layers, inputs = self._layers, self._inputs
        hidden = torch.zeros((_ROWS, read), dtype=layers.dtype, device=self.device)
        hidden.masked_fill_(~inputs.sight[:, :read], float("-inf"))
        whole = (Part(0, _ROWS, hidden.repeat(layers.heads // layers.groups, 1), _ROWS),)

        def attended(place: int, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
            known_keys, known_values = self._rooms.of_layer[place]
            known_keys.index_copy_(2, inputs.places, keys)
            known_values.index_copy_(2, inputs.places, values)
            return attend(queries, known_keys, known_values, whole, layers.scale)

        inputs.logits.copy_(layers.logits(inputs.ids, inputs.positions, _ROWS, attended, self._pointwise))


def recorded_passes(model: Any, before_layer: Callable[[], None], context_tokens: int) -> RecordedPasses | None:
    """Recorded passes through `model`, which is on an NVIDIA GPU, compiled where that can be done here.

    None where nothing can be recorded, or what is played back differs from what the modules compute.
    """
    for pointwise in (compiled(Pointwise()), Pointwise()):
        # Whatever a compiler or a driver raises: there is another way.
        try:
            passes = RecordedPasses(model, before_layer, context_tokens, graph_of, pointwise)
            if agrees_with_modules(passes, model):
                return passes
        except Exception:  # noqa: BLE001
            continue
    return None


def agrees_with_modules(passes: Passes, model: Any) -> bool:
    """Whether `passes` gives the logits of the model's own modules, but for rounding, over a few tokens twice."""
    texts = ([*range(1, _ROWS + 1)], [5, 3])
    with torch.inference_mode():
        caches = growing_cache(), growing_cache()
        for ids in texts:
            played, expected = (
                way(ids, cache, len(ids)) for way, cache in zip((passes, Passes(model)), caches, strict=True)
            )
            span = float(expected.max() - expected.min())
            # Written so that a result that is no number does not agree.
            if not float((played - expected).abs().max()) <= _MOST_APART * span:
                return False
    return True


def compiled(pointwise: Pointwise) -> Pointwise:
    """The same steps, each to be compiled when it is first taken, into kernels that round where the modules do."""
    options: dict[str, Any] = {"emulate_precision_casts": True}
    return Pointwise(
        *(
            torch.compile(step, dynamic=False, fullgraph=True, options=options)
            for step in (pointwise.normed, pointwise.turned, pointwise.gated)
        )
    )


def graph_of(work: Work) -> Work:
    """`work` as a CUDA graph; it is done twice before, as libraries set themselves up when they are first used."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(2):
            work()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    # Other threads may ask the driver something meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        work()
    return graph.replay
