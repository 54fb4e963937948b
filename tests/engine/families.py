"""Tiny random Phi-3 and Mistral models with the real ones' module names, and adapters that change what they say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from tests.training.tiny_models import tiny_mistral, tiny_phi3

FAMILIES: Final[dict[str, Callable[[Path], Path]]] = {"phi3": tiny_phi3, "mistral": tiny_mistral}


def lora(base: Path, folder: Path, *, seed: int = 3, names: str = "", **options: Any) -> Path:
    """An adapter for every linear layer of the model in `base`, which its configuration calls `names`."""
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    settings = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "CAUSAL_LM", **options}
    taught: Any = get_peft_model(model, LoraConfig(**settings))
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, weights in taught.named_parameters():
            if "lora_" in name:
                weights.normal_(std=0.3)
    taught.peft_config["default"].base_model_name_or_path = names or str(base)
    taught.save_pretrained(str(folder), save_embedding_layers=False)
    return folder
