"""Writes one answer token by token: what `generate()` does, with fewer passes through the model.

Each pass checks several tokens at once: those that a draft proposes are kept as far as the model would have chosen
them itself (prompt lookup, a speculative decoding without a second model: Leviathan et al., 2023; Saxena, 2023). The
text is that of one token at a time.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import torch
from transformers import Cache, GenerationConfig, LogitsProcessorList

from nl2sql_tui.engine.guidance import Guide
from nl2sql_tui.engine.passes import Passes
from nl2sql_tui.engine.plan import PREFILL_TOKENS
from nl2sql_tui.engine.streaming import AnswerStream

Draft = Callable[[str], str]
"""How the answer so far is likely to go on; empty where there is no telling."""

_PREFILL_CHUNK: Final = PREFILL_TOKENS
"""Tokens of the prompt in one pass, so that progress is seen and a cancel heard between two."""


class Decoding:
    """The loop for one answer, to be given to `generate(custom_generate=…)`."""

    def __init__(
        self,
        passes: Passes,
        stream: AnswerStream,
        tokenizer: Any,
        end_tokens: frozenset[int],
        guide: Guide | None = None,
        draft: Draft | None = None,
        seed: int | None = None,
    ) -> None:
        """Greedy without a `seed`; else each token is drawn with its probability."""
        self._passes = passes
        self._stream = stream
        self._tokenizer = tokenizer
        self._end_tokens = end_tokens
        self._guide = guide
        self._draft = draft
        # The draws stay on the CPU, so that a seed means the same wherever the model is.
        self._chance = None if seed is None else torch.Generator().manual_seed(seed)
        self._written: list[int] = []
        self._ended = False
        self.log_probability = 0.0
        """Of the tokens so far, as the model alone sees them, without regard to a grammar."""

    def __call__(
        self,
        model: Any,  # noqa: ARG002 - the passes are through it
        input_ids: torch.Tensor,
        logits_processor: LogitsProcessorList,
        generation_config: GenerationConfig,
        **prepared: Any,
    ) -> torch.Tensor:
        """Answer `input_ids`, [1, tokens], and give both, [1, tokens].

        `prepared` are the model's other arguments; of them `past_key_values` may know the beginning of the prompt.
        """
        # Named in the signature, it would be passed twice.
        cache: Cache = prepared["past_key_values"]
        self._stream.put(input_ids.cpu())
        prompt: list[int] = input_ids[0].tolist()
        most = int(generation_config.max_length or 0) - len(prompt)
        # The last chunk's logits are those that the answer begins with.
        known = cache.get_seq_length()
        ahead = known + (len(prompt) - known - 1) // _PREFILL_CHUNK * _PREFILL_CHUNK
        read_into(cache, self._passes, prompt[:ahead], self._stream.report_reading)
        pending = prompt[cache.get_seq_length() :]
        while not self._ended and len(self._written) < most:
            draft = self._drafted(most - len(self._written) - 1)
            logits = self._passes([*pending, *draft], cache, len(draft) + 1)
            self._accept(prompt, logits, draft, logits_processor)
            # The last token's keys are not known yet; those of the refused part of a draft have to go.
            surplus = cache.get_seq_length() - (len(prompt) + len(self._written) - 1)
            if surplus > 0:
                cache.crop(-surplus)
            pending = self._written[-1:]
        return torch.tensor([prompt + self._written], device=input_ids.device)

    def _accept(
        self, prompt: Sequence[int], logits: torch.Tensor, draft: Sequence[int], logits_processor: LogitsProcessorList
    ) -> None:
        """Take the tokens that the model chooses, as long as the draft foresaw them."""
        for row, foreseen in zip(logits, [*draft, None], strict=True):
            scores = row
            if logits_processor:
                ids = torch.LongTensor([[*prompt, *self._written]]).to(row.device)
                scores = logits_processor(cast(torch.LongTensor, ids), cast(torch.FloatTensor, row[None]))[0]
            if self._guide is not None:
                scores = self._guide.held(scores)
            token = self._chosen(scores)
            self.log_probability += float(row[token] - row.logsumexp(-1))
            self._write(token)
            if self._ended or token != foreseen:
                return

    def _chosen(self, scores: torch.Tensor) -> int:
        if self._chance is None:
            return int(scores.argmax())
        return int(torch.multinomial(scores.softmax(-1).cpu(), 1, generator=self._chance))

    def _write(self, token: int) -> None:
        self._written.append(token)
        self._ended = token in self._end_tokens
        if self._guide is not None and not self._ended:
            self._guide.take(token)
        self._stream.put(torch.tensor([token]))

    def _drafted(self, room: int) -> list[int]:
        """Tokens that may come next, at most `room`: what the grammar forces, or else what the draft says."""
        room = min(room, self._passes.longest_draft)
        if room <= 0:
            return []
        if self._guide is not None and (forced := self._guide.forced()):
            return forced[:room]
        if self._draft is None:
            return []
        likely = self._draft(self._tokenizer.decode(self._written))
        if not likely:
            return []
        draft: list[int] = self._tokenizer(likely, add_special_tokens=False)["input_ids"][:room]
        return draft[: self._guide.possible(draft)] if self._guide is not None else draft


def read_into(cache: Cache, passes: Passes, ids: Sequence[int], report: Callable[[int], None] = lambda _: None) -> None:
    """Read `ids`, of which `cache` may know the beginning; `report` hears after each chunk how many are read."""
    while (known := cache.get_seq_length()) < len(ids):
        passes(ids[known : known + _PREFILL_CHUNK], cache)
        report(cache.get_seq_length())
