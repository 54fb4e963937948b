"""Which base an adapter is merged into, from what the user and the adapter say, and where its files come from."""

from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.adapter_files import AdapterFiles
from nl2sql_tui.engine.profiles import PROFILES
from nl2sql_tui.engine.transfer import FetchFailed
from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.training import base_model
from nl2sql_tui.training.base_model import choose_base, fetch_base
from tests.engine.tiny import tiny_llama


def adapter(base: str, revision: str = "main") -> AdapterFiles:
    return AdapterFiles(Path("adapter"), base, revision, rank=4, has_patterns=False, shapes={})


@pytest.mark.parametrize("name", PROFILES)
def test_a_name_on_the_hub_that_a_profile_has_is_that_profile(name: str) -> None:
    profile = PROFILES[name]
    assert choose_base(None, adapter(profile.hub_id)).profile is profile
    assert choose_base(name, adapter(profile.hub_id)).profile is profile


def test_another_name_on_the_hub_keeps_the_adapters_revision() -> None:
    chosen = choose_base(None, adapter("someone/base", "abc"))
    assert (chosen.hub_id, chosen.revision, chosen.profile) == ("someone/base", "abc", None)


def test_a_folder_is_not_compared_by_name(tmp_path: Path) -> None:
    assert choose_base(str(tmp_path), adapter("someone/base")).folder == tmp_path
    assert choose_base("someone/base", adapter("/no/longer/here")).hub_id == "someone/base"


@pytest.mark.parametrize("given", ["someone/else", "phi3"])
def test_two_names_that_differ_are_both_told(given: str) -> None:
    with pytest.raises(InputError, match="was made for someone/base, not for") as told:
        choose_base(given, adapter("someone/base"))
    assert given in str(told.value)


def test_a_base_in_the_home_of_nobody() -> None:
    with pytest.raises(InputError, match="There is no home folder for the ~ in ~no-such-user/base"):
        choose_base("~no-such-user/base", adapter(""))


@pytest.mark.parametrize("given", ["no_such_profile", "a/b/c", "/not/there", "./not/there"])
def test_a_base_that_is_nowhere(given: str) -> None:
    with pytest.raises(InputError, match=r"There is no base model .*default, phi3, .*mistral"):
        choose_base(given, adapter(""))


def test_a_base_from_the_hub_is_fetched_and_must_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tiny_llama(tmp_path / "whole")
    chosen = choose_base(None, adapter("someone/base"))
    monkeypatch.setattr(base_model, "fetch_snapshot", lambda *_: whole)
    assert fetch_base(chosen, lambda _: None, Cancel()).path == whole
    (whole / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="holds no whole model"):
        fetch_base(chosen, lambda _: None, Cancel())


def test_a_base_that_cannot_be_fetched_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise FetchFailed("could not be reached")

    monkeypatch.setattr(base_model, "fetch_snapshot", refuse)
    with pytest.raises(ModelError, match=r"someone/base could not be fetched\. .*: could not be reached"):
        fetch_base(choose_base(None, adapter("someone/base")), lambda _: None, Cancel())
