"""What a model takes is counted to the byte; a GPU is asked by way of the driver, or not at all."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from nl2sql_tui.engine.gpu_memory import GpuMemory, GpuMeter, footprint, meter_of
from tests.engine.tiny_model import tiny_model


def test_shared_weights_count_once() -> None:
    model = torch.nn.Linear(10, 10, bias=False)
    model.register_module("again", torch.nn.Linear(10, 10, bias=False))
    model.again.weight = model.weight  # type: ignore[union-attr]
    model.register_buffer("table", torch.zeros(3, dtype=torch.float16))
    assert footprint(model) == 4 * 100 + 2 * 3


def test_a_whole_model_is_its_parameters_and_buffers() -> None:
    model = tiny_model()
    expected = sum(one.numel() * one.element_size() for one in (*model.parameters(), *model.buffers()))
    assert footprint(model) == expected


def test_there_is_no_meter_without_a_gpu(tmp_path: Path) -> None:  # noqa: ARG001
    assert meter_of(tiny_model()) is None


class FakeLibrary:
    """NVML as far as it is used."""

    NVMLError = type("NVMLError", (Exception,), {})

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.works = True

    def nvmlInit(self) -> None:  # noqa: N802
        pass

    def nvmlDeviceGetHandleByUUID(self, identity: bytes) -> str:  # noqa: N802
        self.asked.append(identity)
        return "handle"

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> Any:  # noqa: N802
        if not self.works:
            raise self.NVMLError
        assert handle == "handle"
        return SimpleNamespace(used=1, free=2, total=3)


def test_the_driver_is_asked_for_the_very_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary()
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="abc"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (10, 30))
    meter = GpuMeter("cuda:0")
    assert library.asked == [b"GPU-abc"]
    assert meter.read() == GpuMemory(used=1, free=2, total=3)
    library.works = False
    assert meter.read() == GpuMemory(used=20, free=10, total=30)


def test_without_the_library_torch_is_asked_and_without_either_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (10, 30))
    assert GpuMeter("cuda:0").read() == GpuMemory(used=20, free=10, total=30)

    def fail(_: object) -> None:
        raise RuntimeError("no driver")

    monkeypatch.setattr(torch.cuda, "mem_get_info", fail)
    assert GpuMeter("cuda:0").read() is None
