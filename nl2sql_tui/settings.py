"""What a user can set, and where it came from: flags over environment over the settings file over defaults."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from nl2sql_tui.errors import InputError
from nl2sql_tui.folders import config_folder
from nl2sql_tui.text import visible

ENVIRONMENT_PREFIX = "NL2SQL_TUI_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default. In the file a line `max_rows = 5000`, outside NL2SQL_TUI_MAX_ROWS=5000."""

    model: str = "default"
    """The profile that answers; `nl2sql-tui models` lists them."""
    max_new_tokens: int = 256
    """The longest answer, in tokens; an answer that reaches it is shown as cut."""
    values: bool = True
    """Whether cell values that a question names are looked up and shown to the model."""
    history: bool = True
    """Whether accepted question/SQL pairs are remembered on this computer."""
    max_rows: int = 1_000_000
    """The most rows the result pane holds."""
    max_megabytes: int = 512
    """The most memory the result pane's rows take."""
    query_seconds: float = 300.0
    """A statement that runs longer is ended; its rows so far are kept."""
    theme: str = "textual-dark"
    """The interface's colours, by Textual's names; `ansi-dark` suits terminals with 16 colours."""


def default_settings_file() -> Path:
    """Where the settings file lies if it exists."""
    return config_folder() / "settings.toml"


def load_settings(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Settings:
    """The settings in force. `flags` that are None were not given. Raises InputError, naming what is wrong."""
    kinds = get_type_hints(Settings)
    found: dict[str, Any] = _from_file(file or default_settings_file(), kinds)
    for name, kind in kinds.items():
        variable = ENVIRONMENT_PREFIX + name.upper()
        if environment.get(variable):
            found[name] = _from_text(environment[variable], kind, variable)
    found.update({name: value for name, value in (flags or {}).items() if value is not None})
    settings = replace(Settings(), **found)
    for name, kind in kinds.items():
        if kind in (int, float) and not getattr(settings, name) > 0:
            raise InputError(f"The setting {name} must be above zero, not {getattr(settings, name)}.")
    return settings


def _from_file(file: Path, kinds: Mapping[str, type]) -> dict[str, Any]:
    name = visible(str(file))
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"The settings file {name} cannot be read: {visible(str(error))}.") from error
    for key, value in content.items():
        if key not in kinds:
            known = ", ".join(field.name for field in fields(Settings))
            raise InputError(f"The settings file {name} has an unknown setting {visible(key)}.", f"Known: {known}.")
        fits = isinstance(value, kinds[key]) or (kinds[key] is float and isinstance(value, int))
        if not fits or (isinstance(value, bool) and kinds[key] is not bool):
            raise InputError(f"In {name}, {key} must be {_in_words(kinds[key])}.")
    return content


def _from_text(text: str, kind: type, variable: str) -> Any:
    if kind is bool:
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off"):
            return False
    else:
        try:
            return kind(text)
        except ValueError:
            pass
    raise InputError(f"The environment variable {variable} must be {_in_words(kind)}, not {visible(text)}.")


def _in_words(kind: type) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[kind]
