"""Recorded passes compute what the modules do, in buffers that stay in place; recorded by name only, but on a GPU."""

import gc
import shutil
import subprocess
import sys
from typing import Any

import pytest
import torch

from nl2sql_tui.engine import passes as passes_module
from nl2sql_tui.engine import products, recorded_passes
from nl2sql_tui.engine.kv_buffer import beginning_of, growing_cache, keys_and_values
from nl2sql_tui.engine.llama_layers import Pointwise, gated, normed
from nl2sql_tui.engine.passes import Branches, Passes, passes_of
from nl2sql_tui.engine.recorded_passes import RecordedPasses, Work, agrees_with_modules
from tests.engine.llama_models import MADE, TEXT, computed, model_of, never

_ROOM = 600
_CONTEXT = 500
"""What `_ROOM`, a multiple of the stride in these tests, is made for."""


class _Recorder:
    """Plays back by doing it again, and counts."""

    def __init__(self) -> None:
        self.recorded = self.played = 0

    def __call__(self, work: Work) -> Work:
        self.recorded += 1
        work()

        def play() -> None:
            self.played += 1
            work()

        return play


@pytest.fixture(autouse=True)
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights stay where they are, and several lengths of the text are recorded."""
    monkeypatch.setattr(products, "can_lay_out", lambda _: False)
    monkeypatch.setattr(recorded_passes, "_STRIDE", 120)


def _recorded(model: Any, pointwise: Pointwise | None = None) -> tuple[RecordedPasses, _Recorder]:
    recorder = _Recorder()
    return RecordedPasses(model, never, _CONTEXT, recorder, pointwise or Pointwise()), recorder


@pytest.mark.parametrize("name", MADE)
def test_they_compute_what_the_modules_do(name: str) -> None:
    model = model_of(name, torch.float32)
    passes, recorder = _recorded(model)
    sizes = [100, 1, 6, 8, 2]
    expected = computed(Passes(model), sizes)
    for one, other in zip(computed(passes, sizes), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)
    # Two lengths of buffers were read, in the four short passes behind each long one.
    assert (recorder.recorded, recorder.played) == (2, 8)
    assert agrees_with_modules(passes, model)


def test_in_half_precision_they_agree_but_for_rounding() -> None:
    model = model_of("phi3", torch.bfloat16)
    assert agrees_with_modules(_recorded(model)[0], model)


def test_logits_of_short_passes_do_not_depend_on_how_the_text_is_cut() -> None:
    passes, _ = _recorded(model_of("llama", torch.bfloat16))
    whole = computed(passes, [8])
    for sizes in ([1], [3], [7, 2]):
        assert all(torch.equal(one, other) for one, other in zip(computed(passes, sizes), whole, strict=True))


def test_branches_do_not_see_one_another() -> None:
    passes, _ = _recorded(model_of("llama", torch.float32))
    trunk, cache = TEXT[:70], growing_cache()
    with torch.inference_mode():
        passes(trunk, cache)
        sight = torch.cat([torch.ones(3, 70, dtype=torch.bool), torch.eye(3, dtype=torch.bool)], 1)
        together = passes([5, 9, 2], cache, 3, Branches([70] * 3, sight)).clone()
        cache.crop(-3)
        for place, token in enumerate((5, 9, 2)):
            torch.testing.assert_close(passes([token], cache)[0], together[place], rtol=0, atol=1e-4)
            cache.crop(-1)


def test_several_texts_take_turns_and_keep_what_they_had() -> None:
    model = model_of("mistral with a window", torch.float32)
    passes, _ = _recorded(model)
    texts = (TEXT[:150], TEXT[40:130], TEXT[5:20])
    with torch.inference_mode():
        caches = [growing_cache() for _ in texts]
        for cache, text in zip(caches, texts, strict=True):
            passes(text[:-4], cache)
        # One is the beginning of another, and that goes away.
        caches.append(beginning_of(caches[0], 100))
        for place in range(4):
            for cache, text in zip(caches, (*texts, [*TEXT[:100], *TEXT[200:204]]), strict=True):
                logits = passes([text[len(text) - 4 + place]], cache)
                alone = growing_cache()
                expected = Passes(model)(text[: len(text) - 3 + place], alone)
                torch.testing.assert_close(logits, expected, rtol=0, atol=1e-4)
                for one, other in zip(keys_and_values(cache), keys_and_values(alone), strict=True):
                    torch.testing.assert_close(one, other, rtol=0, atol=1e-4)
        del cache, caches
        gc.collect()
        again = growing_cache()
        passes(texts[1][:-1], again)
        expected = Passes(model)(texts[1], growing_cache())
        torch.testing.assert_close(passes(texts[1][-1:], again), expected, rtol=0, atol=1e-4)


def test_a_text_that_outgrows_the_buffers_goes_on_without_them() -> None:
    model = model_of("llama", torch.float32)
    passes, recorder = _recorded(model)
    text = TEXT * 2
    cache, alone = growing_cache(), growing_cache()
    with torch.inference_mode():
        passes(text[: _ROOM - 10], cache)
        Passes(model)(text[: _ROOM - 10], alone)
        for token in text[_ROOM - 10 : _ROOM + 10]:
            played = recorder.played
            torch.testing.assert_close(passes([token], cache), Passes(model)([token], alone), rtol=0, atol=1e-4)
            assert (recorder.played > played) == (cache.get_seq_length() - 1 + 8 <= _ROOM)
        # Cut back, it fits again.
        cache.crop(-300)
        alone.crop(-300)
        played = recorder.played
        torch.testing.assert_close(passes([3], cache), Passes(model)([3], alone), rtol=0, atol=1e-4)
        assert recorder.played > played


def test_what_computes_something_else_is_not_used() -> None:
    model = model_of("llama", torch.float32)

    def wrong(states: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        return normed(states, weight, epsilon) * 1.2

    def no_number(gate_and_up: torch.Tensor) -> torch.Tensor:
        return gated(gate_and_up) * torch.nan

    assert not agrees_with_modules(_recorded(model, Pointwise(normed=wrong))[0], model)
    assert not agrees_with_modules(_recorded(model, Pointwise(gated=no_number))[0], model)


def test_without_a_compiler_the_steps_are_recorded_as_they_are_and_without_graphs_the_modules_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = model_of("llama", torch.float32)

    def refused(*_: Any) -> torch.Tensor:
        raise RuntimeError("no compiler here")

    monkeypatch.setattr(recorded_passes, "compiled", lambda _: Pointwise(normed=refused))
    monkeypatch.setattr(recorded_passes, "graph_of", lambda work: work)
    found = recorded_passes.recorded_passes(model, never, _CONTEXT)
    assert found is not None
    monkeypatch.setattr(recorded_passes, "graph_of", refused)
    assert recorded_passes.recorded_passes(model, never, _CONTEXT) is None


def test_a_pass_can_be_left_before_it_is_played() -> None:
    def leave() -> None:
        raise InterruptedError

    passes = RecordedPasses(model_of("llama", torch.float32), leave, _CONTEXT, lambda work: work)
    with pytest.raises(InterruptedError):
        passes([1, 2], growing_cache())


_COMPILED = """
import torch
from nl2sql_tui.engine import products
from nl2sql_tui.engine.llama_layers import Pointwise
from nl2sql_tui.engine.recorded_passes import RecordedPasses, compiled
from tests.engine.llama_models import computed, model_of, never

