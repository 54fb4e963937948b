"""Where the program keeps things on this computer: each platform's own folders, or one folder if the user says so."""

import os
from pathlib import Path
from typing import Final, Literal

from nl2sql_tui.errors import InputError
from nl2sql_tui.text import shortened

HOME_VARIABLE: Final = "NL2SQL_TUI_HOME"
"""Set, it names a folder that holds everything which would else lie in the user's own folders."""

_APPLICATION: Final = "nl2sql-tui"


def cache_folder() -> Path:
    """What can be fetched or built again."""
    return _folder("cache")


def data_folder() -> Path:
    """What this program made and would have to make anew."""
    return _folder("data")


def config_folder() -> Path:
    """The settings file."""
    return _folder("config")


def log_folder() -> Path:
    """Logs, and the details of unexpected errors."""
    return _folder("log")


def copied_file() -> Path:
    """What was copied last that a terminal's clipboard does not take, cells of a database among it."""
    return cache_folder() / "copied.txt"


def user_path(text: str, hint: str = "Write the whole path.") -> Path:
    """The path that a user wrote, with `~` and `~name` as home folders.

    Raises InputError, with `hint`, for the home of somebody whom this computer does not know.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise InputError(f"There is no home folder for the ~ in {shortened(text, 100)}.", hint) from error


def _folder(kind: Literal["cache", "data", "config", "log"]) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return user_path(home, hint=f"{HOME_VARIABLE} has to name a folder.").absolute() / kind
    import platformdirs

    find = getattr(platformdirs, f"user_{kind}_dir")
    return Path(find(_APPLICATION, appauthor=False))
