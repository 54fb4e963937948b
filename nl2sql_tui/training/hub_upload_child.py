"""The child process of `hub_upload`: runs the Hub's library and writes steps, bytes and outcome as JSON lines.

The order comes as one JSON line on standard input. Run by its path, so it imports nothing of this program.
"""

import contextlib
import hashlib
import io
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi, get_session, get_token, set_client_factory
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

_REPORT_SECONDS = 0.1
_QUIET_SECONDS = 120.0
"""A connection on which nothing moves for so long is given up."""
_LOG_IN = "Log in with `hf auth login`, or set HF_TOKEN, with a token that may write."


class Refused(Exception):
    """Ends the child with `error` and `hint` as its last word."""

    def __init__(self, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.words = {"error": error} | ({"hint": hint} if hint else {})


class Order(NamedTuple):
    """What the parent wants."""

    repository: str
    private: bool
    message: str
    files: list[dict[str, Any]]


def main() -> None:
    """Read the order, carry it out, and say as the last line either `commit` or `error`."""
    order = Order(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    token: str | None = None
    try:
        token = get_token()
        outcome = _send(order, token)
    except Refused as refused:
        outcome = refused.words
    except Exception as error:  # noqa: BLE001 - a process boundary: whatever it was goes to the parent as words
        outcome = _reason(error, order.repository)
    text = json.dumps(outcome)
    _write(text.replace(token, "…") if token else text)


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # not through `sys.stdin`: its lock would still be held at exit
    os._exit(1)


def _say(**words: Any) -> None:
    _write(json.dumps(words))


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _send(order: Order, token: str | None) -> dict[str, Any]:
    if token is None:
        raise Refused("no token was found", _LOG_IN)
    hooks = get_session().event_hooks  # as the library makes its client, which would wait for ever

    def client() -> httpx2.Client:
        return httpx2.Client(event_hooks=hooks, follow_redirects=True, timeout=_QUIET_SECONDS)

    set_client_factory(client)
    logging.getLogger("huggingface_hub.utils._http").addHandler(_Retries())
    api = HfApi(token=token)
    counter = _Counter()
    operations = [_operation(file, counter) for file in order.files]
    _say(step="create")
    api.create_repo(order.repository, private=order.private or None, exist_ok=True)
    about = api.repo_info(order.repository)
    if order.private and not about.private:
        raise Refused(
            f"{order.repository} exists and is public",
            "Leave out --private, or make it private on its page first.",
        )
    _say(step="upload")
    api.preupload_lfs_files(order.repository, operations, num_threads=1, free_memory=False)
    _say(step="commit")
    commit = api.create_commit(order.repository, operations, commit_message=order.message)
    _say(step="check")
    _compare(api, order, commit.oid)
    return {
        "commit": commit.oid,
        "url": f"{api.endpoint}/{order.repository}",
        "private": bool(about.private),
        "changed": commit.oid != about.sha,
    }


def _operation(file: dict[str, Any], counter: "_Counter") -> CommitOperationAdd:
    """The file as it was listed. Raises Refused where it is another one by now."""
    path = Path(file["path"])
    try:
        operation: CommitOperationAdd
        if path.suffix == ".safetensors":
            operation = _Counted(file["name"], str(path))
            operation.counter = counter
        else:
            # Held in memory, so that what was checked is what goes.
            operation = CommitOperationAdd(file["name"], path.read_bytes())
        same = operation.upload_info.sha256.hex() == file["sha256"]
    except OSError as error:
        raise Refused(f"{file['name']} cannot be read: {error.strerror}") from error
    if not same:
        raise Refused(f"{file['name']} was changed since it was listed")
    return operation


class _Counter:
    """Bytes of weights that have gone: those of whole files, and of the one on its way."""

    def __init__(self) -> None:
        self._whole = 0
        self._said_at = 0.0

    def at(self, place: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= _REPORT_SECONDS:
            self._said_at = now
            _say(done=self._whole + place)

    def arrived(self, name: str, size: int) -> None:
        self._whole += size
        _say(done=self._whole)
        _say(arrived=name)


class _Counted(CommitOperationAdd):
    """A file of which the library's reading is counted, and whose end is told."""

    counter: _Counter

    @contextlib.contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:
        """The file for an upload, which is what the library asks a progress bar for, or for its own looking."""
        with super().as_file() as file:
            if not with_tqdm:
                yield file
                return
            with _Reader(file, self.counter) as counted:
                yield counted
        self.counter.arrived(self.path_in_repo, self.upload_info.size)


class _Reader(io.BufferedReader):
    """Tells the counter how far it has been read."""

    def __init__(self, file: BinaryIO, counter: _Counter) -> None:
        super().__init__(io.FileIO(file.fileno(), closefd=False))
        self._counter = counter

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._counter.at(self.tell())
        return piece


class _Retries(logging.Handler):
    """Turns the library's warning before another try into a note. Its words hold addresses and are not passed on."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith(("Retrying", "Rate limited")):
            _say(note="the Hub did not take it; trying again")


def _compare(api: HfApi, order: Order, commit: str) -> None:
    """Raise Refused unless the commit has every file as it was listed.

    The Hub leaves out, without a word, what a `.gitignore` in the repository names.
    """
    names = [file["name"] for file in order.files]
    there = {
        found.path: found
        for found in api.get_paths_info(order.repository, names, revision=commit)
        if isinstance(found, RepoFile)
    }
    for file in order.files:
        found = there.get(file["name"])
        if found is None:
            raise Refused(
                f"{file['name']} is not in the repository after the commit",
                "See whether a .gitignore in the repository names it.",
            )
        if not _is_same(found, file):
            raise Refused(f"{file['name']} in the repository is not the file that was sent")


def _is_same(found: RepoFile, file: dict[str, Any]) -> bool:
    if found.lfs is not None:
        return bool(found.lfs.sha256 == file["sha256"])
    content = Path(file["path"]).read_bytes()
    # What git calls a file: the SHA-1 of its length and content.
    return bool(found.blob_id == hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest())


def _reason(error: BaseException, repository: str) -> dict[str, str]:
    """A few words for the first cause that has any, with what to do."""
    for cause in _causes(error):
        match cause:
            case OfflineModeIsEnabled():
                return {"error": "offline mode is on (HF_HUB_OFFLINE)", "hint": "Unset it to send."}
            case HfHubHTTPError():
                return _answer_in_words(cause, repository)
            case httpx2.TimeoutException():
                return {"error": f"nothing moved for {_QUIET_SECONDS:.0f} seconds, and the connection was given up"}
            case httpx2.ConnectError() | httpx2.ProxyError():
                return {"error": "could not be reached"}
            case httpx2.TransportError():
                return {"error": "the connection was lost"}
            case OSError() if cause.strerror:
                return {"error": f"failed: {cause.strerror}"}
    # The Hub's own words about the card's header come this way.
    return {"error": f"failed ({type(error).__name__}: {' '.join(str(error).split())[:200]})"}


def _answer_in_words(error: HfHubHTTPError, repository: str) -> dict[str, str]:
    status = error.response.status_code
    match status:
        case 401 if isinstance(error, RepositoryNotFoundError):
            return {"error": f"does not let this token see {repository} (401)", "hint": _LOG_IN}
        case 401:
            return {"error": "does not know the token, or it has expired (401)", "hint": _LOG_IN}
        case 403:
            return {"error": f"does not let this token write to {repository} (403)", "hint": _LOG_IN}
        case 404:
            return {"error": f"has no {repository}, or not for this token (404)", "hint": "Check the owner's name."}
        case 409 | 412:
            return {"error": f"something else changed {repository} at the same moment ({status})"}
        case 413:
            return {"error": "the files are larger than it takes (413)", "hint": "See the storage of your account."}
        case 429:
            return {"error": "too many requests (429)", "hint": "Wait a few minutes and run the same command again."}
        case _ if status >= 500:
            return {"error": f"it has trouble of its own (it answered {status})"}
        case _:
            return {"error": f"answered {status}: {error.server_message or 'without a reason'}"}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


if __name__ == "__main__":
    main()
