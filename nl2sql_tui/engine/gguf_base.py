"""Reads a Llama-shaped GGUF file into a float32 transformers model and its tokenizer, exactly.

transformers can read GGUF as well, but parses the file's metadata several times over (23 s for the default
model, this takes a quarter of that) and can neither say how far it is nor be stopped. What the
model is taught and where it is written is `convert`'s part.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from gguf import GGUFReader, dequantize
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import ModelError
from nl2sql_tui.text import visible

if TYPE_CHECKING:
    import numpy

_CONTROL = 3
"""The GGUF token type of markers such as `<|im_end|>`."""

_OUTER = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_INNER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def read_gguf(
    file: Path, on_progress: Callable[[int, int], None], cancel: Cancel
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """The file's model and tokenizer. `on_progress` hears how many of how many tensors are done."""
    try:
        reader = GGUFReader(file)
        metadata = _Metadata(reader)
        config = _config(metadata, tied=not any(tensor.name == "output.weight" for tensor in reader.tensors))
        weights = {}
        for done, tensor in enumerate(reader.tensors):
            cancel.raise_if_requested()
            on_progress(done, len(reader.tensors))
            weights[tensor_name(tensor.name)] = _values(tensor, config)
        return _model(config, weights), _tokenizer(metadata)
    except (ValueError, KeyError, IndexError, RuntimeError) as error:
        # What the reader says of a cut or foreign file is of no use to a person; the cause is kept for a log.
        raise ModelError(f"{visible(str(file))} cannot be read as a Llama model in GGUF form.") from error


class _Metadata:
    """The file's fields by name."""

    def __init__(self, reader: GGUFReader) -> None:
        self._fields = reader.fields

    def __getitem__(self, name: str) -> Any:
        return self._fields[name].contents()


def _config(metadata: _Metadata, tied: bool) -> LlamaConfig:
    if metadata["general.architecture"] != "llama":
        raise ValueError(metadata["general.architecture"])
    return LlamaConfig(
        vocab_size=len(metadata["tokenizer.ggml.tokens"]),
        hidden_size=metadata["llama.embedding_length"],
        intermediate_size=metadata["llama.feed_forward_length"],
        num_hidden_layers=metadata["llama.block_count"],
        num_attention_heads=metadata["llama.attention.head_count"],
        num_key_value_heads=metadata["llama.attention.head_count_kv"],
        max_position_embeddings=metadata["llama.context_length"],
        # Stored in single precision: 9.999999747e-06 stands for 1e-05.
        rms_norm_eps=float(f"{metadata['llama.attention.layer_norm_rms_epsilon']:.6g}"),
        rope_parameters={"rope_type": "default", "rope_theta": metadata["llama.rope.freq_base"]},
        tie_word_embeddings=tied,
        bos_token_id=metadata["tokenizer.ggml.bos_token_id"],
        eos_token_id=metadata["tokenizer.ggml.eos_token_id"],
        pad_token_id=metadata["tokenizer.ggml.padding_token_id"],
        dtype="float32",
    )


def tensor_name(name: str) -> str:
    """What transformers calls a tensor of the file."""
    if name in _OUTER:
        return _OUTER[name]
    block, number, part, kind = name.split(".")
    if block != "blk":
        raise KeyError(name)
    return f"model.layers.{int(number)}.{_INNER[part]}.{kind}"


def _values(tensor: Any, config: LlamaConfig) -> torch.Tensor:
    """The tensor in float32, with the rows of the rotary projections back in transformers' order."""
    values: numpy.ndarray[Any, Any] = dequantize(tensor.data, tensor.tensor_type)
    heads = {
        "attn_q.weight": config.num_attention_heads,
        "attn_k.weight": config.num_key_value_heads,
    }.get(tensor.name.partition(".")[2].partition(".")[2])
    weights = torch.from_numpy(values.copy())
    return weights if heads is None else _unpaired(weights, heads)


def _unpaired(weights: torch.Tensor, heads: int) -> torch.Tensor:
    """GGUF puts the two rows that are rotated together side by side; transformers keeps the halves apart."""
    rows, columns = weights.shape
    pairs = weights.reshape(heads, rows // heads // 2, 2, columns)
    return pairs.transpose(1, 2).reshape(rows, columns).contiguous()


def _model(config: LlamaConfig, weights: dict[str, torch.Tensor]) -> LlamaForCausalLM:
    """Without initialising what is replaced at once; strict, so that no weight is missing or left over."""
    if config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    model.load_state_dict(weights, strict=True, assign=True)
    model.tie_weights()
    # The rotary frequencies are no weights: computed from the configuration, on the device that counts.
    model.model.rotary_emb = type(model.model.rotary_emb)(config)
    model.eval()
    return model


def _tokenizer(metadata: _Metadata) -> PreTrainedTokenizerFast:
    """Byte-level BPE that takes each digit by itself, which is how this family was trained."""
    if (metadata["tokenizer.ggml.model"], metadata["tokenizer.ggml.pre"]) != ("gpt2", "smollm"):
        raise ValueError("another tokenizer")
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in metadata["tokenizer.ggml.merges"])]
    backend = Tokenizer(BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    kinds = metadata["tokenizer.ggml.token_type"]
    backend.add_special_tokens(
        [
            AddedToken(token, special=True, normalized=False)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind == _CONTROL
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=tokens[metadata["tokenizer.ggml.bos_token_id"]],
        eos_token=tokens[metadata["tokenizer.ggml.eos_token_id"]],
        pad_token=tokens[metadata["tokenizer.ggml.padding_token_id"]],
        unk_token=tokens[metadata["tokenizer.ggml.unknown_token_id"]],
        model_max_length=metadata["llama.context_length"],
        clean_up_tokenization_spaces=False,
    )
