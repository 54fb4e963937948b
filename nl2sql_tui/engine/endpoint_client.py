"""Sends a request to an endpoint and gives its answer as it arrives; what is asked and answered is `chat_api`'s part.

Each request has a daemon thread of its own that does the waiting: whoever wants the answer is released at once by a
cancel, whatever the network does, and the connection is closed under that thread.
"""

import contextlib
import json
import queue
import socket
import ssl
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from nl2sql_tui import __version__
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.endpoint import KEY_VARIABLE, Endpoint, Limits
from nl2sql_tui.engine.sockets import shut, watcher
from nl2sql_tui.engine.sse import MOST_EVENT_BYTES, EventParser, EventTooLong
from nl2sql_tui.errors import Stopped
from nl2sql_tui.text import shortened

_MOST_ANSWER_BYTES: Final = 32_000_000
_MOST_ERROR_BYTES: Final = 64_000
_LONGEST_QUOTE: Final = 300
"""Characters of what a server says that are shown."""
_GRACE_SECONDS: Final = 1.0
_RUNNING: Final = "Is the server running, and is its port right?"
_ADDRESS: Final = "Is this the address of an OpenAI-compatible API? It usually ends in /v1."
_TRY_AGAIN: Final = "Ask again when the server is well; what had come is kept."


