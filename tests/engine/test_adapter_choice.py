"""Adapters switched while a local engine runs: each answers as if it were the only one, and nothing is mixed up."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import PACKAGED, Generated, LoadState, Message, Prompt
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.merging import merged
from nl2sql_tui.engine.own_adapters import note_trained
from nl2sql_tui.engine.profiles import Profile, profile
from nl2sql_tui.errors import InputError, ModelError, Stopped
from tests.engine.families import lora
from tests.engine.tiny import tiny_llama
from tests.training.tiny_models import tiny_mistral

_SCHEMA = Message("system", "singer(id int pk, name text, country text)")
_ONE: Prompt = (_SCHEMA, Message("user", "How many singers are there?"))
_OTHER: Prompt = (_SCHEMA, Message("user", "Which singers come from France?"))
_HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
_HANG_GUARD = 60

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("base"), ascii_only=True, spread=0.2)


@pytest.fixture(scope="module")
def places(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two adapters for the model in `base`, and one for another model."""
    folder = tmp_path_factory.mktemp("adapters")
    other = tiny_mistral(tmp_path_factory.mktemp("mistral"))
    return {
        "first": lora(base, folder / "first", seed=3),
        "second": lora(base, folder / "second", seed=4, r=8),
        "wrong": lora(other, folder / "wrong", names="someone/other"),
    }


@pytest.fixture
def started() -> Iterator[list[LocalEngine]]:
    engines: list[LocalEngine] = []
    yield engines
    for engine in engines:
        engine.close()


Engines = Callable[..., LocalEngine]


@pytest.fixture
def beside(base: Path, started: list[LocalEngine]) -> Engines:
    """Gives engines whose adapters lie beside the weights."""
    as_published = replace(
        profile("phi3"), name="tiny", title="a tiny Llama", hub_id="", forms=("float32",), context_tokens=512
    )

    def make(lora: Path | str = "", **changes: Any) -> LocalEngine:
        engine = LocalEngine(replace(as_published, lora=str(lora), **changes), lambda *_: base)
        started.append(engine)
        engine.wait_until_ready(Cancel())
        return engine

    return make


def _written(engine: LocalEngine, prompt: Prompt = _ONE) -> str:
    last = list(engine.stream(prompt, max_new_tokens=16, cancel=Cancel()))[-1]
    assert isinstance(last, Generated)
    return last.text


def _both(engine: LocalEngine) -> tuple[str, str]:
    engine.read_ahead(_ONE, _OTHER, Cancel())
    return _written(engine, _ONE), _written(engine, _OTHER)


def _use(engine: LocalEngine, wanted: Path | str | None) -> None:
    engine.use_adapter(None if wanted is None else str(wanted), Cancel())


def test_each_answers_as_if_it_were_alone_and_again_after_the_other(beside: Engines, places: dict[str, Path]) -> None:
    alone = {None: _both(beside())} | {name: _both(beside(places[name])) for name in ("first", "second")}
    assert len(set(alone.values())) == 3
    engine = beside()
    seen: list[tuple[str, tuple[str, str]]] = []
    for wanted in (places["first"], places["second"], "first", None, "second", places["first"]):
        _use(engine, wanted)
        seen.append((engine.adapter, _both(engine)))
    order = ("first", "second", "first", "", "second", "first")
    assert seen == [(name, alone[name or None]) for name in order]
    assert [one.name for one in engine.adapters()] == ["first", "second"], "none is loaded twice"
    assert engine.load_state.phase == "ready"


