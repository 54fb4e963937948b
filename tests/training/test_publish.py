"""What may be published is a short list of names, checked before anything is contacted."""

import hashlib
import json
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import InputError, Stopped
from nl2sql_tui.training.publish import Parcel, collect, require_repository_name
from tests.training.publishable import CARD, publishable_adapter, publishable_model, training_run


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return publishable_adapter(tmp_path / "adapter")


def parcel_of(folder: Path) -> Parcel:
    return collect(folder, Cancel())


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as told:
        parcel_of(folder)
    return str(told.value)


class TestWhatGoes:
    def test_an_adapter_with_its_card(self, adapter: Path) -> None:
        parcel = parcel_of(adapter)
        assert [file.name for file in parcel.files] == ["README.md", "adapter_config.json", "adapter_model.safetensors"]
        assert (parcel.kind, parcel.base_model, parcel.licence) == ("adapter", "someone/base", "apache-2.0")
        for file in parcel.files:
            content = file.path.read_bytes()
            assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())

    def test_a_model_with_all_its_parts(self, tmp_path: Path) -> None:
        names = {file.name for file in parcel_of(publishable_model(tmp_path / "model")).files}
        assert {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "config.json"} <= names

    def test_of_a_run_only_the_adapter_its_card_and_the_picture(self, tmp_path: Path) -> None:
        parcel = parcel_of(training_run(tmp_path / "run"))
        names = [file.name for file in parcel.files]
        assert names == ["README.md", "adapter_config.json", "adapter_model.safetensors", "curve.png"]
        home = {"checkpoints/", "examples.jsonl", "history.sqlite", "train.json", "adapter/training_args.bin"}
        assert home <= set(parcel.left_behind)
        assert "adapter/.env" in parcel.left_behind

    def test_a_runs_own_card_stands_before_the_one_beside_the_adapter(self, tmp_path: Path) -> None:
        run = training_run(tmp_path / "run")
        (run / "README.md").write_text(CARD.replace("apache-2.0", "mit"), encoding="utf-8")
        assert parcel_of(run).licence == "mit"

    @pytest.mark.parametrize(
        "name", ["data.json", "questions.txt", "notes.md", "optimizer.safetensors", "a.db", "x.bin"]
    )
    def test_names_that_are_not_on_the_list_stay(self, adapter: Path, name: str) -> None:
        (adapter / name).write_text("mine", encoding="utf-8")
        parcel = parcel_of(adapter)
        assert name not in [file.name for file in parcel.files]
        assert name in parcel.left_behind

    def test_it_can_be_stopped(self, adapter: Path) -> None:
        cancel = Cancel()
        cancel.request()
        with pytest.raises(Stopped):
            collect(adapter, cancel)


class TestRefusals:
    def test_a_folder_of_something_else(self, tmp_path: Path) -> None:
        assert "holds neither an adapter (adapter_config.json) nor a model" in refusal(tmp_path)

    def test_no_weights(self, adapter: Path) -> None:
        (adapter / "adapter_model.safetensors").unlink()
        assert "has none of its weights" in refusal(adapter)

    def test_pickled_weights(self, adapter: Path) -> None:
        (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
        assert "only adapter_model.bin, and pickles are not published" in refusal(adapter)

    def test_a_pickle_under_another_name(self, adapter: Path) -> None:
        (adapter / "adapter_model.safetensors").write_bytes(b"\x80\x04\x95 a pickle")
        assert "is no whole safetensors file" in refusal(adapter)

    def test_a_part_that_is_missing(self, tmp_path: Path) -> None:
        model = publishable_model(tmp_path / "model")
        (model / "model-00002-of-00002.safetensors").unlink()
        assert "lacks model-00002-of-00002.safetensors" in refusal(model)

    @pytest.mark.parametrize(
        ("card", "words"),
        [
            (None, "has no model card (README.md), and nothing is published without one. Write it there"),
            ("# Only a title\n", "has no header. A card begins with a header such as"),
            ("---\nlicense: [\n---\n", "is no YAML"),
            ("---\n- a\n---\n", "is no YAML"),
            ("---\nlicense: mit\n---\n", "does not name the base model"),
            ("---\nlicense: mit\nbase_model: []\n---\n", "does not name the base model"),
            ("---\nlicense: mit\nbase_model: /home/me/base\n---\n", "is no name on the Hub: /home/me/base"),
            ("---\nbase_model: someone/base\n---\n", "does not state a licence. Add `license:`"),
            ("---\nbase_model: someone/base\nlicense: other\n---\n", "the licence `other` and no name for it"),
            ("---\nbase_model: someone/else\nlicense: mit\n---\n", "names the base model someone/base, the model card"),
        ],
    )
    def test_cards_that_lack_what_others_need(self, adapter: Path, card: str | None, words: str) -> None:
        (adapter / "README.md").unlink()
        if card is not None:
            (adapter / "README.md").write_text(card, encoding="utf-8")
        assert words in refusal(adapter)

    def test_a_path_of_this_computer_in_the_configuration(self, adapter: Path) -> None:
        file = adapter / "adapter_config.json"
        file.write_text(json.dumps({"base_model_name_or_path": "/home/me/base"}), encoding="utf-8")
        assert "names the base model /home/me/base" in refusal(adapter)

    @pytest.mark.parametrize("name", ["model", "a/b/c", "a/", "/b", "a/b.git", "a/b--c", "a/../b", "-a/b", "a/b c", ""])
    def test_names_that_are_no_repositorys(self, name: str) -> None:
        with pytest.raises(InputError, match="owner/name"):
            require_repository_name(name)

    @pytest.mark.parametrize("name", ["owner/name", "Some-Owner/model.v2_1", "a/b"])
    def test_names_that_are(self, name: str) -> None:
        require_repository_name(name)
