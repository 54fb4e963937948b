"""How large a decoder model is, from its configuration or the heads of its files; reads no weights, imports no torch.

All kinds in the table below share one shape: an embedding, layers of grouped attention and a gated feed-forward part,
each behind a norm, and an output layer. They differ in biases, in norms of their own and in how the matrices are cut
up, which changes no sum.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Architecture:
    """What the memory that a model takes follows from."""

    vocabulary: int
    """Rows of the embedding."""
    width: int
    """Of the stream between the layers: the configuration's hidden size."""
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    inner: int
    """Width of the gated feed-forward part: the configuration's intermediate size."""
    tied: bool
    """Whether the output layer uses the embedding's weights."""
    attention_biases: int = 0
    """Bias values in one layer's attention."""
    head_norms: bool = False
    """Whether queries and keys have norms of their own, as Qwen3's have."""
    linear_override: int = 0
    rest_override: int = 0
    """Counted from a model's files, where its kind is not in the table; 0 elsewhere."""

    @property
    def linear(self) -> int:
        """Parameters in the layers' matrices: what quantisation makes smaller."""
        if self.linear_override:
            return self.linear_override
        queries, keys = self.heads * self.head_size, self.kv_heads * self.head_size
        return self.layers * self.width * (2 * queries + 2 * keys + 3 * self.inner)

    @property
    def linear_rows(self) -> int:
        """Rows of these matrices: 8-bit weights have a scale for each."""
        queries, keys = self.heads * self.head_size, self.kv_heads * self.head_size
        return self.layers * (queries + 2 * keys + 2 * self.width + 2 * self.inner)

    @property
    def largest_matrix(self) -> int:
        """Parameters of the largest one that may be unpacked at once: gate and up projection, if they are one."""
        return 2 * self.width * self.inner

    @property
    def rest(self) -> int:
        """Every other parameter: embedding, output layer, norms and biases."""
        if self.rest_override:
            return self.rest_override
        norms = (2 * self.layers + 1) * self.width + (2 * self.layers * self.head_size if self.head_norms else 0)
        tables = self.vocabulary * self.width * (1 if self.tied else 2)
        return tables + norms + self.layers * self.attention_biases

    @property
    def parameters(self) -> int:
        return self.linear + self.rest

    @property
    def values_per_token(self) -> int:
        """Numbers kept for each token of the context: its keys and values in every layer."""
        return 2 * self.layers * self.kv_heads * self.head_size


_QUERY_KEY_VALUE_BIAS: Final = frozenset(("qwen2",))
_OPTIONAL_BIAS: Final = frozenset(("llama", "qwen3"))
"""Kinds whose configuration says whether all four matrices of the attention have a bias."""
_KNOWN: Final = frozenset(("llama", "mistral", "phi3", "qwen2", "qwen3"))


def of_configuration(configuration: Mapping[str, Any]) -> Architecture | None:
    """The architecture that a model's config.json describes; None for a kind that is not known or not whole."""
    kind = configuration.get("model_type")
    common = _common(configuration)
    if kind not in _KNOWN or common is None or configuration.get("mlp_bias"):
        return None
    queries, keys = common.heads * common.head_size, common.kv_heads * common.head_size
    biases = 0
    if kind in _QUERY_KEY_VALUE_BIAS:
        biases = queries + 2 * keys
    elif kind in _OPTIONAL_BIAS and configuration.get("attention_bias"):
        biases = queries + 2 * keys + common.width
    return replace(common, attention_biases=biases, head_norms=kind == "qwen3")


def _common(configuration: Mapping[str, Any]) -> Architecture | None:
    """What configurations of decoder models say under the same names; None where one is missing."""
    names = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    found = [configuration.get(name) for name in names]
    if not all(isinstance(value, int) and value > 0 for value in found):
        return None
    vocabulary, width, layers, heads, inner = (int(value) for value in found if value is not None)
    kv_heads = configuration.get("num_key_value_heads") or heads
    head_size = configuration.get("head_dim") or width // heads
    if not isinstance(kv_heads, int) or not isinstance(head_size, int):
        return None
    return Architecture(
        vocabulary=vocabulary,
        width=width,
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        inner=inner,
        # What a saved configuration leaves out is the library's default for the kind.
        tied=bool(configuration.get("tie_word_embeddings", False)),
    )


def of_folder(folder: Path) -> Architecture | None:
    """The architecture of the model in `folder`; for a kind that is not known, counted from its safetensors files.

    None where neither the configuration nor the files say enough.
    """
    try:
        configuration: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if not isinstance(configuration, dict):
            return None
        known = of_configuration(configuration)
        if known is not None:
            return known
        common = _common(configuration)
        linear, rest = _counted(folder)
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None
    if common is None or linear == 0:
        return None
    return replace(common, linear_override=linear, rest_override=rest)


_LONGEST_HEAD: Final = 100_000_000
"""Bytes that the head of a safetensors file may have, by its format."""
_NOT_LINEAR: Final = ("embed", "lm_head", "output", "wte", "wpe")
"""In the names of matrices that stay as they are when a model is quantised."""


def _counted(folder: Path) -> tuple[int, int]:
    """Parameters in matrices that quantisation makes smaller, and in everything else."""
    linear = rest = 0
    for name, shape in _shapes(folder):
        size = 1
        for side in shape:
            size *= side
        if len(shape) == 2 and not any(word in name for word in _NOT_LINEAR):
            linear += size
        else:
            rest += size
    return linear, rest


def _shapes(folder: Path) -> Iterator[tuple[str, list[int]]]:
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as content:
            (length,) = struct.unpack("<Q", content.read(8))
            if length > _LONGEST_HEAD:
                raise ValueError(f"{file.name} has no safetensors head")
            head: Any = json.loads(content.read(length))
        for name, entry in head.items():
            if name != "__metadata__":
                yield name, [int(side) for side in entry["shape"]]
