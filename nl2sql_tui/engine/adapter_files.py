"""Reads what an adapter's files say of themselves and refuses what is no plain LoRA; loads no weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.engine.merging import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from nl2sql_tui.errors import InputError
from nl2sql_tui.text import shortened, visible

INSIDE_RUN: Final = "adapter"
"""The folder within a training run's folder that holds its adapter."""
_PICKLE: Final = "adapter_model.bin"
_PREFIX: Final = "base_model.model."
"""Before each name in the file: how peft calls the model it has wrapped."""


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """A LoRA adapter on disk."""

    folder: Path
    base: str
    """The base model that its configuration names: a Hub id or a folder; empty where it names none."""
    revision: str
    """The base's revision, "main" where the configuration names none."""
    rank: int
    has_patterns: bool
    """Ranks differ from module to module; `rank` is only that of the rest."""
    shapes: Mapping[str, tuple[int, ...]]
    """Each weight's shape, by its name in the model."""

    @property
    def has_tokenizer(self) -> bool:
        """Whether a tokenizer of its own lies beside it."""
        return all((self.folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json"))


def adapter_folder(place: Path) -> Path:
    """`place`, or the adapter within it where it is the folder of a training run."""
    inside = place / INSIDE_RUN
    return inside if not (place / ADAPTER_CONFIG).is_file() and inside.is_dir() else place


def read_adapter(place: Path) -> AdapterFiles:
    """The LoRA adapter in `place`, an adapter's folder or that of a training run. Raises InputError."""
    folder = adapter_folder(place)
    shown = visible(str(folder))
    config = _config(folder, shown)
    kind = config.get("peft_type")
    if kind != "LORA":
        raise InputError(
            f"The adapter in {shown} is of the kind {shortened(str(kind), 40)}; only LoRA can be used.",
            "Use it with the library that made it.",
        )
    shapes = _shapes(folder, shown)
    whole = config.get("modules_to_save") or ()
    foreign = next((name for name in shapes if ".lora_" not in name and not {*name.split(".")} & {*whole}), None)
    if foreign is not None:
        raise InputError(
            f"The adapter in {shown} holds weights that are not LoRA's, such as {shortened(foreign, 80)}.",
            "Save it again without the embedding layers (peft: save_embedding_layers=False).",
        )
    rank = config.get("r")
    if not isinstance(rank, int):
        raise InputError(f"{ADAPTER_CONFIG} in {shown} states no rank.", "Get the adapter again; this file is damaged.")
    return AdapterFiles(
        folder=folder,
        base=str(config.get("base_model_name_or_path") or ""),
        revision=str(config.get("revision") or "main"),
        rank=rank,
        has_patterns=bool(config.get("rank_pattern")),
        shapes=shapes,
    )


def _config(folder: Path, shown: str) -> dict[str, Any]:
    file = folder / ADAPTER_CONFIG
    try:
        config: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{shown} holds no adapter: there is no {ADAPTER_CONFIG}.",
            "Name an adapter's folder, or the folder of a training run.",
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{visible(str(file))} cannot be read: {visible(str(error))}.") from error
    if not isinstance(config, dict):
        raise InputError(f"{visible(str(file))} is not the configuration of an adapter.")
    return config


def _shapes(folder: Path, shown: str) -> dict[str, tuple[int, ...]]:
    """The weights' shapes from the head of the file."""
    file = folder / ADAPTER_WEIGHTS
    if not file.is_file():
        if (folder / _PICKLE).is_file():
            raise InputError(
                f"The adapter in {shown} has its weights as a pickle ({_PICKLE}), which can run any program when read.",
                "Save it as safetensors where it was made.",
            )
        raise InputError(f"The adapter in {shown} has no weights: {ADAPTER_WEIGHTS} is missing.")
    return {name.removeprefix(_PREFIX): shape for name, shape in tensor_shapes(file).items()}


def tensor_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Each tensor's shape in a safetensors file, read from its head. Raises InputError for any other file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as weights:
            return {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{visible(str(file))} is no whole safetensors file: {visible(str(error))}.", "Get it again, or retrain it."
        ) from error
