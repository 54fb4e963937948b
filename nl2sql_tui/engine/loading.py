"""Loads a prepared model folder into memory with transformers, in the form that its plan says."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import architecture
from nl2sql_tui.engine.adapters import Adapters, adapter_bytes, adapter_place
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.gpu_memory import GpuMeter, footprint, meter_of
from nl2sql_tui.engine.hardware import read_hardware
from nl2sql_tui.engine.plan import Device, DeviceKind, Plan, choose
from nl2sql_tui.engine.profiles import Form, Profile
from nl2sql_tui.engine.steady import make_steady
from nl2sql_tui.engine.transfer import Report

_PLACES: dict[DeviceKind, str] = {"cuda": "cuda:0", "mps": "mps", "cpu": "cpu"}


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory and what belongs to it."""

    model: Any
    tokenizer: Any
    device: str
    """For a person: "cpu", "cuda:0 NVIDIA …", "mps"."""
    longest: int
    """Tokens of prompt and answer that the model was made for."""
    end_tokens: frozenset[int]
    """Tokens that end an answer."""
    form: Form
    plan: Plan | None
    """None for a model whose size nobody could tell beforehand."""
    adapters: Adapters
    """Those beside the weights; the packaged adapter of the default model is merged and not among them."""
    footprint: int
    """Bytes of weights and buffers, adapters included, as they were measured once loaded."""
    meter: GpuMeter | None
    """None without an NVIDIA GPU."""


def load(
    folder: Path | str, profile: Profile, report: Report = lambda _: None, cancel: Cancel | None = None
) -> LoadedModel:
    """Load the model of `profile` from `folder`, a local folder or a name in the Hub's cache, for answering.

    `report` gets the plan as one line before the weights are read. Raises ModelError where it does not fit, InputError
    for an adapter that is not the model's, Stopped, and whatever transformers, torch or bitsandbytes raise.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    adapter = adapter_place(profile.lora, report, cancel or Cancel()) if profile.lora else None
    devices = _devices()
    plan = _plan(Path(folder), profile, devices, adapter)
    device = plan.device if plan else devices[0]
    form = plan.form if plan else profile.form or profile.forms[0]
    report(LoadState("loading", plan.line if plan else ""))
    place = _PLACES[device.kind]
    quantisation = quantisation_config(form)
    options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "dtype": _dtype(form, device.kind)}
    if quantisation is not None:
        options |= {"quantization_config": quantisation, "device_map": {"": place}}
    model: Any = AutoModelForCausalLM.from_pretrained(folder, **options)
    if quantisation is None and device.kind != "cpu":
        model = model.to(place)
    model = model.eval()
    if device.kind == "cpu" and form in ("bfloat16", "float16"):
        make_steady(model)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    adapters = Adapters(model, profile.hub_id, profile.title)
    if adapter is not None:
        adapters.load(adapter)
    ends = model.generation_config.eos_token_id
    end_tokens = frozenset(ends if isinstance(ends, list) else [ends]) | {tokenizer.eos_token_id}
    # generate() would fill what is not asked of it from here: a penalty on repetition, as some models bring along,
    # punishes every name of the schema.
    model.generation_config = GenerationConfig()
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        device=f"{place} {device.name}" if device.kind == "cuda" else place,
        longest=int(model.config.max_position_embeddings),
        end_tokens=end_tokens - {None},
        form=form,
        plan=plan,
        adapters=adapters,
        footprint=footprint(model),
        meter=meter_of(model),
    )


def _plan(folder: Path, profile: Profile, devices: tuple[Device, ...], adapter: Path | None) -> Plan | None:
    """By what the folder's own configuration says, else by what the profile knows."""
    sizes = (architecture.of_folder(folder) if folder.is_dir() else None) or profile.architecture
    if sizes is None:
        return None
    return choose(profile, sizes, devices, adapter_bytes(adapter) if adapter else 0)


def quantisation_config(form: Form) -> Any:
    """The bitsandbytes settings for a form; None for one that is not quantised.

    nf4 with double quantisation is QLoRA's (Dettmers et al., 2023); int8 is LLM.int8() (Dettmers et al., 2022), whose
    threshold for outliers, 6.0, is the library's own and the article's.
    """
    from transformers import BitsAndBytesConfig

    if form in ("nf4", "nf4-double"):
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=form == "nf4-double",
            bnb_4bit_compute_dtype=_half(),
        )
    if form == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return None


def _dtype(form: Form, kind: DeviceKind) -> Any:
    """The numbers that unquantised parts stand in and that the model computes with."""
    import torch

    if form in ("float32", "bfloat16", "float16"):
        return getattr(torch, form)
    # The 8-bit kernels compute in float16; anything else is turned into that at each layer.
    return torch.float16 if form == "int8" and kind == "cuda" else _half()


def _half() -> Any:
    """bfloat16, or float16 on an NVIDIA GPU that only imitates the former."""
    import torch

    if torch.cuda.is_available() and not torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.float16
    return torch.bfloat16


def _devices() -> tuple[Device, ...]:
    """What torch can use here, the one to be preferred first, with what is free on it now."""
    import torch

    hardware = read_hardware()
    main_memory = (hardware.memory_bytes, hardware.free_bytes)
    found = []
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info(0)
        found.append(Device("cuda", torch.cuda.get_device_name(0), total, free))
    elif torch.backends.mps.is_available():
        found.append(Device("mps", "the Apple GPU", *main_memory))
    return (*found, Device("cpu", "the CPU", *main_memory, hardware.bfloat16))
