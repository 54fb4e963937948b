"""Lays LoRA adapters beside the weights of a model in memory and switches between them; merges none (see `merging`).

The model stays the very object that it was: its layers get the adapters' matrices beside their own.
"""

from pathlib import Path
from typing import Any, Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.adapter_files import AdapterFiles, read_adapter
from nl2sql_tui.engine.adapter_fit import require_fit
from nl2sql_tui.engine.merging import ADAPTER_WEIGHTS, quiet
from nl2sql_tui.engine.profiles import HUB_ID
from nl2sql_tui.engine.transfer import FetchFailed, Meter, Report
from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.text import shortened, visible

_HINT: Final = "Choose the model it was made for with --model, or another adapter."


def adapter_place(given: str, report: Report, cancel: Cancel) -> Path:
    """The folder of the adapter that `given` means, a folder or a Hub id, fetched if need be.

    Raises InputError where it is neither, ModelError where it cannot be fetched, Stopped.
    """
    folder = Path(given).expanduser()
    if folder.is_dir():
        return folder
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
        self._active: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those loaded, in the order in which they came."""
        return tuple(self._keys)

    @property
    def active(self) -> str | None:
        """The one that answers now; None for the model by itself."""
        return self._active

    def load(self, place: Path, name: str = "") -> str:
        """Load the adapter in the folder `place`, or in the training run there, and use it; return its name.

        Raises InputError where it is no LoRA in safetensors or was made for another model, which then stays as it
        was; ModelError where its files are not whole.
        """
        adapter = read_adapter(place)
        self._require_same_base(adapter)
        require_fit(adapter, self._model, self._title, _HINT)
        name = name or self._free_name(place)
        if name in self._keys:
            raise InputError(f"An adapter called {shortened(name, 60)} is loaded already.", "Give it another name.")
        # The library builds module names from its keys, which a person's name could break.
        key = f"adapter_{len(self._keys)}"
        with quiet():
            self._attach(adapter, key)
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

    def _require_same_base(self, adapter: AdapterFiles) -> None:
        made_for = adapter.base
        is_hub_id = HUB_ID.fullmatch(made_for) is not None and not Path(made_for).is_dir()
        if self._hub_id and is_hub_id and made_for.casefold() != self._hub_id.casefold():
            raise InputError(
                f"The adapter in {visible(str(adapter.folder))} was made for {shortened(made_for, 100)}, "
                f"not for {visible(self._hub_id)}.",
                f"{_HINT} If the two are the same weights under two names, load the model with path:FOLDER.",
            )

    def _attach(self, adapter: AdapterFiles, key: str) -> None:
        from peft import PeftModel, get_peft_model_state_dict
        from safetensors import SafetensorError

        damaged = ModelError(
            f"The adapter in {visible(str(adapter.folder))} is not whole, or does not fit {visible(self._title)}.",
            "Get it again, or train it again.",
        )
        options: dict[str, Any] = {"is_trainable": False, "autocast_adapter_dtype": False}
        try:
            if self._wrapper is None:
                self._wrapper = PeftModel.from_pretrained(self._model, str(adapter.folder), key, **options)
            else:
                self._wrapper.load_adapter(str(adapter.folder), key, torch_device=str(self._model.device), **options)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
            raise damaged from error
        # Without a look at embeddings, for which peft would ask the Hub about the base model.
        found = get_peft_model_state_dict(self._wrapper, adapter_name=key, save_embedding_layers=False)
        if {name.removeprefix("base_model.model.") for name in found} != adapter.shapes.keys():
            # peft only warns when weights of the file find no place, or a place finds no weights
            self._wrapper.delete_adapter(key)
            raise damaged
        for name, weights in self._wrapper.named_parameters():
            if f".{key}." in name and weights.dtype != self._model.dtype:
                # On quantised layers peft leaves them in float32, and would turn each input there and back.
                weights.data = weights.data.to(self._model.dtype)

    def _free_name(self, place: Path) -> str:
        """The folder's name, or that of the run around it, with a number where it is taken."""
        parts = [part for part in place.absolute().parts if part not in ("adapter", "/")]
        stem = parts[-1] if parts else "adapter"
        names = (stem, *(f"{stem}-{number}" for number in range(2, len(self._keys) + 3)))
        return next(name for name in names if name not in self._keys)
