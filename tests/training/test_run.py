"""Whole runs on tiny models: to the end, killed and resumed, refused, with every family's module names."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.hardware import read_hardware
from nl2sql_tui.errors import InputError, ModelError, Stopped
from nl2sql_tui.training.finetune import Rhythm
from nl2sql_tui.training.recipes import ARTICLE, OWN, Recipe
from nl2sql_tui.training.run import Finished, Listener, Order, run, split
from nl2sql_tui.training.run_folder import Point, RunFolder
from nl2sql_tui.training.trainee import Quantisation
from tests.engine.tiny import tiny_llama
from tests.training.tiny_models import tiny_mistral, tiny_phi3

SHORT = replace(OWN, rank=4, alpha=8, packs_per_step=1, questions_per_pack=3, steps=12, warmup_steps=2, dropout=0.1)
"""With dropout, so that a resumed run needs the random numbers' state as well."""
TABLES = "CREATE TABLE t{0} (id INTEGER PRIMARY KEY, name TEXT)"


def write_data(folder: Path) -> Path:
    rows = [
        {"question": f"{words} {table}?", "schema": TABLES.format(table), "sql": sql.format(table)}
        for table in range(6)
        for words, sql in (
            ("How many in", "SELECT COUNT(*) FROM t{0}"),
            ("Names in", "SELECT name FROM t{0}"),
            ("First of", "SELECT name FROM t{0} ORDER BY id LIMIT 1"),
        )
    ]
    file = folder / "data.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return file


def order(data: Path, model: Path, recipe: Recipe = SHORT, quantisation: Quantisation = "none") -> Order:
    return Order((str(data),), None, (), str(model), quantisation, recipe, validation_share=0.2)


def trained(order: Order, folder: Path, cancel: Cancel | None = None, listener: Listener | None = None) -> Finished:
    rhythm = Rhythm(log_steps=1, save_steps=3)
    return run(order, RunFolder(folder), listener or Listener(), lambda _: None, cancel or Cancel(), rhythm)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path)


def test_a_run_learns_and_leaves_an_adapter_and_its_curve(data: Path, tmp_path: Path) -> None:
    recipe = replace(SHORT, steps=30, learning_rate=1e-2, dropout=0.0)
    finished = trained(order(data, tiny_llama(tmp_path / "m"), recipe), tmp_path / "run")
    curve = finished.curve
    assert [point.step for point in curve] == list(range(1, 31))
    assert sum(point.loss for point in curve[-5:]) < 0.95 * sum(point.loss for point in curve[:5])
    assert curve[-1].examples == 90
    assert [point.step for point in curve if point.validation_loss is not None] == list(range(3, 31, 3))
    weights = load_file(finished.folder.adapter / "adapter_model.safetensors")
    assert any(float(part.abs().max()) > 0 for name, part in weights.items() if "lora_B" in name)
    settings = json.loads((tmp_path / "run" / "run.json").read_text())
    assert settings["recipe"]["steps"] == 30
    assert settings["examples_by_source"] == {"data": 18}


@pytest.mark.parametrize("make", [tiny_phi3, tiny_mistral])
@pytest.mark.parametrize(
    "recipe", [replace(ARTICLE, steps=3, packs_per_step=4, packs_at_once=2, warmup_steps=1), replace(SHORT, steps=3)]
)
def test_both_recipes_run_in_4_bits(make: Callable[[Path], Path], recipe: Recipe, data: Path, tmp_path: Path) -> None:
    """nf4 with double quantisation, by the real bitsandbytes; module names as in the real models."""
    finished = trained(order(data, make(tmp_path / "m"), recipe, "nf4"), tmp_path / "run")
    assert finished.trainee.dtype == "nf4"
    config = json.loads((finished.folder.adapter / "adapter_config.json").read_text())
    assert config["r"] == recipe.rank
    modules = {name.split(".")[-3] for name in load_file(finished.folder.adapter / "adapter_model.safetensors")}
    expected = {"qkv_proj", "o_proj", "gate_up_proj", "down_proj"}
    if make is tiny_mistral:
        expected = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert modules == expected


