"""The fused LoRA layer computes what peft's own does."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model

from nl2sql_tui.training import fused_lora
from nl2sql_tui.training.fused_lora import dropped, fuse


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


def test_with_dropout_results_and_gradients_equal_pefts(monkeypatch: pytest.MonkeyPatch) -> None:
    # The same numbers fall out then.
    monkeypatch.setattr(fused_lora, "dropped", torch.nn.functional.dropout)
    own = _with_adapter(0.4)
    fused = copy.deepcopy(own)
    assert fuse(fused) == 2
    x = torch.randn(2, 5, 24)
    results, gradients = [], []
    for model in (own, fused):
        torch.manual_seed(5)
        given = x.clone().requires_grad_()
        result = model(given)
        (result**2).sum().backward()
        of_factors = [weights.grad for name, weights in model.named_parameters() if "lora_" in name]
        results.append(result.detach())
        gradients.append([given.grad, *of_factors])
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-4)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)
    assert not torch.equal(fused(x), fused.eval()(x))
    torch.testing.assert_close(fused(x), own.eval()(x), rtol=1e-4, atol=1e-4)


def test_as_many_numbers_drop_as_are_to_and_the_rest_makes_up_for_them() -> None:
    torch.manual_seed(1)
    x = torch.full((301, 501), 2.0)
    for share in (0.05, 0.5):
        left = dropped(x, share)
        assert float((left == 0).float().mean()) == pytest.approx(share, abs=0.01)
        torch.testing.assert_close(left[left != 0], torch.full_like(left[left != 0], 2 / (1 - share)))
        assert not torch.equal(left, dropped(x, share))
