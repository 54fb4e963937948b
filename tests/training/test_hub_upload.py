"""Files sent through the Hub's library to a hub on the loopback: they arrive to the bit, or it is said what did."""

import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.push import PushOrder, push
from nl2sql_tui.errors import ExitCode, InputError, ModelError, Stopped
from nl2sql_tui.training.hub_upload import Destination, Sent, send
from nl2sql_tui.training.publish import collect
from tests.training.fake_hub_api import TOKEN, FakeHubApi, Repository, Trouble
from tests.training.publishable import publishable_adapter, publishable_model

TO = Destination("owner/model", private=False, message="A message")
HANG_GUARD_SECONDS = 30.0


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHubApi]:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_XET", "HF_TOKEN_PATH", "HF_OIDC_RESOURCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with FakeHubApi() as api:
        monkeypatch.setenv("HF_ENDPOINT", api.url)
        yield api


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return publishable_adapter(tmp_path / "adapter")


def sent(folder: Path, to: Destination = TO, cancel: Cancel | None = None, told: list[object] | None = None) -> Sent:
    said: list[object] = [] if told is None else told
    return send(collect(folder, Cancel()), to, said.append, said.append, cancel or Cancel())


def failure(folder: Path, to: Destination = TO) -> str:
    with pytest.raises(ModelError) as told:
        sent(folder, to)
    assert TOKEN not in str(told.value)
    return str(told.value)


