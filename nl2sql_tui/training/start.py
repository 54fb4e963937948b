"""An adapter that a run begins from, in the place of an untaught one; teaches nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from nl2sql_tui.engine.merging import ADAPTER_CONFIG
from nl2sql_tui.errors import InputError
from nl2sql_tui.text import visible
from nl2sql_tui.training.recipes import Recipe


def as_in(adapter: Path, recipe: Recipe) -> Recipe:
    """The recipe with the rank and alpha that the adapter has. Raises InputError for what is no adapter."""
    file = adapter / ADAPTER_CONFIG
    try:
        config: Any = json.loads(file.read_text(encoding="utf-8"))
        return replace(recipe, rank=int(config["r"]), alpha=int(config["lora_alpha"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{visible(str(file))} is not the configuration of an adapter.") from error
