"""`models`: what models there are, what is on disk, what fits here; and fetching one ahead of time."""

import sys
import textwrap
import time
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.engine.hardware import Hardware, read_hardware
from nl2sql_tui.engine.own_profiles import all_profiles, find
from nl2sql_tui.engine.plan import fits
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.engine.sources import prepare, prepared_folder
from nl2sql_tui.engine.store import disk_bytes
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.settings import Settings
from nl2sql_tui.terminal import LoadLine, say
from nl2sql_tui.text import byte_size, visible

_INDENT = " " * 10
_WIDTH = 110


def list_models(settings: Settings) -> int:
    """Print each profile with its size, licence, what is on disk and whether it fits; return the exit code.

    Raises InputError for a profile in the settings with something wrong in it.
    """
    hardware = read_hardware()
    for known in all_profiles(settings.profiles).values():
        _print_model(known, hardware)
    sys.stdout.write(f"{_INDENT}This computer: {_computer(hardware)}\n")
    return ExitCode.OK


def _print_model(known: Profile, hardware: Hardware) -> None:
    out = sys.stdout
    fit = fits(known, hardware)
    size = f"{visible(known.parameters)}, " if known.parameters else ""
    forms = known.form or " or ".join(known.forms)
    out.write(f"{visible(known.name)}\n{_INDENT}{visible(known.title)} ({size}{forms})\n")
    if known.about:
        out.write(textwrap.fill(visible(known.about), _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT) + "\n")
    out.write(f"{_INDENT}licence   {visible(known.licence)}\n")
    if known.download_bytes:
        out.write(
            f"{_INDENT}size      {byte_size(known.download_bytes)} to fetch, {byte_size(known.disk_bytes)} on disk\n"
        )
    out.write(f"{_INDENT}prompt    {known.template}\n")
    if known.lora:
        out.write(f"{_INDENT}adapter   {visible(known.lora)}\n")
    out.write(f"{_INDENT}on disk   {_on_disk(known)}\n")
    out.write(f"{_INDENT}fits here {'yes' if fit.ok else 'no'}: {fit.reason}\n\n")


def pull_model(name: str, local: Path | None, settings: Settings) -> int:
    """Fetch and prepare the profile `name`, showing progress; return the exit code. Raises ModelError, Stopped."""
    wanted = find(name, settings.profiles)
    cancel = Cancel()
    line = LoadLine()
    began = time.monotonic()
    with stopping_on_interrupt(cancel):
        try:
            folder = prepare(wanted, line.show, cancel, local)
        finally:
            line.end()
    took = time.monotonic() - began
    say(f"{name} is ready in {folder}" + (f" ({took:.0f} s)" if took > 1 else ""))
    return ExitCode.OK


def _on_disk(known: Profile) -> str:
    held = disk_bytes(known)
    if prepared_folder(known) is not None:
        return f"ready, {byte_size(held)}"
    return f"{byte_size(held)}, not ready" if held else "nothing"


def _computer(hardware: Hardware) -> str:
    parts = [hardware.cpu, f"{hardware.cores} core{'' if hardware.cores == 1 else 's'}"]
    if hardware.memory_bytes is not None:
        free = "" if hardware.free_bytes is None else f", {byte_size(hardware.free_bytes)} free"
        parts.append(f"{byte_size(hardware.memory_bytes)} of memory{free}")
    for gpu in hardware.gpus:
        memory = "" if gpu.memory_bytes is None else f" with {byte_size(gpu.memory_bytes)}"
        parts.append(visible(gpu.name) + memory)
    if hardware.mps:
        parts.append("Apple GPU")
    return "; ".join(parts)
