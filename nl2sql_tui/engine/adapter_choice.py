"""What a local model can be given in the place of the adapter it has, and how it is given that while it runs.

A model that is loaded as published gets adapters beside its weights. One that this program converts has its adapter
merged: another one means other weights, which are made and loaded in the place of those in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import PACKAGED, KnownAdapter, LoadState
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.errors import InputError
from nl2sql_tui.folders import user_path
from nl2sql_tui.text import visible

if TYPE_CHECKING:
    from nl2sql_tui.engine.adapters import Adapters
    from nl2sql_tui.engine.generation import Generator
    from nl2sql_tui.engine.loading import LoadedModel

Report = Callable[[LoadState], None]
Prepare = Callable[[Profile, Report, Cancel], Path | str]
"""Makes sure that a profile's files are on disk and says where; see `engine.sources.prepare`."""
Load = Callable[[Path | str, Profile, Cancel], "LoadedModel"]
"""Reads such files into memory."""
Change = Callable[["Generator"], str]
"""Puts another adapter into use, on the model's thread, and gives its name; what it raises leaves all as it was."""

_RESERVED: Final = frozenset(("none", PACKAGED))
"""What is said for no adapter and for the packaged one. A folder of that name is reached as `./none`."""


class AdapterChoice(Protocol):
    """The adapters of one model. For any thread, except that a `Change` is the model's thread's to make."""

    def at_first(self) -> str:
        """The adapter that the model is loaded with, by name; empty for none. Looks at the disk; raises InputError."""
        ...

    def known(self, loaded: "LoadedModel | None") -> tuple[KnownAdapter, ...]:
        """See `Engine.adapters`; `loaded` is the model if it is in memory."""
        ...

    def change_to(self, wanted: str | None, loaded: "LoadedModel", report: Report, cancel: Cancel) -> Change:
        """What has to be done to use the adapter `wanted`, whose files are fetched and made ready here.

        Raises InputError, ModelError, Stopped.
        """
        ...


def choice_for(profile: Profile, prepare: Prepare, load: Load) -> AdapterChoice:
    """The adapters of the profile's model, by how it has them."""
    if profile.is_converted and profile.folder is None:
        return _Merged(profile, prepare, load)
    return _Beside(profile)