def test_what_is_kept_on_disk_is_for_one_adapter(
    beside: Engines, places: dict[str, Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = beside()
    _both(engine)
    for name in ("first", "second"):
        _use(engine, places[name])
        _both(engine)
    files = list((home / "cache" / "prefixes").glob("*.safetensors"))
    assert len(files) == 3
    expected = _both(beside(places["second"]))
    assert len(list((home / "cache" / "prefixes").glob("*.safetensors"))) == 3, "what lies there is taken"
    assert expected == _both(engine)
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(home.parent / "other"))
    assert _both(beside(places["second"])) == expected


def test_what_the_model_takes_is_measured_again(beside: Engines, places: dict[str, Path]) -> None:
    engine = beside()
    before = engine.memory()
    _use(engine, places["first"])
    after = engine.memory()
    assert before is not None
    assert after is not None
    assert after.weights > before.weights


def test_an_adapter_of_another_model_is_refused_and_the_one_before_goes_on(
    beside: Engines, places: dict[str, Path]
) -> None:
    for before in (places["first"], None):
        engine = beside(before or "")
        expected = _both(engine), engine.adapter
        with pytest.raises(InputError) as caught:
            _use(engine, places["wrong"])
        for words in (str(places["wrong"]), "someone/other", "a tiny Llama"):
            assert words in caught.value.message
        assert (_both(engine), engine.adapter) == expected
        assert engine.load_state.phase == "ready"
        _use(engine, places["second"])
        assert engine.adapter == "second"


def test_a_damaged_one_leaves_the_model_alone_as_it_was(
    base: Path, beside: Engines, places: dict[str, Path], tmp_path: Path
) -> None:
    broken = lora(base, tmp_path / "broken", seed=5)
    weights = load_file(broken / "adapter_model.safetensors")
    weights.pop(min(weights))
    save_file(weights, broken / "adapter_model.safetensors")
    engine = beside()
    expected = _both(engine)
    with pytest.raises(ModelError, match="is not whole"):
        _use(engine, broken)
    assert (_both(engine), engine.adapter) == (expected, "")
    _use(engine, places["first"])
    assert _both(engine) == _both(beside(places["first"]))


def test_a_folder_called_none_gets_another_name(base: Path, beside: Engines, tmp_path: Path) -> None:
    engine = beside()
    _use(engine, lora(base, tmp_path / "none", seed=5))
    assert engine.adapter == "none-2"


def test_what_is_no_adapter_is_told(beside: Engines, base: Path) -> None:
    engine = beside()
    with pytest.raises(InputError, match="There is no adapter no-such"):
        _use(engine, "no-such")
    with pytest.raises(InputError, match="holds no adapter"):
        _use(engine, base)
    assert engine.load_state.phase == "ready"


def test_those_made_on_this_computer_are_listed_and_used_by_name(
    base: Path, beside: Engines, places: dict[str, Path], tmp_path: Path
) -> None:
    run = tmp_path / "first"
    for place in (lora(base, run / "adapter", seed=6), places["wrong"]):
        note_trained(place)
    # An adapter is this model's where it names the folder that the model was taken from.
    engine = beside(places["first"], folder=base)
    assert [(one.name, one.in_use, one.is_loaded) for one in engine.adapters()] == [
        ("first", True, True),
        ("first-2", False, False),
    ]
    _use(engine, "first-2")
    assert [(one.name, one.in_use, one.is_loaded) for one in engine.adapters()] == [
        ("first", False, True),
        ("first-2", True, True),
    ]
    assert _both(engine) == _both(beside(run))


def test_files_that_changed_are_loaded_again_and_those_that_are_gone_stay_in_memory(
    base: Path, beside: Engines, tmp_path: Path
) -> None:
    place = lora(base, tmp_path / "mine", seed=7)
    engine = beside(place)
    before = _both(engine)
    lora(base, place, seed=8)
    _use(engine, "mine")
    assert engine.adapter == "mine-2"
    after = _both(engine)
    assert after == _both(beside(place)) != before
    for file in place.iterdir():
        file.unlink()
    _use(engine, "mine")
    assert _both(engine) == before


def _stuck(engine: LocalEngine) -> tuple[threading.Event, threading.Event]:
    """Let the model stop in its next pass until the second event is set; the first says that it is there."""
    entered, release = threading.Event(), threading.Event()

    def wait(*_: Any) -> None:
        entered.set()
        release.wait(_HANG_GUARD)

    assert engine._loaded is not None
    engine._loaded.model.register_forward_pre_hook(wait)
    return entered, release


def _in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


def test_an_answer_that_is_being_written_ends_first_and_the_next_waits_for_the_other_adapter(
    beside: Engines, places: dict[str, Path]
) -> None:
    expected = {name: _written(beside(places[name])) for name in ("first", "second")}
    engine = beside(places["first"])
    entered, release = _stuck(engine)
    written: list[str] = []
    answer, _ = _in_thread(lambda: written.append(_written(engine)))
    assert entered.wait(_HANG_GUARD)
    switch, errors = _in_thread(lambda: _use(engine, places["second"]))
    while engine.load_state.phase == "ready":
        switch.join(0.01)
    ready, _ = _in_thread(lambda: engine.wait_until_ready(Cancel()))
    assert (engine.adapter, switch.is_alive(), ready.is_alive()) == ("first", True, True)
    release.set()
    for thread in (answer, switch, ready):
        thread.join(_HANG_GUARD)
        assert not thread.is_alive()
    assert errors == []
    assert written == [expected["first"]]
    assert (engine.adapter, _written(engine)) == ("second", expected["second"])


@pytest.mark.parametrize("end", ["stopped", "closed"])
def test_a_switch_that_is_stopped_changes_nothing(end: str, beside: Engines, places: dict[str, Path]) -> None:
    engine = beside(places["first"])
    entered, release = _stuck(engine)
    cancel = Cancel()
    _in_thread(lambda: _written(engine))
    assert entered.wait(_HANG_GUARD)
    switch, errors = _in_thread(lambda: engine.use_adapter(str(places["second"]), cancel))
    while engine.load_state.phase == "ready":
        switch.join(0.01)
    cancel.request() if end == "stopped" else engine.close()
    # Whatever was to be done before it: it has not begun.
    switch.join(_HANG_GUARD)
    assert not switch.is_alive()
    release.set()
    assert [type(error) for error in errors] == [Stopped]
    assert engine.adapter == "first"
    if end == "stopped":
        assert _written(engine) == _written(beside(places["first"]))


# A model whose adapter is merged


@pytest.fixture
def converted(base: Path, tmp_path: Path, started: list[LocalEngine]) -> Engines:
    """Gives engines of the default profile, whose weights are the tiny model with the profile's adapter merged."""
    failing: list[ModelError] = []

    def prepare(asked: Profile, report: Callable[[LoadState], None], _: Cancel) -> Path:
        if failing:
            raise failing[0]
        report(LoadState("converting", done=1, total=4))
        if asked.own_adapter is None:
            return base
        folder = tmp_path / f"with-{asked.own_adapter.name}"
        if not folder.exists():
            merged(AutoModelForCausalLM.from_pretrained(base), asked.own_adapter).save_pretrained(folder)
            for file in base.glob("tokenizer*"):
                (folder / file.name).write_bytes(file.read_bytes())
            (folder / "chat_template.jinja").write_bytes((base / "chat_template.jinja").read_bytes())
        return folder

    def make(own_adapter: Path | None = None, fails: ModelError | None = None) -> LocalEngine:
        known = replace(profile("default"), forms=("float32",), own_adapter=own_adapter, context_tokens=512)
        engine = LocalEngine(known, prepare)
        started.append(engine)
        engine.wait_until_ready(Cancel())
        failing.extend([fails] if fails else [])
        return engine

    return make


def test_weights_with_another_adapter_take_the_place_of_those_in_memory(
    converted: Engines, places: dict[str, Path]
) -> None:
    engine = converted()
    packaged = _both(engine)
    assert engine.adapter == PACKAGED
    old = weakref.ref(engine._loaded.model)  # type: ignore[union-attr]
    gc.disable()
    try:
        _use(engine, places["first"])
        assert old() is None, "the memory of the weights before is given back"
    finally:
        gc.enable()
    assert engine.adapter == "first"
    taught = _both(engine)
    assert taught == _both(converted(places["first"])) != packaged
    assert [(one.name, one.in_use) for one in engine.adapters()] == [(PACKAGED, False), ("first", True)]
    _use(engine, PACKAGED)
    assert (_both(engine), engine.adapter) == (packaged, PACKAGED)
    assert [(one.name, one.in_use) for one in engine.adapters()] == [(PACKAGED, True), ("first", False)]
    _use(engine, "first")
    assert _both(engine) == taught


def test_a_merged_adapter_cannot_be_taken_off_and_that_is_said(converted: Engines, places: dict[str, Path]) -> None:
    engine = converted(places["first"])
    expected = _both(engine)
    with pytest.raises(InputError) as caught:
        _use(engine, None)
    assert "merged into its weights" in caught.value.message
    assert PACKAGED in caught.value.hint
    assert f"hf:{_HUB_ID}" in caught.value.hint
    assert (_both(engine), engine.adapter) == (expected, "first")


def test_a_wrong_pair_is_refused_before_any_weights_are_made(converted: Engines, places: dict[str, Path]) -> None:
    engine = converted(fails=ModelError("The weights must not be made."))
    expected = _both(engine)
    with pytest.raises(InputError, match=f"made for someone/other, not for {_HUB_ID}"):
        _use(engine, places["wrong"])
    with pytest.raises(ModelError, match="must not be made"):
        _use(engine, places["first"])
    assert (_both(engine), engine.adapter) == (expected, PACKAGED)
    assert engine.load_state.phase == "ready"


def test_what_was_learnt_from_a_history_is_listed_by_its_database(
    base: Path, converted: Engines, places: dict[str, Path], home: Path
) -> None:
    learnt = lora(base, home / "data" / "adapters" / "shop-1a2b" / "run-2" / "adapter", seed=9, names=_HUB_ID)
    note_trained(places["first"])
    engine = converted(learnt)
    assert engine.adapter == "shop-1a2b/run-2"
    assert [one.name for one in engine.adapters()] == [PACKAGED, "shop-1a2b/run-2"]
    _use(engine, PACKAGED)
    _use(engine, "shop-1a2b/run-2")
    assert engine.adapter == "shop-1a2b/run-2"


def test_before_it_is_loaded_an_adapter_goes_by_the_name_it_was_given(base: Path, places: dict[str, Path]) -> None:
    for given, name in (("", ""), ("someone/sql", "someone/sql"), (str(places["first"]), "first")):
        engine = LocalEngine(replace(profile("phi3"), lora=given), lambda *_: base)
        assert (engine.adapter, engine._choice.at_first()) == ("", name)
