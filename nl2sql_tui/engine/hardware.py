"""What this computer has for a model to run on; looks, loads nothing. Whether a model fits is `plan`'s part.

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

from nl2sql_tui.text import shortened

_NVIDIA_SECONDS = 10.0
_MIB = 1024 * 1024
_BFLOAT16_FLAGS = frozenset(("avx512_bf16", "amx_bf16"))


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
    bfloat16: bool
    """Whether the CPU multiplies bfloat16 by instructions of its own; elsewhere that is slower than float32."""


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
        bfloat16=not _BFLOAT16_FLAGS.isdisjoint(_cpu_line("flags").split()),
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    name = platform.processor() or platform.machine()
    if platform.system() == "Darwin":
        name = _output(["sysctl", "-n", "machdep.cpu.brand_string"]) or name
    else:
        name = _cpu_line("model name") or name
    return shortened(name.strip() or "unknown", 80)


def _cpu_line(name: str) -> str:
    """What Linux says of the first core under `name`; empty elsewhere."""
    found = re.search(rf"^{name}\s*:\s*(.+)$", _text(Path("/proc/cpuinfo")), re.MULTILINE)
    return found[1] if found else ""


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
    """The memory limit of this control group and what is used of it, in both generations of Linux's files.

    Files that were read are counted as used there, though they make room at once: they are taken off.
    """
    root = Path("/sys/fs/cgroup")
    for limit_name, used_name, stat_name in (
        ("memory.max", "memory.current", "memory.stat"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        limit, used = _text(root / limit_name).strip(), _text(root / used_name).strip()
        if limit.isdigit():
            files = re.findall(r"^(?:in)?active_file (\d+)$", _text(root / stat_name), re.MULTILINE)
            return int(limit), max(0, int(used) - sum(map(int, files))) if used.isdigit() else 0
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
