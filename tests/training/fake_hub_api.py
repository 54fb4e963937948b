"""The part of a model hub's HTTP interface that publishing takes, on the loopback, with memory of what it was sent."""

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

TOKEN = "hf_test_token_of_the_fake_hub"
_SAMPLE_BYTES = 512


@dataclass
class Repository:
    """What the hub has under one name."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)
    """Names of files that are kept in the large-file storage."""
    commits: list[str] = field(default_factory=list)
    """Their messages."""

    @property
    def head(self) -> str:
        return hashlib.sha1(f"{len(self.commits)}".encode()).hexdigest()


@dataclass(frozen=True)
class Trouble:
    """What a request for some address meets in the place of its answer."""

    status: int = 0
    """0 cuts the connection in the middle of the request's body."""
    error_code: str = ""
    message: str = "as the test wants"
    times: int = 1000


class FakeHubApi:
    """A hub with the owner `owner`, whose token is TOKEN."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.storage: dict[str, bytes] = {}
        """Large files by their SHA-256, committed or not."""
        self.piece_bytes = 0
        """Large files come in pieces of so many bytes; 0: whole."""
        self._pieces: dict[str, list[bytes]] = {}
        self.trouble: dict[str, Trouble] = {}
        """By a part of an address's path that stands after a slash."""
        self.ignored: set[str] = set()
        """Names that the repository's .gitignore has."""
        self.asked: list[tuple[str, str, str]] = []
        """Method, path and authorization of each request."""
        self.on_upload: Callable[[], None] = lambda: None
        """Called when the body of a large file begins to come."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "FakeHubApi":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def paths(self, method: str) -> list[str]:
        return [path for asked, path, _ in self.asked if asked == method]

    def trouble_for(self, path: str) -> Trouble | None:
        found = next((end for end in self.trouble if f"/{end}" in path), None)
        if found is None:
            return None
        trouble = self.trouble.pop(found)
        if trouble.times > 1:
            self.trouble[found] = replace(trouble, times=trouble.times - 1)
        return trouble

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                path = self.path.partition("?")[0]
                authorization = self.headers.get("Authorization", "")
                hub.asked.append((self.command, path, authorization))
                trouble = hub.trouble_for(path)
                if trouble is not None and not trouble.status:
                    self.rfile.read(min(_SAMPLE_BYTES, int(self.headers.get("Content-Length", 0))))
                    self.close_connection = True
                    # Without the rest of the body read, this resets the connection.
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if self.command == "PUT":
                    hub.on_upload()
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if trouble is not None:
                    self.answer(trouble.status, {"error": trouble.message}, {"X-Error-Code": trouble.error_code})
                elif self.command == "PUT":
                    self.answer(*hub.stored(path, body))
                elif authorization != f"Bearer {TOKEN}" and not path.startswith("/whole/"):
                    wrong = {"X-Error-Message": "Invalid credentials in Authorization header"}
                    self.answer(401, {"error": "Invalid credentials in Authorization header"}, wrong)
                else:
                    self.answer(*hub.answer_to(path, body))

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815

            def answer(self, status: int, content: Any, headers: Mapping[str, str] | None = None) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler

    def stored(self, path: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """Take a large file's content, or a piece of it; the address names the SHA-256 of the whole."""
        _, kind, digest, *piece = path.split("/")
        if kind == "pieces":
            self._pieces.setdefault(digest, []).append(body)
            return 200, {}, {"ETag": f"piece-{piece[0]}"}
        return *self._stored_whole(digest, body), {}

    def _stored_whole(self, digest: str, body: bytes) -> tuple[int, Any]:
        if hashlib.sha256(body).hexdigest() != digest:
            return 400, {"error": "the content has another SHA-256"}
        self.storage[digest] = body
        return 200, {}

    def answer_to(self, path: str, body: bytes) -> tuple[int, Any]:
        """The answer to a request that carries the right token."""
        if path == "/api/repos/create":
            return self._created(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"warnings": []}
        if path.startswith("/whole/"):
            digest = path.rpartition("/")[2]
            return self._stored_whole(digest, b"".join(self._pieces.pop(digest)))
        if path.endswith(".git/info/lfs/objects/batch"):
            return 200, self._batch(json.loads(body))
        owner, model, *more = path.removeprefix("/api/models/").split("/", 2)
        name, rest = f"{owner}/{model}", more[0] if more else ""
        repository = self.repositories.get(name)
        if repository is None:
            return 404, {"error": "Repository not found"}  # as the hub says it to whoever may not see it, too
        if rest.startswith("preupload/"):
            return 200, {"files": [self._mode(file["path"], repository) for file in json.loads(body)["files"]]}
        if rest.startswith("commit/"):
            return 200, self._committed(name, repository, [json.loads(line) for line in body.splitlines()])
        if rest.startswith("paths-info/"):
            wanted = parse_qs(body.decode())["paths"]  # this one comes as a form
            return 200, [_about(path, repository) for path in wanted if path in repository.files]
        about = {"id": name, "modelId": name, "sha": repository.head, "private": repository.private, "tags": []}
        return 200, {**about, "siblings": [{"rfilename": path} for path in repository.files]}

    def _created(self, wanted: dict[str, Any]) -> tuple[int, Any]:
        name = f"{wanted['organization']}/{wanted['name']}"
        if wanted["organization"] != "owner":
            return 403, {"error": "You don't have the rights to create a model under this namespace"}
        if name in self.repositories:
            return 409, {"error": "You already created this model repo", "url": f"{self.url}/{name}"}
        self.repositories[name] = Repository(private=wanted.get("visibility") == "private")
        return 200, {"url": f"{self.url}/{name}"}

    def _mode(self, path: str, repository: Repository) -> dict[str, Any]:
        is_large = path.endswith(".safetensors")
        answer = {"path": path, "uploadMode": "lfs" if is_large else "regular", "shouldIgnore": path in self.ignored}
        if path in repository.files:
            answer["oid"] = _identity(path, repository)
        return answer

    def _batch(self, wanted: dict[str, Any]) -> dict[str, Any]:
        objects = []
        for one in wanted["objects"]:
            upload = self._in_pieces(one) if self.piece_bytes else {"href": f"{self.url}/storage/{one['oid']}"}
            objects.append(one if one["oid"] in self.storage else {**one, "actions": {"upload": upload}})
        return {"transfer": "multipart" if self.piece_bytes else "basic", "objects": objects}

    def _in_pieces(self, one: dict[str, Any]) -> dict[str, Any]:
        pieces = range(1, -(-one["size"] // self.piece_bytes) + 1)
        places = {f"{piece}": f"{self.url}/pieces/{one['oid']}/{piece}" for piece in pieces}
        return {
            "href": f"{self.url}/whole/{one['oid']}",
            "header": {"chunk_size": f"{self.piece_bytes}", **places},
        }

    def _committed(self, name: str, repository: Repository, lines: list[dict[str, Any]]) -> dict[str, Any]:
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                repository.commits.append(value["summary"])
            elif line["key"] == "file":
                repository.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                repository.files[value["path"]] = self.storage[value["oid"]]
                repository.large.add(value["path"])
        return {"commitUrl": f"{self.url}/{name}/commit/{repository.head}", "commitOid": repository.head}


def _identity(path: str, repository: Repository) -> str:
    content = repository.files[path]
    if path in repository.large:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _about(path: str, repository: Repository) -> dict[str, Any]:
    content, identity = repository.files[path], _identity(path, repository)
    about = {"type": "file", "path": path, "size": len(content), "oid": identity}
    if path in repository.large:
        about |= {"oid": "0" * 40, "lfs": {"oid": identity, "size": len(content), "pointerSize": 134}}
    return about
