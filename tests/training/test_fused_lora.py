"""The fused LoRA layer computes what peft's own does."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model

from nl2sql_tui.training.fused_lora import fuse


class _Two(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(24, 40, bias=False)
        self.second = torch.nn.Linear(40, 8, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        second: torch.Tensor = self.second(torch.tanh(self.first(x)))
        return second


def _with_adapter(dropout: float = 0.0) -> torch.nn.Module:
    torch.manual_seed(3)
    config = LoraConfig(r=4, lora_alpha=12, lora_dropout=dropout, target_modules=["first", "second"])
    model: torch.nn.Module = get_peft_model(_Two(), config)
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights)
    return model


def test_results_and_gradients_equal_pefts() -> None:
    own = _with_adapter()
    fused = copy.deepcopy(own)
    x = torch.randn(2, 5, 24)
    inputs = [x.clone().requires_grad_(), x.clone().requires_grad_()]

    assert fuse(fused) == 2
    for model, given in zip((own, fused), inputs, strict=True):
        (model(given) ** 2).sum().backward()

    torch.testing.assert_close(fused(x), own(x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-4, atol=1e-3)
    expected = {name: weights.grad for name, weights in own.named_parameters() if "lora_" in name}
    assert len(expected) == 4
    for name, weights in fused.named_parameters():
        if "lora_" in name:
            torch.testing.assert_close(weights.grad, expected[name], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dropout", [0.1])
def test_a_layer_with_dropout_is_left_to_peft(dropout: float) -> None:
    assert fuse(_with_adapter(dropout)) == 0