class EndpointFailed(Exception):
    """The endpoint did not do what it was asked. `message` and `hint` are fit to be shown."""

    def __init__(self, message: str, hint: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
        """The HTTP status; 0 where the failure is another."""


class EndpointClient:
    """Asks one endpoint. For any number of threads."""

    def __init__(self, endpoint: Endpoint, limits: Limits) -> None:
        self.endpoint = endpoint
        self.limits = limits

    def models(self, cancel: Cancel) -> Any:
        """What `/models` gives, parsed. Raises EndpointFailed, Stopped."""
        with contextlib.closing(_Exchange(self, "GET", "/models", None).body(cancel)) as chunks:
            text = self._whole(chunks)
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self.garbage(text) from None

    def events(self, path: str, body: Mapping[str, Any], cancel: Cancel) -> Generator[str, None, None]:
        """Post `body` to `path` under the endpoint and give the data of each event of the answer.

        An answer that is one JSON document, as some servers give whatever was asked, is one event. Raises
        EndpointFailed, Stopped.
        """
        exchange = _Exchange(self, "POST", path, body)
        with contextlib.closing(exchange.body(cancel)) as chunks:
            first = next(chunks, b"")
            if first.lstrip()[:1] in (b"{", b"["):
                yield self._whole(chunks, first).decode("utf-8", "replace")
                return
            yield from self._parsed(first, chunks)

    def garbage(self, text: bytes | str) -> EndpointFailed:
        """The failure of an endpoint that answered `text`."""
        shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        quote = self.quoted(shown[: 4 * _LONGEST_QUOTE], 80)
        says = f": {quote}" if quote else "."
        return EndpointFailed(f"{self.endpoint.authority} answers with something that is not the API{says}", _ADDRESS)

    def quoted(self, text: str, limit: int = _LONGEST_QUOTE) -> str:
        """What a server said, on one line, fit for the screen, without the key that it may have repeated."""
        key = self.endpoint.key
        return shortened(" ".join((text.replace(key, "•••") if key else text).split()), limit)

    def _parsed(self, first: bytes, chunks: Iterator[bytes]) -> Iterator[str]:
        parser, begin, any_event = EventParser(), first, False
        deadline = time.monotonic() + self.limits.event_seconds
        try:
            for chunk in _with_first(first, chunks):
                for event in parser.feed(chunk):
                    any_event = True
                    deadline = time.monotonic() + self.limits.event_seconds
                    yield event
                if time.monotonic() > deadline:
                    raise self.silent(self.limits.event_seconds)
            for event in parser.end():
                any_event = True
                yield event
        except EventTooLong:
            raise EndpointFailed(
                f"{self.endpoint.authority} sent an event of more than {MOST_EVENT_BYTES // 1_000_000} MB.", _ADDRESS
            ) from None
        if not any_event:
            raise self.garbage(begin)

    def _whole(self, chunks: Iterator[bytes], first: bytes = b"") -> bytes:
        """All chunks together. Raises EndpointFailed where they are too many, or come too slowly, for one document."""
        whole = bytearray(first)
        deadline = time.monotonic() + self.limits.event_seconds
        for chunk in chunks:
            whole += chunk
            if len(whole) > MOST_EVENT_BYTES:
                raise EndpointFailed(
                    f"The endpoint's answer is longer than {MOST_EVENT_BYTES // 1_000_000} MB.", _ADDRESS
                )
            if time.monotonic() > deadline:
                raise EndpointFailed(
                    f"{self.endpoint.authority} did not end its answer in {self.limits.event_seconds:g} seconds.",
                    "Its log may say why.",
                )
        return bytes(whole)

    def silent(self, seconds: float) -> EndpointFailed:
        """The failure of an endpoint that said nothing for so long."""
        return EndpointFailed(
            f"{self.endpoint.authority} sent nothing for {seconds:g} seconds.",
            "The setting endpoint_seconds says how long to wait.",
        )


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    location: str


class _Connected:
    """The network has been reached."""


class _End:
    """The answer's body has ended as it should."""


class _Left:
    """Nobody waits any more."""


_Item = _Connected | _Head | bytes | _End | _Left | Exception


class _Exchange:
    """One request and its answer."""

    def __init__(self, client: EndpointClient, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        self._client = client
        self._endpoint = client.endpoint
        self._method = method
        self._path = path
        self._content = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._sockets: list[socket.socket] = []
        self._left = threading.Event()

    def body(self, cancel: Cancel) -> Generator[bytes, None, None]:
        """The chunks of the answer. Closing the iterator closes the connection. Raises EndpointFailed, Stopped."""
        cancel.raise_if_requested()
        threading.Thread(target=self._run, name="endpoint", daemon=True).start()
        try:
            with cancel.calling(self._leave):
                yield from self._arriving(cancel)
        finally:
            self._leave()

    def _arriving(self, cancel: Cancel) -> Iterator[bytes]:
        is_connected = False
        head: _Head | None = None
        while True:
            item = self._next(is_connected)
            cancel.raise_if_requested()
            match item:
                case _Left():
                    raise Stopped
                case Exception():
                    raise self._in_words(item, head is not None) from item
                case _Connected():
                    is_connected = True
                case _Head():
                    head = item
                    if head.status != 200:
                        raise self._refusal(head, self._error_text())
                case bytes():
                    yield item
                case _End():
                    return

    def _next(self, is_connected: bool) -> "_Item":
        limits = self._client.limits
        try:
            if is_connected:
                return self._items.get(timeout=limits.event_seconds)
            return self._items.get(timeout=limits.connect_seconds + _GRACE_SECONDS)
        except queue.Empty:
            if is_connected:
                raise self._client.silent(limits.event_seconds) from None
            raise self._unreachable() from None

    def _error_text(self) -> bytes:
        """The document that comes with a status other than success, or as much of it as comes. Raises Stopped."""
        text = b""
        deadline = time.monotonic() + self._client.limits.event_seconds
        while isinstance(item := self._next(is_connected=True), bytes):
            text += item
            if len(text) >= _MOST_ERROR_BYTES or time.monotonic() > deadline:
                break
        if isinstance(item, _Left):
            raise Stopped
        return text[:_MOST_ERROR_BYTES]

    def _leave(self) -> None:
        """Release the reader, and the thread by closing the connection under it."""
        self._left.set()
        self._items.put(_Left())
        shut(self._sockets)

    def _opened(self, opened: socket.socket) -> None:
        self._sockets.append(opened)
        self._items.put(_Connected())
        if self._left.is_set():
            shut(self._sockets)

    def _run(self) -> None:
        """The thread: everything that waits for the network."""
        try:
            with self._http() as http:
                request = http.build_request(
                    self._method,
                    self._endpoint.base + self._path,
                    content=self._content,
                    headers=self._headers(),
                    extensions={"trace": watcher(self._opened)},
                )
                with contextlib.closing(http.send(request, stream=True)) as response:
                    self._items.put(_Head(response.status_code, response.headers.get("location", "")))
                    self._read(response)
            self._items.put(_End())
        except Exception as error:  # noqa: BLE001 - told by the thread that waits for the answer
            self._items.put(error)

    def _read(self, response: httpx2.Response) -> None:
        taken = 0
        for chunk in response.iter_raw():
            taken += len(chunk)
            if taken > _MOST_ANSWER_BYTES:
                raise EndpointFailed(
                    f"{self._endpoint.authority} sent more than {_MOST_ANSWER_BYTES // 1_000_000} MB.", _TRY_AGAIN
                )
            if self._left.is_set():
                return
            self._items.put(chunk)

    def _http(self) -> httpx2.Client:
        """A client for one request. Redirects are not followed: the data goes where the user said, or nowhere."""
        limits = self._client.limits
        return httpx2.Client(
            # A proxy of the environment is not asked for what is on this computer.
            trust_env=not self._endpoint.is_loopback,
            follow_redirects=False,
            timeout=httpx2.Timeout(limits.silent_seconds, connect=limits.connect_seconds),
        )

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": f"nl2sql-tui/{__version__}", "Accept-Encoding": "identity"}
        if self._content is not None:
            headers["Content-Type"] = "application/json"
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        return headers

    def _unreachable(self) -> EndpointFailed:
        seconds = self._client.limits.connect_seconds
        return EndpointFailed(f"{self._endpoint.authority} could not be reached in {seconds:g} seconds.", _RUNNING)

    def _refusal(self, head: _Head, text: bytes) -> EndpointFailed:
        """A status other than success, in words."""
        where, status = self._endpoint.authority, head.status
        said = self._client.quoted(server_words(text))
        says = f": {said}" if said else "."
        if 300 <= status < 400:
            target = self._client.quoted(head.location, 120) or "another address"
            return EndpointFailed(
                f"{where} sends on to {target}, which is not followed.", "Name that address, if you trust it.", status
            )
        if status in (401, 403):
            key = "the key" if self._endpoint.key else "a request without a key"
            return EndpointFailed(f"{where} refuses {key} ({status}){says}", f"Set {KEY_VARIABLE}.", status)
        if status == 429:
            return EndpointFailed(f"{where} has too much to do ({status}){says}", "Ask again in a while.", status)
        if status >= 500:
            return EndpointFailed(f"{where} failed ({status}){says}", "Its log says more.", status)
        hint = _ADDRESS if status in (404, 405) else ""
        return EndpointFailed(f"{where} refuses the request ({status}){says}", hint, status)

    def _in_words(self, error: Exception, has_answered: bool) -> EndpointFailed:
        """What the network or its library raised, in words."""
        if isinstance(error, EndpointFailed):
            return error
        endpoint = self._endpoint
        where = endpoint.authority
        if isinstance(error, httpx2.ConnectTimeout):
            return self._unreachable()
        if isinstance(error, httpx2.TimeoutException):
            return self._client.silent(self._client.limits.silent_seconds)
        if isinstance(error, httpx2.ProxyError):
            return EndpointFailed(f"The proxy on the way to {where} refuses it.", "NO_PROXY names hosts without one.")
        if has_answered:
            return EndpointFailed(f"The connection to {where} was lost.", _TRY_AGAIN)
        if _caused_by(error, socket.gaierror):
            return EndpointFailed(f"The host {endpoint.host} is not known.", "Check the endpoint's address.")
        if _caused_by(error, ssl.SSLCertVerificationError):
            return EndpointFailed(
                f"The certificate of {where} is not trusted here.",
                "Add its authority to the system's, or name it in SSL_CERT_FILE.",
            )
        if _caused_by(error, ssl.SSLError):
            return EndpointFailed(f"{where} does not speak TLS as it should.", "Does it take http instead of https?")
        if _caused_by(error, ConnectionRefusedError):
            return EndpointFailed(f"Nothing listens at {where}.", _RUNNING)
        if isinstance(error, httpx2.ConnectError):
            return EndpointFailed(f"{where} cannot be reached ({self._client.quoted(str(error), 100)}).", _RUNNING)
        if isinstance(error, httpx2.RemoteProtocolError):
            return EndpointFailed(
                f"{where} closed the connection without an answer, or does not speak HTTP.",
                "Does it take https instead of http?" if not endpoint.is_encrypted else _RUNNING,
            )
        return EndpointFailed(f"The connection to {where} failed.", _RUNNING)


def server_words(text: bytes | str) -> str:
    """What a server's error document says: its message where it is JSON of one of the usual shapes, else its text."""
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    try:
        found = json.loads(shown)
    except (ValueError, RecursionError):
        return "" if shown.lstrip().startswith("<") else shown
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error is not None


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
