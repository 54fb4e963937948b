"""Sends a parcel of files to the Hub and tells what arrived; which files those are is `publish`'s decision.

The Hub's library runs in a child process (`hub_upload_child`): that can be stopped at any moment, cannot write on the
terminal, and keeps its threads out of this process. The token is read there, from the environment or `hf auth login`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.hub import hub_host
from nl2sql_tui.engine.transfer import without_secrets
from nl2sql_tui.errors import ModelError, Stopped
from nl2sql_tui.text import visible
from nl2sql_tui.training.publish import Parcel

_AGAIN: Final = "The same command can be run again; what has arrived is not sent a second time."


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a parcel goes."""

    repository: str
    """owner/name"""
    private: bool
    message: str
    """Of the commit."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the Hub has now."""

    url: str
    commit: str
    private: bool
    changed: bool
    """False where the repository already had every file as it is here."""


@dataclass(slots=True)
class _Progress:
    """What the child has told so far."""

    step: str = "begin"
    arrived: tuple[str, ...] = ()


def send(
    parcel: Parcel,
    destination: Destination,
    on_bytes: Callable[[int], None],
    on_note: Callable[[str], None],
    cancel: Cancel,
) -> Sent:
    """Send the parcel's files in one commit, and compare what the Hub then has with what was to be sent.

    `on_bytes` hears how many bytes of the large files have gone, `on_note` what delays them. Raises ModelError with
    what went wrong and what had arrived, or Stopped with what had arrived.
    """
    cancel.raise_if_requested()
    # By its path and with -P, so that no module in the folder the user stands in is taken for a library.
    child = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name("hub_upload_child.py"))],
        # The child ends when this pipe does: with this process, however that ends.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=_environment(os.environ),
        # Ctrl+C comes to this process alone: one that ended the child by itself would look like a fault of the child's.
        process_group=0,
    )
    progress = _Progress()
    with child, cancel.calling(child.kill):
        try:
            last = _follow(child, _order(parcel, destination), progress, on_bytes, on_note)
        finally:
            _end(child)  # after its last word, or because nobody listens any more
    if "commit" in last:
        return Sent(str(last["url"]), str(last["commit"]), bool(last["private"]), bool(last["changed"]))
    if cancel.requested:
        raise Stopped("Stopped.", f"{_so_far(progress, destination)} {_AGAIN}")
    reason = without_secrets(str(last.get("error", f"its helper ended with code {child.returncode}")), 300)
    advice = str(last.get("hint", _AGAIN))
    raise ModelError(f"{hub_host()}: {reason}.", f"{_so_far(progress, destination)} {advice}")


def _end(child: "subprocess.Popen[str]") -> None:
    assert child.stdin is not None
    child.kill()
    # Closing writes what is left of an order that was not read, and would hide why it was not.
    with suppress(BrokenPipeError):
        child.stdin.close()


def _order(parcel: Parcel, destination: Destination) -> dict[str, Any]:
    return {
        "repository": destination.repository,
        "private": destination.private,
        "message": destination.message,
        "files": [
            {"path": str(file.path.absolute()), "name": file.name, "bytes": file.bytes, "sha256": file.sha256}
            for file in parcel.files
        ],
    }


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The user's settings, with two of our own where they say nothing."""
    return {
        # Plain HTTP tells how many bytes have gone, and skips a file that arrived in an earlier try.
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **environment,
    }


def _follow(
    child: "subprocess.Popen[str]",
    order: dict[str, Any],
    progress: _Progress,
    on_bytes: Callable[[int], None],
    on_note: Callable[[str], None],
) -> dict[str, Any]:
    """Give the order, pass on what the child tells, and return its last word."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
    except BrokenPipeError:
        return {}  # killed, or it could not even start
    for line in child.stdout:
        try:
            said: Any = json.loads(line)
        except ValueError:
            continue  # a library's own words
        match said:
            case {"done": int(done)}:
                on_bytes(done)
            case {"note": str(note)}:
                on_note(note)
            case {"step": str(step)}:
                progress.step = step
            case {"arrived": str(name)}:
                progress.arrived += (name,)
            case {"commit": _} | {"error": _}:
                return dict(said)
    return {}


def _so_far(progress: _Progress, destination: Destination) -> str:
    """What the Hub has of it, in a sentence."""
    repository = destination.repository
    match progress.step:
        case "begin":
            return "Nothing was sent."
        case "create":
            return f"No file was sent; the repository {repository} may have been made."
        case "upload" if progress.arrived:
            names = ", ".join(visible(name) for name in progress.arrived)
            return f"Whole so far: {names}; nothing shows in {repository} before all are there."
        case "upload":
            return f"No file is whole there yet; nothing shows in {repository} before all are."
        case "commit":
            return f"All files were sent; whether they show in {repository} already is not known."
        case _:
            return f"The files are in {repository}; only the comparison with those here is missing."
