"""A training run on disk: its settings, its data, its curve, its checkpoints, and the adapter that comes of it.

run.json          settings, base, data and its SHA-256, versions
examples.jsonl    what is taught, and data.txt: what became of the rows
curve.jsonl       one line every few steps; curve.png, the same as a picture
checkpoints/      the newest ones, to go on from
run.lock          locked by whoever is at work here
adapter/          the result, with README.md, its model card
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.errors import InputError
from nl2sql_tui.text import visible

_WHOLE: Final = ("trainer_state.json", "adapter_model.safetensors", "optimizer.pt", "scheduler.pt")


@dataclass(frozen=True, slots=True)
class Point:
    """The training at one step."""

    step: int
    loss: float
    """Nats per token of the answers, over the steps since the last point."""
    learning_rate: float
    tokens_per_second: float
    examples: int
    """Seen so far."""
    memory_bytes: int
    """What the process takes, on the GPU if it trains there."""
    seconds: float
    """Of training so far, interruptions left out."""
    validation_loss: float | None = None
    """On databases that are kept out of the training; where it was measured at this step."""


class RunFolder:
    """The files of one run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings_file = root / "run.json"
        self.examples = root / "examples.jsonl"
        self.data_report = root / "data.txt"
        self.curve_file = root / "curve.jsonl"
        self.picture = root / "curve.png"
        self.checkpoints = root / "checkpoints"
        self.adapter = root / "adapter"
        self.lock_file = root / "run.lock"

    def create(self) -> None:
        """Make the folder. Raises InputError if it cannot be, or holds something else than a run."""
        try:
            if self.root.is_dir() and not self.settings_file.exists() and self._has_strangers():
                raise InputError(
                    f"{visible(str(self.root))} holds something that is no training run.", "Name another folder."
                )
            self.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{visible(str(self.root))} cannot be written: {error.strerror}.") from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep everybody else from working here, in this process and in others. Raises InputError where somebody is.

        The lock goes with the process that has it, however that ends.
        """
        self.create()
        try:
            lock = self.lock_file.open("w")
        except OSError as error:
            raise InputError(f"{visible(str(self.lock_file))} cannot be written: {error.strerror}.") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"Another training is at work in {visible(str(self.root))}.", "Wait for it, or name another folder."
                ) from error
            except OSError as error:
                raise InputError(
                    f"{visible(str(self.lock_file))} cannot be locked: {error.strerror}.",
                    "Name a folder on a disk of this computer.",
                ) from error
            yield

    def _has_strangers(self) -> bool:
        """Whether something lies there that a run which ended in its preparation does not leave behind."""
        own = (
            self.checkpoints,
            self.examples,
            self.data_report,
            self.settings_file.with_suffix(".part"),
            self.lock_file,
        )
        return any(entry not in own for entry in self.root.iterdir())

    def read_settings(self) -> dict[str, Any] | None:
        """The settings of the run that was begun here; None for a new folder. Raises InputError."""
        if not self.settings_file.exists():
            return None
        try:
            settings: Any = json.loads(self.settings_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{visible(str(self.settings_file))} cannot be read.", "Name another folder.") from error
        if not isinstance(settings, dict):
            raise InputError(f"{visible(str(self.settings_file))} holds no settings.", "Name another folder.")
        return settings

    def write_settings(self, settings: dict[str, Any]) -> None:
        part = self.settings_file.with_suffix(".part")
        part.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(self.settings_file)

    def newest_checkpoint(self) -> Path | None:
        """The last checkpoint that was written to its end."""
        numbered = {folder.name.rpartition("-")[2]: folder for folder in self.checkpoints.glob("checkpoint-*")}
        steps = sorted((int(number) for number in numbered if number.isdigit()), reverse=True)
        return next((numbered[str(step)] for step in steps if _is_whole(numbered[str(step)])), None)

    def remove_checkpoints(self) -> None:
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def curve(self) -> list[Point]:
        """The points so far; a last line that was cut off is left out."""
        if not self.curve_file.exists():
            return []
        return list(_points(self.curve_file.read_text(encoding="utf-8")))

    def keep_curve_until(self, step: int) -> None:
        """Forget what came after the checkpoint that the run goes on from."""
        kept = [point for point in self.curve() if point.step <= step]
        part = self.curve_file.with_suffix(".part")
        part.write_text("".join(_line(point) for point in kept), encoding="utf-8")
        part.replace(self.curve_file)

    def add(self, point: Point) -> None:
        with self.curve_file.open("a", encoding="utf-8") as file:
            file.write(_line(point))
            file.flush()
            os.fsync(file.fileno())


def _is_whole(checkpoint: Path) -> bool:
    """Whether every file is there; the trainer's state, which it writes last, must also be readable."""
    if not all((checkpoint / name).is_file() for name in _WHOLE):
        return False
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _points(text: str) -> Iterator[Point]:
    for line in text.split("\n"):
        try:
            yield Point(**json.loads(line))
        except (ValueError, TypeError):
            continue


def _line(point: Point) -> str:
    return json.dumps(asdict(point)) + "\n"


def digest_of(file: Path) -> str:
    """The SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while piece := content.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
