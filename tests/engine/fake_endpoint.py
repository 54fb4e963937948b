"""An OpenAI-like server on the loopback that answers and misbehaves as it is told, and keeps what it is asked."""

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal

HANG_GUARD_SECONDS = 30.0
MODELS = {"object": "list", "data": [{"id": "tiny", "object": "model", "max_model_len": 2048}]}


@dataclass(frozen=True)
class Reply:
    """What is sent for one request."""

    chunks: Iterable[bytes] = ()
    status: int = 200
    kind: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    ending: Literal["whole", "cut", "stall"] = "whole"
    """Whether the body ends as it should, the connection is closed in it, or nothing more comes on an open one."""


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def event(data: object) -> bytes:
    """One server-sent event; `data` is JSON unless it is text already."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def piece(text: str, index: int = 0, **more: object) -> bytes:
    """A piece of the answer number `index`."""
    return event({"choices": [{"index": index, "delta": {"content": text}, **more}]})


def finish(reason: str = "stop", index: int = 0) -> bytes:
    return event({"choices": [{"index": index, "delta": {}, "finish_reason": reason}]})


def spoken(text: str, reason: str = "stop") -> list[bytes]:
    """A whole answer, word by word, as vLLM sends it."""
    words = text.split(" ")
    usage = event({"choices": [], "usage": {"prompt_tokens": 31, "completion_tokens": 17}})
    begin = event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
    pieces = [piece(word if place == 0 else f" {word}") for place, word in enumerate(words)]
    return [begin, *pieces, finish(reason), usage, event("[DONE]")]


def refusal(status: int, document: object, **more: Any) -> Reply:
    return Reply([json.dumps(document).encode()], status, "application/json", **more)


class FakeEndpoint:
    """Answers chats with `replies` in turn, the last one for ever, and lists `models`."""

    def __init__(self) -> None:
        self.models: Reply = refusal(200, MODELS)
        self.replies: list[Reply] = [Reply(spoken("SELECT 1"))]
        self.asked: list[Asked] = []
        self.stalled = threading.Event()
        """A stall has begun."""
        self.left = threading.Event()
        """The other side closed a connection on which the server had stalled."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was asked, without the questions for the models."""
        return [asked.body for asked in self.asked if asked.body]

    def __enter__(self) -> "FakeEndpoint":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.left.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer({}, fake.models)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(body, fake.replies.pop(0) if len(fake.replies) > 1 else fake.replies[0])

            def _answer(self, body: dict[str, Any], reply: Reply) -> None:
                fake.asked.append(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.close_connection = True
                with contextlib.suppress(ConnectionError):
                    self.send_response(reply.status)
                    for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
                        self.send_header(name, value)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    self._send(reply)

            def _send(self, reply: Reply) -> None:
                for chunk in reply.chunks:
                    self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                    self.wfile.flush()
                if reply.ending == "whole":
                    self.wfile.write(b"0\r\n\r\n")
                elif reply.ending == "stall":
                    fake.stalled.set()
                    self.connection.settimeout(HANG_GUARD_SECONDS)
                    if self.connection.recv(1) == b"":
                        fake.left.set()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


def without_end(chunk: bytes, pause: threading.Event, seconds: float = 0.0) -> Iterator[bytes]:
    """`chunk` again and again until `pause` is set."""
    while not pause.wait(seconds):
        yield chunk
