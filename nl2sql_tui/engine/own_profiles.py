"""Makes profiles out of what a user names or writes down: `path:FOLDER`, `hf:OWNER/NAME`, tables in the settings file.

[profiles.ours]
like = "phi3"
adapter = "/models/our-adapter"
template = "article instruction"
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from nl2sql_tui.engine import architecture, profiles
from nl2sql_tui.engine.profiles import FORMS, HUB_ID, PROFILES, SAMPLINGS, AnswerForm, Form, Profile
from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.folders import user_path
from nl2sql_tui.template_names import TEMPLATE_NAMES
from nl2sql_tui.text import shortened, visible

PATH_MARK: Final = "path:"
HUB_MARK: Final = "hf:"
_MOST_CONTEXT: Final = 8192
"""Tokens taken of a model that takes more: a schema rarely needs them, and their keys and values take memory."""
_CONTEXT_IF_UNKNOWN: Final = 4096
_LEAST_CONTEXT: Final = 512

Word = TypeVar("Word", bound=str)
Tables = Mapping[str, Any]
"""The settings file's `[profiles.NAME]` tables by name, as they were read."""


def all_profiles(tables: Tables) -> dict[str, Profile]:
    """The program's profiles, then the user's own. Raises InputError for a table with something wrong in it."""
    found = dict(PROFILES)
    for name, table in tables.items():
        found[name] = _own(name, table, found)
    return found


def find(name: str, tables: Tables) -> Profile:
    """The profile that `name` means: one of `all_profiles`, or a model by folder or Hub id.

    Raises ModelError where there is no such, InputError for a table with something wrong in it.
    """
    if name.startswith((PATH_MARK, HUB_MARK)):
        return _by_place(name)
    if name not in tables:
        return profiles.profile(name, PROFILES if name in PROFILES else all_profiles(tables))
    # Only what it is made of: another table may name a folder that is away just now.
    found = dict(PROFILES)
    for each in _chain(name, tables):
        found[each] = _own(each, tables[each], found)
    return found[name]


def _chain(name: str, tables: Tables) -> list[str]:
    """The table `name` and those that it is like, in the order in which they stand in the file."""
    needed: set[str] = set()
    following: Any = name
    while isinstance(following, str) and following in tables and following not in needed:
        needed.add(following)
        table = tables[following]
        following = table.get("like") if isinstance(table, dict) else None
    return [each for each in tables if each in needed]


def as_asked(
    profile: Profile,
    *,
    form: str = "",
    context_tokens: int = 0,
    sampling: str = "",
    adapter: str = "",
    template: str = "",
) -> Profile:
    """`profile` with what flags or settings say otherwise; empty and 0 change nothing.

    Raises InputError for a word that is none, naming those there are.
    """
    if form:
        profile = replace(profile, form=one_of(form, FORMS, "form"))
    if sampling:
        profile = replace(profile, sampling=SAMPLINGS[one_of(sampling, tuple(SAMPLINGS), "sampling")])
    if template:
        profile = replace(profile, template=one_of(template, TEMPLATE_NAMES, "template"))
    if context_tokens:
        profile = _with_context(profile, context_tokens)
    if adapter:
        profile = replace(profile, lora=adapter)
    return profile


def _with_context(profile: Profile, context_tokens: int) -> Profile:
    if context_tokens < _LEAST_CONTEXT:
        raise InputError(f"A context of {context_tokens} tokens is too short; {_LEAST_CONTEXT} are the least.")
    return replace(
        profile, context_tokens=context_tokens, schema_tokens=min(profile.schema_tokens, context_tokens // 2)
    )


def one_of(given: str, known: Sequence[Word], what: str) -> Word:
    """The one of `known` that was given. Raises InputError, naming them, where it is none; `what` is what they are."""
    for word in known:
        if word == given:
            return word
    raise InputError(f"There is no {what} {shortened(given, 60)}.", f"Known: {', '.join(known)}.")


def _by_place(name: str) -> Profile:
    mark, _, place = name.partition(":")
    if f"{mark}:" == HUB_MARK:
        if HUB_ID.fullmatch(place) is None:
            raise ModelError(f"{shortened(name, 80)} names no model of the Hub.", "Write it as hf:OWNER/NAME.")
        return _bare(name, place, hub_id=place)
    folder = user_path(place).absolute()
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"There is no model in {visible(str(folder))}: it has no config.json.",
            "Name the folder of a model as the Hub has them: path:FOLDER.",
        )
    return _of_folder(_bare(name, folder.name, folder=folder), folder)


