"""Puts a LoRA adapter onto a model in memory and adds it to the weights; reads no base and writes no folder."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from safetensors import SafetensorError

from nl2sql_tui.errors import ModelError
from nl2sql_tui.text import visible

Model = TypeVar("Model")

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def with_adapter(model: Any, adapter: Path, *, trainable: bool = False) -> Any:
    """`model` with the LoRA weights of `adapter` beside its own: a PeftModel that answers as it was taught.

    The adapter's weights are in float32 whatever the model's are: cast to a half precision, their products would
    lose half their digits. They are taught further if `trainable`. Raises ModelError where the two do not fit.
    """
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors.torch import load_file

    misfit = ModelError(
        f"The adapter in {visible(str(adapter))} does not fit the model.", "Install nl2sql-tui again, or retrain it."
    )
    try:
        expected = load_file(adapter / ADAPTER_WEIGHTS)
        taught: Any = PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable, torch_dtype=torch.float32)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise misfit from error
    # Without a look at embeddings, for which peft would ask the Hub about the base model.
    found = get_peft_model_state_dict(taught, save_embedding_layers=False)
    if found.keys() != expected.keys():
        raise misfit  # peft only warns when weights of the file find no place, or a place finds no weights
    for name, parameter in taught.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()
    return taught


def folded(taught: Any) -> Any:
    """The model of `with_adapter` with the adapter added to its weights, and nothing of peft left on it.

    Raises ModelError where the sum is no number or cannot be formed.
    """
    try:
        return taught.merge_and_unload(safe_merge=True).eval()
    except (ValueError, RuntimeError, NotImplementedError) as error:
        raise ModelError(f"The adapter cannot be merged: {visible(str(error))}.") from error


def merged(model: Model, adapter: Path) -> Model:
    """`model` with the LoRA weights of `adapter` added to its own. Raises ModelError where the two do not fit."""
    return cast(Model, folded(with_adapter(model, adapter)))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars, warnings or advice of libraries while this runs: the screen belongs to the program."""
    from transformers.utils import logging as transformers_logging

    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    loggers = [logging.getLogger(name) for name in ("transformers", "bitsandbytes")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            transformers_logging.enable_progress_bar()
