"""A web server on the loopback that misbehaves as it is told, and keeps what it was asked."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from nl2sql_tui.engine.pip_settings import IndexSettings

HANG_GUARD_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """What is sent for one request."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    """Whether a wish for a range is followed."""
    cut_after: int | None = None
    """The connection is closed after so many bytes of the body."""
    stall_after: int | None = None
    """Nothing more is sent after so many bytes of the body, and the connection stays open; -1: not even a header."""
    states_length: bool = True


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]


class FakeWeb:
    """Serves `pages`: for each path its answers in turn, the last one for ever."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.stalled = threading.Event()
        """Set when a stall has begun."""
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def __enter__(self) -> "FakeWeb":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def requests_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.partition("?")[0] == path]

    def _next(self, path: str) -> Answer:
        answers = self.pages.get(path)
        if not answers:
            return Answer(status=404)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                web.asked.append(Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                self._send(web._next(path))

            do_HEAD = do_GET  # noqa: N815

            def _send(self, answer: Answer) -> None:
                if answer.stall_after == -1:
                    self._stall()
                    return
                body, status, headers = answer.body, answer.status, dict(answer.headers)
                wish = self.headers.get("Range", "")
                if wish and answer.ranges and status == 200:
                    start = int(wish.removeprefix("bytes=").rstrip("-"))
                    if start >= len(body):
                        body, status = b"", 416
                    else:
                        headers.setdefault("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
                        body, status = body[start:], 206
                self.send_response(status)
                self.send_header("Content-Type", answer.kind)
                if answer.states_length:
                    self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Connection", "close")
                self.end_headers()
                if self.command == "HEAD":
                    return
                self._send_body(body, answer)

            def _send_body(self, body: bytes, answer: Answer) -> None:
                if answer.stall_after is not None:
                    self.wfile.write(body[: answer.stall_after])
                    self.wfile.flush()
                    self._stall()
                    return
                self.wfile.write(body if answer.cut_after is None else body[: answer.cut_after])

            def _stall(self) -> None:
                web.stalled.set()
                web._released.wait(HANG_GUARD_SECONDS)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


def wait_for(condition: Callable[[], bool]) -> bool:
    """Whether `condition` came true before the hang guard."""
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def settings_for(*indexes: str, find_links: tuple[str, ...] = (), timeout: float = 5.0) -> IndexSettings:
    """Settings that know these indexes and no pip, so that nothing outside the test is asked."""
    return IndexSettings(indexes=indexes, find_links=find_links, timeout=timeout, pip=())