def _of_folder(profile: Profile, folder: Path) -> Profile:
    """`profile` with what the folder's configuration says of its size and its longest context."""
    try:
        configuration: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        longest = configuration.get("max_position_embeddings")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{visible(str(folder / 'config.json'))} cannot be read.") from error
    context = min(longest, _MOST_CONTEXT) if isinstance(longest, int) and longest > 0 else _CONTEXT_IF_UNKNOWN
    found = architecture.of_folder(folder)
    return replace(
        profile,
        architecture=found,
        parameters=f"{found.parameters / 1e9:.1f}B" if found else "",
        context_tokens=context,
        schema_tokens=min(profile.schema_tokens, context // 2),
    )


def _bare(name: str, title: str, hub_id: str = "", folder: Path | None = None) -> Profile:
    return Profile(
        name=name,
        title=title,
        parameters="",
        licence="see its own page",
        hub_id=hub_id,
        hub_revision="main",
        model_type="",
        forms=("bfloat16", "float16", "nf4-double", "float32"),
        folder=folder,
        context_tokens=_CONTEXT_IF_UNKNOWN,
        schema_tokens=_CONTEXT_IF_UNKNOWN // 2,
    )


_TEXTS: Final = ("like", "title", "licence", "hub_id", "hub_revision", "folder", "adapter", "about")
_NUMBERS: Final = ("context_tokens", "schema_tokens")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "form": FORMS,
    "template": TEMPLATE_NAMES,
    "sampling": tuple(SAMPLINGS),
    "answer_form": get_args(AnswerForm),
}
_KEYS: Final = (*_TEXTS, "forms", *_WORDS, *_NUMBERS)


def _own(name: str, table: Any, known: Mapping[str, Profile]) -> Profile:
    """The profile that one table of the settings file describes, over the one that it is like."""
    where = f"[profiles.{shortened(name, 40)}] in the settings file"
    if not isinstance(table, dict):
        raise InputError(f"{where} must be a table.")
    if name in PROFILES or ":" in name or not name.strip():
        raise InputError(f"{where} needs another name: this one is taken or cannot be typed.")
    _require_right(table, where)
    profile = _start(name, table, known, where)
    changes = {key: table[key] for key in ("title", "licence", "about", "hub_id", "hub_revision") if key in table}
    changes |= {key: table[key] for key in ("template", "answer_form", "form", *_NUMBERS) if key in table}
    if "forms" in table:
        changes["forms"] = tuple(table["forms"])
    if "sampling" in table:
        changes["sampling"] = SAMPLINGS[table["sampling"]]
    if "adapter" in table:
        changes["lora"] = table["adapter"]
    profile = replace(profile, **changes)
    if profile.schema_tokens >= profile.context_tokens:
        raise InputError(f"In {where}, schema_tokens must leave room in context_tokens for question and answer.")
    return profile


def _start(name: str, table: Mapping[str, Any], known: Mapping[str, Profile], where: str) -> Profile:
    """What the table's own keys change: another profile, or a model by its place."""
    like, hub_id, folder = table.get("like"), table.get("hub_id"), table.get("folder")
    if hub_id is not None and HUB_ID.fullmatch(hub_id) is None:
        raise InputError(f"In {where}, hub_id must be a name of the Hub, OWNER/NAME.")
    if like is None and hub_id is None and folder is None:
        raise InputError(f"{where} must say which model it is: like, hub_id or folder.")
    if like is not None and like not in known:
        raise InputError(f"In {where}, like names no profile before it.", f"Known: {', '.join(known)}.")
    profile = known[like] if like is not None else _bare(name, hub_id or Path(str(folder)).name)
    profile = replace(profile, name=name)
    if hub_id is None and folder is None:
        return profile
    if profile.is_converted:
        raise InputError(f"In {where}, a profile like {visible(str(like))} cannot have weights of its own.")
    # Other weights than those of the profile it is like: what is known of these says nothing about them.
    profile = replace(profile, architecture=None, parameters="", model_type="", download_bytes=0, disk_bytes=0)
    if folder is None:
        return profile
    place = user_path(folder).absolute()
    return replace(_of_folder(profile, place), folder=place, hub_id="")


def _require_right(table: Mapping[str, Any], where: str) -> None:
    """Raise InputError for the first key that is unknown or holds something else than it should."""
    for key, value in table.items():
        if key not in _KEYS:
            raise InputError(f"{where} has an unknown key {shortened(key, 40)}.", f"Known: {', '.join(_KEYS)}.")
        if key in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int) or value < _LEAST_CONTEXT // 2:
                raise InputError(f"In {where}, {key} must be a whole number of at least {_LEAST_CONTEXT // 2}.")
        elif key == "forms":
            _require_forms(value, where)
        elif not isinstance(value, str) or not value:
            raise InputError(f"In {where}, {key} must be a text.")
        elif key in _WORDS and value not in _WORDS[key]:
            raise InputError(
                f"In {where}, {key} cannot be {shortened(value, 40)}.", f"Known: {', '.join(_WORDS[key])}."
            )


def _require_forms(value: Any, where: str) -> None:
    known: Sequence[Form] = FORMS
    if not isinstance(value, list) or not value or any(one not in known for one in value):
        raise InputError(f"In {where}, forms must be a list of forms.", f"Known: {', '.join(FORMS)}.")
