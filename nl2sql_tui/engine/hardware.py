"""What this computer has for a model to run on, and whether a profile fits; looks, loads nothing.

Everything is read without importing torch, whose two seconds a listing should not cost.
"""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.text import byte_size, shortened

_NVIDIA_SECONDS = 10.0
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Gpu:
    """An NVIDIA GPU. Memory is None where the driver does not say, as with memory shared with the CPU."""

    name: str
    memory_bytes: int | None
    free_bytes: int | None


@dataclass(frozen=True, slots=True)
class Hardware:
    """What was found. None means that it could not be read, not that there is none."""

    cpu: str
    cores: int
    """Those this process may use."""
    memory_bytes: int | None
    """In all; a container's limit where there is one."""
    free_bytes: int | None
    """What programs can still have."""
    gpus: tuple[Gpu, ...]
    """Those that CUDA_VISIBLE_DEVICES leaves visible."""
    cuda_build: bool
    """Whether the installed torch can use an NVIDIA GPU."""
    mps: bool
    """Apple's GPU, which shares the computer's memory."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a profile can be used here, with the reason in one line."""

    ok: bool
    reason: str


def read_hardware() -> Hardware:
    """Look at this computer. Takes the time of one `nvidia-smi`, if there is such a program."""
    total, free = _memory()
    return Hardware(
        cpu=_cpu_name(),
        cores=_cores(),
        memory_bytes=total,
        free_bytes=free,
        gpus=_gpus(os.environ),
        cuda_build=_torch_has_cuda(),
        mps=platform.system() == "Darwin" and platform.machine() == "arm64",
    )


def fits(profile: Profile, hardware: Hardware) -> Fit:
    """Whether `profile` runs here at a usable speed."""
    if profile.needs_gpu:
        return _fits_gpu(profile, hardware)
    if hardware.memory_bytes is None:
        return Fit(
            True, f"takes about {byte_size(profile.memory_bytes)} of memory; how much there is could not be read"
        )
    if hardware.memory_bytes < profile.memory_bytes:
        return Fit(
            False, f"needs {byte_size(profile.memory_bytes)} of memory; there are {byte_size(hardware.memory_bytes)}"
        )
    if hardware.free_bytes is not None and hardware.free_bytes < profile.memory_bytes:
        return Fit(
            True,
            f"close other programs: it needs {byte_size(profile.memory_bytes)}; "
            f"{byte_size(hardware.free_bytes)} are free",
        )
    return Fit(True, f"runs without a GPU, in about {byte_size(profile.memory_bytes)} of memory")


def _fits_gpu(profile: Profile, hardware: Hardware) -> Fit:
    needed = f"needs an NVIDIA GPU with {byte_size(profile.memory_bytes)}"
    if not hardware.gpus:
        return Fit(False, f"{needed}; none was found")
    if not hardware.cuda_build:
        return Fit(False, "the installed torch is a CPU build; install one with CUDA to use the GPU")
    # The first one: that is where a model is loaded to.
    gpu = hardware.gpus[0]
    if gpu.memory_bytes is None:
        return Fit(True, f"{needed}; {gpu.name} does not say how much it has")
    if gpu.memory_bytes < profile.memory_bytes:
        return Fit(False, f"{needed}; {gpu.name} has {byte_size(gpu.memory_bytes)}")
    if gpu.free_bytes is not None and gpu.free_bytes < profile.memory_bytes:
        return Fit(
            False,
            f"{needed}; of {gpu.name}'s {byte_size(gpu.memory_bytes)} only {byte_size(gpu.free_bytes)} are free now",
        )
    return Fit(True, f"runs on {gpu.name} with about {byte_size(profile.memory_bytes)}")


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    name = platform.processor() or platform.machine()
    if platform.system() == "Darwin":
        name = _output(["sysctl", "-n", "machdep.cpu.brand_string"]) or name
    else:
        found = re.search(r"^model name\s*:\s*(.+)$", _text(Path("/proc/cpuinfo")), re.MULTILINE)
        name = found[1] if found else name
    return shortened(name.strip() or "unknown", 80)


def _memory() -> tuple[int | None, int | None]:
    """Total and free bytes."""
    total = _physical_memory()
    found = re.search(r"^MemAvailable:\s*(\d+) kB$", _text(Path("/proc/meminfo")), re.MULTILINE)
    free = int(found[1]) * 1024 if found else None
    limit, used = _container_limit()
    if limit is not None and (total is None or limit < total):
        left = max(0, limit - used)
        total, free = limit, left if free is None else min(free, left)
    return total, free


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no sysconf


def _container_limit() -> tuple[int | None, int]:
    """The memory limit of this control group and what is used of it, in both generations of Linux's files."""
    root = Path("/sys/fs/cgroup")
    for limit_name, used_name in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        limit, used = _text(root / limit_name).strip(), _text(root / used_name).strip()
        if limit.isdigit():
            return int(limit), int(used) if used.isdigit() else 0
    return None, 0


def _gpus(environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    if shutil.which("nvidia-smi") is None:
        return ()
    answer = _output(
        ["nvidia-smi", "--query-gpu=index,uuid,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    )
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.splitlines()]
    return parse_gpus([row for row in rows if len(row) == 5], environment.get("CUDA_VISIBLE_DEVICES"))


def parse_gpus(rows: list[list[str]], visible: str | None) -> tuple[Gpu, ...]:
    """GPUs from rows of index, id, name and MiB of memory in all and free, as CUDA numbers those it sees."""
    if visible is not None:
        wanted = [entry.strip() for entry in visible.split(",")]
        chosen = [[row for row in rows if entry and (row[0] == entry or row[1].startswith(entry))] for entry in wanted]
        # Like CUDA: what stands after the first entry that names no GPU is not seen either.
        known = next((place for place, found in enumerate(chosen) if not found), len(chosen))
        rows = [found[0] for found in chosen[:known]]
    return tuple(Gpu(shortened(name, 60), _mib(total), _mib(free)) for _, _, name, total, free in rows)


def _mib(text: str) -> int | None:
    return int(text) * _MIB if text.isdigit() else None


def _torch_has_cuda() -> bool:
    """Read from torch's version file: importing torch to ask it takes seconds."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return False
    version = _text(Path(found.origin).with_name("version.py"))
    return re.search(r"^cuda\b[^=]*=\s*['\"]", version, re.MULTILINE) is not None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _output(command: list[str]) -> str:
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_NVIDIA_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
