"""The child process of `hub`: runs the Hub's library and writes progress and outcome as JSON lines.

python hub_child.py REPOSITORY REVISION

Run by its path, so it imports nothing of this program.
"""

import errno
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

_FILES = (
    # Not "*.safetensors": some repositories hold the same weights a second time in another layout.
    "model.safetensors",
    "model-*.safetensors",
    "model.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    # A repository that is only an adapter.
    "adapter_config.json",
    "adapter_model.safetensors",
)
_REPORT_SECONDS = 0.1


def main(repository: str, revision: str) -> None:
    """Fetch, and say as the last line either `folder` or `error`."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        folder = snapshot_download(
            repository, revision=revision, allow_patterns=list(_FILES), tqdm_class=_Progress, max_workers=4
        )
    except Exception as error:  # noqa: BLE001 - a process boundary: whatever it was goes to the parent as words
        _say(error=_reason(error))
    else:
        _say(folder=folder)


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # not through `sys.stdin`: its lock would still be held at exit
    os._exit(1)


def _say(**words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


class _Progress(tqdm):
    """Counts bytes for the parent in the place of drawing a bar."""

    _byte_bars: ClassVar[list["_Progress"]] = []
    _said_at: ClassVar[float] = 0.0
    _turn: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        parent: Any = super()  # untyped there
        parent.__init__(*arguments, **{**options, "disable": False})
        self._counts_bytes = options.get("unit") == "B"
        if self._counts_bytes:
            self._byte_bars.append(self)

    def display(self, *_: Any, **__: Any) -> bool:
        return True

    def update(self, n: float | None = 1) -> None:
        # Not tqdm's own, which skips updates so as not to draw too often.
        self.n += n or 0
        now = time.monotonic()
        with self._turn:
            if self._counts_bytes and now - _Progress._said_at >= _REPORT_SECONDS:
                _Progress._said_at = now
                # One bar counts what came over the network, one what was written; the fuller one is shown.
                bars = self._byte_bars
                _say(done=int(max(bar.n for bar in bars)), total=int(max(bar.total or 0 for bar in bars)))


def _reason(error: BaseException) -> str:
    """A few words for the first cause that has any."""
    for cause in _causes(error):
        match cause:
            case OfflineModeIsEnabled():
                return "offline mode is on (HF_HUB_OFFLINE)"
            case GatedRepoError():
                return "wants you to accept the model's terms and log in (`hf auth login`)"
            case RepositoryNotFoundError():
                return "does not have it, or not without logging in (`hf auth login`)"
            case RevisionNotFoundError():
                return "does not have that revision"
            case HfHubHTTPError():
                return f"answered {cause.response.status_code}"
            case OSError() if cause.errno in (errno.ENOSPC, errno.EDQUOT):
                return "the disk that holds its cache is full"
            case PermissionError():
                return f"its cache cannot be written: {cause.filename}"
    names = {type(cause).__name__ for cause in _causes(error)}
    if names & {"ConnectError", "ConnectTimeout", "ReadTimeout", "ProxyError", "RemoteProtocolError", "ReadError"}:
        return "could not be reached"
    return f"failed ({type(error).__name__})"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


if __name__ == "__main__":
    main(*sys.argv[1:3])
