"""The mean of adapters: what it does to a model, what it keeps at a lower rank, what it refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from nl2sql_tui.engine.merging import merged
from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.training.averaging import average
from nl2sql_tui.training.model_card import CARD, header_of
from tests.engine.families import lora
from tests.engine.tiny import tiny_llama


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def pair(base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two adapters of rank 4 with different scales."""
    folder = tmp_path_factory.mktemp("adapters")
    return [lora(base, folder / "one", seed=3), lora(base, folder / "two", seed=4, lora_alpha=4)]


def _weights(base: Path, adapter: Path | None = None) -> dict[str, torch.Tensor]:
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    return dict((merged(model, adapter) if adapter else model).state_dict())


def test_the_mean_does_to_a_model_what_its_adapters_do_on_average(base: Path, pair: list[Path], tmp_path: Path) -> None:
    done = average(pair, tmp_path / "mean", rank=8)
    first, second, mean = (_weights(base, adapter) for adapter in (*pair, tmp_path / "mean"))
    untaught = _weights(base)
    for name, weight in mean.items():
        torch.testing.assert_close(weight, (first[name] + second[name]) / 2, atol=1e-5, rtol=1e-4)
    changed = "model.layers.0.self_attn.q_proj.weight"
    assert not torch.allclose(mean[changed], untaught[changed], atol=1e-2)
    assert (done.adapters, done.rank) == (2, 8)
    assert done.kept == pytest.approx(1.0, abs=1e-5)


def test_by_default_it_has_the_adapters_rank_and_says_what_that_holds(
    base: Path, pair: list[Path], tmp_path: Path
) -> None:
    done = average(pair, tmp_path / "mean")
    assert done.rank == 4
    assert 0.5 < done.kept < 0.999
    untaught, whole, cut = _weights(base), [_weights(base, one) for one in pair], _weights(base, done.folder)
    name = "model.layers.1.mlp.down_proj.weight"
    effect = sum(one[name] - untaught[name] for one in whole) / 2
    u, values, v = torch.linalg.svd(effect)
    best = (u[:, :4] * values[:4]) @ v[:4]
    torch.testing.assert_close(cut[name] - untaught[name], best, atol=1e-4, rtol=1e-3)


def test_adapters_of_different_rank_are_averaged_at_the_higher(base: Path, pair: list[Path], tmp_path: Path) -> None:
    narrow = lora(base, tmp_path / "narrow", r=2, lora_alpha=2)
    assert average([narrow, pair[0]], tmp_path / "mean").rank == 4
    config = json.loads((tmp_path / "mean" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (4, 4)


def test_the_rank_may_be_higher_than_a_layer_is_wide(base: Path, pair: list[Path], tmp_path: Path) -> None:
    average(pair, tmp_path / "mean", rank=200)
    one, two, mean = (_weights(base, adapter) for adapter in (*pair, tmp_path / "mean"))
    name = "model.layers.0.self_attn.k_proj.weight"
    torch.testing.assert_close(mean[name], (one[name] + two[name]) / 2, atol=1e-5, rtol=1e-4)


def test_the_numbers_stay_as_wide_as_they_were(base: Path, tmp_path: Path) -> None:
    places = [lora(base, tmp_path / str(seed), seed=seed) for seed in (1, 2)]
    average(places, tmp_path / "mean")
    taken, given = (load_file(place / "adapter_model.safetensors") for place in (places[0], tmp_path / "mean"))
    assert {name: part.dtype for name, part in given.items()} == {name: part.dtype for name, part in taken.items()}


def _with_setting(adapter: Path, place: Path, name: str) -> Path:
    shutil.copytree(adapter, place)
    config = json.loads((place / "adapter_config.json").read_text())
    (place / "adapter_config.json").write_text(json.dumps(config | {name: True}), encoding="utf-8")
    return place


def test_a_card_is_made_of_those_of_all_adapters(pair: list[Path], tmp_path: Path) -> None:
    """What a run writes beside its adapter is such a card."""
    places = [Path(shutil.copytree(one, tmp_path / one.name)) for one in pair]
    # The library writes one of its own.
    (places[1] / CARD).unlink()
    assert not average(places, tmp_path / "none").has_card
    for number, place in enumerate(places):
        (place / CARD).write_text(
            f"---\nbase_model: tiny/llama\nlicense: mit\ndatasets:\n- own/{number}\n---\n\n# Run {number}\n\n"
            "## Data\n\n```\n# a line of code\n```\n\n![The loss](<curve.png>)\n",
            encoding="utf-8",
        )
    done = average(places, tmp_path / "mean")
    assert done.has_card
    card = (done.folder / CARD).read_text(encoding="utf-8")
    assert header_of(card) == {"base_model": "tiny/llama", "license": "mit", "datasets": ["own/0", "own/1"]}
    for line in ("# The mean of 2 adapters", "## Adapter 2", "### Run 1", "#### Data", "# a line of code"):
        assert f"\n{line}\n" in card
    assert "curve.png" not in card
    (places[1] / CARD).write_text(
        "---\nbase_model: tiny/llama\nlicense: apache-2.0\n---\n\n# Other\n", encoding="utf-8"
    )
    assert "license" not in header_of((average(places, tmp_path / "other").folder / CARD).read_text(encoding="utf-8"))


def test_what_cannot_be_averaged_is_refused_and_nothing_is_left(base: Path, pair: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "mean"
    cases = [
        ([pair[0]], "two adapters or more"),
        ([pair[0], lora(base, tmp_path / "foreign", names="other/model")], "different models: .* and other/model"),
        ([pair[0], lora(base, tmp_path / "few", target_modules=["q_proj"])], "different layers"),
        ([pair[0], lora(base, tmp_path / "dora", use_dora=True)], "not LoRA's|use_dora"),
        ([pair[0], lora(base, tmp_path / "bent", rank_pattern={"q_proj": 2})], "rank_pattern"),
        ([pair[0], _with_setting(pair[1], tmp_path / "later", "use_something_new")], "use_something_new set"),
        ([pair[0], tmp_path / "nothing"], "holds no adapter"),
    ]
    for adapters, message in cases:
        with pytest.raises(InputError, match=message):
            average(adapters, out)
        assert not out.exists()


def test_it_goes_only_where_nothing_is(pair: list[Path], tmp_path: Path) -> None:
    (tmp_path / "mean").mkdir()
    (tmp_path / "mean" / "notes").touch()
    with pytest.raises(InputError, match="not empty"):
        average(pair, tmp_path / "mean")
    tmp_path.joinpath("file").touch()
    with pytest.raises(ModelError, match="could not be written"):
        average(pair, tmp_path / "file" / "mean")
