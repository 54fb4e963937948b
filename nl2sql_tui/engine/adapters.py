"""Lays LoRA adapters beside the weights of a model in memory and switches between them; merges none (see `merging`).

The model stays the very object that it was: its layers get the adapters' matrices beside their own.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.adapter_files import INSIDE_RUN, AdapterFiles, adapter_folder, read_adapter
from nl2sql_tui.engine.adapter_fit import require_fit
from nl2sql_tui.engine.merging import ADAPTER_CONFIG, ADAPTER_WEIGHTS, quiet
from nl2sql_tui.engine.profiles import HUB_ID
from nl2sql_tui.engine.transfer import FetchFailed, Meter, Report
from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.folders import user_path
from nl2sql_tui.text import shortened, visible

_HINT: Final = "Choose the model it was made for with --model, or another adapter."
_NUMBERED_RUN: Final = re.compile(r"run-\d+")
_SNAPSHOT: Final = re.compile(r"models--([\w.-]+?)--([\w.-]+)")
"""How the Hub's cache calls the folder of OWNER/NAME."""


def adapter_place(given: str, report: Report, cancel: Cancel) -> Path:
    """The folder of the adapter that `given` means, a folder or a Hub id, fetched if need be.

    Raises InputError where it is neither, ModelError where it cannot be fetched, Stopped.
    """
    try:
        folder = user_path(given)
        if folder.is_dir():
            return folder
    except OSError:
        # No rights to it, or a name that no folder can have.
        pass
    if HUB_ID.fullmatch(given) is None:
        raise InputError(
            f"There is no adapter {shortened(given, 100)}.", "Name its folder, a training run's, or its Hub id."
        )
    from nl2sql_tui.engine.hub import fetch_snapshot, hub_host

    try:
        return fetch_snapshot(given, "main", Meter(report, f"adapter {given} from {hub_host()}", 0), cancel)
    except FetchFailed as error:
        raise ModelError(
            f"The adapter {given} could not be fetched. {hub_host()}: {error.reason}.",
            "Or bring its folder here and name that.",
        ) from error


def adapter_bytes(place: Path) -> int:
    """What the adapter's weights take on disk, and about what they take in memory. Raises InputError."""
    return (read_adapter(place).folder / ADAPTER_WEIGHTS).stat().st_size


def short_name(place: Path) -> str:
    """What to call the adapter in `place`: its folder or the run around it, or its Hub id in the Hub's own cache."""
    parts = [part for part in place.absolute().parts if part not in (INSIDE_RUN, "/")] or ["adapter"]
    if len(parts) > 2 and parts[-2] == "snapshots" and (found := _SNAPSHOT.fullmatch(parts[-3])) is not None:
        return f"{found[1]}/{found[2]}"
    # Of the runs in which a database's history was learnt there are several of one name.
    return "/".join(parts[-2:]) if _NUMBERED_RUN.fullmatch(parts[-1]) else parts[-1]


def require_same_base(adapter: AdapterFiles, hub_id: str) -> None:
    """Raise InputError, naming both, where `adapter` names another model of the Hub than `hub_id`, if that is one."""
    made_for = adapter.base
    is_hub_id = HUB_ID.fullmatch(made_for) is not None and not Path(made_for).is_dir()
    if hub_id and is_hub_id and made_for.casefold() != hub_id.casefold():
        raise InputError(
            f"The adapter in {visible(str(adapter.folder))} was made for {shortened(made_for, 100)}, "
            f"not for {visible(hub_id)}.",
            f"{_HINT} If the two are the same weights under two names, load the model with path:FOLDER.",
        )


def require_pair(adapter: AdapterFiles, model: Any, hub_id: str, title: str) -> None:
    """Raise InputError, naming both, where `adapter` was not made for `model`, which `hub_id` and `title` name."""
    require_same_base(adapter, hub_id)
    require_fit(adapter, model, title, _HINT)


