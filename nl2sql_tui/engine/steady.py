"""Lets a half-precision model on a CPU write the same text however its prompt and its drafts are cut into passes.

The last bits of attention's sums depend there on how many tokens a pass has, and a near tie between two tokens then
falls to the other side. So a prompt is read in passes of `BLOCK` tokens, of which only whole ones are used again; and
the tokens of a draft attend one after the other, as each would in a pass of its own. What is written then depends on
the prompt alone. transformers' own `generate(prefill_chunk_size=BLOCK)` writes the same.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch

BLOCK: Final = 64
"""Tokens. Fewer are read slower; of more, more has to be read again behind what two prompts have in common."""
NAME: Final = "steady"
"""What a model's attention implementation is set to."""

_pass = threading.local()


def make_steady(model: Any) -> None:
    """Let `model` attend as `rows_apart` asks; otherwise it computes what it did before."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


@contextmanager
def rows_apart() -> Iterator[None]:
    """Passes of this thread in the block compute each token's attention by itself."""
    _pass.rows_apart = True
    try:
        yield
    finally:
        _pass.rows_apart = False


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """query (batch, heads, tokens, width), key and value (batch, groups, all tokens, width) → (batch, tokens, …)."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    def attend(first: int, end: int, mask: torch.Tensor | None) -> torch.Tensor:
        known = key.shape[2] - tokens + end
        part: torch.Tensor = sdpa_attention_forward(
            module, query[:, :, first:end], key[:, :, :known], value[:, :, :known], mask, **options
        )[0]
        return part

    tokens = query.shape[2]
    if tokens == 1 or not getattr(_pass, "rows_apart", False):
        return attend(0, tokens, attention_mask), None
    rows = [
        attend(row, row + 1, _row_of(attention_mask, row, key.shape[2] - tokens + row + 1)) for row in range(tokens)
    ]
    return torch.cat(rows, dim=1), None


def _row_of(mask: torch.Tensor | None, row: int, known: int) -> torch.Tensor | None:
    """What a pass over one token would be given; a mask that hides nothing from it is none."""
    if mask is None:
        return None
    own = mask[..., row : row + 1, :known]
    return None if own.dtype == torch.bool and bool(own.all()) else own
