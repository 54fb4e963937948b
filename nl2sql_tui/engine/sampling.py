"""Writes several answers to one prompt at once: they branch off the prompt, of which one copy serves them all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from transformers import Cache

from nl2sql_tui.engine.guidance import GrammarError, Guide
from nl2sql_tui.engine.passes import Branches, Passes


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
    passes: Passes,
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

    `cache` holds the prompt without its `last_token`, and in the end does so again. The same arguments give the same
    answers.
    """
    answers = [SampledAnswer() for _ in guides]
    # The draws stay on the CPU, so that a seed means the same wherever the model is.
    generator = torch.Generator().manual_seed(seed)
    known = cache.get_seq_length()
    logits = passes([last_token], cache).cpu().expand(len(answers), -1)
    writing = list(range(len(answers)))
    own: list[list[int]] = [[] for _ in answers]
    for step in range(max_new_tokens):
        noise = torch.rand(len(answers), generator=generator)
        for row, place in zip(logits, writing, strict=True):
            _write(answers[place], guides[place], row, temperature, float(noise[place]), end_tokens)
        writing = [place for place in writing if not (answers[place].ended or answers[place].lost)]
        if not writing or step == max_new_tokens - 1:
            break
        taken = cache.get_seq_length()
        sight = torch.zeros(len(writing), taken + len(writing), dtype=torch.bool)
        sight[:, : known + 1] = True
        for row, place in enumerate(writing):
            own[place].append(taken + row)
            sight[row, own[place]] = True
        branches = Branches([known + 1 + step] * len(writing), sight)
        logits = passes([answers[place].tokens[-1] for place in writing], cache, len(writing), branches).cpu()
    cache.crop(known - cache.get_seq_length())
    return answers


def _write(
    answer: SampledAnswer,
    guide: Guide | None,
    logits: torch.Tensor,
    temperature: float,
    place: float,
    end_tokens: frozenset[int],
) -> None:
    """Draw one more token for `answer`."""
    try:
        token = _drawn(logits, guide, temperature, place)
        answer.tokens.append(token)
        answer.log_probability += float(logits[token] - logits.logsumexp(-1))
        answer.ended = token in end_tokens
        if not answer.ended and guide is not None:
            guide.take(token)
    except GrammarError:
        answer.lost = True


def _drawn(logits: torch.Tensor, guide: Guide | None, temperature: float, place: float) -> int:
    """The token at `place`, 0 to 1, of the tokens laid side by side, each as wide as its probability."""
    scores = logits if guide is None else guide.held(logits)
    widths = torch.softmax(scores / temperature, -1).cumsum(-1)
    reached = int(torch.searchsorted(widths, place * float(widths[-1])))
    token = min(reached, len(widths) - 1)
    # Rounding may end on a token of no width at all.
    return token if math.isfinite(float(scores[token])) else int(scores.argmax())
