"""Attention on a CPU, by which a half-precision model writes the same text however that is cut into passes.

The last bits of a product's sums depend there on how many rows it has and how long they are, and a near tie between two
tokens then falls to the other side. What a token gets has to depend on what is in front of it alone. So it reads keys
up to the end of its own block of `BLOCK`, those behind it hidden; and no product has fewer rows than let torch multiply
in one way, which `LEAST_TOKENS` says of a whole pass.
"""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn import functional

BLOCK: Final = 64
"""Tokens."""
LEAST_TOKENS: Final = 2
"""In a pass. A product of one row, a token's, is rounded otherwise than one of more."""
_LEAST_ROWS: Final = 6
"""In one of attention's products, for which torch takes `_ROWS_AT_ONCE`, or twice as many, and then what is left."""
_ROWS_AT_ONCE: Final = 32
_NAME: Final = "steady"
"""What a model's attention implementation is set to."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some tokens of a pass, which read as many keys."""

    first: int
    end: int
    mask: torch.Tensor
    """(rows, keys), added to the scores. The heads of a group are below one another, each with `tokens` tokens."""
    tokens: int
    """`end - first`, or more where the last one is computed several times."""

    @property
    def keys(self) -> int:
        """How many are read, from the first on."""
        return self.mask.shape[1]


def is_half(dtype: torch.dtype) -> bool:
    """Whether `dtype` is one of the two of 16 bits."""
    return dtype in (torch.bfloat16, torch.float16)


def seen_before(known: int, count: int, window: int | None = None) -> torch.Tensor:
    """What each of `count` tokens behind `known` ones sees, (count, known + count), bool: those before it and itself.

    With a `window`, the last so many of these.
    """
    seen = torch.ones(count, known + count, dtype=torch.bool).tril_(known)
    return seen if window is None else seen.triu_(known - window + 1)


def parts_of(dtype: torch.dtype, share: int, known: int, count: int, seen: torch.Tensor) -> tuple[Part, ...]:
    """`count` tokens behind `known` ones, for heads of which `share` read the same keys.

    Of what is in front of it and itself a token sees what `seen` says, (count, known + count), bool.
    """
    ends = [*range(BLOCK - known % BLOCK, count, BLOCK), count] if is_half(dtype) else [count]
    return tuple(_part(dtype, share, known, first, end, seen) for first, end in zip([0, *ends[:-1]], ends, strict=True))


def _part(dtype: torch.dtype, share: int, known: int, first: int, end: int, seen: torch.Tensor) -> Part:
    length, tokens = known + end, end - first
    keys = length
    if is_half(dtype):
        keys = -(-length // BLOCK) * BLOCK
        while 0 < share * tokens % _ROWS_AT_ONCE < _LEAST_ROWS:
            tokens += 1
    mask = torch.full((end - first, keys), float("-inf"), dtype=dtype)
    mask[:, :length].masked_fill_(seen[first:end, :length], 0)
    return Part(first, end, _with_rows(mask, tokens).repeat(share, 1), tokens)


def _with_rows(rows: torch.Tensor, count: int) -> torch.Tensor:
    """`rows`, (…, rows, width), the last one repeated until there are `count`."""
    missing = count - rows.shape[-2]
    return torch.cat([rows, rows[..., -1:, :].expand(*rows.shape[:-2], missing, -1)], -2) if missing > 0 else rows


def attend(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    parts: tuple[Part, ...],
    scale: float | None = None,
) -> torch.Tensor:
    """Queries (heads, tokens, width), keys and values (1, groups, keys, width) → (tokens, heads · width).

    The heads of a group read its keys side by side, so that nothing is copied for them. Of keys there are as many as
    the last part reads.
    """
    heads, count, width = queries.shape
    found = []
    for part in parts:
        rows = _with_rows(queries[:, part.first : part.end], part.tokens).reshape(1, keys.shape[1], -1, width)
        one = functional.scaled_dot_product_attention(
            rows, keys[:, :, : part.keys], values[:, :, : part.keys], part.mask, scale=scale
        )
        found.append(one.view(heads, part.tokens, width)[:, : part.end - part.first])
    whole = torch.cat(found, 1) if len(found) > 1 else found[0]
    return whole.transpose(0, 1).reshape(count, heads * width)


def make_steady(model: Any) -> None:
    """Let `model`, one in half precision on a CPU, attend like this."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    model.set_attn_implementation(_NAME)


def _attention(
    _module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **_options: Any,
) -> tuple[torch.Tensor, None]:
    """query (1, heads, tokens, width), key and value (1, groups, all tokens, width) → (1, tokens, heads, width)."""
    _, heads, count, width = query.shape
    length = key.shape[2]
    if attention_mask is None:
        seen = seen_before(length - count, count)
    else:
        seen = attention_mask[0, 0, :, :length]
        # Made by the library, it says what is seen; a caller's own is added to the scores.
        seen = seen if seen.dtype == torch.bool else seen == 0
    parts = parts_of(query.dtype, heads // key.shape[1], length - count, count, seen)
    padding = (0, 0, 0, parts[-1].keys - length)
    found = attend(query[0], functional.pad(key, padding), functional.pad(value, padding), parts, scaling)
    return found.view(1, count, heads, width), None
