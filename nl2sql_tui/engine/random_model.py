"""Writes a model of a profile's full size with random weights, to measure what it takes without having it.

Speed and memory are those of the real model; what it answers means nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedTokenizerFast

from nl2sql_tui.engine.architecture import Architecture
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.engine.store import disk_errors
from nl2sql_tui.errors import ModelError

_SHARD_BYTES: Final = 1_000_000_000
_SPREAD: Final = 0.02
_CHAT: Final = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_random_model(profile: Profile, folder: Path) -> Path:
    """Write the model into `folder`, in bfloat16, with a tokenizer of bytes; give the folder.

    A text is thus about four times as many tokens as for the real tokenizer. Raises ModelError where the profile does
    not say how large its model is, or the disk is too small.
    """
    if profile.architecture is None:
        raise ModelError(
            f"How large {profile.name} is stands in its own files only.",
            "Take a profile of `nl2sql-tui models`.",
        )
    config = _configuration(profile, profile.architecture)
    with disk_errors(2 * profile.architecture.parameters):
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = _byte_tokenizer()
        tokenizer.save_pretrained(folder)
        config.save_pretrained(folder)
        # Only chance ends an answer before it is as long as it may be.
        GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id).save_pretrained(
            folder
        )
        _write_weights(config, folder)
    return folder


def _configuration(profile: Profile, sizes: Architecture) -> Any:
    return AutoConfig.for_model(
        profile.model_type,
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.width,
        intermediate_size=sizes.inner,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.kv_heads,
        head_dim=sizes.head_size,
        tie_word_embeddings=sizes.tied,
        max_position_embeddings=profile.context_tokens,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
        dtype="bfloat16",
    )


def _write_weights(config: Any, folder: Path) -> None:
    """Shards of at most about a gigabyte, so that no more than one is in memory."""
    with torch.device("meta"):
        shapes = {name: weight.shape for name, weight in AutoModelForCausalLM.from_config(config).state_dict().items()}
    if config.tie_word_embeddings:
        shapes.pop("lm_head.weight", None)
    places: dict[str, str] = {}
    chance = torch.Generator().manual_seed(0)
    for number, names in enumerate(_shards(shapes)):
        file = f"model-{number:05}.safetensors"
        weights = {
            name: (torch.randn(shapes[name], generator=chance) * _SPREAD).to(torch.bfloat16)
            if len(shapes[name]) > 1
            else torch.ones(shapes[name], dtype=torch.bfloat16)
            for name in names
        }
        save_file(weights, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(names, file)
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def _shards(shapes: dict[str, torch.Size]) -> Iterator[list[str]]:
    names: list[str] = []
    size = 0
    for name, shape in shapes.items():
        if names and size + 2 * shape.numel() > _SHARD_BYTES:
            yield names
            names, size = [], 0
        names.append(name)
        size += 2 * shape.numel()
    yield names


def _byte_tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(alphabet)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|im_end|>", pad_token="<|endoftext|>", clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = _CHAT
    return tokenizer
