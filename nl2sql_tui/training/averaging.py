"""Averages the adapters of several runs on one base into a single one; teaches and judges nothing.

What is averaged is each adapter's effect on the weights, the product of its two factors: factors of different runs
mean nothing to each other. The mean of n adapters has n times their rank; of each layer's the best approximation of
the rank wanted is kept, by its singular values. That a mean of models which were taught from one base by different
runs answers better than any of them is from Wortsman et al., Model soups (2022).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file

from nl2sql_tui.engine.adapter_files import AdapterFiles, read_adapter
from nl2sql_tui.engine.merging import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from nl2sql_tui.errors import InputError
from nl2sql_tui.text import visible
from nl2sql_tui.training.model_card import CARD, card_of_mean
from nl2sql_tui.training.new_folder import require_free_place, whole_folder

_A: Final = ".lora_A.weight"
_B: Final = ".lora_B.weight"
_SAME: Final = ("target_modules", "fan_in_fan_out", "use_rslora")
"""Settings in which adapters have to agree for their effects to be added up."""
_HARMLESS: Final = frozenset(
    (
        "auto_mapping base_model_name_or_path exclude_modules fan_in_fan_out inference_mode init_lora_weights "
        "layers_pattern layers_to_transform lora_alpha lora_dropout megatron_core peft_type peft_version "
        "qalora_group_size r revision target_modules task_type use_rslora"
    ).split()
)
"""Settings with which an effect is the product of two factors and a scale. With another that is set, it is more than
that, or nobody knows: there may be kinds of adapters that are younger than this program."""


@dataclass(frozen=True, slots=True)
class Averaged:
    """What was written."""

    folder: Path
    adapters: int
    rank: int
    kept: float
    """The share of the mean effect that the rank holds: of the sum of all layers' squared singular values."""
    has_card: bool
    """Whether each of the adapters has a model card, of which the mean's was made."""


@dataclass(frozen=True, slots=True)
class _Effect:
    """An adapter in memory."""

    weights: Mapping[str, torch.Tensor]
    scale: float
    """What the product of its factors is multiplied by."""


def average(adapters: Sequence[Path], out: Path, rank: int | None = None) -> Averaged:
    """Write the mean of `adapters`, folders of adapters or of training runs, into the new folder `out`.

    `rank` is the result's, the highest among the adapters if it is None. Raises InputError for what cannot be
    averaged, ModelError for what the disk refuses; nothing is left in `out` then.
    """
    if len(adapters) < 2:
        raise InputError("A mean takes two adapters or more.")
    require_free_place(out)
    files = [read_adapter(place) for place in adapters]
    configs = [json.loads((file.folder / ADAPTER_CONFIG).read_text(encoding="utf-8")) for file in files]
    _require_alike(files, configs)
    wanted = rank or max(file.rank for file in files)
    effects = [
        _Effect(load_file(file.folder / ADAPTER_WEIGHTS), _scale(config))
        for file, config in zip(files, configs, strict=True)
    ]
    scale = effects[0].scale
    averaged: dict[str, torch.Tensor] = {}
    kept = whole = 0.0
    for name in (name for name in effects[0].weights if name.endswith(_A)):
        layer = name.removesuffix(_A)
        a, b, squares = _mean_of_layer(layer, effects, wanted)
        number = effects[0].weights[name].dtype
        averaged[layer + _A] = a.to(number).contiguous()
        averaged[layer + _B] = (b / scale).to(number).contiguous()
        kept, whole = kept + float(squares[:wanted].sum()), whole + float(squares.sum())
    alpha = scale * (wanted**0.5 if configs[0].get("use_rslora") else wanted)
    settings = configs[0] | {"r": wanted, "lora_alpha": int(alpha) if alpha == int(alpha) else alpha}
    with whole_folder(out) as folder:
        (folder / ADAPTER_CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        save_file(averaged, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
        # The library writes weights for the owner's eyes only.
        (folder / ADAPTER_WEIGHTS).chmod((folder / ADAPTER_CONFIG).stat().st_mode)
        share = kept / whole if whole else 1.0
        card = card_of_mean([_card(file) for file in files], wanted, share)
        if card:
            (folder / CARD).write_text(card, encoding="utf-8")
    return Averaged(out, len(files), wanted, share, bool(card))


def _card(file: AdapterFiles) -> str:
    """An adapter's model card; empty where it has none that can be read."""
    try:
        return (file.folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _mean_of_layer(
    layer: str, effects: Sequence[_Effect], rank: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """a (rank, inputs) and b (outputs, rank), whose product is about the mean effect; all its squared singular values.

    The mean is the product of the factors side by side, which is decomposed without being formed. A layer smaller
    than the rank gets factors padded with zeros.
    """
    share = 1.0 / len(effects)
    wide = torch.cat([effect.weights[layer + _B].float() * (effect.scale * share) for effect in effects], dim=1)
    tall = torch.cat([effect.weights[layer + _A].float() for effect in effects], dim=0)
    left, outer = torch.linalg.qr(wide)
    right, inner = torch.linalg.qr(tall.t())
    u, values, v = torch.linalg.svd(outer @ inner.t())
    used = min(rank, len(values))
    roots = values[:used].sqrt()
    a = torch.zeros(rank, tall.shape[1])
    b = torch.zeros(wide.shape[0], rank)
    a[:used] = roots[:, None] * (v[:used] @ right.t())
    b[:, :used] = (left @ u[:, :used]) * roots
    return a, b, values**2


def _scale(config: Mapping[str, Any]) -> float:
    rank = float(config["r"])
    return float(config["lora_alpha"]) / (rank**0.5 if config.get("use_rslora") else rank)


def _require_alike(files: Sequence[AdapterFiles], configs: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError for adapters whose effects cannot be added up."""
    first, its_config = files[0], configs[0]
    for file, config in zip(files, configs, strict=True):
        shown = visible(str(file.folder))
        special = next((name for name, setting in config.items() if name not in _HARMLESS and _is_set(setting)), None)
        if special is not None:
            raise InputError(f"The adapter in {shown} has {visible(special)} set, so it cannot be averaged.")
        if file.base.casefold() != first.base.casefold():
            raise InputError(
                f"The adapters are for different models: {visible(first.base)} and {visible(file.base)}.",
                "Only adapters of one base can be averaged.",
            )
        differing = next((name for name in _SAME if _as_set(config.get(name)) != _as_set(its_config.get(name))), None)
        if differing is not None or _outline(file) != _outline(first):
            raise InputError(
                f"The adapters in {visible(str(first.folder))} and {shown} are on different layers.",
                "Only adapters of one form can be averaged.",
            )


def _is_set(setting: object) -> bool:
    return setting not in (None, False, "none", {}, [])


def _outline(file: AdapterFiles) -> dict[str, int]:
    """Each factor with the side of it that the layer has and not the rank."""
    return {name: shape[1] if name.endswith(_A) else shape[0] for name, shape in file.shapes.items()}


def _as_set(setting: object) -> object:
    return frozenset(setting) if isinstance(setting, list) else setting or False
