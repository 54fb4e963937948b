"""`models plan` says what is taken and what would help; flags and settings choose the model the same way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.commands import models as models_command
from nl2sql_tui.commands import plan as plan_command
from nl2sql_tui.commands.choose import chosen_profile
from nl2sql_tui.engine.hardware import Gpu, Hardware
from nl2sql_tui.engine.profiles import SAMPLINGS
from nl2sql_tui.errors import ExitCode, InputError, ModelError
from nl2sql_tui.folders import HOME_VARIABLE
from nl2sql_tui.settings import Settings

GB = 1_000_000_000
LAPTOP = Hardware("a CPU", 4, 16 * GB, 12 * GB, (), cuda_build=False, mps=False, bfloat16=False)
BOX = Hardware(
    "a CPU", 16, 64 * GB, 60 * GB, (Gpu("NVIDIA \x1bA", 24 * GB, 23 * GB),), cuda_build=True, mps=False, bfloat16=False
)
Use = Callable[[Hardware], None]


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Lets this computer be another, with nothing on its disk."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setattr("nl2sql_tui.engine.store.snapshot_folder", lambda _: None)

    def computer(hardware: Hardware) -> None:
        monkeypatch.setattr(plan_command, "read_hardware", lambda: hardware)
        monkeypatch.setattr(models_command, "read_hardware", lambda: hardware)

    return computer


def test_the_table_has_every_form_and_the_one_that_is_loaded(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    use(BOX)
    assert plan_command.show_plan(Settings(model="mistral"), as_json=False) == ExitCode.OK
    told = capsys.readouterr().out
    assert "7.24 billion parameters; each token of its context takes 128.0 KiB" in told
    assert [line.split()[0] for line in told.splitlines() if "fits" in line] == ["int8", "nf4-double"] * 2
    assert told.count("only with --form") == 2
    assert "loads as int8 on NVIDIA ␛A: 7.5 GB weights" in told
    assert "\x1b" not in told


def test_json_has_the_same_in_bytes(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    use(BOX)
    settings = Settings(model="phi3", form="bfloat16", context_tokens=2048)
    assert plan_command.show_plan(settings, as_json=True) == ExitCode.OK
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (told["context_tokens"], told["refusal"]) == (2048, "")
    chosen = told["chosen"]
    assert (chosen["form"], chosen["keys_and_values"]) == ("bfloat16", 2048 * 384 * 1024)
    assert chosen["needed"] == sum(
        chosen[part] for part in ("weights", "adapter", "keys_and_values", "working", "runtime")
    )


def test_a_refusal_is_an_exit_code_beside_the_table(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    use(LAPTOP)
    assert plan_command.show_plan(Settings(model="phi3"), as_json=True) == ExitCode.MODEL
    told = capsys.readouterr()
    assert json.loads(told.out)["chosen"] is None
    assert "made for an NVIDIA GPU" in json.loads(told.out)["refusal"]
    assert "made for an NVIDIA GPU" in told.err


def test_a_model_of_unknown_size_has_to_be_fetched_first(use: Use) -> None:
    use(LAPTOP)
    with pytest.raises(ModelError, match="cannot be known before it is on this computer") as caught:
        plan_command.show_plan(Settings(model="hf:someone/model"), as_json=False)
    assert "models pull hf:someone/model" in caught.value.hint


def test_the_list_has_the_users_own_profiles_and_says_how_mistrals_forms_differ(
    use: Use, capsys: pytest.CaptureFixture[str]
) -> None:
    use(BOX)
    settings = Settings(profiles={"ours": {"like": "phi3", "adapter": "runs/x", "title": "Ours"}})
    assert models_command.list_models(settings) == ExitCode.OK
    told = capsys.readouterr().out
    assert "ours\n          Ours (3.8B, nf4-double or bfloat16 or float16)" in told
    assert "adapter   runs/x" in told
    assert "22 tokens/s" in told
    assert "\x1b" not in told


def test_settings_choose_profile_form_context_sampling_and_adapter() -> None:
    chosen = chosen_profile(
        Settings(
            model="ours",
            form="nf4",
            context_tokens=2000,
            sampling="article",
            adapter="a/b",
            profiles={"ours": {"like": "phi3"}},
        )
    )
    assert (chosen.name, chosen.form, chosen.context_tokens) == ("ours", "nf4", 2000)
    assert (chosen.sampling, chosen.lora) == (SAMPLINGS["article"], "a/b")


def test_an_adapter_for_the_default_model_is_merged_in_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "run" / "adapter").mkdir(parents=True)
    chosen = chosen_profile(Settings(adapter=str(tmp_path / "run")))
    assert (chosen.own_adapter, chosen.lora) == (tmp_path / "run" / "adapter", "")
    with pytest.raises(InputError, match="There is no folder someone/adapter"):
        chosen_profile(Settings(adapter="someone/adapter"))
