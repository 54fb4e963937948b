"""Small random models with Llama's layers, of all the kinds that are computed without their modules."""

from collections.abc import Callable
from typing import Any, Final

import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from nl2sql_tui.engine.kv_buffer import growing_cache, keys_and_values
from nl2sql_tui.engine.passes import Passes
from nl2sql_tui.engine.steady import make_steady

SIZES: Final[dict[str, Any]] = {
    "vocab_size": 200,
    "hidden_size": 192,
    # As wide as that of the default model: from some width on, one row is multiplied otherwise than several.
    "intermediate_size": 1536,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "initializer_range": 0.1,
}
MADE: Final[dict[str, Callable[[], Any]]] = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZES)),
    "llama with biases": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True)),
    "a key for each head": lambda: LlamaForCausalLM(LlamaConfig(**(SIZES | {"num_key_value_heads": 6}))),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**SIZES, sliding_window=None)),
    "mistral with a window": lambda: MistralForCausalLM(MistralConfig(**SIZES, sliding_window=90)),
    "phi3": lambda: Phi3ForCausalLM(Phi3Config(**SIZES, pad_token_id=0, sliding_window=64)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES)),
}
TEXT: Final = [(7 * place * place + 3 * place) % 200 for place in range(330)]


def model_of(name: str, dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    model = MADE[name]().to(dtype).eval()
    for place, (part, parameter) in enumerate(model.named_parameters()):
        # Made as zeros and ones, which would hide that they are left out.
        if part.endswith("bias") or "norm" in part:
            parameter.data += torch.randn(parameter.shape, generator=torch.Generator().manual_seed(place)) / 5
    if dtype is torch.bfloat16:
        make_steady(model)
    return model


def never() -> None:
    """Leave no pass."""


def computed(passes: Passes, sizes: list[int]) -> list[torch.Tensor]:
    """The last logits, and all keys and values, of `TEXT` read in passes of `sizes`, over and over."""
    cache = growing_cache()
    with torch.inference_mode():
        while (known := cache.get_seq_length()) < len(TEXT):
            logits = passes(TEXT[known : known + sizes[0]], cache)
            sizes = [*sizes[1:], sizes[0]]
    return [logits, *(states for layer in keys_and_values(cache) for states in layer)]
