"""The loss on answers' tokens alone, over a vocabulary whose logits are never all in memory at once."""

from typing import Any, Final

import torch
from torch.nn import functional

from nl2sql_tui.training.packs import IGNORED

_TOKENS_AT_ONCE: Final = 128
"""Whose logits are in memory: enough for a product to be quick, few enough for the caches to be of use."""


class _SummedCrossEntropy(torch.autograd.Function):
    """−Σ log softmax(states · weightᵀ)[wanted], with the weights frozen.

    The gradient is made with the loss, while the logits are at hand: p − 1 where wanted, p elsewhere, times the
    weights. Whole, the logits of a pack's answers are written and read six times over, 140 MB each.
    """

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, weight: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """states (tokens, width), weight (vocabulary, width), wanted (tokens) → a sum of nats, float32."""
        total = states.new_zeros((), dtype=torch.float32)
        gradient = torch.empty_like(states) if ctx.needs_input_grad[0] else None
        for first in range(0, len(states), _TOKENS_AT_ONCE):
            part = slice(first, first + _TOKENS_AT_ONCE)
            rows = torch.arange(len(states[part]), device=states.device)
            likely = functional.linear(states[part], weight).float().log_softmax(-1)
            total -= likely[rows, wanted[part]].sum()
            if gradient is not None:
                surplus = likely.exp_()
                surplus[rows, wanted[part]] -= 1
                gradient[part] = surplus.to(states.dtype) @ weight
        ctx.gradient = gradient
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return (gradients[0] * ctx.gradient).to(ctx.gradient.dtype), None, None


def answer_loss(model: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, int]:
    """The cross-entropy, summed over the answers' tokens, of a `packs.sequence`; and how many these are."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    labels = inputs["labels"][0]
    states = causal.model(
        input_ids=inputs["input_ids"],
        position_ids=inputs["position_ids"],
        use_cache=False,
        schema_tokens=inputs["schema_tokens"],
        branches=inputs["branches"],
    ).last_hidden_state[0]
    places = (labels[1:] != IGNORED).nonzero()[:, 0]
    # A branch's last token stands before the next branch's first, which is never learnt: no label crosses over.
    states, wanted = states[places], labels[1:][places]
    if _is_plain(causal.lm_head):
        return _SummedCrossEntropy.apply(states, causal.lm_head.weight, wanted), len(places)  # type: ignore[no-untyped-call]
    return functional.cross_entropy(causal.lm_head(states).float(), wanted, reduction="sum"), len(places)


def _is_plain(head: Any) -> bool:
    """Whether what is computed above is all that the head does: it learns nothing and adds nothing."""
    return type(head) is torch.nn.Linear and head.bias is None and not head.weight.requires_grad
