"""Writes several answers to one prompt at once, as the rows of a batch that shares what was read of the prompt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import Cache

from nl2sql_tui.engine.guidance import GrammarError, Guide
from nl2sql_tui.engine.kv_buffer import copies


@dataclass(slots=True)
class SampledAnswer:
    """The tokens of one answer, its end included where it came to one."""

    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    """As the model gives it at temperature 1, without regard to a grammar."""
    ended: bool = False
    lost: bool = False
    """The grammar could not be followed any further."""


def sample(
    model: Any,
    cache: Cache,
    last_token: int,
    *,
    guides: Sequence[Guide | None],
    end_tokens: frozenset[int],
    max_new_tokens: int,
    temperature: float,
    seed: int,
) -> list[SampledAnswer]:
    """As many answers as there are `guides`, each token drawn with its probability at `temperature`.

    `cache` holds the prompt without its `last_token`, and stays as it is. The same arguments give the same answers.
    """
    answers = [SampledAnswer() for _ in guides]
    # The draws stay on the CPU, so that a seed means the same wherever the model is.
    generator = torch.Generator().manual_seed(seed)
    writing = list(range(len(answers)))
    rows = copies(cache, len(answers))
    tokens = [last_token] * len(answers)
    for _ in range(max_new_tokens):
        given = torch.tensor(tokens, device=model.device)[:, None]
        logits = model(input_ids=given, past_key_values=rows, use_cache=True, logits_to_keep=1).logits[:, -1].float()
        noise = torch.rand(len(answers), generator=generator)
        tokens = []
        for row, place in zip(logits.cpu(), writing, strict=True):
            answer, guide = answers[place], guides[place]
            token = last_token
            try:
                token = _drawn(row, guide, temperature, float(noise[place]))
                answer.tokens.append(token)
                answer.log_probability += float(row[token] - row.logsumexp(-1))
                answer.ended = token in end_tokens
                if not answer.ended and guide is not None:
                    guide.take(token)
            except GrammarError:
                answer.lost = True
            tokens.append(token)
        left = [row for row, place in enumerate(writing) if not (answers[place].ended or answers[place].lost)]
        if not left:
            break
        if len(left) < len(writing):
            rows.batch_select_indices(torch.tensor(left, device=model.device))
            writing, tokens = [writing[row] for row in left], [tokens[row] for row in left]
    return answers


def _drawn(logits: torch.Tensor, guide: Guide | None, temperature: float, place: float) -> int:
    """The token at `place`, 0 to 1, of the tokens laid side by side, each as wide as its probability."""
    scores = logits if guide is None else guide.held(logits)
    widths = torch.softmax(scores / temperature, -1).cumsum(-1)
    reached = int(torch.searchsorted(widths, place * float(widths[-1])))
    token = min(reached, len(widths) - 1)
    # Rounding may end on a token of no width at all.
    return token if math.isfinite(float(scores[token])) else int(scores.argmax())