def test_the_article_recipe_is_the_articles() -> None:
    batch = ARTICLE.packs_per_step * ARTICLE.questions_per_pack
    at_once = ARTICLE.packs_at_once * ARTICLE.questions_per_pack
    assert (ARTICLE.rank, ARTICLE.alpha, ARTICLE.dropout, ARTICLE.learning_rate) == (16, 16, 0.05, 1e-4)
    assert (ARTICLE.schedule, ARTICLE.warmup_steps, ARTICLE.steps, ARTICLE.seed) == ("linear", 100, 400, 42)
    assert (at_once, batch) == (4, 4 * 12)


class _StopAt(Listener):
    def __init__(self, step: int, cancel: Cancel) -> None:
        self.step, self.cancel = step, cancel

    def point(self, point: Point, steps: int) -> None:  # noqa: ARG002
        if point.step >= self.step:
            self.cancel.request()


def test_a_stopped_run_goes_on_and_ends_where_it_would_have_ended(data: Path, tmp_path: Path) -> None:
    model = tiny_llama(tmp_path / "m")
    whole = trained(order(data, model), tmp_path / "whole")
    cancel = Cancel()
    with pytest.raises(Stopped):
        trained(order(data, model), tmp_path / "stopped", cancel, _StopAt(5, cancel))
    assert RunFolder(tmp_path / "stopped").newest_checkpoint() is not None

    resumed = trained(order(data, model), tmp_path / "stopped")

    assert [point.loss for point in resumed.curve] == [point.loss for point in whole.curve]
    _same_weights(whole.folder.adapter, resumed.folder.adapter)


def test_packs_computed_at_once_teach_what_they_teach_one_by_one(data: Path, tmp_path: Path) -> None:
    model = tiny_llama(tmp_path / "m")
    one_by_one = replace(SHORT, dropout=0.0, questions_per_pack=1, packs_per_step=4, steps=4)
    apart = trained(order(data, model, one_by_one), tmp_path / "apart")
    at_once = trained(order(data, model, replace(one_by_one, packs_at_once=4)), tmp_path / "at_once")
    assert [point.loss for point in at_once.curve] == pytest.approx([point.loss for point in apart.curve], rel=1e-3)
    assert at_once.folder.curve()[-1].examples == apart.folder.curve()[-1].examples == 16


class _TryAtTheFirstStep(Listener):
    """Begins another training in the same folder."""

    def __init__(self, order: Order, folder: Path) -> None:
        self.order, self.folder = order, folder
        self.told = ""

    def point(self, point: Point, steps: int) -> None:  # noqa: ARG002
        if not self.told:
            with pytest.raises(InputError) as raised:
                trained(self.order, self.folder)
            self.told = str(raised.value)


def test_one_training_at_a_time_is_at_work_in_a_folder(data: Path, tmp_path: Path) -> None:
    asked = order(data, tiny_llama(tmp_path / "m"), replace(SHORT, steps=2))
    other = _TryAtTheFirstStep(asked, tmp_path / "run")
    trained(asked, tmp_path / "run", listener=other)
    assert "Another training is at work" in other.told
    assert trained(asked, tmp_path / "run").curve[-1].step == 2


