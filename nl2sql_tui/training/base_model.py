"""Finds, fetches and loads the base model that an adapter goes onto, in full precision and never quantised.

Loading a model to answer questions is the engine's part.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import base_weights, store
from nl2sql_tui.engine.adapter_files import AdapterFiles
from nl2sql_tui.engine.base_weights import Base
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.hub import fetch_snapshot, hub_host
from nl2sql_tui.engine.profiles import HUB_ID, PROFILES, Profile
from nl2sql_tui.engine.sources import prepare
from nl2sql_tui.engine.transfer import FetchFailed, Meter, Report
from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.folders import user_path
from nl2sql_tui.text import shortened, visible

Dtype = Literal["bfloat16", "float16", "float32"]

WIDTHS: Final[dict[Dtype, int]] = {"bfloat16": 2, "float16": 2, "float32": 4}
"""Bytes a parameter."""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A base that was chosen; nothing of it has been fetched."""

    title: str
    """For a person."""
    hub_id: str = ""
    """Its name on the Hub, where it is known."""
    revision: str = "main"
    profile: Profile | None = None
    folder: Path | None = None

    @property
    def is_converted(self) -> bool:
        """Whether it is the base of a profile whose folder this program makes, in float32."""
        return self.profile is not None and self.profile.is_converted


def choose_base(given: str | None, adapter: AdapterFiles) -> BaseModel:
    """The base that the user named, or else the one that the adapter names: a profile, a folder or a Hub id.

    Raises InputError where there is no such, and where the adapter names another one than the user.
    """
    if given is None:
        if not adapter.base:
            raise InputError(
                f"The adapter in {visible(str(adapter.folder))} does not say which model it was made for.",
                "Name it with --base.",
            )
        of_profile = next((one for one in PROFILES.values() if one.hub_id == adapter.base), None)
        return _of_profile(of_profile) if of_profile else _named(adapter.base, adapter.revision)
    chosen = _of_profile(PROFILES[given]) if given in PROFILES else _named(given, "main")
    made_for = adapter.base if _is_hub_id(adapter.base) else ""
    if chosen.hub_id and made_for and chosen.hub_id.casefold() != made_for.casefold():
        raise InputError(
            f"The adapter in {visible(str(adapter.folder))} was made for {shortened(made_for, 100)}, "
            f"not for {visible(chosen.title)}.",
            "Leave out --base; or, if the two are the same weights under two names, give a folder that holds them.",
        )
    return chosen


def _of_profile(profile: Profile) -> BaseModel:
    return BaseModel(f"{profile.name} ({profile.hub_id})", profile.hub_id, profile.hub_revision, profile)


def _named(name: str, revision: str) -> BaseModel:
    folder = user_path(name)
    if folder.is_dir():
        return BaseModel(name, folder=folder)
    if _is_hub_id(name):
        return BaseModel(name, name, revision)
    raise InputError(
        f"There is no base model {shortened(name, 100)}.",
        f"Give --base a folder, a name on the Hub (owner/name) or one of: {', '.join(PROFILES)}.",
    )


def _is_hub_id(name: str) -> bool:
    return HUB_ID.fullmatch(name) is not None and not name.startswith((".", "~")) and not Path(name).is_dir()


def fetch_base(base: BaseModel, report: Report, cancel: Cancel) -> Base:
    """The base's files on this computer, fetched if need be. Raises ModelError or Stopped."""
    if base.folder is not None:
        _require_whole(base.folder)
        return Base(base.folder, "")
    if base.profile is not None:
        return _of_profile_here(base.profile, report, cancel)
    meter = Meter(report, f"{base.hub_id} from {hub_host()}", 0)
    try:
        folder = fetch_snapshot(base.hub_id, base.revision, meter, cancel)
    except FetchFailed as error:
        raise ModelError(
            f"The base model {base.hub_id} could not be fetched. {hub_host()}: {error.reason}.",
            "What came so far is kept. Or bring a folder with the model here and give it as --base.",
        ) from error
    _require_whole(folder)
    return Base(folder, "")


def _of_profile_here(profile: Profile, report: Report, cancel: Cancel) -> Base:
    if not profile.is_converted:
        folder = prepare(profile, report, cancel)
        _require_whole(folder)
        return Base(folder, "")

    def waiting() -> None:
        report(LoadState("fetching", "Another nl2sql-tui is getting this model; waiting for it"))

    with store.disk_errors(profile.download_bytes + profile.disk_bytes), store.exclusive(profile, cancel, waiting):
        return base_weights.base_at_hand(profile, cancel) or base_weights.fetch_base(profile, report, cancel)


def _require_whole(folder: Path) -> None:
    """Raise ModelError unless the folder has a model in safetensors, with its tokenizer, that is not quantised."""
    shown = visible(str(folder))
    if store.model_type(folder) is None:
        pickles = any(folder.glob("pytorch_model*.bin"))
        raise ModelError(
            f"{shown} holds no whole model: configuration, tokenizer and weights as safetensors are needed"
            + (", and its weights are pickles." if pickles else "."),
            "Name the folder of a model as the Hub has them.",
        )
    if "quantization_config" in json.loads((folder / "config.json").read_text(encoding="utf-8")):
        raise ModelError(
            f"The model in {shown} is quantised; what is merged into it would be lost in rounding.",
            "Give the same model in full precision as --base.",
        )


def outline(folder: Path) -> Any:
    """The folder's model without its weights: modules and shapes only. Raises ModelError."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(folder) from error


def load_model(folder: Path, dtype: Dtype, device: str) -> Any:
    """The folder's model for inference, from safetensors and nothing else. Raises ModelError."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _unreadable(folder) from error
    return model.to(device).eval()


def load_tokenizer(folder: Path) -> Any:
    """The folder's tokenizer. Raises ModelError."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises bare Exception for a file it cannot read
        raise ModelError(f"The tokenizer in {visible(str(folder))} cannot be read.") from error


def _unreadable(folder: Path) -> ModelError:
    return ModelError(
        f"The model in {visible(str(folder))} cannot be read; its files may be damaged, or need a newer transformers."
    )
