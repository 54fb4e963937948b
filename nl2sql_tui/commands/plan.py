"""`models plan`: the memory that a model takes in each of its forms, against what is free; loads nothing."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nl2sql_tui.commands.choose import chosen_profile
from nl2sql_tui.engine import architecture
from nl2sql_tui.engine.adapters import adapter_bytes
from nl2sql_tui.engine.architecture import Architecture
from nl2sql_tui.engine.hardware import read_hardware
from nl2sql_tui.engine.plan import Device, Plan, choose, class_of, devices_of, plan
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.engine.sources import prepared_folder
from nl2sql_tui.errors import ExitCode, ModelError
from nl2sql_tui.folders import user_path
from nl2sql_tui.settings import Settings
from nl2sql_tui.terminal import say_error
from nl2sql_tui.text import byte_size, shortened, visible

_LONGEST_DEVICE = 24


def show_plan(settings: Settings, as_json: bool) -> int:
    """Print the plans for the model that the settings name, and the one it would be loaded by; return the exit code.

    Raises ModelError where its size cannot be known before it is fetched.
    """
    profile = chosen_profile(settings)
    sizes = _architecture(profile)
    adapter = _adapter_bytes(profile)
    devices = devices_of(read_hardware())
    taken, refusal = None, None
    try:
        taken = choose(profile, sizes, devices, adapter)
    except ModelError as error:
        refusal = error
    plans = _all_plans(profile, sizes, devices, adapter)
    if as_json:
        _print_json(profile, sizes, plans, taken, refusal)
    else:
        _print_table(profile, sizes, plans, taken)
    if refusal is not None:
        say_error(refusal)
        return ExitCode.MODEL
    return ExitCode.OK


def _architecture(profile: Profile) -> Architecture:
    """By the model's own files where they are here, else by what the profile knows."""
    folder = prepared_folder(profile)
    found = (architecture.of_folder(folder) if folder else None) or profile.architecture
    if found is None:
        raise ModelError(
            f"How large {visible(profile.name)} is cannot be known before it is on this computer.",
            f"Fetch it: nl2sql-tui models pull {visible(profile.name)}",
        )
    return found


def _adapter_bytes(profile: Profile) -> int:
    """The adapter's, if one is named by a folder; one that would have to be fetched counts nothing."""
    place = user_path(profile.lora)
    return adapter_bytes(place) if profile.lora and place.is_dir() else 0


def _all_plans(
    profile: Profile, sizes: Architecture, devices: Sequence[Device], adapter: int
) -> list[tuple[Plan, bool]]:
    """Each form on each device, and whether it is taken there without being asked for."""
    forms = (profile.form,) if profile.form else profile.forms
    return [
        (plan(profile, sizes, form, device, profile.context_tokens, adapter), form in class_of(device).forms)
        for device in devices
        for form in forms
    ]


def _print_table(profile: Profile, sizes: Architecture, plans: Sequence[tuple[Plan, bool]], taken: Plan | None) -> None:
    out = sys.stdout
    width = 4 if (profile.form or profile.forms[0]) == "float32" else 2
    out.write(
        f"{visible(profile.name)}: {visible(profile.title)}, {sizes.parameters / 1e9:.2f} billion parameters; "
        f"each token of its context takes {sizes.values_per_token * width / 1024:,.1f} KiB\n\n"
    )
    context = f"{profile.context_tokens:,} tokens"
    out.write(
        f"{'form':<11} {'on':<{_LONGEST_DEVICE}} {'weights':>9} {'adapter':>9} {context:>13} {'to work':>9} "
        f"{'in all':>9} {'may take':>9}\n"
    )
    for one, is_offered in plans:
        available = "?" if one.available is None else byte_size(one.available)
        out.write(
            f"{one.form:<11} {shortened(one.device.name, _LONGEST_DEVICE):<{_LONGEST_DEVICE}} "
            f"{byte_size(one.weights):>9} {byte_size(one.adapter):>9} {byte_size(one.keys_and_values):>13} "
            f"{byte_size(one.working + one.runtime):>9} {byte_size(one.needed):>9} {available:>9}  "
            f"{_verdict(one, is_offered or profile.form is not None)}\n"
        )
    if taken is not None:
        out.write(f"\nloads as {taken.line}\n")


def _verdict(one: Plan, is_offered: bool) -> str:
    if not one.fits:
        return "too large"
    return "fits" if is_offered else "fits, slowly: only with --form"


def _print_json(
    profile: Profile,
    sizes: Architecture,
    plans: Sequence[tuple[Plan, bool]],
    taken: Plan | None,
    refusal: ModelError | None,
) -> None:
    record = {
        "profile": profile.name,
        "parameters": sizes.parameters,
        "context_tokens": profile.context_tokens,
        "values_per_token": sizes.values_per_token,
        "plans": [_as_json(one) | {"offered": is_offered} for one, is_offered in plans],
        "chosen": None if taken is None else _as_json(taken),
        "refusal": "" if refusal is None else str(refusal),
    }
    sys.stdout.write(json.dumps(record, ensure_ascii=sys.stdout.isatty(), indent=2) + "\n")


def _as_json(one: Plan) -> dict[str, Any]:
    return asdict(one) | {"needed": one.needed, "available": one.available, "fits": one.fits}
