"""Keys and values in buffers are those of one long tensor, however they came."""

import pytest
import torch

from nl2sql_tui.engine import kv_buffer
from nl2sql_tui.engine.kv_buffer import BufferLayer


def test_a_full_buffer_grows_and_keeps_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kv_buffer, "_ROOM", 3)
    layer = BufferLayer()
    parts = [torch.randn(1, 2, length, 4) for length in (5, 1, 1, 1, 1, 9, 1)]
    for count, part in enumerate(parts, 1):
        keys, values = layer.update(part, -part)
        expected = torch.cat(parts[:count], -2)
        assert torch.equal(keys, expected)
        assert torch.equal(values, -expected)
