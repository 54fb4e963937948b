"""The layers that Llama and its relatives have, computed in as few calls as they need.

Each step computes what transformers' modules do, in the same numbers (in float32 but for the order of sums).
Projections of the same input are one product. How tokens attend to one another is the caller's part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn import functional

from nl2sql_tui.engine.products import Product

_TYPES: Final = frozenset({"llama", "mistral", "qwen2", "phi3"})
_CHANGING_ROPES: Final = frozenset({"dynamic", "longrope"})
"""Whose angles depend on how long the text gets."""

Attend = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""A layer's place, its queries (heads, tokens, width), new keys and values (1, groups, tokens, width) → what is found
for each token, (tokens, heads · width)."""


def normed(states: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    """RMSNorm as the modules have it: what is scaled is rounded before the weight."""
    return weight * functional.rms_norm(states, states.shape[-1:], None, epsilon)


def turned(given: torch.Tensor, groups: int, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Queries and keys of `given`, (tokens, heads with their queries, keys, values; width), turned by their positions.

    The sines have the sign that the first half gets.
    """
    turning = given[:, :-groups]
    first, second = turning.chunk(2, -1)
    return turning * cosines + torch.cat((second, first), -1) * sines


def gated(gate_and_up: torch.Tensor) -> torch.Tensor:
    """What the first half lets through of the second (SwiGLU)."""
    gate, up = gate_and_up.chunk(2, -1)
    return functional.silu(gate) * up


@dataclass(frozen=True, slots=True)
class Pointwise:
    """What a layer does between its products; each may be compiled."""

    normed: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor] = normed
    turned: Callable[[torch.Tensor, int, torch.Tensor, torch.Tensor], torch.Tensor] = turned
    gated: Callable[[torch.Tensor], torch.Tensor] = gated


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
    """Whether `LlamaLayers` computes what `model` does: layers of that kind, with no adapter beside them."""
    config = model.config
    if config.model_type not in _TYPES or config.hidden_act != "silu":
        return False
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type", "default") in _CHANGING_ROPES or rope.get("partial_rotary_factor", 1.0) != 1.0:
        return False
    if len(set(getattr(config, "layer_types", None) or ())) > 1:
        return False
    products = [model.lm_head, *(part for layer in model.model.layers for part in _products(layer))]
    dtypes = {parameter.dtype for parameter in model.parameters()}
    return all(type(product) is torch.nn.Linear for product in products) and len(dtypes) == 1


class LlamaLayers:
    """See the module. It has the model's weights for itself until `give_back`; only a small head is held twice."""

    def __init__(self, model: Any) -> None:
        config = model.config
        self._turn = model.model.rotary_emb
        self._words = model.model.embed_tokens.weight
        self._layers = [_laid_together(layer) for layer in model.model.layers]
        self._last_norm = model.model.norm.weight
        self._head = Product([model.lm_head], is_shared=model.lm_head.weight is self._words)
        self._epsilon = float(config.rms_norm_eps)
        attention = model.model.layers[0].self_attn
        self.heads: Final = int(config.num_attention_heads)
        self.groups: Final = int(config.num_key_value_heads)
        """Heads of one read the same keys."""
        self.width: Final = int(attention.head_dim)
        self.scale: Final = float(attention.scaling)
        self.window: Final = _window_of(config)
        """Tokens that one sees, itself and those before it; None for all."""
        self.dtype: Final[torch.dtype] = self._words.dtype

    @property
    def count(self) -> int:
        """How many layers there are."""
        return len(self._layers)

    @property
    def vocabulary(self) -> int:
        """Tokens that there are, as the logits count them."""
        return int(self._words.shape[0])

    @property
    def is_laid_out(self) -> bool:
        """Whether the weights are laid out for few rows at a time."""
        return self._head.is_laid_out

    def give_back(self) -> None:
        """Let the modules have their weights again."""
        for layer in self._layers:
            for product in (layer.queries_keys_values, layer.out, layer.gate_and_up, layer.down):
                product.give_back()
        self._head.give_back()

    def logits(
        self,
        ids: torch.Tensor,
        positions: torch.Tensor,
        rows: int,
        attend: Attend,
        pointwise: Pointwise = Pointwise(),
    ) -> torch.Tensor:
        """Those behind the last `rows` of `ids`, (tokens), at `positions`, (1, tokens): (rows, vocabulary), float32."""
        states = functional.embedding(ids, self._words)
        cosines, sines = self._angles(states, positions)
        for place, layer in enumerate(self._layers):
            before = pointwise.normed(states, layer.before_attention, self._epsilon)
            given = layer.queries_keys_values(before).view(len(ids), -1, self.width)
            queries, keys = pointwise.turned(given, self.groups, cosines, sines).split([self.heads, self.groups], 1)
            values = given[:, -self.groups :]
            found = attend(place, queries.transpose(0, 1), keys.transpose(0, 1)[None], values.transpose(0, 1)[None])
            states = states + layer.out(found)
            before = pointwise.normed(states, layer.before_mlp, self._epsilon)
            states = states + layer.down(pointwise.gated(layer.gate_and_up(before)))
        return self._head(pointwise.normed(states[-rows:], self._last_norm, self._epsilon)).float()

    def _angles(self, states: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines for each token, (tokens, 1, width); the sines with the sign that the first half gets."""
        cosines, sines = self._turn(states, positions)
        first, second = sines[0].chunk(2, -1)
        return cosines[0][:, None], torch.cat((-first, second), -1)[:, None]


def _window_of(config: Any) -> int | None:
    window = getattr(config, "sliding_window", None)
    is_of_use = "full_attention" not in (getattr(config, "layer_types", None) or ())
    return int(window) if window is not None and is_of_use else None


def _products(layer: Any) -> tuple[Any, ...]:
    attention, mlp = layer.self_attn, layer.mlp
    return (*_queries_keys_values(attention), attention.o_proj, *_gate_and_up(mlp), mlp.down_proj)


def _queries_keys_values(attention: Any) -> tuple[Any, ...]:
    """In this order; Phi-3 has them in one."""
    fused = getattr(attention, "qkv_proj", None)
    return (fused,) if fused is not None else (attention.q_proj, attention.k_proj, attention.v_proj)


def _gate_and_up(mlp: Any) -> tuple[Any, ...]:
    fused = getattr(mlp, "gate_up_proj", None)
    return (fused,) if fused is not None else (mlp.gate_proj, mlp.up_proj)


def _laid_together(layer: Any) -> _Layer:
    """The weights of `layer`, those that read the same side by side."""
    attention, mlp = layer.self_attn, layer.mlp
    return _Layer(
        before_attention=layer.input_layernorm.weight,
        queries_keys_values=Product(_queries_keys_values(attention)),
        out=Product([attention.o_proj]),
        before_mlp=layer.post_attention_layernorm.weight,
        gate_and_up=Product(_gate_and_up(mlp)),
        down=Product([mlp.down_proj]),
    )
