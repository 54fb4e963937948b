"""What the first paint may import: nothing of the model libraries, nor of what reads SQL for them."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "peft", "bitsandbytes", "sqlglot", "llguidance", "huggingface_hub", "gguf")
FIND_HEAVY = "import sys; print(*[name for name in {heavy} if name in sys.modules])"


@pytest.mark.parametrize(
    "module", ["nl2sql_tui.tui.app", "nl2sql_tui.tui.run", "nl2sql_tui.tui.screens.workspace", "nl2sql_tui.cli"]
)
def test_importing_the_interface_imports_no_model_library(module: str) -> None:
    code = f"import {module}; " + FIND_HEAVY.format(heavy=HEAVY)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_the_first_paint_needs_no_pane_and_no_highlighting() -> None:
    heavy = ("pygments", "nl2sql_tui.tui.screens.workspace", "nl2sql_tui.assistant")
    code = "import nl2sql_tui.tui.run; " + FIND_HEAVY.format(heavy=heavy)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_the_escape_key_is_told_from_a_sequence_soon_enough_to_stop_within_a_tenth_of_a_second() -> None:
    code = "import nl2sql_tui.tui.run; from textual import constants; print(constants.ESCAPE_DELAY)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(result.stdout) <= 0.05
