"""Computes a LoRA layer in the base's own precision and with few passes over memory; changes no result but rounding.

peft casts each layer's input to the adapter's float32, multiplies, scales, casts back and adds: on a CPU with
bfloat16 instructions these copies cost more than the base's own product. Here the adapter's factors are cast
instead, which are small, and its product is added into the base's in place. The factors themselves, their gradients
and their optimiser stay in float32.
"""

from typing import Any

import torch
from torch.nn import functional


class _LoraProduct(torch.autograd.Function):
    """x W' + s (y A') B', with W frozen; y is x, or what a dropout left of it."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        left: torch.Tensor | None,
        weight: torch.Tensor,
        a: torch.Tensor,
        b: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        """x and left (…, inputs), weight (outputs, inputs), a (rank, inputs), b (outputs, rank) → (…, outputs)."""
        rows = x.reshape(-1, x.shape[-1])
        low_rows = rows if left is None else left.reshape(rows.shape)
        down, up = a.to(x.dtype), (b * scale).to(x.dtype)
        inner = low_rows @ down.t()
        out = functional.linear(rows, weight).addmm_(inner, up.t())
        ctx.save_for_backward(low_rows, weight, down, up, inner)
        ctx.scale = scale
        ctx.has_dropout = left is not None
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        low_rows, weight, down, up, inner = ctx.saved_tensors
        gradient = gradients[0]
        wide = gradient.reshape(-1, gradient.shape[-1])
        of_inner = wide @ up
        of_x, of_left = wide @ weight, None
        if ctx.has_dropout:
            of_left = (of_inner @ down).view(*gradient.shape[:-1], -1)
        else:
            of_x.addmm_(of_inner, down)
        of_a = (of_inner.t() @ low_rows).float()
        of_b = (wide.t() @ inner).float() * ctx.scale
        return of_x.view(*gradient.shape[:-1], -1), of_left, None, of_a, of_b, None


def fuse(model: torch.nn.Module) -> int:
    """Let every LoRA layer of a PeftModel that allows it compute as above; return how many do.

    A layer allows it if it has one adapter on an unquantised linear layer without bias.
    """
    from peft.tuners.lora import Linear

    fused = 0
    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, Linear)]
    for layer in layers:
        if _is_plain(layer):
            layer.forward = _fused_forward(layer)
            fused += 1
    return fused


def _is_plain(layer: Any) -> bool:
    (name,) = layer.active_adapters
    base = layer.get_base_layer()
    return type(base) is torch.nn.Linear and base.bias is None and not layer.use_dora.get(name)


def _fused_forward(layer: Any) -> Any:
    (name,) = layer.active_adapters
    base, a, b, scale = layer.get_base_layer(), layer.lora_A[name], layer.lora_B[name], layer.scaling[name]
    share = float(getattr(layer.lora_dropout[name], "p", 0.0))

    def forward(x: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        left = dropped(x, share) if share and layer.training else None
        product: torch.Tensor = _LoraProduct.apply(x, left, base.weight, a.weight, b.weight, scale)  # type: ignore[no-untyped-call]
        return product

    return forward


def dropped(x: torch.Tensor, share: float) -> torch.Tensor:
    """What a dropout of `share`, to within 1/65,536, leaves of `x`: sixteen random bits decide on each number.

    torch's own draws a word for each, which on a CPU takes as long as half of the layer's products.
    """
    words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    bits = words.view(torch.int16)[: x.numel()].view(x.shape)
    return torch.where(bits >= round(share * 2**16) - 2**15, x / (1 - share), 0)
