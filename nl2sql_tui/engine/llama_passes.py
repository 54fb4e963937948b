"""Passes through a model with Llama's layers on a CPU, in as few calls as they need.

Each step computes what transformers' modules do, in the same numbers. Projections of the same input are one product;
heads that share keys read them side by side, where the modules copy the keys for each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn import functional
from transformers import Cache

from nl2sql_tui.engine.kv_buffer import BufferLayer
from nl2sql_tui.engine.passes import Branches, Passes
from nl2sql_tui.engine.steady import attend, parts_of

_TYPES: Final = frozenset({"llama", "mistral", "qwen2"})
_CHANGING_ROPES: Final = frozenset({"dynamic", "longrope"})
"""Whose angles depend on how long the text gets."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's weights."""

    before_attention: torch.Tensor
    queries_keys_values: torch.Tensor
    bias: torch.Tensor | None
    out: torch.Tensor
    out_bias: torch.Tensor | None
    before_mlp: torch.Tensor
    gate_and_up: torch.Tensor
    down: torch.Tensor


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
    if getattr(config, "mlp_bias", False):
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
    """See the module. Its weights are the model's own, laid side by side: nothing is held twice."""

    def __init__(self, model: Any, before_layer: Callable[[], None]) -> None:
        super().__init__(model)
        config = model.config
        self._before_layer = before_layer
        self._turn = model.model.rotary_emb
        self._words = model.model.embed_tokens.weight
        self._layers = [_laid_together(layer) for layer in model.model.layers]
        self._last_norm, self._head = model.model.norm.weight, model.lm_head.weight
        self._epsilon = float(config.rms_norm_eps)
        self._heads, self._groups = int(config.num_attention_heads), int(config.num_key_value_heads)
        attention = model.model.layers[0].self_attn
        self._width, self._scale = int(attention.head_dim), float(attention.scaling)

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
            given = functional.linear(
                self._normed(states, layer.before_attention), layer.queries_keys_values, layer.bias
            ).view(count, -1, self._width)
            turning, values = given[:, : -self._groups], given[:, -self._groups :]
            turned = turning * cosines + torch.cat(_halves_swapped(turning), -1) * sines
            queries, keys = turned.split([self._heads, self._groups], 1)
            known_keys, known_values = _layer_of(cache, place).append(
                keys.transpose(0, 1)[None], values.transpose(0, 1)[None], parts[-1].keys
            )
            found = attend(queries.transpose(0, 1), known_keys, known_values, parts, self._scale)
            states = states + functional.linear(found, layer.out, layer.out_bias)
            gate, up = functional.linear(self._normed(states, layer.before_mlp), layer.gate_and_up).chunk(2, -1)
            states = states + functional.linear(functional.silu(gate) * up, layer.down)
        return functional.linear(self._normed(states[-rows:], self._last_norm), self._head).float()

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
    """The weights of `layer`, which become parts of what is laid side by side."""
    attention, mlp = layer.self_attn, layer.mlp
    read = (attention.q_proj, attention.k_proj, attention.v_proj)
    return _Layer(
        before_attention=layer.input_layernorm.weight,
        queries_keys_values=_joined([product.weight for product in read]),
        bias=_joined([product.bias for product in read]) if attention.q_proj.bias is not None else None,
        out=attention.o_proj.weight,
        out_bias=attention.o_proj.bias,
        before_mlp=layer.post_attention_layernorm.weight,
        gate_and_up=_joined([mlp.gate_proj.weight, mlp.up_proj.weight]),
        down=mlp.down_proj.weight,
    )


def _joined(parts: Sequence[torch.nn.Parameter]) -> torch.Tensor:
    """`parts` below one another; each becomes a view of the whole."""
    whole = torch.cat([part.data for part in parts])
    for part, own in zip(parts, whole.split([len(part) for part in parts]), strict=True):
        part.data = own
    return whole
