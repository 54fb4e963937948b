"""Remembers which databases have an adapter of their own, and where; makes no adapter and merges none.

What is remembered stands in `adapters.json` in the data folder: for each profile, the adapter's folder by the path of
the database. A database without an entry is answered with the packaged adapter.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.engine.store import is_adapter
from nl2sql_tui.errors import ModelError
from nl2sql_tui.folders import data_folder
from nl2sql_tui.text import visible

_LONGEST_STEM: Final = 40
"""Letters of a database's name in the name of its folder."""

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
    file = own_adapters_file()
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise ModelError(
            f"{visible(str(file))} cannot be written: {error.strerror}.",
            "Nothing is changed: the same adapters are used as before.",
        ) from error


def name_of(database: Path) -> str:
    """The absolute path without symbolic links: a database is the same by whichever way it is named."""
    return os.path.realpath(database)