products.can_lay_out = lambda _: False
for dtype in (torch.float32, torch.bfloat16):
    model = model_of("phi3", dtype)
    found = [
        computed(RecordedPasses(model, never, 500, lambda work: work, pointwise), [8])
        for pointwise in (compiled(Pointwise()), Pointwise())
    ]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4 if dtype is torch.float32 else 0.02)
print("the same")
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a compiler")
def test_compiled_steps_are_those_of_the_modules() -> None:
    """In a process of its own: what other tests import keeps torch from finding the compiler's files."""
    done = subprocess.run([sys.executable, "-c", _COMPILED], capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.endswith("the same\n"), done.stderr


def test_a_gpus_model_in_half_precision_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as that can be seen without one: which way is taken."""
    model = model_of("llama", torch.bfloat16)
    asked: list[int] = []

    def recorded(_model: Any, _before: Any, context_tokens: int) -> None:
        asked.append(context_tokens)

    monkeypatch.setattr(type(model), "device", torch.device("cuda"))
    monkeypatch.setattr(recorded_passes, "recorded_passes", recorded)
    assert type(passes_of(model, never, 77)) is passes_module.Passes
    assert asked == [77]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("name", MADE)
def test_on_a_gpu_graphs_agree_with_the_modules(name: str) -> None:
    model = model_of(name, torch.bfloat16).to("cuda")
    model.set_attn_implementation("sdpa")
    passes = passes_of(model, never, _CONTEXT)
    assert isinstance(passes, RecordedPasses)
    assert agrees_with_modules(passes, model)
    sizes = [100, 1, 6, 8, 2]
    for one, other in zip(computed(passes, sizes), computed(Passes(model), sizes), strict=True):
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.2)
