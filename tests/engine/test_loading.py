"""Every form of both families, with an adapter beside the weights, streams, stops and says what it takes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import loading
from nl2sql_tui.engine.events import Generated, GenerationEvent, GenerationStopped, LoadState, Message, Token
from nl2sql_tui.engine.hardware import read_hardware
from nl2sql_tui.engine.loading import load
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.plan import Device
from nl2sql_tui.engine.profiles import FORMS, Form, Profile, profile
from nl2sql_tui.errors import InputError, ModelError
from tests.engine.families import FAMILIES, lora

_PROMPT = (Message("system", "t(a int)"), Message("user", "How many rows has t?"))
_KINDS = {"int8": "Linear8bitLt", "nf4": "Linear4bit", "nf4-double": "Linear4bit"}
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@pytest.fixture(scope="module", params=list(FAMILIES))
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return FAMILIES[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lora(base, tmp_path_factory.mktemp("adapter"))


def tiny(form: Form | None, adapter: Path | None = None) -> Profile:
    return replace(
        profile("phi3"),
        name="tiny",
        title="Tiny",
        hub_id="",
        form=form,
        forms=("float32",),
        architecture=None,
        context_tokens=512,
        lora=str(adapter or ""),
    )


@pytest.fixture
def started() -> Iterator[dict[str, LocalEngine]]:
    engines: dict[str, LocalEngine] = {}
    yield engines
    for engine in engines.values():
        engine.close()


def answered(engine: LocalEngine, tokens: int = 6) -> list[GenerationEvent]:
    engine.wait_until_ready(Cancel())
    return list(engine.stream(_PROMPT, max_new_tokens=tokens, cancel=Cancel()))


@pytest.mark.parametrize("form", FORMS)
def test_it_streams_with_an_adapter_beside_the_weights_and_stops(
    base: Path, adapter: Path, started: dict[str, LocalEngine], form: Form
) -> None:
    engine = started["it"] = LocalEngine(tiny(form, adapter), lambda *_: base)
    last = answered(engine)[-1]
    assert isinstance(last, Generated)
    assert last.tokens >= 1
    loaded = engine._loaded
    assert loaded is not None
    kinds = {type(module).__name__ for module in loaded.model.modules()}
    assert kinds & {"Linear4bit", "Linear8bitLt"} >= ({_KINDS[form]} if form in _KINDS else set())
    assert loaded.form == form
    assert {weights.dtype for name, weights in loaded.model.named_parameters() if "lora_" in name} == {
        loaded.model.dtype
    }
    if form in _BYTES:
        assert loaded.model.dtype == getattr(torch, form)
    cancel, events = Cancel(), []
    for event in engine.stream(_PROMPT, max_new_tokens=100, cancel=cancel):
        events.append(event)
        if isinstance(event, Token):
            cancel.request()
    assert isinstance(events[-1], GenerationStopped)


@pytest.mark.parametrize("form", FORMS)
def test_the_plan_weighs_what_is_then_there(base: Path, form: Form) -> None:
    loaded = load(base, tiny(form))
    assert loaded.plan is not None
    buffers = sum(one.numel() * one.element_size() for one in loaded.model.buffers())
    # In 4 bits each matrix brings the tables of its codes, which weigh something in a model as small as this one.
    matrices = sum(type(module).__name__ == "Linear4bit" for module in loaded.model.modules())
    tables = matrices * {"nf4": 64, "nf4-double": 64 + 1024 + 4}.get(form, 0)
    assert loaded.footprint - buffers == pytest.approx(loaded.plan.weights + tables, rel=0.002)


def test_loading_says_its_plan(base: Path, adapter: Path) -> None:
    told: list[LoadState] = []
    load(base, tiny("nf4-double", adapter), told.append)
    assert [state.phase for state in told] == ["loading"]
    assert "nf4-double on the CPU" in told[0].detail
    assert "adapter" in told[0].detail


def test_what_does_not_fit_is_refused_before_it_is_read(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_devices", lambda: (Device("cpu", "the CPU", 1000, 1000),))
    with pytest.raises(ModelError, match="tiny does not fit: in float32"):
        load(base, tiny(None))


@pytest.mark.parametrize("bfloat16", [True, False])
def test_the_cpu_is_taken_for_what_it_can_do(monkeypatch: pytest.MonkeyPatch, bfloat16: bool) -> None:
    found = replace(read_hardware(), bfloat16=bfloat16)
    monkeypatch.setattr(loading, "read_hardware", lambda: found)
    assert loading._devices()[-1].bfloat16 is bfloat16


def test_an_adapter_that_is_not_there_is_told(base: Path) -> None:
    with pytest.raises(InputError, match="There is no adapter /no/such/place"):
        load(base, tiny("float32", Path("/no/such/place")))
