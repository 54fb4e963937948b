"""An adapter is added to its model's weights, or refused: never half of it, never onto another model."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from nl2sql_tui.engine.merging import folded, merged, with_adapter
from nl2sql_tui.errors import ModelError
from tests.engine.tiny_model import tiny_model, write_adapter

PROBE = torch.tensor([[1, 20, 33, 47, 5, 6, 7, 250]])


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter", tiny_model())


def test_the_adapter_is_applied_in_single_precision_to_a_model_in_half(adapter: Path) -> None:
    model: torch.nn.Module = tiny_model()
    taught = with_adapter(model.to(torch.bfloat16), adapter)
    kinds = {name.rpartition("lora_")[1]: weights.dtype for name, weights in taught.named_parameters()}
    assert kinds == {"": torch.bfloat16, "lora_": torch.float32}
    assert {weights.dtype for weights in folded(taught).parameters()} == {torch.bfloat16}


def test_weights_that_are_no_numbers_are_not_merged(adapter: Path) -> None:
    file = adapter / "adapter_model.safetensors"
    weights = load_file(file)
    weights[sorted(weights)[0]].fill_(float("nan"))
    save_file(weights, file)
    with pytest.raises(ModelError, match="cannot be merged"):
        merged(tiny_model(), adapter)


def test_an_adapter_for_modules_that_the_model_lacks_is_refused(adapter: Path) -> None:
    file = adapter / "adapter_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings["target_modules"] = ["q_proj", "v_proj", "qkv_proj"]
    file.write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(ModelError, match="does not fit the model"):
        merged(tiny_model(), adapter)


def test_an_adapter_with_a_rank_that_its_weights_do_not_have_is_refused(adapter: Path) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"r": 4', '"r": 2'), encoding="utf-8")
    with pytest.raises(ModelError, match="does not fit the model"):
        merged(tiny_model(), adapter)


def test_an_adapter_without_some_of_its_weights_is_refused(adapter: Path) -> None:
    file = adapter / "adapter_model.safetensors"
    weights = load_file(file)
    weights.pop(sorted(weights)[0])
    save_file(weights, file)
    with pytest.raises(ModelError, match="does not fit the model"):
        merged(tiny_model(), adapter)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_damaged_adapter_is_refused(adapter: Path, name: str) -> None:
    (adapter / name).write_bytes(b"{damaged")
    with pytest.raises(ModelError, match="does not fit the model"):
        merged(tiny_model(), adapter)
