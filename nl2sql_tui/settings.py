"""What a user can set, and where it came from: flags over environment over the settings file over defaults."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
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
    """The profile that answers; `nl2sql-tui models` lists them. Or a model by its place: path:FOLDER, hf:OWNER/NAME."""
    form: str = ""
    """The form its weights are loaded in, in the place of the first of its own that fits: "bfloat16", "nf4-double" …"""
    context_tokens: int = 0
    """The most that prompt and answer may take together; 0 for what the profile says."""
    sampling: str = ""
    """How the next token is drawn: "greedy" or "article"; empty for what the profile says."""
    template: str = ""
    """How a question is laid out for the model; empty for what the profile says."""
    adapter: str = ""
    """A LoRA adapter laid beside the model's weights: a folder or a Hub id. With an endpoint, its name there."""
    endpoint: str = ""
    """The address of a server that answers in the place of this computer; `model` is then the server's name for it."""
    endpoint_plain_http: bool = False
    """Whether a key may go unencrypted to another computer."""
    endpoint_seconds: float = 60.0
    """How long the server may be silent."""
    column_matcher: bool = False
    """Whether a word that is nearly a column's name is replaced by it, as the article does; see the README."""
    max_new_tokens: int = 256
    """The longest answer, in tokens; an answer that reaches it is shown as cut."""
    repair: bool = True
    """Whether what is certainly wrong in an answer's names, joins and literals is put right, and shown."""
    grammar: bool = True
    """Whether an answer that cannot run is written again, held to the names of the schema."""
    compare: bool = True
    """Whether a model that is unsure is asked for more answers, which are run to compare what they give."""
    with_less: bool = True
    """Whether one of them is the answer that it gives where it is shown half of the schema."""
    candidates: int = 0
    """How many more; 0 for as many as the profile says, which is none where no gain was measured."""
    answer_seconds: float = 6.0
    """How long an answer may take with these; a slower computer shows the first one as it is."""
    ask_below: float = 0.2
    """The confidence, from 0 to 1, below which an answer is asked about instead of offered; 0 for never."""
    values: bool = True
    """Whether cell values that a question names are looked up and shown to the model."""
    history: bool = True
    """Whether accepted question/SQL pairs are remembered on this computer."""
    memory: bool = True
    """Whether the terminal program answers from those pairs where a question is asked again, or with another value."""
    max_rows: int = 1_000_000
    """The most rows the result pane holds."""
    max_megabytes: int = 512
    """The most memory the result pane's rows take."""
    query_seconds: float = 300.0
    """A statement that runs longer is ended; its rows so far are kept."""
    theme: str = "textual-dark"
    """The interface's colours, by Textual's names; `ansi-dark` suits terminals with 16 colours."""
    profiles: Mapping[str, Any] = field(default_factory=dict)
    """Profiles of the user's own: tables `[profiles.NAME]` of the file. `engine.own_profiles` reads and checks them."""


_TABLES = frozenset(("profiles",))
"""Settings that are whole tables of the file, and stand nowhere else."""
_MAY_BE_ZERO = frozenset(("context_tokens", "candidates"))
_SHARES = frozenset(("ask_below",))
"""Settings from 0 to 1."""


def default_settings_file() -> Path:
    """Where the settings file lies if it exists."""
    return config_folder() / "settings.toml"


def load_settings(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Settings:
    """The settings in force. `flags` that are None were not given. Raises InputError, naming what is wrong."""
    kinds = {name: kind for name, kind in get_type_hints(Settings).items() if name not in _TABLES}
    found: dict[str, Any] = _from_file(file or default_settings_file(), kinds)
    for name, kind in kinds.items():
        variable = ENVIRONMENT_PREFIX + name.upper()
        if environment.get(variable):
            found[name] = _from_text(environment[variable], kind, variable)
    found.update({name: value for name, value in (flags or {}).items() if value is not None})
    settings = replace(Settings(), **found)
    for name, kind in kinds.items():
        value = getattr(settings, name)
        if name in _SHARES:
            if not 0 <= value <= 1:
                raise InputError(f"The setting {name} must lie between 0 and 1, not {value}.")
        elif kind in (int, float) and not (value > 0 or (value == 0 and name in _MAY_BE_ZERO)):
            raise InputError(f"The setting {name} must be above zero, not {value}.")
    return settings


def _from_file(file: Path, kinds: Mapping[str, type]) -> dict[str, Any]:
    name = visible(str(file))
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except RecursionError as error:
        raise InputError(f"The settings file {name} cannot be read: its values are nested too deeply.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"The settings file {name} cannot be read: {visible(str(error))}.") from error
    for key, value in content.items():
        if key in _TABLES:
            if not isinstance(value, dict):
                raise InputError(f"In {name}, {key} must be tables: [{key}.NAME].")
            continue
        if key not in kinds:
            known = ", ".join(one.name for one in fields(Settings))
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
