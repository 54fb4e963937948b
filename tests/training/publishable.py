"""Small folders as they lie on a disk before they are published: an adapter, a model in two parts, a training run."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

CARD = "---\nbase_model: someone/base\nlicense: apache-2.0\n---\n\n# An adapter\n"


def publishable_adapter(folder: Path, *, parameters: int = 100) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"a.lora_A.weight": torch.arange(parameters).float()}, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 1, "base_model_name_or_path": "someone/base"}
    (folder / "adapter_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    return folder


def publishable_model(folder: Path) -> Path:
    """Two parts with an index."""
    folder.mkdir(parents=True)
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    for place, (name, shard) in enumerate(shards.items()):
        save_file({name: torch.full((1000,), float(place))}, folder / shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    (folder / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    return folder


def training_run(folder: Path) -> Path:
    """A run's folder with all that must stay at home."""
    publishable_adapter(folder / "adapter")
    (folder / "curve.png").write_bytes(b"\x89PNG a picture")
    for name in ("run.json", "examples.jsonl", "data.txt", "curve.jsonl", "history.sqlite", "notes.md", "train.json"):
        (folder / name).write_text("mine", encoding="utf-8")
    checkpoint = folder / "checkpoints" / "checkpoint-10"
    checkpoint.mkdir(parents=True)
    for name in ("optimizer.pt", "model.safetensors", "README.md"):
        (checkpoint / name).write_bytes(b"mine")
    for name in ("training_args.bin", "adapter_model.bin", "optimizer.safetensors", "trainer_state.json", ".env"):
        (folder / "adapter" / name).write_bytes(b"mine")
    return folder
