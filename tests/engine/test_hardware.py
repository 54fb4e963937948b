"""This computer can be read; what cannot be is not taken for nothing."""

from pathlib import Path

import pytest

from nl2sql_tui.engine import hardware
from nl2sql_tui.engine.hardware import Gpu, parse_gpus, read_hardware

ROWS = [
    ["0", "GPU-aaaa-1", "NVIDIA A", "1000", "900"],
    ["1", "GPU-bbbb-2", "NVIDIA B", "2000", "[N/A]"],
]


def test_this_computer_can_be_read() -> None:
    found = read_hardware()
    assert found.cpu
    assert found.cores >= 1
    assert found.memory_bytes is None or found.memory_bytes > 100_000_000
    assert found.memory_bytes is None or found.free_bytes is None or found.free_bytes <= found.memory_bytes


@pytest.mark.parametrize(
    ("flags", "found"),
    [("fpu avx512f avx512_bf16", True), ("fpu amx_bf16 amx_tile", True), ("fpu avx512f avx2", False)],
)
def test_bfloat16_is_read_from_the_flags_of_the_cpu(monkeypatch: pytest.MonkeyPatch, flags: str, found: bool) -> None:
    told = f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\n"
    monkeypatch.setattr(hardware, "_text", lambda file: told if file == Path("/proc/cpuinfo") else "")
    assert read_hardware().bfloat16 is found


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ["NVIDIA A", "NVIDIA B"]),
        ("1,0", ["NVIDIA B", "NVIDIA A"]),
        ("GPU-bbbb", ["NVIDIA B"]),
        ("", []),
        ("-1", []),
        ("1,7,0", ["NVIDIA B"]),
    ],
)
def test_gpus_are_those_that_cuda_would_see(visible: str | None, names: list[str]) -> None:
    assert [gpu.name for gpu in parse_gpus(ROWS, visible)] == names


def test_memory_that_a_gpu_does_not_tell_is_unknown() -> None:
    assert parse_gpus(ROWS, "1") == (Gpu("NVIDIA B", 2000 * 1024 * 1024, None),)


def test_files_that_a_container_has_read_do_not_count_as_used(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "memory.max": "4000",
        "memory.current": "3500",
        "memory.stat": "anon 1000\nactive_file 500\ninactive_file 1500\n",
    }
    monkeypatch.setattr(hardware, "_text", lambda file: files.get(Path(file).name, ""))
    assert hardware._container_limit() == (4000, 1500)
