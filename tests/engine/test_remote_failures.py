"""Whatever an endpoint does, a question ends in one final event with one clear line, and the next one is answered."""

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from nl2sql_tui.answers import Answer, AnswerFailed
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.endpoint import Limits, endpoint_at
from nl2sql_tui.engine.events import Generated, GenerationFailed, Message, Started, Token
from nl2sql_tui.engine.remote import RemoteEngine
from nl2sql_tui.errors import ModelError
from nl2sql_tui.settings import Settings
from tests.engine.fake_endpoint import (
    HANG_GUARD_SECONDS,
    FakeEndpoint,
    Reply,
    event,
    finish,
    piece,
    refusal,
    spoken,
    without_end,
)

_PROMPT = (Message("system", "t(a int)"), Message("user", "How many rows has t?"))
_KEY = "secret-key"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_FOREVER = threading.Event()


@pytest.fixture
def server() -> Iterator[FakeEndpoint]:
    with FakeEndpoint() as fake:
        yield fake


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _engine(address: str, model: str = "", key: str = "", silent: float = HANG_GUARD_SECONDS) -> RemoteEngine:
    limits = Limits(connect_seconds=HANG_GUARD_SECONDS, silent_seconds=silent, event_seconds=2 * silent)
    return RemoteEngine(endpoint_at(address, environment={"NL2SQL_TUI_API_KEY": key}), model, limits=limits)


def _open(address: str, model: str = "", key: str = "", silent: float = HANG_GUARD_SECONDS) -> RemoteEngine:
    engine = _engine(address, model, key, silent)
    engine.wait_until_ready(Cancel())
    return engine


def _failure(engine: RemoteEngine, tokens: int = 40) -> GenerationFailed:
    """How a question fails; fails itself if there is not exactly one final event, with one line fit for the screen."""
    started, *pieces, last = engine.stream(_PROMPT, max_new_tokens=tokens, cancel=Cancel())
    assert isinstance(started, Started)
    assert all(isinstance(one, Token) for one in pieces)
    assert isinstance(last, GenerationFailed)
    for line in (last.message, last.hint):
        assert line.isprintable()
        assert _KEY not in line
    return last


_NOTHING = "ended the answer before it was whole"
_FAILURES = [
    (
        refusal(401, {"error": {"message": f"Incorrect API key: {_KEY}"}}),
        "refuses the key (401): Incorrect API key: •••",
    ),
    (refusal(403, {"detail": "Not yours"}), "refuses the key (403): Not yours"),
    (refusal(404, {"error": {"message": "model not found"}}), "has no model tiny"),
    (refusal(405, {}), "refuses the request (405): {}"),
    (refusal(422, {"detail": [{"msg": "bad \x1b]52;c;eA==\x07"}]}), 'refuses the request (422): [{"msg": "bad'),
    (refusal(429, {"error": "slow down"}), "has too much to do (429): slow down"),
    (refusal(500, {"message": "CUDA out of\nmemory"}), "failed (500): CUDA out of memory"),
    (Reply([b"<html>nginx</html>"], 502, "text/html"), "failed (502)."),
    (Reply([b"x" * 300_000], 503), "failed (503): xxx"),
    (Reply([b'{"error": "half'], 500, ending="cut"), 'failed (500): {"error": "half'),
    (Reply([b"<html>Sign in</html>"], kind="text/html"), "answers with something that is not the API: <html>Sign in"),
    (Reply([b"\x1b[2J\x00\xff"]), "answers with something that is not the API: ␛[2J␀�"),
    (Reply([event("{half a document")]), "answers with something that is not the API: {half a document"),
    (Reply([event("[1, 2]")]), "answers with something that is not the API: [1, 2]"),
    (Reply([event({"status": "ok"})]), 'answers with something that is not the API: {"status": "ok"}'),
    (Reply([event("[" * 100_000)]), "answers with something that is not the API: [[["),
    (refusal(200, {"error": {"message": "no such adapter"}}), "failed: no such adapter"),
    (Reply([]), "answers with something that is not the API."),
    (Reply([b": ping\n\n"]), "answers with something that is not the API: : ping"),
    (Reply([event({"choices": [{"delta": {"content": None}}]})]), _NOTHING),
    (Reply([event({"choices": [7, {"delta": 8}, {"index": "x", "logprobs": {"content": 3}}]})]), _NOTHING),
    (Reply([finish("abort")]), "broke the answer off (abort)"),
    (Reply([b"data: " + b"x" * 1_100_000]), "sent an event of more than 1 MB"),
    (Reply([], ending="cut"), "The connection to"),
]


