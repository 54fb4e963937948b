"""Profiles of the user's own: what is left out comes from what they are like, what is wrong is named."""

from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.own_profiles import all_profiles, as_asked, find
from nl2sql_tui.engine.profiles import PROFILES, SAMPLINGS, profile
from nl2sql_tui.engine.sources import prepare, prepared_folder
from nl2sql_tui.engine.store import link_file
from nl2sql_tui.errors import InputError, ModelError
from tests.engine.tiny import tiny_llama


def test_a_table_changes_what_it_names_and_keeps_the_rest() -> None:
    table = {"like": "phi3", "adapter": "runs/ours", "template": "article instruction", "context_tokens": 2500}
    ours = find("ours", {"ours": table})
    phi3 = PROFILES["phi3"]
    assert (ours.name, ours.lora, ours.template, ours.context_tokens) == (
        "ours",
        "runs/ours",
        "article instruction",
        2500,
    )
    assert (ours.hub_id, ours.forms, ours.architecture) == (phi3.hub_id, phi3.forms, phi3.architecture)


def test_a_table_may_be_like_one_before_it() -> None:
    tables = {"one": {"hub_id": "someone/model", "forms": ["float32"]}, "two": {"like": "one", "sampling": "article"}}
    two = all_profiles(tables)["two"]
    assert (two.hub_id, two.forms, two.sampling) == ("someone/model", ("float32",), SAMPLINGS["article"])
    assert two.architecture is None


def test_other_weights_are_not_taken_for_those_of_the_profile_they_are_like() -> None:
    ours = find("ours", {"ours": {"like": "phi3", "hub_id": "someone/other"}})
    assert (ours.architecture, ours.model_type, ours.download_bytes) == (None, "", 0)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"like": "phi3", "frm": "nf4"}, "unknown key frm. Known: like, "),
        ({"like": "phi4"}, "like names no profile before it"),
        ({"title": "x"}, "must say which model it is"),
        ({"like": "phi3", "form": "fp4"}, "form cannot be fp4. Known: float32, bfloat16"),
        ({"like": "phi3", "forms": ["nf4", "fp4"]}, "forms must be a list of forms"),
        ({"like": "phi3", "forms": []}, "forms must be a list of forms"),
        ({"like": "phi3", "template": "mine"}, "template cannot be mine"),
        ({"like": "phi3", "sampling": 0.3}, "sampling must be a text"),
        ({"like": "phi3", "context_tokens": "4096"}, "context_tokens must be a whole number"),
        ({"like": "phi3", "context_tokens": True}, "context_tokens must be a whole number"),
        ({"like": "phi3", "context_tokens": 1000}, "schema_tokens must leave room"),
        ({"hub_id": "no hub id"}, "hub_id must be a name of the Hub"),
        ({"like": "default", "hub_id": "a/b"}, "cannot have weights of its own"),
        ("phi3", "must be a table"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(table: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        all_profiles({"ours": table})
    assert words in str(caught.value)
    assert "ours" in str(caught.value)


@pytest.mark.parametrize("name", ["phi3", "path:x", " "])
def test_a_table_cannot_take_a_name_that_means_something(name: str) -> None:
    with pytest.raises(InputError, match="needs another name"):
        all_profiles({name: {"like": "phi3"}})


@pytest.mark.usefixtures("home")
class TestByPlace:
    def test_a_folder_is_used_where_it_lies(self, tmp_path: Path) -> None:
        folder = tiny_llama(tmp_path / "model")
        found = find(f"path:{folder}", {})
        assert found.context_tokens == 1024
        assert found.schema_tokens == 512
        assert found.architecture is not None
        assert prepared_folder(found) == folder
        assert prepare(found, print, Cancel()) == folder

    def test_a_folder_without_weights_is_told(self, tmp_path: Path) -> None:
        folder = tiny_llama(tmp_path / "model")
        found = find(f"path:{folder}", {})
        (folder / "model.safetensors").unlink()
        assert prepared_folder(found) is None
        with pytest.raises(ModelError, match="holds no whole model"):
            prepare(found, print, Cancel())

    @pytest.mark.parametrize("name", ["path:/no/such", "hf:phi3", "hf:../../etc"])
    def test_a_place_that_is_none_is_told(self, name: str) -> None:
        with pytest.raises(ModelError):
            find(name, {})

    def test_a_hub_id_is_a_profile_whose_files_have_names_that_a_disk_takes(self) -> None:
        found = find("hf:someone/model", {})
        assert (found.hub_id, found.model_type) == ("someone/model", "")
        assert link_file(found).name == "hf--someone--model.link.json"


def test_flags_stand_over_the_profile() -> None:
    phi3 = profile("phi3")
    assert as_asked(phi3) is phi3
    asked = as_asked(
        phi3, form="bfloat16", context_tokens=2000, sampling="article", adapter="a/b", template="article instruction"
    )
    assert (asked.form, asked.context_tokens, asked.schema_tokens) == ("bfloat16", 2000, 1000)
    assert (asked.sampling, asked.lora, asked.template) == (SAMPLINGS["article"], "a/b", "article instruction")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"form": "fp4"}, "no form fp4. Known: float32"),
        ({"sampling": "hot"}, "no sampling hot. Known: greedy, article"),
        ({"template": "x\x1b"}, "no template x␛. Known: schema first"),
        ({"context_tokens": 100}, "too short"),
    ],
)
def test_a_flag_that_means_nothing_is_told(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        as_asked(profile("phi3"), **asked)
    assert words in str(caught.value)


def test_a_table_whose_folder_is_away_keeps_no_other_model_back(tmp_path: Path) -> None:
    tables = {"away": {"like": "phi3", "folder": str(tmp_path / "unplugged")}, "ours": {"like": "phi3"}}
    assert find("default", tables).name == "default"
    assert find("ours", tables).name == "ours"
    with pytest.raises(ModelError, match="cannot be read"):
        find("away", tables)
    chain = {"one": {"like": "phi3", "context_tokens": 2048}, "two": {"like": "one"}, "three": {"like": "three"}}
    assert find("two", chain).context_tokens == 2048
    with pytest.raises(InputError, match="no profile before it"):
        find("three", chain)
