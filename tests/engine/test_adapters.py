"""Adapters beside one model's weights: each answers as it was taught, none leaves the model as it was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.adapters import Adapters, adapter_bytes, adapter_place, short_name
from nl2sql_tui.engine.loading import quantisation_config
from nl2sql_tui.engine.merging import merged
from nl2sql_tui.errors import InputError, ModelError, UserError
from tests.engine.families import FAMILIES, lora
from tests.training.tiny_models import tiny_mistral, tiny_phi3

PROBE = torch.tensor([[1, 20, 33, 47, 5, 6, 7, 250]])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_phi3(tmp_path_factory.mktemp("phi3"))


@pytest.fixture(scope="module")
def places(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return lora(base, folder / "first", seed=3), lora(base, folder / "second", seed=4, r=8)


def model_in(base: Path, **options: Any) -> Any:
    return AutoModelForCausalLM.from_pretrained(base, **{"dtype": torch.float32, **options}).eval()


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(PROBE).logits.float()
    return found


def test_each_answers_as_when_it_is_merged_and_none_as_the_model_alone(base: Path, places: tuple[Path, Path]) -> None:
    model = model_in(base)
    alone = logits(model)
    adapters = Adapters(model, "", "tiny")
    assert [adapters.load(place) for place in places] == ["first", "second"]
    assert (adapters.names, adapters.active) == (("first", "second"), "second")
    expected = {place.name: logits(merged(model_in(base), place)) for place in places}
    for name in ("second", "first", "second"):
        adapters.use(name)
        torch.testing.assert_close(logits(model), expected[name], rtol=1e-4, atol=1e-4)
    adapters.none()
    assert adapters.active is None
    assert torch.equal(logits(model), alone)
    adapters.use("first")
    torch.testing.assert_close(logits(model), expected["first"], rtol=1e-4, atol=1e-4)
    assert not any(weights.requires_grad for name, weights in model.named_parameters() if "lora_" in name)


def test_several_on_a_quantised_model(base: Path, places: tuple[Path, Path]) -> None:
    model = model_in(base, quantization_config=quantisation_config("nf4-double"), dtype=torch.bfloat16)
    alone = logits(model)
    adapters = Adapters(model, "", "tiny")
    for place in places:
        adapters.load(place)
    seen = {}
    for name in adapters.names:
        adapters.use(name)
        seen[name] = logits(model)
    adapters.none()
    # The 4-bit kernels of a CPU round otherwise once they have packed their weights.
    torch.testing.assert_close(logits(model), alone, rtol=0, atol=0.02)
    assert (seen["first"] - seen["second"]).abs().max() > 0.1
    assert (seen["first"] - alone).abs().max() > 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_of_another_family_names_both(family: str, base: Path, tmp_path: Path) -> None:
    own = FAMILIES[family](tmp_path / "base")
    other = tiny_mistral(tmp_path / "other") if family == "phi3" else base
    wrong = lora(other, tmp_path / "adapter", names="someone/other")
    model = model_in(own)
    before = logits(model)
    adapters = Adapters(model, "", "someone/own")
    with pytest.raises(InputError) as caught:
        adapters.load(wrong)
    assert "made for someone/other" in caught.value.message
    assert "does not fit someone/own" in caught.value.message
    assert "--model" in caught.value.hint
    assert torch.equal(logits(model), before)
    assert adapters.names == ()


def test_an_adapter_for_another_model_of_the_hub_is_refused_by_its_name(base: Path, tmp_path: Path) -> None:
    wrong = lora(base, tmp_path / "adapter", names="microsoft/Phi-3-medium-4k-instruct")
    with pytest.raises(InputError) as caught:
        Adapters(model_in(base), "microsoft/Phi-3-mini-4k-instruct", "Phi-3").load(wrong)
    assert "made for microsoft/Phi-3-medium-4k-instruct, not for microsoft/Phi-3-mini-4k-instruct" in str(caught.value)


def _pickled(adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")


def _without_one(adapter: Path) -> None:
    weights = load_file(adapter / "adapter_model.safetensors")
    weights.pop(sorted(weights)[0])
    save_file(weights, adapter / "adapter_model.safetensors")


def _of_another_kind(adapter: Path) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "peft_type": "IA3"}), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "kind", "words"),
    [
        (_pickled, InputError, "pickle"),
        (_without_one, ModelError, "is not whole"),
        (_of_another_kind, InputError, "only LoRA can be used"),
    ],
)
def test_a_damaged_one_is_refused_and_the_model_goes_on(
    base: Path,
    places: tuple[Path, Path],
    tmp_path: Path,
    damage: Callable[[Path], None],
    kind: type[UserError],
    words: str,
) -> None:
    broken = lora(base, tmp_path / "broken", seed=5)
    damage(broken)
    model = model_in(base)
    adapters = Adapters(model, "", "tiny")
    adapters.load(places[0])
    before = logits(model)
    with pytest.raises(kind, match=words):
        adapters.load(broken)
    assert torch.equal(logits(model), before)
    assert (adapters.names, adapters.active) == (("first",), "first")


def test_one_that_memory_does_not_hold_leaves_no_trace(
    base: Path, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    for earlier in (False, True):
        model = model_in(base)
        adapters = Adapters(model, "", "tiny")
        if earlier:
            adapters.load(places[0])
            adapters.none()
        before = logits(model)
        with monkeypatch.context() as patch:
            patch.setattr("peft.peft_model.load_peft_weights", full)
            with pytest.raises(ModelError, match="not enough memory for the adapter"):
                adapters.load(places[1])
        assert adapters.active is None
        assert torch.equal(logits(model), before)
        adapters.load(places[1])
        torch.testing.assert_close(logits(model), logits(merged(model_in(base), places[1])), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/runs/sql", "sql"),
        ("/runs/sql/adapter", "sql"),
        ("/data/adapters/shop-1a2b3c4d/run-3/adapter", "shop-1a2b3c4d/run-3"),
        ("/cache/models--someone--sql-lora/snapshots/0123abcd", "someone/sql-lora"),
        ("/adapter", "adapter"),
    ],
)
def test_what_a_place_is_called(place: str, name: str) -> None:
    assert short_name(Path(place)) == name


def test_names_are_free_or_told(base: Path, places: tuple[Path, Path]) -> None:
    adapters = Adapters(model_in(base), "", "tiny")
    adapters.load(places[0], "v1.0 [/b]")
    assert adapters.load(places[0]) == "first"
    assert adapters.load(places[0]) == "first-2"
    with pytest.raises(InputError, match="loaded already"):
        adapters.load(places[1], "first")
    with pytest.raises(InputError) as caught:
        adapters.use("third")
    assert caught.value.hint == "Loaded: v1.0 [/b], first, first-2."


def test_a_place_is_a_folder_a_run_or_a_name_on_the_hub(places: tuple[Path, Path], tmp_path: Path) -> None:
    assert adapter_place(str(places[0]), print, Cancel()) == places[0]
    run = tmp_path / "run"
    run.mkdir()
    (run / "adapter").symlink_to(places[0])
    assert adapter_bytes(run) == (places[0] / "adapter_model.safetensors").stat().st_size
    for given in ("no-such", "no-such" * 100):
        with pytest.raises(InputError, match=f"There is no adapter {given[:7]}"):
            adapter_place(given, print, Cancel())
    with pytest.raises(InputError, match="There is no home folder for the ~ in ~no-such/adapter"):
        adapter_place("~no-such/adapter", print, Cancel())
