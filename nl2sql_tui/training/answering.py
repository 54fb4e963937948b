"""Asks a trainee in memory with an adapter on it, greedily and without any other help; judges no answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.merging import quiet, with_adapter
from nl2sql_tui.language.repair import sql_of
from nl2sql_tui.training import shared_schema
from nl2sql_tui.training.packs import Encoder
from nl2sql_tui.training.prepare import Example
from nl2sql_tui.training.trainee import Trainee


def greedy_answers(
    trainee: Trainee,
    adapter: Path,
    asked: Sequence[Example],
    encoder: Encoder,
    max_new_tokens: int,
    cancel: Cancel,
) -> list[str]:
    """The SQL that the base with `adapter` on it answers to each question. Raises ModelError, Stopped."""
    from transformers import GenerationConfig

    def asked_to_stop(ids: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        return torch.full((ids.shape[0],), cancel.requested, device=ids.device)

    config = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        use_cache=True,
        eos_token_id=sorted(trainee.end_tokens),
        pad_token_id=min(trainee.end_tokens),
    )
    with quiet():
        model = with_adapter(trainee.model, adapter).eval()
    # What it is trained with reads packs, and nothing else.
    trainee.model.set_attn_implementation("sdpa")
    found = []
    try:
        for example in asked:
            ids = torch.tensor([encoder.prompt(example.schema, example.question)], device=trainee.model.device)
            with torch.inference_mode():
                out = model.generate(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    generation_config=config,
                    stopping_criteria=[asked_to_stop],
                )
            cancel.raise_if_requested()
            found.append(sql_of(trainee.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)))
    finally:
        trainee.model.set_attn_implementation(shared_schema.NAME)
        model.unload()
    return found
