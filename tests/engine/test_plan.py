"""What fits is loaded, what does not is replaced by what does, and a refusal says what would help."""

from dataclasses import replace

import pytest

from nl2sql_tui.engine.architecture import Architecture
from nl2sql_tui.engine.hardware import Gpu, Hardware
from nl2sql_tui.engine.plan import Device, choices, choose, class_of, devices_of, fits, plan, weight_bytes
from nl2sql_tui.engine.profiles import Form, Profile, profile
from nl2sql_tui.errors import ModelError

GB = 1_000_000_000
CPU = Device("cpu", "the CPU", 32 * GB, 24 * GB, bfloat16=False)
NEW_CPU = replace(CPU, bfloat16=True)
LAPTOP = Hardware("a CPU", 4, 16 * GB, 8 * GB, (), cuda_build=False, mps=False, bfloat16=False)
BOX = replace(LAPTOP, gpus=(Gpu("NVIDIA A", 24 * GB, 23 * GB),), cuda_build=True)


def card(total: float, free: float | None = None) -> Device:
    return Device("cuda", "NVIDIA T", int(total * GB), int((total if free is None else free) * GB))


def known(name: str) -> tuple[Profile, Architecture]:
    found = profile(name)
    assert found.architecture is not None
    return found, found.architecture


@pytest.mark.parametrize(
    ("name", "form", "gigabytes"),
    [
        # The sums by hand: Phi-3-mini has 3.624e9 parameters in its layers' matrices and 0.197e9 beside them.
        ("phi3", "bfloat16", 7.64),
        ("phi3", "float32", 15.28),
        ("phi3", "nf4", 3.624 / 2 + 3.624 / 16 + 0.394),
        ("phi3", "nf4-double", 3.624 / 2 + 3.624 / 64 + 3.624 / 64 / 64 + 0.394),
        ("mistral", "int8", 6.979 + 0.525),
    ],
)
def test_weights_in_each_form(name: str, form: Form, gigabytes: float) -> None:
    assert weight_bytes(known(name)[1], form) / GB == pytest.approx(gigabytes, rel=0.005)


def test_keys_and_values_are_for_the_whole_context_in_the_numbers_that_are_computed_with() -> None:
    found, sizes = known("phi3")
    half = plan(found, sizes, "nf4-double", CPU, 4096)
    assert half.keys_and_values == 4096 * 384 * 1024
    assert plan(found, sizes, "float32", CPU, 4096).keys_and_values == 2 * half.keys_and_values
    assert half.needed == half.weights + half.keys_and_values + half.working + half.runtime
    assert plan(found, sizes, "nf4-double", CPU, 4096, adapter=50).needed == half.needed + 50


@pytest.mark.parametrize(
    ("name", "device", "form", "note"),
    [
        ("phi3", card(24), "nf4-double", ""),
        ("mistral", card(24), "int8", ""),
        ("mistral", card(8), "nf4-double", "int8 on NVIDIA T needs"),
        ("qwen-coder-7b", card(80), "bfloat16", ""),
        ("qwen-coder-7b", card(12), "nf4-double", "bfloat16 on NVIDIA T needs"),
        ("phi3", Device("mps", "the Apple GPU", 32 * GB, 20 * GB), "bfloat16", ""),
        ("qwen-coder-1.5b", CPU, "float32", ""),
        ("qwen-coder-1.5b", NEW_CPU, "bfloat16", ""),
        ("default", CPU, "float32", ""),
        ("default", NEW_CPU, "bfloat16", ""),
        ("phi3", NEW_CPU, "bfloat16", ""),
    ],
)
def test_the_first_form_that_fits_is_taken_and_what_was_wanted_is_said(
    name: str, device: Device, form: Form, note: str
) -> None:
    taken = choose(*known(name), [device])
    assert (taken.form, bool(taken.note)) == (form, bool(note))
    assert note in taken.line
    assert "\n" not in taken.line


def test_a_full_gpu_leaves_a_small_model_to_the_cpu() -> None:
    taken = choose(*known("default"), [card(24, free=0.2), CPU])
    assert (taken.device.kind, "bfloat16 on NVIDIA T needs" in taken.note) == ("cpu", True)


def test_the_form_that_is_asked_for_is_taken_where_it_fits_or_not_at_all() -> None:
    found, sizes = known("phi3")
    assert choose(replace(found, form="bfloat16"), sizes, [card(24)]).form == "bfloat16"
    assert choose(replace(found, form="nf4"), sizes, [CPU]).form == "nf4"
    with pytest.raises(ModelError) as caught:
        choose(replace(found, form="bfloat16"), sizes, [card(8)])
    assert "Without --form a smaller form would be taken." in caught.value.hint


