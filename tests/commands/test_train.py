"""`train` on the command line: the adapter that it made is found again by its model."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from nl2sql_tui.commands import train as command
from nl2sql_tui.engine.own_adapters import trained, trained_file
from nl2sql_tui.errors import ExitCode, InputError
from nl2sql_tui.folders import HOME_VARIABLE
from nl2sql_tui.training.recipes import ARTICLE, OWN
from nl2sql_tui.training.run import Order
from nl2sql_tui.training.run_folder import Point, RunFolder
from tests.engine.families import lora
from tests.engine.tiny import tiny_llama


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run that is finished as soon as it is begun, and an empty home."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    folder = RunFolder(tmp_path / "run")
    folder.adapter.mkdir(parents=True)
    (folder.adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/base"}')
    (folder.adapter / "adapter_model.safetensors").touch()
    monkeypatch.setattr(command, "_require_drawing", lambda: None)
    monkeypatch.setattr(
        command, "run", lambda *_: SimpleNamespace(folder=folder, curve=(Point(1, 1.5, 0.1, 100.0, 4, 1000, 2.0),))
    )
    monkeypatch.setattr(command, "write_report", lambda _: None)
    return folder


def _train(folder: RunFolder) -> int:
    order = Order(("data.jsonl",), None, (), "default", "none", OWN, 0.1)
    return command.train(order, folder.root, prepare_only=False)


def test_what_it_made_is_known_to_its_model(run_folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert _train(run_folder) == ExitCode.OK
    assert trained({"someone/base"}) == [run_folder.adapter]
    assert str(run_folder.adapter) in capsys.readouterr().err


def test_that_it_cannot_be_noted_takes_nothing_from_it(
    run_folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    trained_file().mkdir(parents=True)
    assert _train(run_folder) == ExitCode.OK
    assert "it will not be listed" in capsys.readouterr().err


def test_an_adapter_that_is_taught_further_says_its_rank(tmp_path: Path) -> None:
    adapter = tmp_path / "run" / "adapter"
    lora(tiny_llama(tmp_path / "base"), adapter, r=2, lora_alpha=6)
    start = command.folder_to_teach(tmp_path / "run")
    assert start == adapter
    assert command.recipe_for("default", start) == replace(OWN, rank=2, alpha=6)
    assert command.folder_to_teach(None) is None


def test_flags_say_what_the_recipe_does_not() -> None:
    assert command.recipe_for("default") == OWN
    given = command.recipe_for("article", learning_rate=2e-5, passes=0.5, seed=7)
    assert given == replace(ARTICLE, learning_rate=2e-5, passes=0.5, steps=None, seed=7)
    assert command.recipe_for("article", steps=9).steps == 9


def test_what_is_no_adapter_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no adapter"):
        command.folder_to_teach(tmp_path)
