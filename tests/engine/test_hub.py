"""The Hub's library, run in its child process against a hub on the loopback."""

import threading
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.hub import fetch_snapshot, hub_host
from nl2sql_tui.engine.transfer import FetchFailed, Meter
from nl2sql_tui.errors import Stopped
from tests.engine.fake_hub import COMMIT, serve_repository
from tests.engine.fake_web import HANG_GUARD_SECONDS, Answer, FakeWeb

WEIGHTS = bytes(range(256)) * 4096
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"a pickle",
    "consolidated.safetensors": b"the same weights again",
    "run_me.py": b"raise SystemExit",
}


@pytest.fixture
def hub(server: FakeWeb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeWeb:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    serve_repository(server, "tiny/tiny", FILES)
    return server


def fetch(states: list[LoadState] | None = None, cancel: Cancel | None = None, name: str = "tiny/tiny") -> Path:
    told: list[LoadState] = [] if states is None else states
    return fetch_snapshot(name, "main", Meter(told.append, "tiny", 0), cancel or Cancel())


@pytest.mark.usefixtures("hub")
def test_weights_and_tokenizer_arrive_and_neither_pickles_nor_programs() -> None:
    states: list[LoadState] = []
    folder = fetch(states)
    assert {file.name for file in folder.iterdir()} == {"config.json", "tokenizer.json", "model.safetensors"}
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert folder.name == COMMIT
    assert states
    assert max(state.total for state in states) > 0
    assert all(0 <= state.done <= state.total for state in states)


def test_a_hub_that_does_not_have_it_says_so(hub: FakeWeb) -> None:
    hub.pages["/api/models/tiny/other/revision/main"] = [
        Answer(b"{}", status=404, kind="application/json", headers={"X-Error-Code": "RepoNotFound"})
    ]
    with pytest.raises(FetchFailed, match="does not have it, or not without logging in"):
        fetch(name="tiny/other")


@pytest.mark.usefixtures("hub")
def test_offline_mode_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FetchFailed, match="offline mode is on"):
        fetch()


@pytest.mark.usefixtures("hub")
def test_what_is_complete_in_the_cache_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fetch()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch() == folder


@pytest.mark.usefixtures("hub")
def test_a_hub_that_is_not_there_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(FetchFailed, match=r"^could not be reached$"):
        fetch()
    assert hub_host() == "127.0.0.1"


def test_a_stop_ends_a_stalled_fetch_and_the_next_one_completes_it(hub: FakeWeb) -> None:
    page = f"/tiny/tiny/resolve/{COMMIT}/model.safetensors"
    whole = hub.pages[page][0]
    half = Answer(whole.body, headers=whole.headers, stall_after=len(WEIGHTS) // 2)
    hub.pages[page] = [whole, half, whole]  # the library asks for the headers first
    cancel, outcome = Cancel(), []

    def run() -> None:
        try:
            fetch(cancel=cancel)
        except Stopped as stopped:
            outcome.append(stopped)

    worker = threading.Thread(target=run)
    worker.start()
    assert hub.stalled.wait(HANG_GUARD_SECONDS)
    cancel.request()
    worker.join(HANG_GUARD_SECONDS / 3)
    assert not worker.is_alive()
    assert len(outcome) == 1
    assert (fetch() / "model.safetensors").read_bytes() == WEIGHTS
