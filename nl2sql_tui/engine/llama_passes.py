"""Passes through a model with Llama's layers on a CPU, without its modules.

Heads that share keys read them side by side, where the modules copy the keys for each.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import Cache

from nl2sql_tui.engine.kv_buffer import layer_of
from nl2sql_tui.engine.llama_layers import LlamaLayers
from nl2sql_tui.engine.passes import Branches, Passes
from nl2sql_tui.engine.steady import attend, parts_of, seen_before


class LlamaPasses(Passes):
    """See the module. It has the model's weights for itself until `give_back`."""

    def __init__(self, model: Any, before_layer: Callable[[], None]) -> None:
        super().__init__(model)
        self._before_layer = before_layer
        self._layers = LlamaLayers(model)

    @property
    def longest_draft(self) -> int:
        """Eight where weights are laid out: a few rows more then hardly take longer, whatever the numbers."""
        return 8 if self._layers.is_laid_out else super().longest_draft

    def give_back(self) -> None:
        """Let the modules have their weights again."""
        self._layers.give_back()

    def _computed(self, ids: Sequence[int], cache: Cache, rows: int, branches: Branches | None) -> torch.Tensor:
        layers = self._layers
        known, count = cache.get_seq_length(), len(ids)
        positions, sight = [*range(known, known + count)], seen_before(known, count, layers.window)
        if branches is not None:
            positions, sight = branches.positions, branches.sight
        parts = parts_of(layers.dtype, layers.heads // layers.groups, known, count, sight)

        def attended(place: int, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
            self._before_layer()
            known_keys, known_values = layer_of(cache, place).append(keys, values, parts[-1].keys)
            return attend(queries, known_keys, known_values, parts, layers.scale)

        return layers.logits(torch.tensor(ids), torch.tensor([positions]), rows, attended)
