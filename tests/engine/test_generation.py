"""What the model's thread does besides writing: it copes with a full memory, and with positions that are rescaled."""

import gc
import json
import os
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Cache

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import Generated, GenerationEvent, GenerationFailed, Message, Prompt
from nl2sql_tui.engine.generation import store_for
from nl2sql_tui.engine.loading import load
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import SAMPLINGS, profile
from tests.engine.each_pass import before_each_pass
from tests.engine.tiny import tiny_llama

_SCHEMA = Message("system", "singer(id int pk, name text)")
_SHORT: Prompt = (_SCHEMA, Message("user", "how many?"))
_LONG: Prompt = (_SCHEMA, Message("user", "how many singers are there in each country, and how old are they? " * 3))
_SHORT_TOKENS = 150


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("model"), ascii_only=True, spread=0.2)


@pytest.fixture(scope="module")
def rescaled(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights, with positions that are turned otherwise in texts of more than `_SHORT_TOKENS`."""
    other = tmp_path_factory.mktemp("rescaled")
    for file in folder.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    config = json.loads((other / "config.json").read_text())
    half = 64 // 4 // 2
    config["rope_parameters"] = {
        "rope_type": "longrope",
        "rope_theta": 10_000.0,
        "short_factor": [1.0] * half,
        "long_factor": [8.0] * half,
        "factor": 8.0,
        "original_max_position_embeddings": _SHORT_TOKENS,
    }
    (other / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return other


@pytest.fixture
def started() -> Iterator[list[LocalEngine]]:
    engines: list[LocalEngine] = []
    yield engines
    for engine in engines:
        engine.close()


def _engine(folder: Path, started: list[LocalEngine], **changes: Any) -> LocalEngine:
    engine = LocalEngine(replace(profile("default"), context_tokens=1024, **changes), lambda *_: folder)
    started.append(engine)
    engine.wait_until_ready(Cancel())
    return engine


def _events(engine: LocalEngine, prompt: Prompt) -> list[GenerationEvent]:
    return list(engine.stream(prompt, max_new_tokens=24, cancel=Cancel()))


def _written(engine: LocalEngine, prompt: Prompt) -> Generated:
    last = _events(engine, prompt)[-1]
    assert isinstance(last, Generated), last
    return last


def _fails_in_pass(monkeypatch: pytest.MonkeyPatch, *failing: int) -> list[int]:
    """Let memory run out in these passes through the model, counted from 0; the list gets what each pass knew."""
    known: list[int] = []

    def short_of_memory(_ids: Sequence[int], cache: Cache) -> None:
        known.append(cache.get_seq_length())
        if len(known) - 1 in failing:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    before_each_pass(monkeypatch, short_of_memory)
    return known


def test_where_memory_runs_out_it_is_tried_again_without_what_is_remembered(
    folder: Path, started: list[LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _engine(folder, started)
    expected = _written(engine, _LONG)
    _written(engine, _SHORT)
    known = _fails_in_pass(monkeypatch, 0)
    again = _written(engine, _LONG)
    assert (again.text, again.tokens) == (expected.text, expected.tokens)
    assert known[0] > 0
    assert known[1] == 0


def test_what_was_remembered_is_gone_before_it_is_tried_again(
    folder: Path, started: list[LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _engine(folder, started)
    _written(engine, _LONG)
    seen: list[weakref.ref[Cache]] = []
    alive: list[bool] = []

    def short_of_memory_once(_ids: Sequence[int], cache: Cache) -> None:
        gc.collect()
        alive.append(bool(seen) and seen[0]() is not None)
        seen.append(weakref.ref(cache))
        if len(seen) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    before_each_pass(monkeypatch, short_of_memory_once)
    _written(engine, _LONG)
    # Later passes share the second attempt's cache.
    assert not alive[1]


def test_memory_that_stays_short_is_told(
    folder: Path, started: list[LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _engine(folder, started)
    known = _fails_in_pass(monkeypatch, 0, 1)
    last = _events(engine, _SHORT)[-1]
    assert isinstance(last, GenerationFailed)
    assert "not enough memory" in last.message
    assert len(known) == 2


def test_an_answer_that_has_begun_is_not_written_twice(
    folder: Path, started: list[LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _engine(folder, started)
    known = _fails_in_pass(monkeypatch, 3)
    assert isinstance(_events(engine, _SHORT)[-1], GenerationFailed)
    assert len(known) == 4


def test_a_text_with_rescaled_positions_uses_nothing_of_a_short_one(rescaled: Path, started: list[LocalEngine]) -> None:
    engine = _engine(rescaled, started)
    alone = _written(_engine(rescaled, started), _LONG)
    short = _written(engine, _SHORT)
    assert short.prompt_tokens + 24 <= _SHORT_TOKENS < alone.prompt_tokens
    assert _written(engine, _LONG).text == alone.text
    assert engine.candidates(_LONG, count=2, max_new_tokens=8, cancel=Cancel()) == ()


def test_a_short_text_uses_nothing_of_one_with_rescaled_positions(rescaled: Path, started: list[LocalEngine]) -> None:
    alone = _written(_engine(rescaled, started), _SHORT)
    engine = _engine(rescaled, started)
    engine.read_ahead(_LONG, (*_LONG[:1], Message("user", _LONG[1].text + "!")), Cancel())
    assert _written(engine, _SHORT).text == alone.text


def test_what_is_drawn_is_the_same_each_time_in_a_long_text_too(rescaled: Path, started: list[LocalEngine]) -> None:
    engine = _engine(rescaled, started, sampling=SAMPLINGS["article"])
    for prompt in (_SHORT, _LONG):
        assert len({_written(engine, prompt).text for _ in range(3)}) == 1


def test_what_is_kept_on_disk_is_for_these_very_weights_on_a_cpu(folder: Path) -> None:
    loaded = load(folder, profile("default"))
    store = store_for(loaded, folder, "one")
    assert store is not None
    assert store_for(replace(loaded, device="cuda:0 GPU"), folder, "one") is None
    (weights,) = folder.glob("*.safetensors")
    earlier = store._file([1, 2])
    other_reader = store_for(loaded, folder, "other")
    assert other_reader is not None
    assert other_reader._file([1, 2]) != earlier
    stat = weights.stat()
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))
    changed = store_for(loaded, folder, "one")
    assert changed is not None
    assert store_for(loaded, None, "one") is None
    assert store_for(loaded, folder / "no such", "one") is None
    assert changed._file([1, 2]) != earlier
