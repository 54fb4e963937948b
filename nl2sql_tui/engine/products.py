"""Products of what a pass computes with weights that stay: on a CPU these are laid out for them once.

oneDNN multiplies by blocks of a matrix. torch's own `linear` has it rearrange a matrix in half precision at each
product, and leaves those in float32 to another library; for a few rows either takes up to twice as long.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import torch
from torch.nn import functional

_ROWS: Final = 16
"""For which the blocks are laid out; the layout hardly depends on it."""
_MOST_COPIED: Final = 128 * 1024 * 1024
"""Bytes of a matrix that is laid out beside the one that something else needs as it was."""


class Product:
    """x → x · weightᵀ + bias, of linear modules that read the same x: their results side by side."""

    def __init__(self, modules: Sequence[torch.nn.Linear], *, is_shared: bool = False) -> None:
        """The weights are taken from the modules, which compute nothing of use until `give_back`.

        Where they are `is_shared` with something else, they stay, and are copied if that is little.
        """
        self._modules = tuple(modules)
        self._is_shared = is_shared
        self._bias = _below_one_another([module.bias for module in modules]) if modules[0].bias is not None else None
        whole = _below_one_another([module.weight for module in modules])
        is_copied = not is_shared or whole.nbytes <= _MOST_COPIED
        self.is_laid_out: Final = is_copied and whole.device.type == "cpu" and can_lay_out(whole.dtype)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(whole, _ROWS) if self.is_laid_out else whole
        if not is_shared:
            self._hand_out(_nothing_like(whole) if self.is_laid_out else whole)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """(…, width) → (…, rows of all the weights)."""
        if self.is_laid_out:
            product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(states, self._weight, self._bias, "none", [], "")
            return product
        return functional.linear(states, self._weight, self._bias)

    def give_back(self) -> None:
        """Let the modules have their weights again, which are held twice then until the product is dropped."""
        if self.is_laid_out and not self._is_shared:
            self._hand_out(self._weight.to_dense())

    def _hand_out(self, whole: torch.Tensor) -> None:
        """Let each module's weight be its own rows of `whole`."""
        parts = whole.split([module.out_features for module in self._modules])
        for module, part in zip(self._modules, parts, strict=True):
            module.weight.data = part


@cache
def can_lay_out(dtype: torch.dtype) -> bool:
    """Whether this torch, on a CPU, takes weights of `dtype` that are laid out."""
    try:
        matrix = torch.ones(16, 16, dtype=dtype)
        laid_out = torch.ops.mkldnn._reorder_linear_weight(matrix, _ROWS)
        product = torch.ops.mkldnn._linear_pointwise(matrix, laid_out, None, "none", [], "")
        return torch.equal(product, matrix * 16) and torch.equal(laid_out.to_dense(), matrix)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False


def _below_one_another(parts: Sequence[Any]) -> torch.Tensor:
    return torch.cat([part.data for part in parts]) if len(parts) > 1 else parts[0].data


def _nothing_like(matrix: torch.Tensor) -> torch.Tensor:
    """Of the shape and kind of `matrix`, without room for its numbers: whoever computes with it gets none."""
    return torch.full((1, 1), torch.nan, dtype=matrix.dtype).expand(matrix.shape)
