"""`models`: what models there are, what is on disk, what fits here; and fetching one ahead of time."""

import sys
import time
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.engine.hardware import Hardware, fits, read_hardware
from nl2sql_tui.engine.profiles import PROFILES, Profile, profile
from nl2sql_tui.engine.sources import prepare, prepared_folder
from nl2sql_tui.engine.store import disk_bytes
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.terminal import LoadLine, say
from nl2sql_tui.text import byte_size


def list_models() -> int:
    """Print each profile with its size, licence, what is on disk and whether it fits; return the exit code."""
    hardware = read_hardware()
    out = sys.stdout
    for known in PROFILES.values():
        fit = fits(known, hardware)
        out.write(f"{known.name:<9} {known.title} ({known.parameters}, {known.form})\n")
        out.write(f"{'':9} licence   {known.licence}\n")
        out.write(
            f"{'':9} size      {byte_size(known.download_bytes)} to fetch, {byte_size(known.disk_bytes)} on disk\n"
        )
        out.write(f"{'':9} on disk   {_on_disk(known)}\n")
        out.write(f"{'':9} fits here {'yes' if fit.ok else 'no'}: {fit.reason}\n\n")
    out.write(f"{'':9} This computer: {_computer(hardware)}\n")
    return ExitCode.OK


def pull_model(name: str, local: Path | None) -> int:
    """Fetch and prepare the profile `name`, showing progress; return the exit code. Raises ModelError, Stopped."""
    wanted = profile(name)
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
        parts.append(gpu.name + memory)
    if hardware.mps:
        parts.append("Apple GPU")
    return "; ".join(parts)