class Adapters:
    """The adapters of one model. Use it from the model's thread alone.

    Whatever was computed with one adapter, keys and values above all, is wrong with another: who switches must let
    go of it.
    """

    def __init__(self, model: Any, hub_id: str, title: str) -> None:
        """`hub_id` is the model's name on the Hub, empty where it has none; `title` is for a person."""
        self._model = model
        self._hub_id = hub_id
        self._title = title
        self._wrapper: Any = None
        self._keys: dict[str, str] = {}
        self._stamps: dict[str, str] = {}
        self._places: dict[str, Path] = {}
        self._active: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those loaded, in the order in which they came."""
        return tuple(self._keys)

    @property
    def active(self) -> str | None:
        """The one that answers now; None for the model by itself."""
        return self._active

    @property
    def places(self) -> Mapping[str, Path]:
        """The folder that each was loaded from, by its name."""
        return MappingProxyType(self._places)

    @property
    def stamp(self) -> str:
        """Says which files the answers depend on beside the model's; empty for the model by itself."""
        return "" if self._active is None else self._stamps[self._active]

    def loaded_from(self, place: Path) -> str | None:
        """The name of the adapter that was loaded from `place` as its files are now; None where there is none."""
        try:
            stamp = _stamp(adapter_folder(place))
        except OSError:
            return None
        return next((name for name, found in self._stamps.items() if found == stamp), None)

    def load(self, place: Path, name: str = "") -> str:
        """Load the adapter in the folder `place`, or in the training run there, and use it; return its name.

        Raises InputError where it is no LoRA in safetensors or was made for another model, ModelError where its files
        are not whole or memory does not suffice; the model and its adapter are then as they were.
        """
        adapter = read_adapter(place)
        require_pair(adapter, self._model, self._hub_id, self._title)
        name = name or self._free_name(place)
        if name in self._keys:
            raise InputError(f"An adapter called {shortened(name, 60)} is loaded already.", "Give it another name.")
        # The library builds module names from its keys, which a person's name could break.
        key = f"adapter_{len(self._keys)}"
        stamp = _stamp(adapter.folder)
        try:
            with quiet():
                self._attach(adapter, key)
        except ModelError:
            self._take_back(key)
            raise
        self._stamps[name], self._places[name] = stamp, adapter.folder
        self._keys[name] = key
        self.use(name)
        return name

    def use(self, name: str) -> None:
        """Let the adapter called `name` answer. Raises InputError where none is called so."""
        if name not in self._keys:
            known = ", ".join(visible(one) for one in self._keys) or "none"
            raise InputError(f"No adapter called {shortened(name, 60)} is loaded.", f"Loaded: {known}.")
        self._wrapper.base_model.enable_adapter_layers()
        self._wrapper.set_adapter(self._keys[name], inference_mode=True)
        self._active = name

    def none(self) -> None:
        """Let the model answer by itself; the adapters stay loaded."""
        if self._wrapper is not None:
            with quiet():
                self._wrapper.base_model.disable_adapter_layers()
        self._active = None

    def _attach(self, adapter: AdapterFiles, key: str) -> None:
        """Lay the adapter's matrices beside the weights, not in use yet. Raises ModelError, with a part of it done."""
        import torch
        from peft import PeftConfig, PeftModel, get_peft_model_state_dict
        from safetensors import SafetensorError

        shown = visible(str(adapter.folder))
        damaged = ModelError(
            f"The adapter in {shown} is not whole, or does not fit {visible(self._title)}.",
            "Get it again, or train it again.",
        )
        try:
            if self._wrapper is None:
                config = PeftConfig.from_pretrained(str(adapter.folder))
                config.inference_mode = True
                self._wrapper = PeftModel(self._model, config, key, autocast_adapter_dtype=False)
            self._wrapper.load_adapter(
                str(adapter.folder),
                key,
                is_trainable=False,
                autocast_adapter_dtype=False,
                torch_device=str(self._model.device),
            )
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise ModelError(
                f"There is not enough memory for the adapter in {shown}.", "Close other programs."
            ) from error
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
            raise damaged from error
        # Without a look at embeddings, for which peft would ask the Hub about the base model.
        found = get_peft_model_state_dict(self._wrapper, adapter_name=key, save_embedding_layers=False)
        if {name.removeprefix("base_model.model.") for name in found} != adapter.shapes.keys():
            # peft only warns when weights of the file find no place, or a place finds no weights
            raise damaged
        for name, weights in self._wrapper.named_parameters():
            if f".{key}." in name and weights.dtype != self._model.dtype:
                # On quantised layers peft leaves them in float32, and would turn each input there and back.
                weights.data = weights.data.to(self._model.dtype)

    def _take_back(self, key: str) -> None:
        """Remove what is there of an adapter that could not be loaded, and let the one before answer."""
        if self._wrapper is None:
            return
        with quiet():
            if key in self._wrapper.peft_config:
                self._wrapper.delete_adapter(key)
        if self._active is None:
            self.none()
        else:
            self.use(self._active)

    def _free_name(self, place: Path) -> str:
        """A short name, with a number where it is taken."""
        stem = short_name(place)
        names = (stem, *(f"{stem}-{number}" for number in range(2, len(self._keys) + 3)))
        return next(name for name in names if name not in self._keys)


def _stamp(folder: Path) -> str:
    """Says which files an adapter's are: another one after each change. Raises OSError."""
    stats = [(folder / name).stat() for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS)]
    return f"{folder.resolve()} {[(stat.st_size, stat.st_mtime_ns) for stat in stats]}"
