"""What fits this computer is said with its reason; what cannot be read is not taken for nothing."""

from dataclasses import replace

import pytest

from nl2sql_tui.engine.hardware import Gpu, Hardware, fits, parse_gpus, read_hardware
from nl2sql_tui.engine.profiles import profile

GB = 1_000_000_000
LAPTOP = Hardware("a CPU", 4, 16 * GB, 8 * GB, (), cuda_build=False, mps=False)
CARD = Gpu("NVIDIA A", 24 * GB, 23 * GB)
BOX = replace(LAPTOP, gpus=(CARD,), cuda_build=True)
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
    ("name", "hardware", "ok", "words"),
    [
        ("default", LAPTOP, True, "runs without a GPU, in about 1.8 GB"),
        ("default", replace(LAPTOP, memory_bytes=GB), False, "needs 1.8 GB of memory; there are 1.0 GB"),
        ("default", replace(LAPTOP, free_bytes=GB), True, "close other programs"),
        ("default", replace(LAPTOP, memory_bytes=None, free_bytes=None), True, "could not be read"),
        ("phi3", LAPTOP, False, "needs an NVIDIA GPU with 4.8 GB; none was found"),
        ("phi3", replace(LAPTOP, mps=True), False, "none was found"),
        ("phi3", BOX, True, "runs on NVIDIA A with about 4.8 GB"),
        ("phi3", replace(BOX, cuda_build=False), False, "the installed torch is a CPU build"),
        ("mistral", replace(BOX, gpus=(Gpu("NVIDIA S", 8 * GB, 8 * GB),)), False, "NVIDIA S has 8.0 GB"),
        ("mistral", replace(BOX, gpus=(Gpu("NVIDIA A", 24 * GB, 2 * GB),)), False, "only 2.0 GB are free now"),
        ("mistral", replace(BOX, gpus=(Gpu("NVIDIA U", None, None),)), True, "does not say how much it has"),
        ("mistral", replace(BOX, gpus=(Gpu("NVIDIA S", 8 * GB, None), CARD)), False, "NVIDIA S has 8.0 GB"),
    ],
)
def test_a_profile_fits_or_not_and_why(name: str, hardware: Hardware, ok: bool, words: str) -> None:
    fit = fits(profile(name), hardware)
    assert fit.ok == ok
    assert words in fit.reason
    assert "\n" not in fit.reason


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
