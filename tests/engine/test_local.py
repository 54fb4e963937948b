"""The local engine on tiny random models: every generation ends in one final event, whatever happens."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import (
    Generated,
    GenerationEvent,
    GenerationFailed,
    GenerationStopped,
    LoadState,
    Message,
    Started,
    Token,
)
from nl2sql_tui.engine.loading import load
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import Form, Profile, profile
from nl2sql_tui.errors import ModelError, Stopped
from tests.engine.each_pass import before_each_pass
from tests.engine.tiny import save, tiny_llama, tiny_tokenizer

_PROMPT = (Message("system", "t(a int)"), Message("user", "How many rows has t?"))
_HANG_GUARD = 60


@pytest.fixture
def tiny_profile() -> Profile:
    return replace(profile("default"), name="tiny", form="float32", context_tokens=512)


@pytest.fixture
def engine(tmp_path: Path, tiny_profile: Profile) -> Iterator[LocalEngine]:
    folder = tiny_llama(tmp_path / "model")
    engine = LocalEngine(tiny_profile, lambda *_: folder)
    engine.start()
    engine.wait_until_ready(Cancel())
    yield engine
    engine.close()


def _answer(engine: LocalEngine, tokens: int = 40, cancel: Cancel | None = None) -> list[GenerationEvent]:
    return list(engine.stream(_PROMPT, max_new_tokens=tokens, cancel=cancel or Cancel()))


def test_the_answer_is_what_plain_greedy_generation_gives(engine: LocalEngine, tiny_profile: Profile) -> None:
    first, *pieces, last = _answer(engine)
    assert isinstance(first, Started)
    assert isinstance(last, Generated)
    assert all(isinstance(piece, Token) for piece in pieces)
    assert "".join(piece.text for piece in pieces if isinstance(piece, Token)) == last.text

    loaded = load(engine._prepare(tiny_profile, print, Cancel()), tiny_profile)
    inputs = loaded.tokenizer(first.prompt_text, return_tensors="pt", add_special_tokens=False)
    plain = loaded.model.generate(**inputs, max_new_tokens=40, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    assert last.text == loaded.tokenizer.decode(plain, skip_special_tokens=True)
    assert last.tokens == len(plain)
    assert first.prompt_tokens == inputs["input_ids"].shape[1]


def test_the_same_question_gets_the_same_answer(engine: LocalEngine) -> None:
    assert _answer(engine)[-1].text == _answer(engine)[-1].text  # type: ignore[union-attr]


def test_an_answer_at_its_limit_is_cut(engine: LocalEngine) -> None:
    last = _answer(engine, tokens=5)[-1]
    assert isinstance(last, Generated)
    assert (last.cut, last.tokens) == (True, 5)


def test_a_cancel_in_the_middle_keeps_what_came_and_frees_the_model(engine: LocalEngine) -> None:
    cancel = Cancel()
    events = []
    for event in engine.stream(_PROMPT, max_new_tokens=400, cancel=cancel):
        events.append(event)
        if isinstance(event, Token):
            cancel.request()
    assert isinstance(events[-1], GenerationStopped)
    assert sum(isinstance(event, GenerationStopped) for event in events) == 1
    assert isinstance(_answer(engine)[-1], Generated)


def test_a_cancel_releases_the_reader_without_waiting_for_the_forward_pass(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, release = threading.Event(), threading.Event()

    def stuck(*_: Any) -> None:
        entered.set()
        release.wait(_HANG_GUARD)

    before_each_pass(monkeypatch, stuck)
    cancel, events = Cancel(), []
    reader = threading.Thread(target=lambda: events.extend(_answer(engine, cancel=cancel)))
    reader.start()
    assert entered.wait(_HANG_GUARD)
    cancel.request()
    reader.join(_HANG_GUARD)
    assert not release.is_set()
    assert isinstance(events[-1], GenerationStopped)
    monkeypatch.undo()
    release.set()
    assert isinstance(_answer(engine)[-1], Generated)


def test_a_reader_that_leaves_stops_the_model(engine: LocalEngine) -> None:
    events = engine.stream(_PROMPT, max_new_tokens=400, cancel=Cancel())
    next(events)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert isinstance(_answer(engine)[-1], Generated)


@pytest.mark.parametrize(
    "error", [RuntimeError("kernel exploded\nat line 3"), MemoryError(), torch.OutOfMemoryError("CUDA")]
)
def test_an_error_in_the_model_ends_the_generation_and_not_the_engine(
    engine: LocalEngine, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise error

    before_each_pass(monkeypatch, fail)
    last = _answer(engine)[-1]
    assert isinstance(last, GenerationFailed)
    assert "\n" not in last.message
    monkeypatch.undo()
    assert isinstance(_answer(engine)[-1], Generated)


def test_a_prompt_that_does_not_fit_is_refused_before_the_model_runs(engine: LocalEngine) -> None:
    events = list(engine.stream((Message("user", "x" * 600),), max_new_tokens=40, cancel=Cancel()))
    assert [type(event) for event in events] == [GenerationFailed]
    assert "tokens long" in events[0].message  # type: ignore[union-attr]


def test_an_answer_longer_than_the_context_is_refused(engine: LocalEngine) -> None:
    last = _answer(engine, tokens=9_000)[-1]
    assert isinstance(last, GenerationFailed)
    assert "max_new_tokens" in last.hint


def test_closing_ends_every_answer_that_waits(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, release = threading.Event(), threading.Event()

    def stuck(*_: Any) -> None:
        entered.set()
        release.wait(_HANG_GUARD)

    before_each_pass(monkeypatch, stuck)
    endings: list[GenerationEvent] = []
    readers = [threading.Thread(target=lambda: endings.append(_answer(engine)[-1])) for _ in range(3)]
    for reader in readers:
        reader.start()
    assert entered.wait(_HANG_GUARD)
    engine.close()
    release.set()
    for reader in readers:
        reader.join(_HANG_GUARD)
    assert [type(ending) for ending in endings] == [GenerationStopped] * 3
    with pytest.raises(Stopped):
        engine.wait_until_ready(Cancel())


def test_tokens_are_counted_without_markers(engine: LocalEngine) -> None:
    assert engine.count_tokens("SELECT") == 6


def test_loading_reports_its_phases(tmp_path: Path, tiny_profile: Profile) -> None:
    folder = tiny_llama(tmp_path)
    seen: list[str] = []

    def prepare(_profile: Profile, report: Callable[[LoadState], None], _cancel: Cancel) -> Path:
        report(LoadState("fetching", "from a test", 5, 10, 2.0))
        seen.append(loading.load_state.phase)
        return folder

    loading = LocalEngine(tiny_profile, prepare)
    assert loading.load_state.phase == "idle"
    loading.wait_until_ready(Cancel())
    assert seen == ["fetching"]
    assert (loading.load_state.phase, bool(loading.load_state.device)) == ("ready", True)


def test_a_failed_load_is_told_and_can_be_tried_again(tmp_path: Path, tiny_profile: Profile) -> None:
    results: list[Exception | Path] = [ModelError("No source answered.", "Try later."), tiny_llama(tmp_path)]

    def prepare(*_: Any) -> Path:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    engine = LocalEngine(tiny_profile, prepare)
    with pytest.raises(ModelError, match="No source answered"):
        engine.wait_until_ready(Cancel())
    assert engine.load_state.phase == "failed"
    assert "Try later" in engine.load_state.detail
    engine.start()
    engine.wait_until_ready(Cancel())
    assert isinstance(_answer(engine)[-1], Generated)


def test_a_damaged_model_is_one_line(tmp_path: Path, tiny_profile: Profile) -> None:
    folder = tiny_llama(tmp_path)
    (folder / "model.safetensors").write_bytes(b"nonsense")
    engine = LocalEngine(tiny_profile, lambda *_: folder)
    with pytest.raises(ModelError) as caught:
        engine.wait_until_ready(Cancel())
    assert "\n" not in str(caught.value)


def test_waiting_for_a_load_can_be_cancelled(tiny_profile: Profile) -> None:
    release = threading.Event()

    def prepare(*_: Any) -> Path:
        release.wait(_HANG_GUARD)
        raise Stopped

    engine = LocalEngine(tiny_profile, prepare)
    cancel = Cancel()
    threading.Timer(0.05, cancel.request).start()
    with pytest.raises(Stopped):
        engine.wait_until_ready(cancel)
    release.set()


def test_closing_lets_go_of_the_model(tmp_path: Path, tiny_profile: Profile) -> None:
    folder = tiny_llama(tmp_path)
    engine = LocalEngine(tiny_profile, lambda *_: folder)
    engine.wait_until_ready(Cancel())
    model = weakref.ref(engine._loaded.model)  # type: ignore[union-attr]
    engine.close()
    end = time.monotonic() + _HANG_GUARD
    while model() is not None and time.monotonic() < end:
        gc.collect()
        time.sleep(0.05)
    assert model() is None


@pytest.mark.parametrize("form", ["nf4-double", "int8"])
@pytest.mark.parametrize("family", ["Phi3", "Mistral"])
def test_quantised_models_of_the_real_families_stream(
    tmp_path: Path, tiny_profile: Profile, family: str, form: Form
) -> None:
    import transformers

    tokenizer = tiny_tokenizer(tmp_path)
    config = getattr(transformers, f"{family}Config")(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    save(getattr(transformers, f"{family}ForCausalLM")(config), tokenizer, tmp_path)
    engine = LocalEngine(replace(tiny_profile, form=form), lambda *_: tmp_path)
    engine.wait_until_ready(Cancel())
    kinds = {type(module).__name__ for module in engine._loaded.model.modules()}  # type: ignore[union-attr]
    assert ("Linear4bit" if form.startswith("nf4") else "Linear8bitLt") in kinds
    last = _answer(engine, tokens=4)[-1]
    assert isinstance(last, Generated)
    assert last.tokens >= 1
    engine.close()