def test_a_folder_in_which_nothing_can_be_locked_is_told(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run" / "run.lock").mkdir(parents=True)
    with pytest.raises(InputError, match=r"run\.lock cannot be written"):
        trained(order(data, tiny_llama(tmp_path / "m")), tmp_path / "run")


def _same_weights(first: Path, second: Path) -> None:
    one, other = (load_file(folder / "adapter_model.safetensors") for folder in (first, second))
    assert one.keys() == other.keys()
    assert all(bool((one[name] == other[name]).all()) for name in one)


def test_an_adapter_is_taught_further_from_where_it_is(data: Path, tmp_path: Path) -> None:
    model = tiny_llama(tmp_path / "m")
    start = trained(order(data, model), tmp_path / "before").folder.adapter
    barely = replace(SHORT, steps=2, learning_rate=1e-9)
    begun = replace(order(data, model, barely), start=start)

    finished = trained(begun, tmp_path / "further")

    first, second = (load_file(folder / "adapter_model.safetensors") for folder in (start, finished.folder.adapter))
    assert all(bool((first[name] - second[name]).abs().max() < 1e-3) for name in first)
    with pytest.raises(InputError, match="was begun with another start_adapter"):
        trained(replace(begun, start=None), tmp_path / "further")


_CHILD = """
import sys
from pathlib import Path
from tests.training.test_run import order, trained
trained(order(Path(sys.argv[1]), Path(sys.argv[2])), Path(sys.argv[3]))
"""


def test_a_killed_run_goes_on_from_its_last_whole_checkpoint(data: Path, tmp_path: Path) -> None:
    model = tiny_llama(tmp_path / "m")
    whole = trained(order(data, model), tmp_path / "whole")
    killed = RunFolder(tmp_path / "killed")
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(data), str(model), str(killed.root)])
    patience = time.monotonic() + 200
    while killed.newest_checkpoint() is None and child.poll() is None and time.monotonic() < patience:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    checkpoint = killed.newest_checkpoint()
    assert checkpoint is not None
    # What a kill in the middle of writing one leaves behind.
    cut = killed.checkpoints / "checkpoint-11"
    cut.mkdir(exist_ok=True)
    (cut / "trainer_state.json").write_text('{"global', encoding="utf-8")

    resumed = trained(order(data, model), killed.root)

    assert resumed.curve[-1].loss == whole.curve[-1].loss
    _same_weights(whole.folder.adapter, resumed.folder.adapter)


def test_a_run_may_be_made_longer_on_its_way_but_not_changed(data: Path, tmp_path: Path) -> None:
    model = tiny_llama(tmp_path / "m")
    trained(order(data, model, replace(SHORT, steps=4)), tmp_path / "run")
    longer = trained(order(data, model, replace(SHORT, steps=6)), tmp_path / "run")
    assert longer.curve[-1].step == 6
    with pytest.raises(InputError, match="another rank, alpha"):
        trained(order(data, model, replace(SHORT, rank=2, alpha=2)), tmp_path / "run")
    with pytest.raises(InputError, match="another model"):
        trained(order(data, tmp_path, SHORT), tmp_path / "run")
    (tmp_path / "run" / "examples.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="were changed"):
        trained(order(data, model), tmp_path / "run")


def test_a_folder_with_something_else_is_left_alone(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it", encoding="utf-8")
    with pytest.raises(InputError, match="no training run"):
        trained(order(data, tmp_path), tmp_path / "mine")


def test_a_run_whose_data_was_wrong_can_be_begun_again_in_its_folder(data: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("{}", encoding="utf-8")
    model = tiny_llama(tmp_path / "m")
    with pytest.raises(InputError, match=r"Line 1 of wrong\.jsonl"):
        trained(order(wrong, model), tmp_path / "run")
    assert trained(order(data, model, replace(SHORT, steps=1)), tmp_path / "run").curve


def test_a_model_that_is_not_there_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no model"):
        trained(order(data, tmp_path / "none"), tmp_path / "run")


def test_too_little_memory_is_told_before_loading(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_llama(tmp_path / "m")
    poor = replace(read_hardware(), free_bytes=1000, gpus=())
    monkeypatch.setattr("nl2sql_tui.training.trainee.read_hardware", lambda: poor)
    with pytest.raises(ModelError, match="of memory"):
        trained(order(data, model), tmp_path / "run")


def test_databases_stay_on_one_side_of_the_split(data: Path, tmp_path: Path) -> None:
    trained(order(data, tiny_llama(tmp_path / "m"), replace(SHORT, steps=1)), tmp_path / "run")
    from nl2sql_tui.training.prepare import read_examples

    examples = list(read_examples(tmp_path / "run" / "examples.jsonl"))
    taught, kept_out = split(examples, 0.34)
    assert len(taught) + len(kept_out) == len(examples)
    assert {example.database for example in kept_out}.isdisjoint(example.database for example in taught)
    assert len({example.database for example in kept_out}) == 2


def test_a_short_run_has_points_and_checkpoints_all_the_same(data: Path, tmp_path: Path) -> None:
    wanted = order(data, tiny_llama(tmp_path / "m"), replace(SHORT, steps=2))
    folder = RunFolder(tmp_path / "run")
    finished = run(wanted, folder, Listener(), lambda _: None, Cancel())
    assert [point.step for point in finished.curve] == [1, 2]
    checkpoint = folder.newest_checkpoint()
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-2"
