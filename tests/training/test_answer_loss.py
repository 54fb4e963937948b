"""The loss over answers' tokens, made piece by piece, is torch's own, and so is its gradient."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.nn import functional

from nl2sql_tui.training.answer_loss import answer_loss
from nl2sql_tui.training.packs import IGNORED

_VOCABULARY, _WIDTH = 37, 24


def _model(states: torch.Tensor, head: torch.nn.Linear) -> Any:
    """Whose last states are `states`, whatever it reads."""
    return SimpleNamespace(model=lambda **_: SimpleNamespace(last_hidden_state=states[None]), lm_head=head)


def _inputs(labels: torch.Tensor) -> dict[str, Any]:
    nothing = torch.zeros_like(labels)[None]
    return {
        "input_ids": nothing,
        "position_ids": nothing,
        "labels": labels[None],
        "schema_tokens": 0,
        "branches": 1,
    }


@pytest.mark.parametrize("tokens", [2, 129, 300])
@pytest.mark.parametrize("head", ["frozen", "learning", "with a bias"])
def test_loss_and_gradient_are_those_of_torch(tokens: int, head: str) -> None:
    torch.manual_seed(tokens)
    linear = torch.nn.Linear(_WIDTH, _VOCABULARY, bias=head == "with a bias").requires_grad_(head == "learning")
    states = torch.randn(tokens, _WIDTH, requires_grad=True)
    labels = torch.randint(0, _VOCABULARY, (tokens,))
    labels[torch.rand(tokens) < 0.2] = IGNORED
    labels[-1] = 3

    loss, learnt = answer_loss(_model(states, linear), _inputs(labels))
    (gradient,) = torch.autograd.grad(loss / 7, states)

    expected = functional.cross_entropy(linear(states)[:-1], labels[1:], ignore_index=IGNORED, reduction="sum")
    (expected_gradient,) = torch.autograd.grad(expected / 7, states)
    assert learnt == int((labels[1:] != IGNORED).sum())
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, expected_gradient)


def test_a_head_that_learns_gets_its_gradient() -> None:
    head = torch.nn.Linear(_WIDTH, _VOCABULARY, bias=False)
    loss, _ = answer_loss(_model(torch.randn(5, _WIDTH), head), _inputs(torch.tensor([IGNORED, 1, 2, 3, 4])))
    loss.backward()
    assert head.weight.grad is not None
    assert head.weight.grad.abs().sum() > 0
