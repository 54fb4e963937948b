"""Attention for a sequence in which many questions share one schema's tokens; lays out no sequence itself.

A pack is one sequence: the tokens of the schema, then branches of equal length, each a question with its answer.
Every branch sees the schema and itself, with positions that go on where the schema ends, so that each gets what it
would get in a sequence of its own. That is a mask with four dimensions; computed as two dense blocks, nothing that
the mask would hide is computed at all.
"""

from functools import lru_cache
from typing import Any, Final

import torch
from torch.nn import functional

NAME: Final = "shared_schema"
"""What a model's attention implementation is set to."""


def register() -> None:
    """Make the attention known to transformers under `NAME`; a second call does no harm."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    AttentionInterface.register(NAME, shared_schema_attention)
    AttentionMaskInterface.register(NAME, lambda *_, **__: None)


def shared_schema_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,  # noqa: ARG001 - transformers passes it to every implementation
    scaling: float | None = None,
    dropout: float = 0.0,
    *,
    schema_tokens: int,
    branches: int,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as the module says: query (1, heads, tokens, width), key and value (1, groups, tokens, width).

    `tokens` is `schema_tokens` and `branches` equal parts. Returns (1, tokens, heads, width), as transformers
    expects it, and no weights.
    """
    heads, tokens, width = query.shape[1:]
    groups = key.shape[1]
    key, value = (part.repeat_interleave(heads // groups, dim=1) for part in (key, value))
    scale = width**-0.5 if scaling is None else scaling
    length = (tokens - schema_tokens) // branches
    blocked_schema, blocked_branch = _blocked(schema_tokens, length, query.dtype, query.device)
    keep = 1.0 - dropout if module.training else 1.0

    # torch's own attention keeps no scores for the way back, which take gigabytes for long branches. On a CPU it is
    # slower in half precision, where short branches are the rule.
    is_own = keep < 1.0 or (query.dtype != torch.float32 and query.device.type == "cpu")

    def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, blocked: torch.Tensor) -> torch.Tensor:
        if not is_own:
            return functional.scaled_dot_product_attention(query, key, value, attn_mask=blocked, scale=scale)
        weights = torch.softmax(query @ key.transpose(-1, -2) * scale + blocked, dim=-1)
        return (functional.dropout(weights, 1.0 - keep) if keep < 1.0 else weights) @ value

    def by_branch(part: torch.Tensor) -> torch.Tensor:
        """(1, heads, tokens, width) → (branches, heads, length, width), the schema left out."""
        return part[0, :, schema_tokens:].reshape(heads, branches, length, width).transpose(0, 1)

    def with_schema(part: torch.Tensor) -> torch.Tensor:
        """(branches, heads, schema_tokens + length, width)."""
        return torch.cat([part[:, :, :schema_tokens].expand(branches, -1, -1, -1), by_branch(part)], dim=2)

    schema = slice(0, schema_tokens)
    of_schema = attend(query[:, :, schema], key[:, :, schema], value[:, :, schema], blocked_schema)
    of_branches = attend(by_branch(query), with_schema(key), with_schema(value), blocked_branch)
    side_by_side = of_branches.transpose(0, 1).reshape(1, heads, branches * length, width)
    return torch.cat([of_schema, side_by_side], dim=2).transpose(1, 2).contiguous(), None


@lru_cache(maxsize=4)
def _blocked(
    schema_tokens: int, length: int, dtype: torch.dtype, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """What is added to the scores: the lowest number where a token would look ahead, else 0."""
    lowest = torch.finfo(dtype).min

    def ahead(size: int) -> torch.Tensor:
        blocked = torch.full((size, size), lowest, dtype=dtype, device=device)
        return torch.triu(blocked, diagonal=1)

    # It is kept for passes that learn, also where it is first made for one that does not.
    with torch.inference_mode(mode=False):
        free = torch.zeros(length, schema_tokens, dtype=dtype, device=device)
        return ahead(schema_tokens), torch.cat([free, ahead(length)], dim=1)
