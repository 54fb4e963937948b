"""What lies on disk is found, counted and cleared away without touching anything else."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import store
from nl2sql_tui.engine.profiles import PROFILES, profile
from nl2sql_tui.errors import ModelError
from tests.engine.tiny_wheel import tiny_profile, tiny_wheel

TINY = tiny_wheel()
PROFILE = tiny_profile(TINY.pinned)
BASE = f"gguf:{TINY.pinned.member_sha256}"


def put(name: str, base: str = BASE, changes: Mapping[str, object] | None = None, adapter: str = "") -> Path:
    """A folder that claims to be converted."""
    folder = store.models_folder() / store.folder_name(replace(PROFILE, name=name), base, adapter)
    folder.mkdir(parents=True)
    (folder / store.WEIGHTS).write_bytes(b"weights")
    store.Marker(name, base, adapter, store.RECIPE, 7, {}).write(folder)
    marker = json.loads((folder / store.MARKER).read_text(encoding="utf-8"))
    (folder / store.MARKER).write_text(json.dumps({**marker, **(changes or {})}), encoding="utf-8")
    return folder


class TestAdapter:
    def test_the_shipped_one_is_found_and_is_no_pickle(self) -> None:
        for adapter in {known.adapter for known in PROFILES.values()} - {None}:
            folder = store.packaged_adapter(str(adapter))
            assert {file.suffix for file in folder.iterdir()} <= {".json", ".safetensors", ".md", ".png"}
            assert (folder / "README.md").read_text(encoding="utf-8").startswith("---\n")

    def test_a_missing_one_is_a_matter_of_the_installation(self) -> None:
        with pytest.raises(ModelError, match="adapter nothing is missing from this installation"):
            store.packaged_adapter("nothing")

    def test_one_made_on_this_computer_takes_the_place_of_the_packaged_one(self, tmp_path: Path) -> None:
        default = profile("default")
        own = replace(default, own_adapter=tmp_path)
        with pytest.raises(ModelError, match=r"There is no adapter in .* any more"):
            store.adapter_of(own)
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (tmp_path / name).write_bytes(b"one")
        assert store.adapter_of(own) == tmp_path
        assert store.adapter_of(default) == store.packaged_adapter("default_adapter")
        assert store.adapter_of(profile("phi3")) is None

    def test_its_digest_follows_its_files(self, tmp_path: Path) -> None:
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (tmp_path / name).write_bytes(b"one")
        first = store.adapter_digest(tmp_path)
        (tmp_path / "README.md").write_bytes(b"words change nothing")
        assert store.adapter_digest(tmp_path) == first
        (tmp_path / "adapter_config.json").write_bytes(b"two, longer")
        assert store.adapter_digest(tmp_path) != first


@pytest.mark.usefixtures("home")
class TestConverted:
    def test_nothing_is_ready_in_an_empty_home(self) -> None:
        assert store.converted_folder(PROFILE) is None
        assert store.disk_bytes(PROFILE) == 0

    @pytest.mark.parametrize("base", [BASE, "hub:abc", "folder:abc"])
    def test_any_source_of_this_base_will_do(self, base: str) -> None:
        assert store.converted_folder(PROFILE) != put("tiny", base)
        assert store.converted_folder(PROFILE) is not None

    @pytest.mark.parametrize(
        "change",
        [
            {"adapter": "another"},
            {"recipe": store.RECIPE - 1},
            {"base": "gguf:another"},
            {"weights_bytes": 8},
            {"profile": "other"},
            {"unknown": "field"},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_a_folder_that_does_not_fit_is_not_ready(self, change: dict[str, object]) -> None:
        put("tiny", changes=change)
        assert store.converted_folder(PROFILE) is None

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"text"'])
    def test_a_marker_that_cannot_be_read_is_none(self, content: str) -> None:
        folder = put("tiny")
        (folder / store.MARKER).write_text(content, encoding="utf-8")
        assert store.converted_folder(PROFILE) is None

    def test_another_profile_whose_name_begins_alike_is_not_confused(self) -> None:
        put("tiny-base")
        assert store.converted_folder(PROFILE) is None

    def test_cleaning_keeps_what_is_not_older_work_on_this_profile(self) -> None:
        kept, other = put("tiny"), put("tiny-base")
        older = put("tiny", "hub:older")
        left_over = store.models_folder() / ".tiny-4711"
        left_over.mkdir()
        foreign = store.models_folder() / "tiny-mine"
        foreign.mkdir()
        store.remove_outdated(PROFILE, keep=kept)
        assert (kept.exists(), other.exists(), foreign.exists()) == (True, True, True)
        assert (older.exists(), left_over.exists()) == (False, False)

    def test_cleaning_keeps_what_other_databases_are_answered_with(self) -> None:
        kept, elsewhere, nowhere = put("tiny"), put("tiny", adapter="elsewhere"), put("tiny", adapter="nowhere")
        outdated = put("tiny", "hub:older", {"recipe": store.RECIPE - 1}, adapter="elsewhere")
        store.remove_outdated(PROFILE, keep=kept, other_adapters={"elsewhere"})
        assert (kept.exists(), elsewhere.exists()) == (True, True)
        assert (nowhere.exists(), outdated.exists()) == (False, False)

    def test_everything_of_the_profile_is_counted(self) -> None:
        folder = put("tiny")
        base = store.base_file(PROFILE)
        assert base is not None
        for file, size in ((base, 100), (store.downloads_folder() / f"{TINY.pinned.wheel}.part", 1_000)):
            file.parent.mkdir(parents=True)
            file.write_bytes(b"x" * size)
        own = sum(file.stat().st_size for file in folder.iterdir())
        assert store.disk_bytes(PROFILE) == own + 1_100


@pytest.mark.usefixtures("home")
class TestHubFolders:
    PHI3 = profile("phi3")

    def snapshot(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        repository = cache / "models--microsoft--Phi-3-mini-4k-instruct"
        folder = repository / "snapshots" / "abc"
        folder.mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text("abc", encoding="utf-8")
        (folder / "config.json").write_text('{"model_type": "phi3"}', encoding="utf-8")
        (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
        index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
        for name in index["weight_map"].values():
            (folder / name).write_bytes(b"12345")
        return folder

    def test_a_whole_snapshot_is_ready_and_counted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = self.snapshot(tmp_path, monkeypatch)
        assert store.snapshot_folder(self.PHI3) == folder
        assert store.disk_bytes(self.PHI3) >= 10

    @pytest.mark.parametrize(
        "missing", ["config.json", "tokenizer.json", "model-00002-of-00002.safetensors", "model.safetensors.index.json"]
    )
    def test_one_with_a_file_missing_is_not(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
    ) -> None:
        (self.snapshot(tmp_path, monkeypatch) / missing).unlink()
        assert store.snapshot_folder(self.PHI3) is None

    def test_an_empty_cache_has_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
        assert store.snapshot_folder(self.PHI3) is None

    @pytest.mark.parametrize("content", ["", "[]", '{"folder": 3}', '{"folder": "/no/such/folder"}'])
    def test_a_link_that_leads_nowhere_is_none(self, content: str) -> None:
        file = store.link_file(self.PHI3)
        file.parent.mkdir(parents=True)
        file.write_text(content, encoding="utf-8")
        assert store.linked_folder(self.PHI3) is None


_KILLED = """
import os, signal
from nl2sql_tui.engine.store import passing_folder
with passing_folder() as folder:
    (folder / "model.safetensors").write_bytes(b"weights")
    os.kill(os.getpid(), signal.SIGTERM)
"""


def test_what_a_killed_process_left_is_cleared_away_and_what_is_in_use_stays(home: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", _KILLED], timeout=60)
    assert ended.returncode
    (left,) = home.rglob("*.safetensors")
    with store.passing_folder() as one, store.passing_folder() as other:
        assert not left.exists()
        assert one != other
        assert one.is_dir()
        assert other.is_dir()
    assert list((home / "cache" / "passing").iterdir()) == []


@pytest.mark.usefixtures("home")
def test_the_lock_is_free_again_after_an_error() -> None:
    with pytest.raises(ValueError, match="broken"), store.exclusive(PROFILE, Cancel(), lambda: None):
        raise ValueError("broken")
    waited: list[bool] = []
    with store.exclusive(PROFILE, Cancel(), lambda: waited.append(True)):
        pass
    assert waited == []
