"""Torch's libraries are loaded ahead of its import, and nothing breaks where they cannot be."""

import importlib.util
import subprocess
import sys

import pytest

from nl2sql_tui.engine.preload import preload_torch

CODE = """
import sys
from nl2sql_tui.engine.preload import preload_torch
preload_torch()
maps = open("/proc/self/maps").read()
print("libtorch_cpu" in maps, "torch" in sys.modules)
import torch
print(torch.ones(2).sum().item())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_libraries_are_there_before_the_import_which_then_works() -> None:
    result = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["True", "False", "2.0"]


def test_without_torch_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    preload_torch()