class _Beside:
    """Adapters laid beside the weights; each stays in memory once it is there."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def at_first(self) -> str:
        given = self._profile.lora
        folder = user_path(given)
        return _short_name(folder) if given and folder.is_dir() else given

    def known(self, loaded: "LoadedModel | None") -> tuple[KnownAdapter, ...]:
        """Those in memory, then those made on this computer for this model."""
        places = dict(loaded.adapters.places) if loaded is not None else {}
        active = loaded.adapters.active if loaded is not None else None
        in_memory = [
            KnownAdapter(name, str(place), in_use=name == active, is_loaded=True) for name, place in places.items()
        ]
        trained = _trained_for(self._profile)
        others = [place for place in trained if not any(_is_same(place, there) for there in places.values())]
        named = _named(others, {*places, *_RESERVED})
        return (*in_memory, *(KnownAdapter(name, str(place)) for name, place in named))

    def change_to(self, wanted: str | None, loaded: "LoadedModel", report: Report, cancel: Cancel) -> Change:
        adapters = loaded.adapters
        if wanted is None:
            return lambda generator: _renewed(generator, adapters.none)
        known = self.known(loaded)
        place = next((Path(one.place) for one in known if one.name == wanted), None)
        if place is None:
            place = _place(wanted, report, cancel)
        elif wanted in adapters.names and not _is_there(place):
            return lambda generator: _renewed(generator, lambda: adapters.use(wanted))
        in_memory = adapters.loaded_from(place)
        if in_memory is not None:
            return lambda generator: _renewed(generator, lambda: adapters.use(in_memory))
        # The name that the list has for it; a fresh one where files that are in memory have changed since.
        listed = (one.name for one in known if _is_same(Path(one.place), place) and not one.is_loaded)
        fresh, _ = next(_named((place,), {*adapters.names, *_RESERVED}))
        name = next(listed, fresh)
        return lambda generator: _laid_beside(generator, adapters, place, name, cancel)


def _renewed(generator: "Generator", switch: Callable[[], None]) -> str:
    """Switch between adapters that are in memory; the name of the one in use then."""
    switch()
    generator.renew(generator.loaded)
    return generator.loaded.adapters.active or ""


def _laid_beside(generator: "Generator", adapters: "Adapters", place: Path, name: str, cancel: Cancel) -> str:
    """Load the adapter in `place` and use it, unless that is stopped meanwhile."""
    before = adapters.active
    adapters.load(place, name)
    if cancel.requested:
        adapters.none() if before is None else adapters.use(before)
    cancel.raise_if_requested()
    generator.renew(generator.loaded)
    return adapters.active or ""


class _Merged:
    """One adapter at a time, merged into weights of which the model in memory is made anew."""

    def __init__(self, profile: Profile, prepare: Prepare, load: Load) -> None:
        self._profile = profile
        self._prepare = prepare
        self._load = load
        self._seen = [profile.own_adapter] if profile.own_adapter is not None else []

    def at_first(self) -> str:
        return next((one.name for one in self.known(None) if one.in_use), "")

    def known(self, loaded: "LoadedModel | None") -> tuple[KnownAdapter, ...]:  # noqa: ARG002 - one is known anyway
        """The packaged one, those made on this computer for this model, and whatever else was in use before."""
        own = self._profile.own_adapter
        places = _trained_for(self._profile)
        places += [seen for seen in self._seen if not any(_is_same(seen, place) for place in places)]
        packaged = [KnownAdapter(PACKAGED, in_use=own is None, is_loaded=own is None)] if self._profile.adapter else []
        others = []
        for name, place in _named(places, _RESERVED):
            in_use = own is not None and _is_same(own, place)
            others.append(KnownAdapter(name, str(place), in_use=in_use, is_loaded=in_use))
        return (*packaged, *others)

    def change_to(self, wanted: str | None, loaded: "LoadedModel", report: Report, cancel: Cancel) -> Change:
        """Make the weights with the other adapter; half a minute, where they have not been made before."""
        from nl2sql_tui.engine.adapter_files import read_adapter
        from nl2sql_tui.engine.adapters import require_pair

        place = self._place(wanted, report, cancel)
        if place is not None:
            adapter = read_adapter(place)
            place = adapter.folder.absolute()
            require_pair(adapter, loaded.model, self._profile.hub_id, self._profile.title)
        profile = replace(self._profile, own_adapter=place)
        folder = self._prepare(profile, report, cancel)

        def change(generator: "Generator") -> str:
            report(LoadState("loading", device=generator.loaded.device))
            other = self._load(folder, profile, cancel)
            cancel.raise_if_requested()
            generator.renew(other, Path(folder))
            self._profile = profile
            if place is not None and not any(_is_same(place, seen) for seen in self._seen):
                self._seen.append(place)
            return self.at_first()

        return change

    def _place(self, wanted: str | None, report: Report, cancel: Cancel) -> Path | None:
        """The folder that `wanted` means; None for the packaged adapter."""
        if wanted == PACKAGED and self._profile.adapter:
            return None
        if wanted is None:
            name = visible(self._profile.name)
            raise InputError(
                f"The adapter of {name} is merged into its weights, so there is no {name} without one.",
                f'The one called "{PACKAGED}" came with the program. The model without any is '
                f"--model hf:{visible(self._profile.hub_id)}.",
            )
        named = next((Path(one.place) for one in self.known(None) if one.name == wanted and one.place), None)
        return named or _place(wanted, report, cancel)


def _trained_for(profile: Profile) -> list[Path]:
    """The adapters made on this computer for the profile's model."""
    from nl2sql_tui.engine.own_adapters import trained

    return trained({profile.hub_id, str(profile.folder or "")} - {""})


def _place(wanted: str, report: Report, cancel: Cancel) -> Path:
    from nl2sql_tui.engine.adapters import adapter_place

    return adapter_place(wanted, report, cancel)


def _is_there(place: Path) -> bool:
    from nl2sql_tui.engine.store import is_adapter

    return is_adapter(place)


def _is_same(one: Path, other: Path) -> bool:
    """Whether both mean one adapter: its folder, or that of the run around it, by whichever way."""
    from nl2sql_tui.engine.adapter_files import adapter_folder

    return adapter_folder(one).resolve() == adapter_folder(other).resolve()


def _short_name(place: Path) -> str:
    from nl2sql_tui.engine.adapters import short_name

    return short_name(place)


def _named(places: Iterable[Path], taken: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """Each place with a name of its own: its short one, with a number where that is taken."""
    names = set(taken)
    for place in places:
        stem = name = _short_name(place)
        number = 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.add(name)
        yield name, place
