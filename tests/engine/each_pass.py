"""Something to be done before each pass through a model, whichever way it goes."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from transformers import Cache

from nl2sql_tui.engine.passes import Passes


def before_each_pass(monkeypatch: pytest.MonkeyPatch, act: Callable[[Sequence[int], Cache], object]) -> None:
    """Call `act` with the pass's tokens and what is known before them; what it raises, the pass raises."""
    computed = Passes.__call__

    def watched(passes: Passes, ids: Sequence[int], cache: Cache, *options: Any) -> torch.Tensor:
        act(ids, cache)
        return computed(passes, ids, cache, *options)

    monkeypatch.setattr(Passes, "__call__", watched)
