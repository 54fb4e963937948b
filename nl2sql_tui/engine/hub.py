"""Fetches a model's safetensors and tokenizer from the Hub into the Hub's own cache; never a pickle.

The Hub's library runs in a child process (`hub_child`): that can be stopped at any moment, cannot write on the
terminal, and keeps its threads out of this process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.transfer import FetchFailed, Meter, host_of, without_secrets

_DEFAULT_ENDPOINT = "https://huggingface.co"


def hub_host(environment: Mapping[str, str] = os.environ) -> str:
    """Which Hub is asked, for messages."""
    return host_of(environment.get("HF_ENDPOINT") or _DEFAULT_ENDPOINT)


def fetch_snapshot(hub_id: str, revision: str, meter: Meter, cancel: Cancel) -> Path:
    """The folder with the model's files, complete. Resumes what was begun. Raises FetchFailed or Stopped."""
    cancel.raise_if_requested()
    # By its path and with -P, so that no module in the folder the user stands in is taken for a library.
    command = [sys.executable, "-P", str(Path(__file__).with_name("hub_child.py")), hub_id, revision]
    child = subprocess.Popen(
        command,
        # The child ends when this pipe does: with this process, however that ends.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=_environment(os.environ),
    )
    with child, cancel.calling(child.kill):
        try:
            last = _follow(child, meter)
        finally:
            child.kill()  # after its last word, or because nobody listens any more
    cancel.raise_if_requested()
    if "folder" in last:
        return Path(last["folder"])
    raise FetchFailed(without_secrets(str(last.get("error", f"its helper ended with code {child.returncode}"))))


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The user's settings, with two of our own where they say nothing."""
    settings = {
        # Plain HTTP takes up an interrupted file where it stopped; Xet begins a killed one anew.
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **environment,
    }
    settings.pop("HF_HUB_DISABLE_PROGRESS_BARS", None)  # our bar draws nothing and is where the bytes come from
    return settings


def _follow(child: "subprocess.Popen[str]", meter: Meter) -> dict[str, Any]:
    """Pass on progress until the child says how it ended, and return that."""
    assert child.stdout is not None
    for line in child.stdout:
        try:
            said: Any = json.loads(line)
        except ValueError:
            continue  # a library's own words
        if not isinstance(said, dict):
            continue
        if "done" not in said:
            return said
        meter.at(said["done"], total=said["total"])
    return {}
