"""A Llama of two small layers with random weights, as GGUF and as safetensors, and an adapter for it."""

from pathlib import Path
from typing import Any

import gguf
import numpy
import torch
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = ("s e", "l e", "Ġ Ġ", "se le")
TOKENS = (*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), *(merge.replace(" ", "") for merge in MERGES))

_GGUF_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def tiny_model(seed: int = 1, tied: bool = True) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(TOKENS),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 5000.0},
        tie_word_embeddings=tied,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        initializer_range=0.2,
        dtype="float32",
    )
    model = LlamaForCausalLM(config)
    model.eval()
    return model


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    merges = [(left, right) for left, right in (merge.split(" ") for merge in MERGES)]
    backend = Tokenizer(BPE(vocab={token: number for number, token in enumerate(TOKENS)}, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|endoftext|>", unk_token="<|endoftext|>")


def write_folder(folder: Path, model: LlamaForCausalLM) -> Path:
    """The model as a hub publishes one: with a sampling configuration and a template of its own."""
    model.generation_config.update(do_sample=True, temperature=0.2, top_p=0.9)
    model.save_pretrained(folder)
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = "You are a helpful assistant. {{ messages[0]['content'] }}"
    tokenizer.save_pretrained(folder)
    return folder


def write_gguf(file: Path, model: LlamaForCausalLM, *, architecture: str = "llama", pre: str = "smollm") -> Path:
    """The model as a GGUF publishes one: rotary rows in pairs, one matrix quantised to 8 bits."""
    config: Any = model.config
    writer = gguf.GGUFWriter(file, architecture)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(list(TOKENS))
    writer.add_token_types([3 if token in SPECIAL else 1 for token in TOKENS])
    writer.add_token_merges(list(MERGES))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    for name, values in gguf_tensors(model).items():
        if name == "blk.0.ffn_up.weight":
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def gguf_tensors(model: LlamaForCausalLM) -> dict[str, "numpy.ndarray[Any, Any]"]:
    found = {}
    config: Any = model.config
    heads: dict[str, int] = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, tensor in model.state_dict().items():
        values = tensor.numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = paired(values, heads[name.split(".")[-2]])
        if name.startswith("model.layers."):
            _, _, number, rest = name.split(".", 3)
            found[f"blk.{number}.{_GGUF_NAMES[rest.removesuffix('.weight')]}.weight"] = values
    found["token_embd.weight"] = model.model.embed_tokens.weight.detach().numpy()
    found["output_norm.weight"] = model.model.norm.weight.detach().numpy()
    if not model.config.tie_word_embeddings:
        found["output.weight"] = model.lm_head.weight.detach().numpy()
    return found


def paired(values: "numpy.ndarray[Any, Any]", heads: int) -> "numpy.ndarray[Any, Any]":
    """Rows i and i + half of each head, one after the other."""
    size = values.shape[0] // heads
    order = [
        head * size + half * size // 2 + row for head in range(heads) for row in range(size // 2) for half in (0, 1)
    ]
    return numpy.ascontiguousarray(values[order])


def write_adapter(folder: Path, model: LlamaForCausalLM, seed: int = 2, **options: Any) -> Path:
    """An adapter for every linear layer that changes what the model says."""
    from peft import LoraConfig, get_peft_model

    settings = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "CAUSAL_LM", **options}
    taught = get_peft_model(model, LoraConfig(**settings))
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, weights in taught.named_parameters():
            if "lora_" in name:
                weights.normal_(std=0.2)
    taught.save_pretrained(str(folder))
    taught.unload()
    return folder