@pytest.mark.parametrize(("reply", "words"), _FAILURES)
def test_a_failure_is_one_line_and_the_next_question_is_answered(
    server: FakeEndpoint, reply: Reply, words: str
) -> None:
    engine = _open(server.url, key=_KEY)
    server.replies = [reply]
    failed = _failure(engine)
    assert words in failed.message
    assert server.authority in failed.message
    assert failed.text == ""
    server.replies = [Reply(spoken("SELECT 1"))]
    assert isinstance(list(engine.stream(_PROMPT, max_new_tokens=40, cancel=Cancel()))[-1], Generated)


_BEGUN = [piece("SELECT a"), piece(" FROM")]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(_BEGUN, ending="cut"), "was lost"),
        (Reply(_BEGUN), _NOTHING),
        (Reply([*_BEGUN, event({"error": {"message": "worker died", "code": 500}})]), "failed: worker died"),
        (Reply([*_BEGUN, event({"object": "error", "message": "worker died"})]), "failed: worker died"),
        (Reply([*_BEGUN, b'error: {"error": {"code": 500, "message": "slot"}}\n\n']), "failed: slot"),
        (Reply([*_BEGUN, event('{"error": "a "quoted" word"}')]), 'is not the API: {"error": "a "quoted" word"}'),
        (Reply([*_BEGUN, finish("content_filter")]), "broke the answer off"),
        (Reply([*_BEGUN, b"data: " + b"x" * 1_100_000]), "more than 1 MB"),
    ],
)
def test_what_had_come_is_kept(server: FakeEndpoint, reply: Reply, words: str) -> None:
    engine = _open(server.url)
    server.replies = [reply]
    failed = _failure(engine)
    assert words in failed.message
    assert failed.text == "SELECT a FROM"


def test_a_model_that_is_not_there_is_told_with_those_that_are(server: FakeEndpoint) -> None:
    server.models = refusal(200, {"data": [{"id": "phi3"}, {"id": "sql-lora"}]})
    server.replies = [refusal(404, {"error": "not found"})]
    failed = _failure(_open(server.url, model="phi4"))
    assert (failed.message, failed.hint) == (f"{server.authority} has no model phi4.", "It has: phi3, sql-lora.")


def test_a_long_list_of_models_is_shortened(server: FakeEndpoint) -> None:
    server.models = refusal(200, {"data": [{"id": f"m{number}"} for number in range(500)]})
    server.replies = [refusal(404, {})]
    failed = _failure(_open(server.url, model="x"))
    assert failed.hint.endswith("m11 and 488 more.")


def test_a_missing_key_is_told(server: FakeEndpoint) -> None:
    server.models = refusal(401, {"error": "Unauthorized"})
    with pytest.raises(ModelError, match=r"refuses a request without a key \(401\): Unauthorized") as caught:
        _open(server.url, model="tiny")
    assert caught.value.hint == "Set NL2SQL_TUI_API_KEY."


def test_silence_ends_the_answer(server: FakeEndpoint) -> None:
    engine = _open(server.url, silent=0.3)
    server.replies = [Reply(_BEGUN, ending="stall")]
    failed = _failure(engine)
    assert "sent nothing for 0.3 seconds" in failed.message
    assert "endpoint_seconds" in failed.hint
    assert failed.text == "SELECT a FROM"


def test_signs_of_life_alone_do_not_hold_the_answer_up_for_ever(server: FakeEndpoint) -> None:
    engine = _open(server.url, silent=0.3)
    server.replies = [Reply(without_end(b": ping\n\n", server.left, 0.02))]
    assert "sent nothing for 0.6 seconds" in _failure(engine).message


def test_a_document_that_comes_byte_by_byte_has_an_end(server: FakeEndpoint) -> None:
    engine = _open(server.url, silent=0.3)
    server.replies = [Reply(without_end(b"{", server.left, 0.02), kind="application/json")]
    assert "did not end its answer in 0.6 seconds" in _failure(engine).message


def test_a_refusal_that_comes_byte_by_byte_has_an_end(server: FakeEndpoint) -> None:
    engine = _open(server.url, silent=0.3)
    server.replies = [Reply(without_end(b"x", server.left, 0.02), 500)]
    assert "failed (500): xxx" in _failure(engine).message


def test_a_list_of_models_that_comes_byte_by_byte_has_an_end(server: FakeEndpoint) -> None:
    server.models = Reply(without_end(b" ", server.left, 0.02), kind="application/json")
    assert "did not end its answer in 0.6 seconds" in str(_opening_failure(server.url, silent=0.3))


