"""Keys and values on disk give the same answers, are found again by another process, and are bounded."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Cache

from nl2sql_tui.engine.kv_buffer import growing_cache, keys_and_values
from nl2sql_tui.engine.prefix_store import PrefixStore
from tests.engine.tiny import tiny_llama

_IDS = list(range(5, 45))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny_llama(tmp_path_factory.mktemp("model"))).eval()


def _read(model: Any, ids: list[int]) -> Cache:
    cache = growing_cache()
    with torch.inference_mode():
        model(torch.tensor([ids]), past_key_values=cache)
    return cache


def _answer(model: Any, ids: list[int], cache: Cache) -> list[int]:
    given = torch.tensor([ids])
    with torch.inference_mode():
        out = model.generate(given, past_key_values=cache, max_new_tokens=8, do_sample=False, pad_token_id=0)
    return [int(token) for token in out[0]]


def test_what_was_kept_is_found_again_and_gives_the_same_answer(model: Any, tmp_path: Path) -> None:
    PrefixStore(tmp_path / "prefixes", "model").save(_IDS, _read(model, _IDS))
    found = PrefixStore(tmp_path / "prefixes", "model").load(_IDS)
    assert found is not None
    assert found.get_seq_length() == len(_IDS)
    assert _answer(model, [*_IDS, 7, 8], found) == _answer(model, [*_IDS, 7, 8], growing_cache())
    (file,) = (tmp_path / "prefixes").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_other_tokens_or_another_model_find_nothing(model: Any, tmp_path: Path) -> None:
    store = PrefixStore(tmp_path, "model")
    store.save(_IDS, _read(model, _IDS))
    assert store.load(_IDS[:-1]) is None
    assert store.load([*_IDS[:-1], 3]) is None
    assert PrefixStore(tmp_path, "model with an adapter").load(_IDS) is None


@pytest.mark.parametrize("damage", [b"", b"x" * 100])
def test_a_damaged_file_is_removed(model: Any, tmp_path: Path, damage: bytes) -> None:
    store = PrefixStore(tmp_path, "model")
    store.save(_IDS, _read(model, _IDS))
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert store.load(_IDS) is None
    assert list(tmp_path.iterdir()) == []


def test_the_least_recently_used_go_first(model: Any, tmp_path: Path) -> None:
    size = sum(keys.nbytes + values.nbytes for keys, values in keys_and_values(_read(model, _IDS)))
    store = PrefixStore(tmp_path, "model", most_bytes=4 * size + 4 * 1000)
    prompts = [[first, *_IDS[1:]] for first in range(5)]
    for ids in prompts[:4]:
        store.save(ids, _read(model, ids))
        for file in tmp_path.iterdir():
            # Files written within one tick of the clock have no order.
            stat = file.stat()
            os.utime(file, (stat.st_atime - 10, stat.st_mtime - 10))
    assert store.load(prompts[0]) is not None
    store.save(prompts[4], _read(model, prompts[4]))
    assert store.load(prompts[1]) is None
    assert all(store.load(prompts[place]) is not None for place in (0, 2, 3, 4))


def test_what_is_too_large_or_cannot_be_written_is_left(model: Any, tmp_path: Path) -> None:
    cache = _read(model, _IDS)
    PrefixStore(tmp_path / "small", "model", most_bytes=1000).save(_IDS, cache)
    assert not (tmp_path / "small").exists()
    (tmp_path / "file").write_text("no folder")
    store = PrefixStore(tmp_path / "file", "model")
    store.save(_IDS, cache)
    assert store.load(_IDS) is None


def test_what_a_program_left_half_written_is_removed_later(model: Any, tmp_path: Path) -> None:
    fresh, old = tmp_path / "fresh.part", tmp_path / "old.part"
    for part in (fresh, old):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    PrefixStore(tmp_path, "model").save(_IDS, _read(model, _IDS))
    assert fresh.exists()
    assert not old.exists()
