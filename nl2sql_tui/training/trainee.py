"""Gets the model that is to be taught into memory: any profile's base or a folder, in the form this device trains."""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import torch
from safetensors import SafetensorError

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.hardware import read_hardware
from nl2sql_tui.engine.loading import quantisation_config
from nl2sql_tui.engine.merging import quiet
from nl2sql_tui.engine.profiles import PROFILES, AnswerForm, Profile
from nl2sql_tui.engine.transfer import Report
from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.text import byte_size, visible
from nl2sql_tui.training import shared_schema

Quantisation = Literal["auto", "nf4", "none"]
"""nf4, double-quantised, is QLoRA's; "auto" takes it on a GPU for what is published in 16 bits."""

_SHORTEST_WINDOW: Final = 1024
"""Tokens that a schema, a question and an answer take together at most, by the recipes."""
_PRODUCTS_TRIED: Final = 20
_CLEARLY_SLOWER: Final = 1.25
"""Another program may hold up a measurement by less."""
_BYTES_PER_ADAPTER_PARAMETER = 16
"""The factor, its gradient, and two moments, in float32."""


@dataclass(frozen=True, slots=True)
class Trainee:
    """A model in memory that can be given an adapter."""

    model: Any
    tokenizer: Any
    name: str
    """What an adapter's configuration should call it: a Hub id or a folder."""
    licence: str
    form: AnswerForm
    end_tokens: frozenset[int]
    quantised: bool
    device: str
    dtype: str


def load_trainee(name: str, quantisation: Quantisation, report: Report, cancel: Cancel) -> Trainee:
    """The base called `name`, a profile or a folder of a model. Raises ModelError, InputError, Stopped."""
    shared_schema.register()
    profile = PROFILES.get(name)
    if profile is None and not (Path(name) / "config.json").is_file():
        raise InputError(
            f"There is no model {visible(name)}.", f"Name a model's folder, or one of: {', '.join(PROFILES)}."
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    is_converted = profile is not None and profile.is_converted
    nf4 = quantisation == "nf4" or (quantisation == "auto" and device == "cuda" and not is_converted)
    with quiet():
        if profile is not None and is_converted:
            if nf4:
                raise InputError(f"The model {name} is not trained in 4 bits.", "Leave --quantise out.")
            model, tokenizer = _published(profile, report, cancel)
        else:
            folder = _folder(name, profile, report, cancel)
            _require_memory(folder, nf4, device)
            model, tokenizer = _from_folder(folder, nf4, device)
    dtype = torch.bfloat16 if device == "cuda" else _quicker_on_this_cpu()
    model = model if nf4 else model.to(device=device, dtype=dtype)
    ends = model.generation_config.eos_token_id
    end_tokens = frozenset(ends if isinstance(ends, list) else [ends]) | {tokenizer.eos_token_id}
    model.config.use_cache = False
    _require_known_architecture(model, name)
    model.set_attn_implementation(shared_schema.NAME)
    return Trainee(
        model=model,
        tokenizer=tokenizer,
        name=profile.hub_id if profile else str(Path(name).absolute()),
        licence=profile.licence.partition(",")[0] if profile else "unknown",
        form=profile.answer_form if profile else "sql",
        end_tokens=end_tokens - {None},
        quantised=nf4,
        device=device,
        dtype="nf4" if nf4 else str(dtype).removeprefix("torch."),
    )


def _quicker_on_this_cpu() -> torch.dtype:
    """bfloat16 where it is: some CPUs have instructions for it that take twice the time of float32's."""
    if not read_hardware().bfloat16:
        return torch.float32
    seconds = {dtype: _seconds_of_a_product(dtype) for dtype in (torch.bfloat16, torch.float32)}
    is_clear = seconds[torch.bfloat16] > _CLEARLY_SLOWER * seconds[torch.float32]
    return torch.float32 if is_clear else torch.bfloat16


@lru_cache(maxsize=2)
def _seconds_of_a_product(dtype: torch.dtype) -> float:
    """The least of several tries at what one layer does with a pack; looked up the second time.

    A run that goes on in the same process computes as it began.
    """
    pack, layer = torch.ones(512, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
    spent = []
    for _ in range(_PRODUCTS_TRIED):
        began = time.perf_counter()
        torch.nn.functional.linear(pack, layer)
        spent.append(time.perf_counter() - began)
    return min(spent)


_CHANGES_THE_LOGITS: Final = ("final_logit_softcapping", "attn_logit_softcapping", "logits_scaling", "logit_scale")


def _require_known_architecture(model: Any, name: str) -> None:
    """Raise ModelError for a model that computes something which sharing a schema's tokens would leave out."""
    config = model.config
    window = getattr(config, "sliding_window", None)
    short = window is not None and window < _SHORTEST_WINDOW
    scaled = [setting for setting in _CHANGES_THE_LOGITS if getattr(config, setting, None) not in (None, 1, 1.0)]
    if not (hasattr(model, "model") and hasattr(model, "lm_head")) or scaled or short:
        raise ModelError(
            f"Models of the kind {visible(str(config.model_type))}, as {visible(name)}, cannot be trained here.",
            "Llama, Mistral, Phi-3, Qwen2 and their like can.",
        )


def _published(profile: Profile, report: Report, cancel: Cancel) -> tuple[Any, Any]:
    """The profile's base as it was before any adapter of ours."""
    from nl2sql_tui.engine import base_weights
    from nl2sql_tui.engine.convert import read_base
    from nl2sql_tui.engine.events import LoadState

    base = base_weights.base_at_hand(profile, cancel) or base_weights.fetch_base(profile, report, cancel)
    return read_base(base, lambda line: report(LoadState("converting", line)), cancel)


def _folder(name: str, profile: Profile | None, report: Report, cancel: Cancel) -> Path:
    if profile is None:
        return Path(name)
    from nl2sql_tui.engine.sources import prepare

    return prepare(profile, report, cancel)


def _from_folder(folder: Path, nf4: bool, device: str) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    if nf4:
        options |= {"quantization_config": quantisation_config("nf4-double"), "device_map": {"": device}}
        options["dtype"] = torch.bfloat16
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, **options)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, SafetensorError) as error:
        raise ModelError(f"The model in {visible(str(folder))} cannot be read: {visible(str(error))[:200]}.") from error
    if not tokenizer.chat_template:
        raise ModelError(f"The tokenizer in {visible(str(folder))} has no chat template, so it cannot be asked.")
    return model, tokenizer


def _require_memory(folder: Path, nf4: bool, device: str) -> None:
    """Raise ModelError, before minutes of loading, if the weights alone do not fit."""
    hardware = read_hardware()
    published = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    needed = published // 3 if nf4 else published * (1 if device == "cuda" else 2)
    free = hardware.gpus[0].free_bytes if device == "cuda" and hardware.gpus else hardware.free_bytes
    if free is not None and needed > free:
        raise ModelError(
            f"Training this model takes more than {byte_size(needed)} of memory; {byte_size(free)} are free.",
            "Close other programs, use --quantise nf4 on a GPU, or take a smaller model.",
        )


def require_adapter_memory(parameters: int, device: str) -> None:
    """Raise ModelError if an adapter of so many parameters cannot be trained in what is free."""
    if device != "cpu":
        return
    free = read_hardware().free_bytes
    needed = parameters * _BYTES_PER_ADAPTER_PARAMETER
    if free is not None and needed > free:
        raise ModelError(
            f"Training the adapter takes {byte_size(needed)} of memory beside the model; {byte_size(free)} are free.",
            "Lower its rank, or close other programs.",
        )
