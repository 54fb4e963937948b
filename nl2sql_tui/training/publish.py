"""Decides which files of a folder may be published, and refuses what should not be; sends nothing (see `hub_upload`).

What goes is a list of names, not of endings: a JSON file may as well be a data set, a safetensors file an
optimizer's state. Folders within the folder never go, apart from a training run's adapter.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.adapter_files import adapter_folder, tensor_shapes
from nl2sql_tui.engine.download import checksum
from nl2sql_tui.engine.merging import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from nl2sql_tui.errors import InputError
from nl2sql_tui.text import shortened, visible
from nl2sql_tui.training.model_card import CARD, header_of

Kind = Literal["adapter", "model"]

_WEIGHTS: Final[dict[Kind, str]] = {
    "adapter": r"adapter_model\.safetensors",
    "model": r"model(-\d{5}-of-\d{5})?\.safetensors",
}
_ALWAYS: Final = (
    r"README\.md|(LICENSE|LICENCE|NOTICE)[\w.-]*\.(md|txt)|[\w.-]+\.png"
    r"|tokenizer(_config)?\.json|special_tokens_map\.json|added_tokens\.json|vocab\.json|merges\.txt"
    r"|chat_template\.jinja"
)
_CONFIGURATION: Final[dict[Kind, str]] = {
    "adapter": r"adapter_config\.json",
    "model": r"(generation_)?config\.json|model\.safetensors\.index\.json",
}
_PRESENTATION: Final = re.compile(r"README\.md|(LICENSE|LICENCE|NOTICE)[\w.-]*\.(md|txt)|[\w.-]+\.png")
"""What a run's own folder gives beside its adapter."""
_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_REPOSITORY: Final = re.compile(r"\w[\w.-]*/\w(?:[\w.-]{,94}\w)?", re.ASCII)
_MOST_CARD_BYTES: Final = 1_000_000
_HEADER_EXAMPLE: Final = (
    "A card begins with a header such as: --- / license: apache-2.0 / base_model: owner/name / --- (each on a line of "
    "its own)."
)


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """One file that would be sent."""

    path: Path
    name: str
    """In the repository, where all lie side by side."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """What would be published."""

    kind: Kind
    base_model: str
    licence: str
    files: tuple[OutgoingFile, ...]
    left_behind: tuple[str, ...]
    """Names of what lies in the folder and does not go."""

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)


def require_repository_name(name: str) -> None:
    """Raise InputError unless `name` is the name of a repository with its owner, as the Hub writes them."""
    if not _REPOSITORY.fullmatch(name) or "--" in name or ".." in name or name.endswith(".git"):
        raise InputError(
            f"{shortened(name, 100)} is not the name of a repository on the Hub.", "Write it as owner/name."
        )


def collect(folder: Path, cancel: Cancel) -> Parcel:
    """The files of an adapter's, a merged model's or a training run's folder that may be published, read and checked.

    Raises InputError for a folder without weights, with weights that are not safetensors, without a model card or
    with one whose header lacks its licence or base model; Stopped.
    """
    try:
        return _collected(folder, cancel)
    except OSError as error:
        place = visible(str(error.filename or folder))
        raise InputError(f"{place} cannot be read: {error.strerror or error}.") from error


def _collected(folder: Path, cancel: Cancel) -> Parcel:
    inner = adapter_folder(folder)
    shown = visible(str(folder))
    kind = _kind(inner, shown)
    chosen, left = _chosen(folder, inner, kind)
    _require_weights(chosen, inner, kind)
    header = _card_header(chosen, shown)
    base_model, licence = _base_model(header, shown), _licence(header, shown)
    if kind == "adapter":
        _require_same_base(inner, base_model)
    files = tuple(
        OutgoingFile(path, name, path.stat().st_size, checksum(path, cancel)) for name, path in sorted(chosen.items())
    )
    return Parcel(kind, base_model[0], licence, files, tuple(sorted(left)))


def _kind(folder: Path, shown: str) -> Kind:
    if (folder / ADAPTER_CONFIG).is_file():
        return "adapter"
    if (folder / "config.json").is_file():
        return "model"
    raise InputError(
        f"{shown} holds neither an adapter ({ADAPTER_CONFIG}) nor a model (config.json).",
        "Name the folder of an adapter, of a merged model, or of a training run.",
    )


def _chosen(folder: Path, inner: Path, kind: Kind) -> tuple[dict[str, Path], list[str]]:
    """What goes, by its name in the repository, and the names of what does not."""
    allowed = re.compile("|".join((_ALWAYS, _WEIGHTS[kind], _CONFIGURATION[kind])))
    chosen = {path.name: path for path in _files(inner) if allowed.fullmatch(path.name)}
    if folder != inner:
        # The run's own card stands before the one that peft writes beside each adapter.
        chosen |= {path.name: path for path in _files(folder) if _PRESENTATION.fullmatch(path.name)}
    going = set(chosen.values())
    places = [folder] if folder == inner else [folder, inner]
    left = [
        str(path.relative_to(folder)) + ("/" if path.is_dir() else "")
        for place in places
        for path in place.iterdir()
        if path not in going and path != inner
    ]
    return chosen, left


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def _require_weights(chosen: dict[str, Path], folder: Path, kind: Kind) -> None:
    weights = {name: path for name, path in chosen.items() if re.fullmatch(_WEIGHTS[kind], name)}
    shown = visible(str(folder))
    if not weights:
        pickles = [path.name for path in _files(folder) if path.suffix in (".bin", ".pt", ".pth", ".ckpt")]
        what = f"only {shortened(pickles[0], 60)}, and pickles are not published" if pickles else "none of its weights"
        raise InputError(f"{shown} has {what}.", "Save the weights as safetensors.")
    missing = _shards(chosen) - weights.keys()
    if missing:
        raise InputError(f"{shown} lacks {shortened(min(missing), 60)}, which its index names.")
    for path in weights.values():
        tensor_shapes(path)


def _shards(chosen: dict[str, Path]) -> set[str]:
    index = chosen.get("model.safetensors.index.json")
    if index is None:
        return {"model.safetensors"} if "config.json" in chosen else {ADAPTER_WEIGHTS}
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{visible(str(index))} is not an index of weights.") from error


def _card_header(chosen: dict[str, Path], shown: str) -> dict[str, Any]:
    card = chosen.get(CARD)
    if card is None:
        raise InputError(
            f"{shown} has no model card ({CARD}), and nothing is published without one.",
            f"Write it there: what the model is, what it was trained on, its limits. {_HEADER_EXAMPLE} "
            "A folder that `nl2sql-tui train` made has one.",
        )
    try:
        if card.stat().st_size > _MOST_CARD_BYTES:
            raise InputError(f"The model card in {shown} is larger than 1 MB.", "Put long tables elsewhere.")
        header = header_of(card.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"The model card in {shown} is not text in UTF-8.") from error
    if not header:
        raise InputError(f"The model card in {shown} has no header.", _HEADER_EXAMPLE)
    return header


def _base_model(header: dict[str, Any], shown: str) -> list[str]:
    found = header.get("base_model")
    names = [found] if isinstance(found, str) else found
    if not (isinstance(names, list) and names and all(isinstance(name, str) and name.strip() for name in names)):
        raise InputError(f"The model card in {shown} does not name the base model.", "Add `base_model: owner/name`.")
    wrong = next((name for name in names if not _HUB_ID.fullmatch(name)), None)
    if wrong is not None:
        raise InputError(
            f"The base model in the model card in {shown} is no name on the Hub: {shortened(wrong, 100)}.",
            "Write it as owner/name: whoever fetches this needs to find it.",
        )
    return names


def _licence(header: dict[str, Any], shown: str) -> str:
    found = header.get("license")
    if not (isinstance(found, str) and found.strip()):
        raise InputError(
            f"The model card in {shown} does not state a licence.",
            "Add `license:` with the Hub's short name of it, such as apache-2.0 or cc-by-sa-4.0.",
        )
    if found == "other" and not header.get("license_name"):
        raise InputError(
            f"The model card in {shown} has the licence `other` and no name for it.",
            "Add `license_name:` and `license_link:`.",
        )
    return str(header.get("license_name") or found)


def _require_same_base(folder: Path, of_card: list[str]) -> None:
    """Card and configuration must name the same base; a path of this computer is no name."""
    file = folder / ADAPTER_CONFIG
    try:
        named = json.loads(file.read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (ValueError, AttributeError) as error:
        raise InputError(f"{visible(str(file))} is not the configuration of an adapter.") from error
    if named in of_card:
        return
    raise InputError(
        f"{visible(str(file))} names the base model {shortened(str(named), 100)}, the model card names "
        f"{shortened(', '.join(of_card), 100)}.",
        "Make both the same name on the Hub: a folder of this computer is of no use to others.",
    )
