"""Which adapter answers for which database is remembered; nothing that is wrong with that keeps anyone from asking."""

import json
from pathlib import Path

import pytest

from nl2sql_tui.engine import own_adapters
from nl2sql_tui.engine.own_adapters import (
    adapter_for,
    delete_learnt,
    forget,
    home_of,
    in_use,
    note_trained,
    own_adapters_file,
    trained,
    trained_file,
    use,
)
from nl2sql_tui.errors import ModelError

pytestmark = pytest.mark.usefixtures("home")


def put_adapter(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / name).write_bytes(b"{}")
    return folder


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return put_adapter(tmp_path / "adapter")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "shop.sqlite"
    file.touch()
    return file


def test_what_is_used_is_found_again_for_this_database_and_this_model_alone(adapter: Path, database: Path) -> None:
    assert adapter_for(database, "default") is None
    use(database, "default", adapter)
    assert adapter_for(database, "default") == adapter
    assert adapter_for(database, "phi3") is None
    assert adapter_for(database.with_name("other.sqlite"), "default") is None
    assert [file.name for file in own_adapters_file().parent.iterdir()] == ["adapters.json"]


def test_a_database_is_the_same_by_whichever_way_it_is_named(
    adapter: Path, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link.sqlite").symlink_to(database)
    use(tmp_path / "link.sqlite", "default", adapter)
    monkeypatch.chdir(tmp_path)
    assert adapter_for(Path("shop.sqlite"), "default") == adapter
    assert home_of(Path("shop.sqlite")) == home_of(tmp_path / "link.sqlite")


def test_databases_of_one_name_have_folders_of_their_own(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / database.name
    assert home_of(database) != home_of(other)
    assert home_of(database).name.startswith("shop-")
    assert len(home_of(tmp_path / ("x" * 240)).name) < 60


def test_the_last_one_used_counts_and_others_stay(adapter: Path, database: Path, tmp_path: Path) -> None:
    newer, other = put_adapter(tmp_path / "newer"), tmp_path / "other.sqlite"
    use(database, "default", adapter)
    use(other, "default", adapter)
    use(database, "default", newer)
    assert adapter_for(database, "default") == newer
    assert adapter_for(other, "default") == adapter
    assert sorted(in_use("default")) == sorted(in_use()) == sorted([adapter, newer])
    assert in_use("phi3") == []


def test_forgetting_brings_the_packaged_one_back_for_this_database(adapter: Path, database: Path) -> None:
    other = database.with_name("other.sqlite")
    use(database, "default", adapter)
    use(other, "default", adapter)
    assert forget(database)
    assert not forget(database)
    assert adapter_for(database, "default") is None
    assert adapter_for(other, "default") == adapter
    assert adapter.is_dir()


def test_deleting_leaves_nothing_of_what_was_learnt(database: Path, adapter: Path) -> None:
    home = home_of(database)
    use(database, "default", put_adapter(home / "run-1" / "adapter"))
    assert delete_learnt(database)
    assert not home.exists()
    assert adapter_for(database, "default") is None
    assert not delete_learnt(database)
    use(database, "default", adapter)
    assert delete_learnt(database)
    assert adapter.is_dir(), "one from elsewhere is only used no more"


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', '{"default": 3}', '{"default": {"a": 3}}', "\udcff"])
def test_a_damaged_file_means_the_packaged_adapter_with_a_line(adapter: Path, database: Path, content: str) -> None:
    own_adapters_file().parent.mkdir(parents=True)
    own_adapters_file().write_text(content, encoding="utf-8", errors="surrogateescape")
    told: list[str] = []
    assert adapter_for(database, "default", told.append) is None
    assert len(told) == 1
    assert "adapters.json" in told[0]
    assert in_use() == []
    assert not forget(database)
    use(database, "default", adapter)
    assert adapter_for(database, "default", told.append) == adapter
    assert len(told) == 1


def test_an_adapter_that_is_gone_means_the_packaged_one_with_a_line(adapter: Path, database: Path) -> None:
    use(database, "default", adapter)
    (adapter / "adapter_model.safetensors").unlink()
    told: list[str] = []
    assert adapter_for(database, "default", told.append) is None
    assert len(told) == 1
    assert str(adapter) in told[0]
    assert in_use() == []


def test_a_file_that_cannot_be_written_is_told_and_stays_as_it_is(
    adapter: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(database, "default", adapter)
    before = own_adapters_file().read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ModelError, match="No space left"):
        use(database, "phi3", adapter)
    assert own_adapters_file().read_bytes() == before


def test_a_name_that_is_no_text_is_remembered_too(adapter: Path, tmp_path: Path) -> None:
    database = tmp_path / "caf\udce9.sqlite"
    use(database, "default", adapter)
    assert adapter_for(database, "default") == adapter
    assert json.loads(own_adapters_file().read_text(encoding="ascii"))
    assert own_adapters.home_of(database).name.startswith("caf")


def put_lora(folder: Path, base: str) -> Path:
    put_adapter(folder)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}), encoding="utf-8")
    return folder


def test_those_made_here_are_found_by_the_model_that_they_name(tmp_path: Path, database: Path) -> None:
    older, newer = (put_lora(tmp_path / name / "adapter", "Someone/Base") for name in ("older", "newer"))
    learnt = put_lora(home_of(database) / "run-1" / "adapter", "someone/base")
    other = put_lora(tmp_path / "other", "someone/else")
    assert trained({"someone/base"}) == [learnt]
    for place in (newer, older, other, newer):
        note_trained(place)
    assert trained({"someone/base", ""}) == [learnt, newer, older]
    assert trained({"someone/else"}) == [other]
    (newer / "adapter_model.safetensors").unlink()
    assert trained({"someone/base"}) == [learnt, older]
    (older / "adapter_config.json").write_text("[", encoding="utf-8")
    assert trained({"someone/base"}) == [learnt]
    note_trained(tmp_path / ("x" * 300))  # a name that the file system does not take
    assert trained({"someone/base"}) == [learnt]


@pytest.mark.parametrize("content", ["{", '{"a": 1}', "[3, null]"])
def test_a_damaged_list_of_those_made_here_is_begun_anew(adapter: Path, content: str) -> None:
    trained_file().parent.mkdir(parents=True)
    trained_file().write_text(content, encoding="utf-8")
    assert trained({"someone/base"}) == []
    put_lora(adapter.parent / "mine", "someone/base")
    note_trained(adapter.parent / "mine")
    assert trained({"someone/base"}) == [adapter.parent / "mine"]
