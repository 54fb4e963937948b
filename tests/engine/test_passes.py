"""Passes in few calls compute what the modules do; a text may be cut into passes anyhow; branches stay apart."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from peft import LoraConfig
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from nl2sql_tui.engine.kv_buffer import growing_cache, keys_and_values
from nl2sql_tui.engine.llama_layers import has_llama_layers
from nl2sql_tui.engine.llama_passes import LlamaPasses
from nl2sql_tui.engine.passes import Branches, Passes, passes_of
from nl2sql_tui.engine.sampling import sample
from tests.engine.llama_models import MADE, SIZES, TEXT, computed, model_of, never


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_they_compute_what_the_modules_do(name: str, dtype: torch.dtype) -> None:
    model = model_of(name, dtype)
    by_modules = computed(Passes(model), [100, 1, 6])
    passes = passes_of(model, never, 512)
    assert type(passes) is LlamaPasses
    for one, other in zip(computed(passes, [100, 1, 6]), by_modules, strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4 if dtype is torch.float32 else 0)


@pytest.mark.parametrize("name", ["llama", "a key for each head"])
@pytest.mark.parametrize("kind", [Passes, lambda model: LlamaPasses(model, never)])
def test_in_half_precision_a_text_may_be_cut_into_passes_anyhow(name: str, kind: Callable[[Any], Passes]) -> None:
    passes = kind(model_of(name, torch.bfloat16))
    whole = computed(passes, [len(TEXT)])
    for sizes in ([1], [2], [64], [11, 1], [17, 6, 3], [63], [130, 1, 43]):
        for one, other in zip(computed(passes, sizes), whole, strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("kind", [Passes, lambda model: LlamaPasses(model, never)])
def test_branches_are_as_if_each_stood_alone(dtype: torch.dtype, kind: Callable[[Any], Passes]) -> None:
    passes = kind(model_of("llama", dtype))
    trunk, texts = TEXT[:70], [[5, 9, 2], [5, 8, 1], [90, 3, 3]]
    cache = growing_cache()
    together = []
    with torch.inference_mode():
        passes(trunk, cache)
        for step in range(3):
            # Of each three behind the trunk, one is its own.
            own = torch.eye(3, dtype=torch.bool).repeat(1, step + 1)
            sight = torch.cat([torch.ones(3, len(trunk), dtype=torch.bool), own], 1)
            branches = Branches([len(trunk) + step] * 3, sight)
            together.append(passes([text[step] for text in texts], cache, 3, branches))
        for place, text in enumerate(texts):
            alone = growing_cache()
            passes(trunk, alone)
            for step in range(3):
                logits = passes([text[step]], alone)[0]
                torch.testing.assert_close(
                    together[step][place], logits, rtol=0, atol=0.05 if dtype is torch.bfloat16 else 1e-4
                )
        one = passes([4], cache, 1, Branches([len(trunk)], torch.tensor([[True] * len(trunk) + [False] * 9 + [True]])))
        assert cache.get_seq_length() == len(trunk) + 10
        cache.crop(-10)
        torch.testing.assert_close(one, passes([4], cache), rtol=0, atol=0.05 if dtype is torch.bfloat16 else 1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_the_modules_get_their_weights_back(dtype: torch.dtype) -> None:
    model = model_of("llama with biases", dtype)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    expected = computed(Passes(model), [100])
    passes = LlamaPasses(model, never)
    for name, parameter in model.named_parameters():
        assert (parameter.shape, parameter.dtype) == (before[name].shape, dtype)
    passes.give_back()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name])
    assert all(torch.equal(one, other) for one, other in zip(computed(Passes(model), [100]), expected, strict=True))


def test_a_pass_can_be_left_before_any_layer() -> None:
    seen: list[int] = []

    def leave_at_the_second() -> None:
        seen.append(1)
        if len(seen) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        passes_of(model_of("llama", torch.float32), leave_at_the_second, 512)([1, 2], growing_cache())


def test_other_models_go_through_their_modules() -> None:
    kinds = ["full_attention", "sliding_attention"]
    sliding_in_part = Qwen2ForCausalLM(
        Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=64, layer_types=kinds)
    )
    long_rope = {"rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 16, "long_factor": [2.0] * 16}
    long_phi3 = Phi3ForCausalLM(
        Phi3Config(**SIZES, pad_token_id=0, original_max_position_embeddings=64, rope_parameters=long_rope)
    )
    partly_turned = {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}
    partly_turned_phi3 = Phi3ForCausalLM(Phi3Config(**SIZES, pad_token_id=0, rope_parameters=partly_turned))
    with_an_adapter = model_of("llama", torch.float32)
    with_an_adapter.add_adapter(LoraConfig(target_modules=["q_proj"]))
    rope = {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0}
    stretched = LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters=rope))
    for model in (sliding_in_part, long_phi3, partly_turned_phi3, with_an_adapter, stretched):
        assert not has_llama_layers(model)
        assert type(passes_of(model, never, 512)) is Passes


def test_drawing_several_answers_leaves_the_prompt_as_it_was() -> None:
    passes = passes_of(model_of("llama", torch.float32), never, 512)
    cache = growing_cache()
    with torch.inference_mode():
        passes(TEXT[:50], cache)
        before = [states.clone() for layer in keys_and_values(cache) for states in layer]
        drawn = sample(
            passes,
            cache,
            7,
            guides=[None] * 4,
            end_tokens=frozenset((3,)),
            max_new_tokens=6,
            temperature=1.0,
            seed=1,
        )
    assert len({tuple(answer.tokens) for answer in drawn}) > 1
    after = [states for layer in keys_and_values(cache) for states in layer]
    assert all(torch.equal(one, other) for one, other in zip(after, before, strict=True))
