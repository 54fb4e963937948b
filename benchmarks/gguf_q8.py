"""Writes the default model, its adapter merged in, as a GGUF file in Q8_0: the same weights, for llama.cpp.

python -m benchmarks.gguf_q8 OUT.gguf
"""

import sys
from pathlib import Path
from typing import Any

import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, quantize

from nl2sql_tui.engine.gguf_base import tensor_name

_WRITTEN_ANYWAY = frozenset(("GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.architecture"))


def write_q8(base: Path, model: Any, out: Path) -> None:
    """`model`'s weights with the metadata of `base`, the GGUF file that it was made from."""
    reader = GGUFReader(base)
    writer = GGUFWriter(out, "llama")
    for name, field in reader.fields.items():
        if name not in _WRITTEN_ANYWAY and name != "general.file_type":
            inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)
    weights = model.state_dict()
    for tensor in reader.tensors:
        values = _paired(tensor.name, weights[tensor_name(tensor.name)].float(), model.config).numpy()
        if values.ndim == 1:
            writer.add_tensor(tensor.name, values)
        else:
            kind = GGMLQuantizationType.Q8_0
            writer.add_tensor(tensor.name, quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _paired(name: str, weights: torch.Tensor, config: Any) -> torch.Tensor:
    """The rows of the rotary projections side by side as they are rotated, which is GGUF's order."""
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads is None:
        return weights
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns).contiguous()


def main() -> None:
    from nl2sql_tui.engine.loading import load
    from nl2sql_tui.engine.profiles import profile
    from nl2sql_tui.engine.sources import prepared_folder
    from nl2sql_tui.engine.store import base_file

    default = profile("default")
    folder, base = prepared_folder(default), base_file(default)
    if folder is None or base is None:
        raise SystemExit("Fetch the model first: nl2sql-tui models pull default")
    write_q8(base, load(folder, default).model, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
