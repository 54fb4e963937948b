"""The numbers that a model is taught in on a CPU: the quicker ones, whatever its instructions are called."""

from dataclasses import replace
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.hardware import read_hardware
from nl2sql_tui.training import trainee
from nl2sql_tui.training.trainee import load_trainee
from tests.engine.tiny import tiny_llama


@pytest.mark.parametrize(
    ("has_instructions", "slower", "taken"),
    [(True, "float32", "bfloat16"), (True, "bfloat16", "float32"), (False, "float32", "float32")],
)
def test_a_cpu_computes_in_what_it_is_quicker_in(
    has_instructions: bool, slower: str, taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hardware = replace(read_hardware(), bfloat16=has_instructions)
    monkeypatch.setattr(trainee, "read_hardware", lambda: hardware)
    monkeypatch.setattr(trainee, "_seconds_of_a_product", lambda dtype: 2.0 if str(dtype).endswith(slower) else 1.0)
    loaded = load_trainee(str(tiny_llama(tmp_path)), "none", lambda _: None, Cancel())
    assert loaded.dtype == taken
    assert {str(weights.dtype) for weights in loaded.model.parameters()} == {f"torch.{taken}"}
