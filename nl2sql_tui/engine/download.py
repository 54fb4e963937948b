"""Brings one file of known size and SHA-256 from a web address, in pieces if it must; knows nothing of models.

What has come lies in `NAME.part` and is taken up by the next try, in this process or a later one. Only a whole
file with the right checksum gets its own name.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx2

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.transfer import FetchFailed, Meter, pause
from nl2sql_tui.engine.web import Web


@dataclass(frozen=True, slots=True)
class Expected:
    """What the file must be."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to bear with a bad connection."""

    tries: int = 5
    """How often in a row it may fail without bringing anything new."""
    first_wait: float = 0.5
    """Seconds before the second try; doubled each time."""
    longest_wait: float = 8.0

    def wait(self, failures: int) -> float:
        return min(self.longest_wait, float(self.first_wait * 2 ** (failures - 1)))


class _StartOver(Exception):
    """What lies in the part file is no beginning of what the server has."""


def download(
    web: Web, url: str, expected: Expected, folder: Path, meter: Meter, cancel: Cancel, patience: Patience
) -> Path:
    """Fetch `url` into `folder` and return the file. Raises FetchFailed, Stopped or OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{expected.name}.part"
    resumed = _size(part) > 0
    _fill(web, url, expected, part, meter, cancel, patience)
    if checksum(part, cancel) != expected.sha256 and resumed:
        # The beginning may be what is wrong: another file of that name, or a disk that was full. Once more.
        part.unlink()
        _fill(web, url, expected, part, meter, cancel, patience)
    if checksum(part, cancel) != expected.sha256:
        part.unlink()
        raise FetchFailed("sent a file with a wrong checksum, which was deleted")
    return part.replace(folder / expected.name)


def _fill(web: Web, url: str, expected: Expected, part: Path, meter: Meter, cancel: Cancel, patience: Patience) -> None:
    """Ask for what is missing until the part has its full size."""
    failures, restarts = 0, 0
    while (before := _size(part)) != expected.bytes:
        try:
            _fetch_rest(web, url, expected, part, meter, cancel)
        except _StartOver:
            part.unlink(missing_ok=True)
            restarts += 1
            if restarts > 1:
                raise FetchFailed("sent pieces that do not fit together") from None
        except FetchFailed as error:
            failures = 1 if _size(part) > before else failures + 1
            if not error.transient or failures >= patience.tries:
                raise
            wait = patience.wait(failures)
            meter.note(f"{error.reason}; trying again in {wait:.0f} s" if wait >= 1 else error.reason)
            pause(wait, cancel)


def _fetch_rest(web: Web, url: str, expected: Expected, part: Path, meter: Meter, cancel: Cancel) -> None:
    start = _size(part)
    if start > expected.bytes:
        raise _StartOver
    headers = {"Range": f"bytes={start}-"} if start else {}
    with web.open(url, headers) as response:
        if response.status_code == 416:
            raise _StartOver
        start = _checked_start(response, start, expected)
        with part.open("ab" if start else "wb") as file:
            _copy(response, file, start, expected, meter, cancel)
    if _size(part) < expected.bytes:
        raise FetchFailed("the connection was lost", transient=True)


def _checked_start(response: httpx2.Response, asked: int, expected: Expected) -> int:
    """Where the body belongs in the file: 0 where the server ignored the wish for a range."""
    if response.status_code != 206:
        length = response.headers.get("content-length", "")
        if length.isdigit() and int(length) != expected.bytes:
            raise FetchFailed(f"has a file of {int(length):,} bytes there, not {expected.bytes:,}")
        return 0
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("content-range", "").strip())
    if found is None or int(found[1]) != asked or found[2] not in ("*", str(expected.bytes)):
        raise _StartOver
    return asked


def _copy(
    response: httpx2.Response, file: BinaryIO, done: int, expected: Expected, meter: Meter, cancel: Cancel
) -> None:
    meter.at(done)
    for chunk in response.iter_raw():
        cancel.raise_if_requested()
        if done + len(chunk) > expected.bytes:
            raise FetchFailed("sends more than the file has")
        file.write(chunk)
        done += len(chunk)
        meter.at(done)


def checksum(file: Path, cancel: Cancel, on_bytes: Callable[[bytes], object] = lambda _: None) -> str:
    """The file's SHA-256; `on_bytes` is handed every piece on the way."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(1024 * 1024):
            cancel.raise_if_requested()
            digest.update(piece)
            on_bytes(piece)
    return digest.hexdigest()


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