def test_memory_that_is_not_known_is_not_taken_for_none() -> None:
    unknown = Device("cuda", "NVIDIA U", None, None)
    taken = choose(*known("phi3"), [unknown])
    assert (taken.form, taken.available, taken.fits) == ("nf4-double", None, True)
    assert class_of(unknown).name == "a middle GPU"


class TestRefusal:
    def test_a_model_for_gpus_says_how_it_runs_without_one(self) -> None:
        with pytest.raises(ModelError) as caught:
            choose(*known("phi3"), [CPU])
        assert "made for an NVIDIA GPU" in caught.value.message
        assert "--form bfloat16 (7.6 GB of weights)" in caught.value.hint

    def test_a_shorter_context_is_offered_where_it_would_do(self) -> None:
        with pytest.raises(ModelError) as caught:
            choose(*known("phi3-128k"), [card(8)])
        assert "does not fit: in nf4-double it takes" in caught.value.message
        assert "A context of 8,192 tokens would fit: --context 8192." in caught.value.hint

    def test_closing_programs_is_offered_where_it_would_do(self) -> None:
        with pytest.raises(ModelError) as caught:
            choose(*known("mistral"), [card(24, free=2)])
        assert "once other programs are closed" in caught.value.hint

    def test_other_models_that_fit_are_named(self) -> None:
        with pytest.raises(ModelError) as caught:
            choose(*known("mistral"), [card(4), CPU])
        assert "These fit now: default" in caught.value.hint
        assert "closed" not in caught.value.hint

    def test_where_nothing_fits_a_server_is_named(self) -> None:
        with pytest.raises(ModelError, match="default does not fit") as caught:
            choose(*known("default"), [Device("cpu", "the CPU", GB, GB // 10)])
        assert "--endpoint" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "hardware", "ok", "words"),
    [
        ("default", LAPTOP, True, "float32 on the CPU"),
        ("default", replace(LAPTOP, bfloat16=True), True, "bfloat16 on the CPU"),
        ("default", replace(LAPTOP, memory_bytes=GB, free_bytes=GB), False, "needs 1.8 GB of memory; there are 1.0 GB"),
        ("default", replace(LAPTOP, free_bytes=GB), False, "of the CPU's memory 1.0 GB are free"),
        ("default", replace(LAPTOP, memory_bytes=None, free_bytes=None), True, "float32 on the CPU"),
        ("phi3", LAPTOP, False, "made for an NVIDIA GPU, and none can be used"),
        ("phi3", replace(LAPTOP, mps=True), False, "does not fit: in bfloat16"),
        ("phi3", BOX, True, "nf4-double on NVIDIA A"),
        ("phi3", replace(BOX, cuda_build=False), False, "the installed torch is a CPU build"),
        ("mistral", replace(BOX, gpus=(Gpu("NVIDIA A", 24 * GB, 2 * GB),)), False, "NVIDIA A's memory 2.0 GB are free"),
        ("mistral", replace(BOX, gpus=(Gpu("NVIDIA U", None, None),)), True, "int8 on NVIDIA U"),
        ("mistral", replace(BOX, gpus=(Gpu("NVIDIA S", 4 * GB, 4 * GB), *BOX.gpus)), False, "NVIDIA S's memory"),
    ],
)
def test_a_profile_fits_or_not_and_why(name: str, hardware: Hardware, ok: bool, words: str) -> None:
    fit = fits(profile(name), hardware)
    assert fit.ok == ok
    assert words in fit.reason
    assert "\n" not in fit.reason


def test_a_size_that_is_not_known_does_not_keep_from_fetching() -> None:
    assert fits(replace(profile("phi3"), architecture=None), LAPTOP).ok


def test_apples_gpu_is_preferred_to_the_cpu() -> None:
    assert [device.kind for device in devices_of(replace(LAPTOP, mps=True))] == ["mps", "cpu"]
    assert [device.kind for device in devices_of(BOX)] == ["cuda", "cpu"]


def test_a_part_of_what_is_free_is_left_to_others() -> None:
    found, sizes = known("phi3")
    needed = plan(found, sizes, "nf4-double", card(8), found.context_tokens).needed
    share = class_of(card(8)).share
    assert share < 1
    for free, fits_now in ((needed, False), (needed / share * 1.001, True)):
        assert plan(found, sizes, "nf4-double", card(8, free / GB), found.context_tokens).fits == fits_now


def test_an_adapter_counts_in_every_choice() -> None:
    assert choose(*known("default"), [CPU], 50).adapter == 50
    assert {one.adapter for one in choices(*known("phi3"), [card(80), CPU], 50)} == {50}
