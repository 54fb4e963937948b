"""Keeps the keys and values of schemas on disk, so that the first question on a known database need not wait for them.

For models on the CPU: there, reading a file takes a small part of the time of computing what it holds.
"""

import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import safetensors
import torch
import transformers
from safetensors.torch import load_file, save_file

from nl2sql_tui.engine.kv_buffer import growing_cache, keys_and_values

if TYPE_CHECKING:
    from transformers import Cache

_MOST_BYTES: Final = 512 * 1024 * 1024
_LONGEST_WRITING_SECONDS: Final = 3_600
_LARGEST_SHARE: Final = 4
"""One file may take this part of the whole."""


class PrefixStore:
    """A folder of files, the least recently used ones removed first. What cannot be read or written is computed."""

    def __init__(self, folder: Path, model: str, most_bytes: int = _MOST_BYTES) -> None:
        """`model` says everything of the model that its keys and values depend on: weights, form, adapter."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._model = json.dumps([model, torch.__version__, transformers.__version__])

    def load(self, ids: Sequence[int]) -> "Cache | None":
        """The cache that holds exactly `ids`; None if there is none."""
        file = self._file(ids)
        try:
            tensors = load_file(file)
            cache = growing_cache()
            for layer in range(len(tensors) // 2):
                cache.update(tensors[f"keys.{layer}"], tensors[f"values.{layer}"], layer)
            os.utime(file)
        except FileNotFoundError:
            return None
        except (OSError, KeyError, RuntimeError, safetensors.SafetensorError):
            with suppress(OSError):
                file.unlink()
            return None
        return cache if cache.get_seq_length() == len(ids) else None

    def save(self, ids: Sequence[int], cache: "Cache") -> None:
        """Keep `cache`, which holds exactly `ids`, unless it is too large or the folder cannot be written."""
        tensors: dict[str, torch.Tensor] = {}
        for place, (keys, values) in enumerate(keys_and_values(cache)):
            tensors |= {f"keys.{place}": keys.contiguous(), f"values.{place}": values.contiguous()}
        if _LARGEST_SHARE * sum(tensor.nbytes for tensor in tensors.values()) > self._most_bytes:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Names of tables and columns are in it, in a way: for its owner alone, and whole or not there.
            handle, written = tempfile.mkstemp(dir=self._folder, suffix=".part")
            os.close(handle)
            try:
                save_file(tensors, written)
                Path(written).chmod(0o600)
                Path(written).replace(self._file(ids))
            finally:
                Path(written).unlink(missing_ok=True)
            self._make_room()
        except (OSError, safetensors.SafetensorError):
            logging.getLogger(__name__).info("keys and values could not be kept", exc_info=True)

    def _file(self, ids: Sequence[int]) -> Path:
        said = f"{self._model}\n{','.join(map(str, ids))}"
        return self._folder / f"{hashlib.sha256(said.encode()).hexdigest()}.safetensors"

    def _make_room(self) -> None:
        """Remove the files that were not used for longest until the rest is within the bound."""
        for part in self._folder.glob("*.part"):
            # Left behind by a program that ended while it wrote.
            if time.time() - part.stat().st_mtime > _LONGEST_WRITING_SECONDS:
                part.unlink(missing_ok=True)
        found = sorted(
            ((file.stat(), file) for file in self._folder.glob("*.safetensors")), key=lambda one: one[0].st_mtime
        )
        total = sum(stat.st_size for stat, _ in found)
        for stat, file in found[:-1]:
            if total <= self._most_bytes:
                return
            file.unlink(missing_ok=True)
            total -= stat.st_size
