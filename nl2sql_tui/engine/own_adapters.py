"""Remembers which adapters were made on this computer, and for which databases; makes no adapter and merges none.

What is remembered stands in the data folder. `adapters.json` has for each profile the adapter's folder by the path of
the database; a database without an entry is answered with the packaged adapter. `trained.json` lists the adapters of
training runs, which lie wherever the user put them.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.engine.store import is_adapter
from nl2sql_tui.errors import ModelError
from nl2sql_tui.folders import data_folder
from nl2sql_tui.text import visible

_LONGEST_STEM: Final = 40
"""Letters of a database's name in the name of its folder."""
_MOST_NOTED: Final = 100
"""Training runs that are remembered."""

Entries = dict[str, dict[str, str]]
"""Adapter folders by database, by profile."""


def own_adapters_file() -> Path:
    """Where it is remembered."""
    return data_folder() / "adapters.json"


def home_of(database: Path) -> Path:
    """The folder for everything that is learnt from the history of `database`; it need not exist."""
    name = name_of(database)
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
    return data_folder() / "adapters" / f"{Path(name).stem[:_LONGEST_STEM]}-{digest}"


def adapter_for(database: Path, profile_name: str, on_problem: Callable[[str], None] = lambda _: None) -> Path | None:
    """The adapter that `database` has of its own for the profile; None stands for the packaged one.

    Where what is remembered cannot be read, or the adapter is not there any more, `on_problem` gets a line on it, and
    it is None.
    """
    try:
        place = _read().get(profile_name, {}).get(name_of(database))
    except _Unreadable as problem:
        on_problem(f"{problem} The packaged adapter is used.")
        return None
    if place is None:
        return None
    if not is_adapter(Path(place)):
        on_problem(f"The adapter of this database is not in {visible(place)} any more. The packaged one is used.")
        return None
    return Path(place)


def in_use(profile_name: str | None = None) -> list[Path]:
    """The adapters that databases have of their own, for one profile or for all; those that are still there."""
    try:
        entries = _read()
    except _Unreadable:
        return []
    chosen = entries.values() if profile_name is None else [entries.get(profile_name, {})]
    return [Path(place) for places in chosen for place in places.values() if is_adapter(Path(place))]


def trained_file() -> Path:
    """Where the adapters of training runs are remembered."""
    return data_folder() / "trained.json"


def note_trained(adapter: Path) -> None:
    """Remember the adapter that a training run made. Raises ModelError if that cannot be written."""
    places = [str(folder) for folder in _noted() if folder != adapter.absolute()]
    _write_json(
        trained_file(),
        [*places, str(adapter.absolute())][-_MOST_NOTED:],
        "The adapter is whole; only this is not noted.",
    )


def trained(bases: Set[str]) -> list[Path]:
    """The adapters made on this computer for a model that goes by one of the names `bases`; those still there.

    First those learnt from the histories of databases, then those of training runs, the newest first.
    """
    learnt = sorted((data_folder() / "adapters").glob("*/run-*/adapter"))
    wanted = {name.casefold() for name in bases}
    found = (place for place in (*learnt, *reversed(_noted())) if is_adapter(place))
    return [place for place in found if _base_of(place).casefold() in wanted]


def _noted() -> list[Path]:
    """The adapters of training runs; none where that cannot be read, which takes nothing from them."""
    try:
        found: Any = json.loads(trained_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [Path(place) for place in found if isinstance(place, str)] if isinstance(found, list) else []


def _base_of(adapter: Path) -> str:
    """The model that the adapter's configuration names; empty where it names none."""
    try:
        config: Any = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    name = config.get("base_model_name_or_path") if isinstance(config, dict) else None
    return name if isinstance(name, str) else ""


def use(database: Path, profile_name: str, folder: Path) -> None:
    """Let the adapter in `folder` answer for `database` from now on. Raises ModelError if that cannot be written."""
    try:
        entries = _read()
    except _Unreadable:
        # What cannot be read is lost already: those databases are answered with the packaged adapter.
        entries = {}
    entries.setdefault(profile_name, {})[name_of(database)] = str(folder.absolute())
    _write(entries)


def forget(database: Path) -> bool:
    """Let the packaged adapters answer for `database` again; whether anything was remembered of it.

    The adapter itself stays where it is. Raises ModelError if that cannot be written.
    """
    try:
        entries = _read()
    except _Unreadable:
        return False
    places = [entries[name].pop(name_of(database), None) for name in entries]
    if not any(places):
        return False
    _write(entries)
    return True


def delete_learnt(database: Path) -> bool:
    """`forget`, and delete all that was learnt from the history of `database`, which need not exist any more.

    With the adapters go the questions in their training data. Returns whether there was anything; raises ModelError
    where it cannot be deleted.
    """
    was_used = forget(database)
    home = home_of(database)
    if not home.exists():
        return was_used
    try:
        shutil.rmtree(home)
    except OSError as error:
        raise ModelError(f"{visible(str(home))} cannot be deleted: {error.strerror}.") from error
    return True


class _Unreadable(Exception):
    """The file is there and cannot be understood; the text says so in a sentence."""


def _read() -> Entries:
    """What is remembered; nothing where there is no file. Raises _Unreadable."""
    file = own_adapters_file()
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise _Unreadable(f"{visible(str(file))} cannot be read.") from error
    whole = isinstance(found, dict) and all(
        isinstance(places, dict) and all(isinstance(place, str) for place in places.values())
        for places in found.values()
    )
    if not whole:
        raise _Unreadable(f"{visible(str(file))} does not hold what it should.")
    entries: Entries = found
    return entries


def _write(entries: Entries) -> None:
    _write_json(own_adapters_file(), entries, "Nothing is changed: the same adapters are used as before.")


def _write_json(file: Path, document: Entries | list[str], hint: str) -> None:
    """Write the whole file or nothing. Raises ModelError with `hint`."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise ModelError(f"{visible(str(file))} cannot be written: {error.strerror}.", hint) from error


def name_of(database: Path) -> str:
    """The absolute path without symbolic links: a database is the same by whichever way it is named."""
    return os.path.realpath(database)
