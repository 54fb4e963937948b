"""One pass of a model over some tokens: through its own modules, or, where that is the same and quicker, without them.

A pass through the modules of a small model on a CPU spends as long in Python, and in copying each key to every head
that reads it, as in arithmetic.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from transformers import Cache

from nl2sql_tui.engine.steady import LEAST_TOKENS, is_half


@dataclass(frozen=True, slots=True)
class Branches:
    """Tokens that are not one text: each goes on from some of those before it, and does not see the others."""

    positions: list[int]
    """Of each token in its own text, from 0."""
    sight: torch.Tensor
    """(tokens, tokens known and new), bool: what each of the new ones sees, itself included."""

    def filled_up(self, count: int) -> "Branches":
        """With `count` tokens more, of which nobody sees anything and which see what the last one does."""
        sight = functional.pad(torch.cat([self.sight, self.sight[-1:].expand(count, -1)]), (0, count))
        return Branches([*self.positions, *[self.positions[-1]] * count], sight)


class Passes:
    """Passes through the model's own modules."""

    def __init__(self, model: Any) -> None:
        self._model = model
        is_steady = model.device.type == "cpu" and is_half(model.dtype)
        self._least = LEAST_TOKENS if is_steady else 1

    @property
    def device(self) -> torch.device:
        """Where the tokens go."""
        device: torch.device = self._model.device
        return device

    @property
    def longest_draft(self) -> int:
        """How many tokens more are worth a try in one pass. In float32, five make it half as long again."""
        return 8 if is_half(self._model.dtype) else 5

    def give_back(self) -> None:
        """Let the model's modules work again, from which the passes may have taken weights."""

    def __call__(
        self, ids: Sequence[int], cache: Cache, rows: int = 1, branches: Branches | None = None
    ) -> torch.Tensor:
        """Put the keys and values of `ids` into `cache`: the logits behind the last `rows` of them, float32.

        Without `branches` they are one text, behind what the cache holds.
        """
        missing = self._least - len(ids)
        if missing <= 0:
            return self._computed(ids, cache, rows, branches)
        filled = branches.filled_up(missing) if branches is not None else None
        logits = self._computed([*ids, *[ids[-1]] * missing], cache, rows + missing, filled)[:rows]
        cache.crop(-missing)
        return logits

    def _computed(self, ids: Sequence[int], cache: Cache, rows: int, branches: Branches | None) -> torch.Tensor:
        given = torch.tensor([ids], device=self.device)
        apart: dict[str, Any] = {}
        if branches is not None:
            apart["position_ids"] = torch.tensor([branches.positions], device=self.device)
            # Numbers, as not every kind of attention takes truths.
            hidden = torch.zeros(branches.sight.shape, dtype=self._model.dtype).masked_fill_(
                ~branches.sight, torch.finfo(self._model.dtype).min
            )
            apart["attention_mask"] = hidden[None, None].to(self.device)
        logits: torch.Tensor = self._model(
            input_ids=given, past_key_values=cache, use_cache=True, logits_to_keep=rows, return_dict=True, **apart
        ).logits
        return logits[0].float()


def passes_of(model: Any, before_layer: Callable[[], None], context_tokens: int) -> Passes:
    """The quickest way through `model` as it is now; its modules must neither change nor be used until `give_back`.

    `before_layer` is called in front of each layer where the modules, and with them their hooks, are left out.
    Texts of more than `context_tokens` may be slower.
    """
    from nl2sql_tui.engine.llama_layers import has_llama_layers
    from nl2sql_tui.engine.llama_passes import LlamaPasses
    from nl2sql_tui.engine.recorded_passes import recorded_passes

    if has_llama_layers(model):
        if model.device.type == "cpu":
            return LlamaPasses(model, before_layer)
        if model.device.type == "cuda" and is_half(model.dtype):
            return recorded_passes(model, before_layer, context_tokens) or Passes(model)
    return Passes(model)
