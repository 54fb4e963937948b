"""Passes through a model with Llama's layers on a CPU, in as few calls as they need.

Each step computes what transformers' modules do, in the same numbers (in float32 but for the order of sums).
Projections of the same input are one product; heads that share keys read them side by side, where the modules copy the
keys for each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn import functional
from transformers import Cache

from nl2sql_tui.engine.kv_buffer import BufferLayer
from nl2sql_tui.engine.passes import Branches, Passes
from nl2sql_tui.engine.products import Product
from nl2sql_tui.engine.steady import attend, parts_of

_TYPES: Final = frozenset({"llama", "mistral", "qwen2"})
_CHANGING_ROPES: Final = frozenset({"dynamic", "longrope"})
"""Whose angles depend on how long the text gets."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's weights."""

    before_attention: torch.Tensor
    queries_keys_values: Product
    out: Product
    before_mlp: torch.Tensor
    gate_and_up: Product
    down: Product


def has_llama_layers(model: Any) -> bool:
    """Whether `LlamaPasses` computes what `model` does: layers of that kind on a CPU, with no adapter beside them."""
    config = model.config
    if config.model_type not in _TYPES or model.device.type != "cpu" or config.hidden_act != "silu":
        return False
    if (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default") in _CHANGING_ROPES:
        return False
    if any(kind != "full_attention" for kind in getattr(config, "layer_types", None) or ()):
        return False
    if config.model_type == "mistral" and config.sliding_window is not None:
        return False
    products = [model.lm_head, *(part for layer in model.model.layers for part in _products(layer))]
    dtypes = {parameter.dtype for parameter in model.parameters()}
    return all(type(product) is torch.nn.Linear for product in products) and len(dtypes) == 1


def _products(layer: Any) -> tuple[Any, ...]:
    attention, mlp = layer.self_attn, layer.mlp
    return (
        *(attention.q_proj, attention.k_proj, attention.v_proj, attention.o_proj),
        *(mlp.gate_proj, mlp.up_proj, mlp.down_proj),
    )


class LlamaPasses(Passes):
    """See the module. It has the model's weights for itself until `give_back`; only a small head is held twice."""

    def __init__(self, model: Any, before_layer: Callable[[], None]) -> None:
        super().__init__(model)
        config = model.config
        self._before_layer = before_layer
        self._turn = model.model.rotary_emb
        self._words = model.model.embed_tokens.weight
        self._layers = [_laid_together(layer) for layer in model.model.layers]
        self._last_norm = model.model.norm.weight
        self._head = Product([model.lm_head], is_shared=model.lm_head.weight is self._words)
        self._epsilon = float(config.rms_norm_eps)
        self._heads, self._groups = int(config.num_attention_heads), int(config.num_key_value_heads)
        attention = model.model.layers[0].self_attn
        self._width, self._scale = int(attention.head_dim), float(attention.scaling)

    @property
    def longest_draft(self) -> int:
        """Eight where weights are laid out: a few rows more then hardly take longer, whatever the numbers."""
        return 8 if self._head.is_laid_out else super().longest_draft

    def give_back(self) -> None:
        """Let the modules have their weights again."""
        for layer in self._layers:
            for product in (layer.queries_keys_values, layer.out, layer.gate_and_up, layer.down):
                product.give_back()
        self._head.give_back()

    def _computed(self, ids: Sequence[int], cache: Cache, rows: int, branches: Branches | None) -> torch.Tensor:
        known, count = cache.get_seq_length(), len(ids)
        positions, sight = [*range(known, known + count)], None
        if branches is not None:
            positions, sight = branches.positions, branches.sight
        states = functional.embedding(torch.tensor(ids), self._words)
        cosines, sines = self._angles(states, positions)
        parts = parts_of(states.dtype, self._heads // self._groups, known, count, sight)
        for place, layer in enumerate(self._layers):
            self._before_layer()
            given = layer.queries_keys_values(self._normed(states, layer.before_attention))
            given = given.view(count, -1, self._width)
            turning, values = given[:, : -self._groups], given[:, -self._groups :]
            turned = turning * cosines + torch.cat(_halves_swapped(turning), -1) * sines
            queries, keys = turned.split([self._heads, self._groups], 1)
            known_keys, known_values = _layer_of(cache, place).append(
                keys.transpose(0, 1)[None], values.transpose(0, 1)[None], parts[-1].keys
            )
            found = attend(queries.transpose(0, 1), known_keys, known_values, parts, self._scale)
            states = states + layer.out(found)
            gate, up = layer.gate_and_up(self._normed(states, layer.before_mlp)).chunk(2, -1)
            states = states + layer.down(functional.silu(gate) * up)
        return self._head(self._normed(states[-rows:], self._last_norm)).float()

    def _angles(self, states: torch.Tensor, positions: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines for each token, (tokens, 1, width); the sines with the sign that the first half gets."""
        cosines, sines = self._turn(states, torch.tensor([positions]))
        first, second = sines[0].chunk(2, -1)
        return cosines[0][:, None], torch.cat((-first, second), -1)[:, None]

    def _normed(self, states: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """RMSNorm as the modules have it: what is scaled is rounded before the weight."""
        return weight * functional.rms_norm(states, states.shape[-1:], None, self._epsilon)


def _halves_swapped(states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = states.chunk(2, -1)
    return second, first


def _layer_of(cache: Cache, place: int) -> BufferLayer:
    """The cache's layer at `place`, made where it is not there yet."""
    while len(cache.layers) <= place:
        cache.layers.append(BufferLayer())
    layer = cache.layers[place]
    if not isinstance(layer, BufferLayer):
        raise TypeError(f"{type(layer).__name__} has no room to append to")
    return layer


def _laid_together(layer: Any) -> _Layer:
    """The weights of `layer`, those that read the same side by side."""
    attention, mlp = layer.self_attn, layer.mlp
    return _Layer(
        before_attention=layer.input_layernorm.weight,
        queries_keys_values=Product([attention.q_proj, attention.k_proj, attention.v_proj]),
        out=Product([attention.o_proj]),
        before_mlp=layer.post_attention_layernorm.weight,
        gate_and_up=Product([mlp.gate_proj, mlp.up_proj]),
        down=Product([mlp.down_proj]),
    )
