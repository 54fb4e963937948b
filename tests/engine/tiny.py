"""Tiny random models with real architectures, and a tokenizer of bytes: seconds to make, nothing to download."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
END = "<|im_end|>"


def tiny_tokenizer(folder: Path, *, ascii_only: bool = False) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer: 256 bytes, or those of ASCII text, and the three ChatML markers, kept in `folder`."""
    # Space and line end have letters of their own there.
    alphabet = sorted(
        letter for letter in pre_tokenizers.ByteLevel.alphabet() if not ascii_only or letter.isascii() or letter in "ĠĊ"
    )
    inner = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(["<|endoftext|>", "<|im_start|>", END])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=END, pad_token="<|endoftext|>")
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(folder)
    return tokenizer


def tiny_llama(folder: Path, *, seed: int = 0, ascii_only: bool = False, spread: float = 0.02) -> Path:
    """A random two-layer Llama with the tokenizer above, saved in `folder` as a prepared model is.

    With weights of a larger `spread`, what it writes depends more on the whole prompt.
    """
    tokenizer = tiny_tokenizer(folder, ascii_only=ascii_only)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=1024,
            initializer_range=spread,
        )
    )
    save(model, tokenizer, folder)
    return folder


def save(model: Any, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Save `model` so that its answers end at the tokenizer's end marker."""
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
