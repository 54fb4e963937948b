"""How much of a GPU's memory is used and free, and how much a model takes; changes nothing.

nvidia-ml-py says it for the whole GPU, without a look at torch. Where it is not installed, torch is asked.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """Bytes on one GPU, by whatever program."""

    used: int
    free: int
    total: int


class GpuMeter:
    """Reads the memory of the GPU that a model is on. Made in the model's thread; `read` may be called from any."""

    def __init__(self, device: Any) -> None:
        """`device` is the model's torch device, on CUDA."""
        self._device = device
        self._library, self._handle = _nvml_handle(device)

    def read(self) -> GpuMemory | None:
        """The memory now; None where neither the driver nor torch says it. Takes well under a millisecond."""
        if self._library is not None:
            with suppress(self._library.NVMLError):
                found = self._library.nvmlDeviceGetMemoryInfo(self._handle)
                return GpuMemory(int(found.used), int(found.free), int(found.total))
        import torch

        with suppress(RuntimeError):
            free, total = torch.cuda.mem_get_info(self._device)
            return GpuMemory(total - free, free, total)
        return None


def meter_of(model: Any) -> GpuMeter | None:
    """The meter for the GPU that `model` is on; None for a model elsewhere."""
    return GpuMeter(model.device) if model.device.type == "cuda" else None


def _nvml_handle(device: Any) -> tuple[Any, Any]:
    """The NVML library and its handle for `device`; (None, None) where there is none.

    By the GPU's own id: NVML counts all GPUs, torch only those that CUDA_VISIBLE_DEVICES leaves.
    """
    try:
        import pynvml
        import torch

        pynvml.nvmlInit()
        identity = str(torch.cuda.get_device_properties(device).uuid)
        return pynvml, pynvml.nvmlDeviceGetHandleByUUID(os.fsencode(f"GPU-{identity.removeprefix('GPU-')}"))
    except Exception:  # noqa: BLE001 - a driver may fail in many ways, and a figure on the screen is worth none of them
        return None, None


def footprint(model: Any) -> int:
    """Bytes that the model's weights and buffers take, with what quantised ones keep beside them; shared ones once."""
    seen: dict[int, int] = {}
    for tensor in _tensors(model):
        storage = tensor.untyped_storage()
        seen[storage.data_ptr() or id(tensor)] = storage.nbytes()
    return sum(seen.values())


def _tensors(model: Any) -> Iterator[Any]:
    for parameter in model.parameters():
        yield parameter
        yield from _scales(parameter)
    yield from model.buffers()
    for module in model.modules():
        # An 8-bit layer takes weights and scales out of its parameter at its first use.
        state = getattr(module, "state", None)
        for name in ("CB", "SCB"):
            tensor = getattr(state, name, None)
            if tensor is not None:
                yield tensor


def _scales(parameter: Any) -> Iterator[Any]:
    """What bitsandbytes keeps beside a quantised parameter."""
    scale = getattr(parameter, "SCB", None)
    if scale is not None:
        yield scale
    state = getattr(parameter, "quant_state", None)
    while state is not None:
        for name in ("absmax", "code", "offset"):
            tensor = getattr(state, name, None)
            if hasattr(tensor, "untyped_storage"):
                yield tensor
        state = getattr(state, "state2", None)