class TestArrival:
    def test_every_file_arrives_to_the_bit_in_one_commit(self, hub: FakeHubApi, tmp_path: Path) -> None:
        model = publishable_model(tmp_path / "model")
        done = sent(model)
        there = hub.repositories["owner/model"]
        assert there.files == {path.name: path.read_bytes() for path in model.iterdir()}
        assert there.large == {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
        for name in there.large:
            assert hashlib.sha256((model / name).read_bytes()).hexdigest() in hub.storage
        assert there.commits == ["A message"]
        assert done == Sent(f"{hub.url}/owner/model", there.head, private=False, changed=True)

    def test_the_bytes_that_went_are_counted_to_the_end(self, hub: FakeHubApi, tmp_path: Path) -> None:
        adapter = publishable_adapter(tmp_path / "large", parameters=2_000_000)
        told: list[object] = []
        sent(adapter, told=told)
        assert hub.repositories["owner/model"].files["adapter_model.safetensors"]
        counts = [count for count in told if isinstance(count, int)]
        assert counts == sorted(counts)
        assert counts[-1] == (adapter / "adapter_model.safetensors").stat().st_size

    def test_a_file_that_goes_in_pieces_arrives_whole(self, hub: FakeHubApi, adapter: Path) -> None:
        hub.piece_bytes = 100
        weights = (adapter / "adapter_model.safetensors").read_bytes()
        assert sent(adapter).changed
        assert hub.repositories["owner/model"].files["adapter_model.safetensors"] == weights
        assert len(hub.paths("PUT")) == -(-len(weights) // 100)

    def test_a_private_repository_is_made_private(self, hub: FakeHubApi, adapter: Path) -> None:
        assert sent(adapter, replace(TO, private=True)).private
        assert hub.repositories["owner/model"].private

    def test_the_token_goes_to_the_hub_and_not_to_its_storage(self, hub: FakeHubApi, adapter: Path) -> None:
        sent(adapter)
        assert {token for method, _, token in hub.asked if method != "PUT"} == {f"Bearer {TOKEN}"}
        assert {token for method, _, token in hub.asked if method == "PUT"} == {""}

    def test_the_token_of_a_login_will_do(
        self, hub: FakeHubApi, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HF_TOKEN")
        (tmp_path / "hub").mkdir()
        (tmp_path / "hub" / "token").write_text(TOKEN, encoding="utf-8")
        assert sent(adapter).changed
        assert "owner/model" in hub.repositories

    def test_what_is_there_already_makes_no_second_commit(self, hub: FakeHubApi, adapter: Path) -> None:
        first = sent(adapter)
        again = sent(adapter)
        assert (again.changed, again.commit) == (False, first.commit)
        assert len(hub.repositories["owner/model"].commits) == 1

    def test_a_cut_connection_is_taken_up_again_and_said(self, hub: FakeHubApi, adapter: Path) -> None:
        hub.trouble["storage"] = Trouble(times=1)
        told: list[object] = []
        assert sent(adapter, told=told).changed
        assert "the Hub did not take it; trying again" in told
        weights = (adapter / "adapter_model.safetensors").read_bytes()
        assert hub.repositories["owner/model"].files["adapter_model.safetensors"] == weights


class TestFailures:
    def test_no_token(self, hub: FakeHubApi, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("HF_TOKEN")
        told = failure(adapter)
        assert told.startswith("127.0.0.1: no token was found. Nothing was sent. Log in with `hf auth login`")
        assert hub.asked == []

    @pytest.mark.usefixtures("hub")
    def test_a_token_that_the_hub_does_not_know(self, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
        told = failure(adapter)
        assert "does not know the token, or it has expired (401)" in told
        assert "No file was sent" in told
        assert "hf_of_somebody_else" not in told

    @pytest.mark.usefixtures("hub")
    def test_a_place_that_belongs_to_somebody_else(self, adapter: Path) -> None:
        told = failure(adapter, replace(TO, repository="other/model"))
        assert "does not let this token write to other/model (403)" in told

    @pytest.mark.parametrize(
        ("place", "trouble", "words", "state"),
        [
            (
                "preupload",
                Trouble(404, "RepoNotFound"),
                "has no owner/model, or not for this token (404)",
                "No file is",
            ),
            ("commit", Trouble(409), "something else changed owner/model at the same moment (409)", "All files were"),
            ("commit", Trouble(503), "it has trouble of its own (it answered 503)", "All files were sent; whether"),
            ("commit", Trouble(), "the connection was lost", "All files were sent; whether they show"),
            ("create", Trouble(500), "it has trouble of its own (it answered 500)", "No file was sent; the repository"),
            ("storage", Trouble(400), "answered 400", "No file is whole there yet"),
            ("paths-info", Trouble(400), "answered 400", "The files are in owner/model; only the comparison"),
            ("create", Trouble(418, message=f"I know {TOKEN}"), "answered 418: I know …", "No file was sent"),
        ],
    )
    def test_answers_of_the_hub_are_put_into_words(
        self, hub: FakeHubApi, adapter: Path, place: str, trouble: Trouble, words: str, state: str
    ) -> None:
        hub.trouble[place] = trouble
        told = failure(adapter)
        assert words in told
        assert state in told
        assert "\n" not in told

    def test_what_was_whole_is_named_and_not_sent_again(self, hub: FakeHubApi, tmp_path: Path) -> None:
        model = publishable_model(tmp_path / "model")
        second = hashlib.sha256((model / "model-00002-of-00002.safetensors").read_bytes()).hexdigest()
        hub.trouble[second] = Trouble(400, times=1)
        told = failure(model)
        assert "Whole so far: model-00001-of-00002.safetensors; nothing shows in owner/model" in told
        assert "The same command can be run again" in told
        assert hub.repositories["owner/model"].files == {}
        puts = len(hub.paths("PUT"))
        assert sent(model).changed
        assert hub.paths("PUT")[puts:] == [f"/storage/{second}"]

    @pytest.mark.usefixtures("hub")
    def test_a_hub_that_is_not_there(self, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
        assert "127.0.0.1: could not be reached. No file was sent" in failure(adapter)

    def test_offline_mode(self, hub: FakeHubApi, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert "offline mode is on" in failure(adapter)
        assert hub.asked == []

    def test_a_public_repository_gets_nothing_that_was_to_be_private(self, hub: FakeHubApi, adapter: Path) -> None:
        hub.repositories["owner/model"] = Repository(private=False)
        assert "owner/model exists and is public" in failure(adapter, replace(TO, private=True))
        assert hub.paths("PUT") == []
        assert hub.repositories["owner/model"].commits == []

    def test_a_file_that_the_repository_ignores_is_missed(self, hub: FakeHubApi, adapter: Path) -> None:
        hub.ignored.add("adapter_model.safetensors")
        told = failure(adapter)
        assert "adapter_model.safetensors is not in the repository after the commit" in told
        assert ".gitignore" in told

    def test_a_file_that_changed_since_it_was_listed_is_not_sent(self, hub: FakeHubApi, adapter: Path) -> None:
        parcel = collect(adapter, Cancel())
        (adapter / "README.md").write_text("something else", encoding="utf-8")
        with pytest.raises(ModelError, match=r"README\.md was changed since it was listed\. Nothing was sent"):
            send(parcel, TO, lambda _: None, lambda _: None, Cancel())
        assert hub.asked == []

    def test_a_stop_in_the_middle_ends_it_and_leaves_no_commit(self, hub: FakeHubApi, adapter: Path) -> None:
        begun, released = threading.Event(), threading.Event()

        def stall() -> None:
            begun.set()
            released.wait(HANG_GUARD_SECONDS)

        hub.on_upload = stall
        cancel = Cancel()

        def stop() -> None:
            begun.wait(HANG_GUARD_SECONDS)
            cancel.request()

        stopper = threading.Thread(target=stop)
        stopper.start()
        with pytest.raises(Stopped, match="No file is whole there yet"):
            sent(adapter, cancel=cancel)
        released.set()
        stopper.join()
        assert hub.repositories["owner/model"].commits == []


class TestHelper:
    """The child process itself, in the place of which a few lines stand."""

    @staticmethod
    def standing_in(lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        script = tmp_path / "helper"
        script.write_text(f"#!{sys.executable}\n{lines}\n", encoding="utf-8")
        script.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(script))

    @pytest.mark.parametrize("stopped", [True, False])
    def test_one_that_is_gone_before_it_has_the_order_is_told(
        self, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool
    ) -> None:
        cancel = Cancel()

        class Gone(subprocess.Popen[str]):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
                if stopped:
                    cancel.request()

        self.standing_in("raise SystemExit(7)", tmp_path, monkeypatch)
        monkeypatch.setattr(subprocess, "Popen", Gone)
        with pytest.raises(Stopped if stopped else ModelError) as told:
            sent(adapter, cancel=cancel)
        assert "Nothing was sent." in str(told.value)
        assert ("its helper ended with code 7" in str(told.value)) != stopped

    def test_the_terminals_interrupt_does_not_reach_it(
        self, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines = """import json, os, sys; sys.stdin.readline(); print(json.dumps({"note": str(os.getpgrp())}))"""
        self.standing_in(lines, tmp_path, monkeypatch)
        told: list[object] = []
        with pytest.raises(ModelError):
            sent(adapter, told=told)
        assert len(told) == 1
        assert told != [str(os.getpgrp())]


class TestCommand:
    def test_a_dry_run_shows_every_file_and_contacts_nobody(
        self, hub: FakeHubApi, adapter: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("HF_TOKEN")
        (adapter / "questions.json").write_text("mine", encoding="utf-8")
        assert push(PushOrder(adapter, "owner/model", private=True, dry_run=True)) == ExitCode.OK
        shown = capsys.readouterr()
        for name in ("README.md", "adapter_config.json", "adapter_model.safetensors"):
            digest = hashlib.sha256((adapter / name).read_bytes()).hexdigest()
            assert any(line.startswith(digest) and line.endswith(name) for line in shown.out.splitlines())
        assert "to owner/model on 127.0.0.1, private" in shown.out
        assert "Stays here: questions.json" in shown.out
        assert "Nothing was sent" in shown.err
        assert hub.asked == []

    def test_nobody_to_ask_means_nothing_is_sent(
        self, hub: FakeHubApi, adapter: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
        with pytest.raises(InputError, match="--yes"):
            push(PushOrder(adapter, "owner/model"))
        assert hub.asked == []

    @pytest.mark.parametrize(
        ("answer", "code"), [("y\n", ExitCode.OK), ("\n", ExitCode.STOPPED), ("", ExitCode.STOPPED)]
    )
    def test_it_sends_only_after_a_yes(
        self, hub: FakeHubApi, adapter: Path, answer: str, code: ExitCode, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keyboard = io.StringIO(answer)
        monkeypatch.setattr(keyboard, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", keyboard)
        assert push(PushOrder(adapter, "owner/model")) == code
        assert bool(hub.asked) == (code == ExitCode.OK)

    def test_with_yes_it_is_sent_and_told_without_the_token(
        self, hub: FakeHubApi, adapter: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert push(PushOrder(adapter, "owner/model", yes=True, message="Mine")) == ExitCode.OK
        shown = capsys.readouterr()
        assert hub.repositories["owner/model"].commits == ["Mine"]
        assert f"Sent to {hub.url}/owner/model (public), commit " in shown.err
        assert TOKEN not in shown.out + shown.err
