"""A folder that is written whole or not at all, and never over another; knows nothing of what is put into it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.text import visible


def require_free_place(out: Path) -> None:
    """Raise InputError unless `out` does not exist or is an empty folder."""
    shown = visible(str(out))
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError(f"{shown} is there and is no folder.", "Name a folder that does not exist yet.")
    try:
        taken = out.is_dir() and any(out.iterdir())
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror}.") from error
    if taken:
        raise InputError(f"The folder {shown} is not empty.", "Name another; nothing is overwritten.")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name when the block ends well, and is gone when it does not.

    Raises ModelError for what the disk refuses.
    """
    from safetensors import SafetensorError

    temporary = out.absolute().with_name(f".{out.absolute().name}-{os.getpid()}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if out.exists():
            out.rmdir()  # empty, as was seen at the start; raises where something came into it since
        temporary.rename(out)
    except (OSError, SafetensorError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ModelError(
            f"{visible(str(out))} could not be written: {visible(reason)}.",
            "Nothing was left there. Name a folder that you may write to, on a disk with room.",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
