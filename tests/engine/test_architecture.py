"""Sizes computed from configurations are those of the models that the library builds from them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from nl2sql_tui.engine.architecture import of_configuration, of_folder
from nl2sql_tui.engine.profiles import profile
from tests.engine.tiny import save, tiny_tokenizer

_SIZES: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("Llama", {}),
        ("Llama", {"tie_word_embeddings": True}),
        ("Llama", {"attention_bias": True}),
        ("Mistral", {"head_dim": 32}),
        ("Phi3", {"pad_token_id": 0}),
        ("Phi3", {"pad_token_id": 0, "tie_word_embeddings": True, "num_key_value_heads": 4}),
        ("Qwen2", {}),
        ("Qwen2", {"tie_word_embeddings": True}),
        ("Qwen3", {"head_dim": 32}),
    ],
)
def test_parameters_are_those_of_the_model(family: str, changes: dict[str, Any]) -> None:
    import transformers

    config = getattr(transformers, f"{family}Config")(**{**_SIZES, **changes})
    with torch.device("meta"):
        model = getattr(transformers, f"{family}ForCausalLM")(config)
    found = of_configuration(json.loads(config.to_json_string()))
    assert found is not None
    in_layers = [
        module.weight
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and not name.endswith("lm_head")
    ]
    assert found.parameters == model.num_parameters()
    assert found.linear == sum(weight.numel() for weight in in_layers)
    assert found.linear_rows == sum(weight.shape[0] for weight in in_layers)


@pytest.mark.parametrize(
    ("name", "kib"), [("phi3", 384), ("mistral", 128), ("default", 22.5), ("qwen-coder-7b", 56), ("phi4-mini", 128)]
)
def test_keys_and_values_of_a_token_in_half_precision(name: str, kib: float) -> None:
    architecture = profile(name).architecture
    assert architecture is not None
    assert architecture.values_per_token * 2 / 1024 == kib


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"model_type": "llama"},
        {**_SIZES, "model_type": "mamba"},
        {**_SIZES, "model_type": "llama", "vocab_size": "x"},
    ],
)
def test_a_configuration_that_is_not_known_says_nothing(configuration: dict[str, Any]) -> None:
    assert of_configuration(configuration) is None


def test_a_kind_that_is_not_in_the_table_is_counted_from_its_files(tmp_path: Path) -> None:
    import transformers

    tokenizer = tiny_tokenizer(tmp_path)
    sizes = {**_SIZES, "vocab_size": len(tokenizer), "head_dim": 16, "pad_token_id": 0}
    model = transformers.GemmaForCausalLM(transformers.GemmaConfig(**sizes))
    save(model, tokenizer, tmp_path)
    found = of_folder(tmp_path)
    assert found is not None
    assert found.parameters == model.num_parameters()
    assert found.values_per_token == 2 * 3 * 2 * 16
    (tmp_path / "model.safetensors").write_bytes(b"short")
    assert of_folder(tmp_path) is None


def test_a_folder_without_a_configuration_says_nothing(tmp_path: Path) -> None:
    assert of_folder(tmp_path) is None
    (tmp_path / "config.json").write_text("[]", encoding="utf-8")
    assert of_folder(tmp_path) is None
