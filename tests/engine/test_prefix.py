"""What is kept of a prompt changes no answer, and is gone when a pass was cut off."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from nl2sql_tui.engine.prefix import PrefixCache
from tests.engine.tiny import tiny_llama
from tests.training.tiny_models import tiny_mistral, tiny_phi3

SCHEMA = list(range(5, 105))
PROMPTS = [[*SCHEMA, 7, 8, 9], [*SCHEMA, 11, 12], [*SCHEMA, 11, 12], [40, 41, 42] * 20, [*SCHEMA[:50], 3], SCHEMA]


def _answer(model: Any, ids: list[int], **options: Any) -> list[int]:
    given = torch.tensor([ids])
    out = model.generate(given, attention_mask=torch.ones_like(given), max_new_tokens=12, do_sample=False, **options)
    return [int(token) for token in out[0][len(ids) :]]


@pytest.mark.parametrize("make", [tiny_llama, tiny_phi3, tiny_mistral])
def test_answers_are_those_of_plain_generate(make: Any, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(make(tmp_path), dtype=torch.float32).eval()
    prefix = PrefixCache()
    computed = []
    model.model.register_forward_pre_hook(
        lambda _, __, given: computed.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    for ids in PROMPTS:
        plain = _answer(model, ids)
        computed.clear()
        cache = prefix.take(ids)
        known = cache.get_seq_length()
        assert _answer(model, ids, past_key_values=cache) == plain
        assert computed[0] == len(ids) - known
        prefix.keep(ids, cache)
    assert prefix.take([*SCHEMA[:60], 1]).get_seq_length() == 60


def test_a_cache_that_was_not_brought_back_is_not_used_again(tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_llama(tmp_path), dtype=torch.float32).eval()
    prefix = PrefixCache()
    cache = prefix.take(PROMPTS[0])
    _answer(model, PROMPTS[0], past_key_values=cache)
    prefix.keep(PROMPTS[0], cache)
    assert prefix.take(PROMPTS[1]).get_seq_length() == len(SCHEMA)
    assert prefix.take(PROMPTS[1]).get_seq_length() == 0


def test_two_schemas_are_kept_beside_each_other_within_the_bound(tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_llama(tmp_path), dtype=torch.float32).eval()
    one, other = SCHEMA, SCHEMA[::-1]
    for most_bytes, kept in ((10**9, [99, 99]), (1, [0, 99])):
        prefix = PrefixCache(most_bytes)
        for ids in (one, other):
            cache = prefix.take(ids)
            _answer(model, ids, past_key_values=cache)
            prefix.keep(ids, cache)
        assert [prefix.take(ids).get_seq_length() for ids in (one, other)] == kept


def test_a_prompt_that_shares_only_the_beginning_takes_nothing_from_a_longer_one(tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_llama(tmp_path), dtype=torch.float32).eval()
    prefix = PrefixCache()
    cache = prefix.take(SCHEMA)
    _answer(model, SCHEMA, past_key_values=cache)
    prefix.keep(SCHEMA, cache)
    other = [*SCHEMA[:30], 4, 4, 4]
    beginning = prefix.take(other)
    assert beginning.get_seq_length() == 30
    assert _answer(model, other, past_key_values=beginning) == _answer(model, other)
    prefix.keep(other, beginning)
    whole = prefix.take(PROMPTS[0])
    assert whole.get_seq_length() == len(SCHEMA)
    assert _answer(model, PROMPTS[0], past_key_values=whole) == _answer(model, PROMPTS[0])
