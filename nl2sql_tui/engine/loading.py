"""Loads a prepared model folder into memory with transformers; decides nothing about what to load."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nl2sql_tui.engine.profiles import Form, Profile


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory and what belongs to it."""

    model: Any
    tokenizer: Any
    device: str
    """For a person: "cpu", "cuda:0 NVIDIA …", "mps"."""
    end_tokens: frozenset[int]
    """Tokens that end an answer."""


def load(folder: Path | str, profile: Profile) -> LoadedModel:
    """Load the model of `profile` from `folder`, a local folder or a name in the Hub's cache, for answering.

    Raises whatever transformers, torch or bitsandbytes raise; the caller knows how to say it.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    device = _best_device()
    options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    quantisation = quantisation_config(profile.form)
    if quantisation is None:
        options["dtype"] = torch.float32 if device == "cpu" or profile.form == "float32" else torch.bfloat16
    else:
        options |= {"quantization_config": quantisation, "device_map": {"": device}, "dtype": torch.bfloat16}
    model: Any = AutoModelForCausalLM.from_pretrained(folder, **options)
    if quantisation is None and device != "cpu":
        model = model.to(device)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ends = model.generation_config.eos_token_id
    end_tokens = frozenset(ends if isinstance(ends, list) else [ends]) | {tokenizer.eos_token_id}
    return LoadedModel(model.eval(), tokenizer, _device_name(device), end_tokens - {None})


def quantisation_config(form: Form) -> Any:
    """The bitsandbytes settings for a profile's form; None for unquantised weights.

    nf4 with double quantisation is QLoRA's (Dettmers et al., 2023); int8 is LLM.int8() (Dettmers et al., 2022).
    """
    import torch
    from transformers import BitsAndBytesConfig

    if form == "nf4 double-quantised":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    if form == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return None


def _best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _device_name(device: str) -> str:
    import torch

    return f"{device} {torch.cuda.get_device_name(0)}" if device.startswith("cuda") else device
