"""Folders with tiny random models that have the real module names of the families a user may train."""

from pathlib import Path
from typing import Any

import torch
from transformers import MistralConfig, MistralForCausalLM, Phi3Config, Phi3ForCausalLM

from tests.engine.tiny import save, tiny_tokenizer

_SIZES: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
}


def tiny_phi3(folder: Path) -> Path:
    """Linear layers called qkv_proj, o_proj, gate_up_proj and down_proj, and a sliding window as in the 4k model."""
    tokenizer = tiny_tokenizer(folder)
    torch.manual_seed(0)
    config = Phi3Config(vocab_size=len(tokenizer), pad_token_id=0, sliding_window=2047, **_SIZES)
    save(Phi3ForCausalLM(config), tokenizer, folder)
    return folder


def tiny_mistral(folder: Path) -> Path:
    tokenizer = tiny_tokenizer(folder)
    torch.manual_seed(0)
    save(MistralForCausalLM(MistralConfig(vocab_size=len(tokenizer), **_SIZES)), tokenizer, folder)
    return folder