def test_a_server_that_does_not_keep_to_the_limit_is_stopped(server: FakeEndpoint) -> None:
    engine = _open(server.url)
    server.replies = [Reply(without_end(piece("x "), server.left))]
    failed = _failure(engine, tokens=10)
    assert "does not keep to 10 tokens" in failed.message
    assert failed.text.startswith("x x ")


def test_a_stream_of_nothing_but_bytes_is_stopped(server: FakeEndpoint) -> None:
    engine = _open(server.url)
    server.replies = [Reply(without_end(b":" + b"x" * 100_000 + b"\n", server.left))]
    assert "sent more than 32 MB" in _failure(engine).message


# The way there


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _opening_failure(address: str, silent: float = HANG_GUARD_SECONDS) -> ModelError:
    engine = _engine(address, model="tiny", silent=silent)
    with pytest.raises(ModelError) as caught:
        engine.wait_until_ready(Cancel())
    assert str(caught.value).isprintable()
    assert engine.load_state.phase == "failed"
    return caught.value


def test_nothing_listens() -> None:
    port = _free_port()
    assert str(_opening_failure(f"http://127.0.0.1:{port}")).startswith(f"Nothing listens at 127.0.0.1:{port}.")


def test_a_host_that_is_not_known() -> None:
    assert "The host nowhere.invalid is not known." in str(_opening_failure("http://nowhere.invalid:8000"))


def test_plain_http_where_tls_is_expected(server: FakeEndpoint) -> None:
    assert "does not speak TLS" in str(_opening_failure(f"https://{server.authority}"))


def test_what_answers_is_no_web_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=answer, daemon=True).start()
        port = listening.getsockname()[1]
        assert "does not speak HTTP" in str(_opening_failure(f"http://127.0.0.1:{port}"))


def test_a_server_that_accepts_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert "sent nothing for 0.3 seconds" in str(_opening_failure(f"http://127.0.0.1:{port}", silent=0.3))


class _NoPages(BaseHTTPRequestHandler):
    """Never reached: the certificate is refused before."""


def test_a_certificate_that_nobody_vouches_for() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    with HTTPServer(("127.0.0.1", 0), _NoPages) as secure:
        secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=True)
        secure.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=secure.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        failure = _opening_failure(f"https://127.0.0.1:{secure.server_port}")
        secure.shutdown()
    assert "is not trusted here" in str(failure)


def test_a_redirect_is_told_and_not_followed(server: FakeEndpoint) -> None:
    with FakeEndpoint() as other:
        engine = _open(server.url, key=_KEY)
        server.replies = [Reply(status=307, headers={"Location": other.url + "/chat/completions"})]
        failed = _failure(engine)
        assert f"sends on to {other.url}/chat/completions, which is not followed" in failed.message
        assert other.asked == []


def test_the_key_goes_in_its_header_and_nowhere_else(server: FakeEndpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    engine = _open(server.url, key=_KEY)
    assert isinstance(list(engine.stream(_PROMPT, max_new_tokens=40, cancel=Cancel()))[-1], Generated)
    assert [asked.headers["authorization"] for asked in server.asked] == [f"Bearer {_KEY}"] * 2
    assert _KEY not in str([asked.body for asked in server.asked])
    assert _KEY not in caplog.text + repr(engine.endpoint) + repr(vars(engine))


def test_a_proxy_of_the_environment_is_not_asked_for_this_computer(
    server: FakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{_free_port()}")
    assert _open(server.url).load_state.phase == "ready"


def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://me:hunter2@proxy.invalid")
    monkeypatch.setenv("http_proxy", "gopher://me:hunter2@proxy.invalid")
    assert "hunter2" not in str(_opening_failure("http://nowhere.invalid:8000"))


# What stands on it


def test_the_assistant_tells_a_broken_answer_and_goes_on(server: FakeEndpoint, concerts: Database) -> None:
    engine = _open(server.url)
    assistant = Assistant(concerts, engine, Settings())
    server.replies = [Reply([piece("SELECT Name"), piece(" FROM singer")], ending="cut"), Reply(spoken("SELECT 1"))]
    *_, failed = assistant.answer("Who sings?", Cancel())
    *_, answered = assistant.answer("Who sings?", Cancel())
    assert isinstance(failed, AnswerFailed)
    assert f"The connection to {server.authority} was lost." in failed.problem
    assert failed.sql == "SELECT Name FROM singer"
    assert isinstance(answered, Answer)
    assert answered.verdict.valid
