"""A merged folder answers as its base did with the adapter beside it, or there is none and a line says why."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.merge import merge as merge_command
from nl2sql_tui.engine import base_weights, store
from nl2sql_tui.engine.base_weights import Base
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.hardware import Hardware
from nl2sql_tui.errors import ExitCode, InputError, ModelError, Stopped, UserError
from nl2sql_tui.folders import HOME_VARIABLE
from nl2sql_tui.training import merge as merge_module
from nl2sql_tui.training.merge import Merged, MergeOrder, merge
from tests.engine.tiny import tiny_llama
from tests.engine.tiny_model import tiny_model, write_adapter, write_gguf
from tests.training.tiny_models import tiny_mistral, tiny_phi3

MAKERS = {"llama": tiny_llama, "phi3": tiny_phi3, "mistral": tiny_mistral}
PROBE = torch.tensor([[1, 20, 33, 47, 5, 6, 7, 250]])
SOME_COMPUTER = Hardware("a CPU", 4, 16_000_000_000, 8_000_000_000, (), cuda_build=False, mps=False, bfloat16=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One home for all: the demo database is built once. This computer is always large enough."""
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    monkeypatch.setattr(merge_module, "read_hardware", lambda: SOME_COMPUTER)


def adapter_for(base: Path, folder: Path, **options: Any) -> Path:
    """An adapter for the model in `base`, which its configuration names."""
    model: Any = AutoModelForCausalLM.from_pretrained(base)
    write_adapter(folder, model, **options)
    change(folder, base_model_name_or_path=str(base))
    return folder


def change(adapter: Path, **settings: Any) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | settings), encoding="utf-8")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tiny_llama(tmp_path / "base")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return adapter_for(base, tmp_path / "adapter")


@pytest.fixture
def order(adapter: Path, tmp_path: Path) -> MergeOrder:
    return MergeOrder(adapter, tmp_path / "out", questions=1)


def run(order: MergeOrder) -> Merged:
    return merge(order, lambda _: None, Cancel())


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(PROBE).logits
    return found.float()


def refused(order: MergeOrder, kind: type[UserError] = InputError) -> str:
    """The line of the refusal, which leaves no folder and nothing beside it."""
    before = sorted(order.out.parent.iterdir())
    with pytest.raises(kind) as told:
        run(order)
    assert sorted(order.out.parent.iterdir()) == before
    return str(told.value)


class TestMergedFolder:
    @pytest.mark.parametrize("family", MAKERS)
    def test_it_answers_as_the_base_with_the_adapter_beside_it(self, family: str, tmp_path: Path) -> None:
        base = MAKERS[family](tmp_path / "base")
        adapter = adapter_for(base, tmp_path / "adapter")
        done = run(MergeOrder(adapter, tmp_path / "out", dtype="float32", questions=2))
        taught = logits(PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), str(adapter)))
        merged = logits(AutoModelForCausalLM.from_pretrained(done.folder))
        torch.testing.assert_close(merged, taught, rtol=1e-4, atol=1e-4)
        assert (logits(AutoModelForCausalLM.from_pretrained(base)) - taught).abs().max() > 0.1
        assert done.comparison is not None
        assert (done.comparison.questions, done.comparison.equal) == (2, 2)
        assert 0 < done.comparison.largest_logit_difference < 1e-3
        assert done.comparison.is_within_tolerance

    def test_it_loads_by_itself_and_holds_nothing_but_a_model(self, order: MergeOrder, base: Path) -> None:
        done = run(order)
        names = {file.name for file in done.folder.iterdir()}
        assert {"model.safetensors", "config.json", "generation_config.json", "chat_template.jinja"} <= names
        assert {Path(name).suffix for name in names} == {".safetensors", ".json", ".jinja"}
        assert {weights.dtype for weights in load_file(done.folder / "model.safetensors").values()} == {torch.bfloat16}
        assert store.model_type(done.folder) == "llama"
        ours, theirs = (AutoTokenizer.from_pretrained(place) for place in (done.folder, base))
        assert ours.chat_template == theirs.chat_template
        assert ours("How many?")["input_ids"] == theirs("How many?")["input_ids"]
        texts = "".join(file.read_text(encoding="utf-8") for file in done.folder.glob("*.json"))
        assert str(base) not in texts, "a path of this computer"
        settings = json.loads((done.folder / "generation_config.json").read_text(encoding="utf-8"))
        assert (settings["eos_token_id"], settings["do_sample"]) == (theirs.eos_token_id, False)

    @pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
    def test_the_type_is_the_one_that_was_asked_for(self, order: MergeOrder, dtype: Any) -> None:
        done = run(replace(order, dtype=dtype))
        config = json.loads((done.folder / "config.json").read_text(encoding="utf-8"))
        assert config["dtype"] == done.dtype == dtype
        kinds = {weights.dtype for weights in load_file(done.folder / "model.safetensors").values()}
        assert kinds == {getattr(torch, dtype)}

    def test_each_weight_is_rounded_once(self, order: MergeOrder) -> None:
        exact = run(replace(order, dtype="float32", out=order.out.with_name("exact")))
        rounded = run(order)
        expected = load_file(exact.folder / "model.safetensors")
        for name, weights in load_file(rounded.folder / "model.safetensors").items():
            assert torch.equal(weights, expected[name].to(torch.bfloat16)), name

    def test_the_folder_of_a_run_will_do_and_its_card_becomes_the_models(
        self, order: MergeOrder, adapter: Path, tmp_path: Path
    ) -> None:
        run_folder = tmp_path / "run"
        run_folder.mkdir()
        adapter.rename(run_folder / "adapter")
        card = "---\nbase_model: a/b\nbase_model_relation: adapter\nlibrary_name: peft\n---\n\n# Taught\n\nText.\n"
        (run_folder / "adapter" / "README.md").write_text(card, encoding="utf-8")
        done = run(replace(order, adapter=run_folder))
        text = (done.folder / "README.md").read_text(encoding="utf-8")
        assert done.has_card
        assert "base_model_relation: finetune" in text
        assert "library_name: transformers" in text
        assert text.index("# Taught") < text.index("merged into them") < text.index("Text.")

    def test_a_tokenizer_beside_the_adapter_is_the_one_it_was_taught_with(
        self, order: MergeOrder, adapter: Path, base: Path
    ) -> None:
        tokenizer = AutoTokenizer.from_pretrained(base)
        tokenizer.chat_template = "{% for m in messages %}{{ m.content }}\n{% endfor %}> "
        tokenizer.save_pretrained(adapter)
        done = run(order)
        assert AutoTokenizer.from_pretrained(done.folder).chat_template == tokenizer.chat_template

    def test_an_empty_folder_may_be_there(self, order: MergeOrder) -> None:
        order.out.mkdir()
        assert (run(order).folder / "model.safetensors").is_file()

    def test_the_base_of_the_default_profile_is_the_one_this_program_converts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gguf = write_gguf(tmp_path / "tiny.gguf", tiny_model())
        monkeypatch.setattr(base_weights, "base_at_hand", lambda *_: Base(gguf, "gguf:abc"))
        adapter = write_adapter(tmp_path / "adapter", tiny_model())
        change(adapter, base_model_name_or_path="HuggingFaceTB/SmolLM2-135M-Instruct")
        for out, base in (("implied", None), ("named", "default")):
            done = run(MergeOrder(adapter, tmp_path / out, base=base, questions=1))
            assert done.dtype == "float32"
            assert "default" in done.base
            assert done.comparison is not None
            assert done.comparison.is_within_tolerance
            assert AutoTokenizer.from_pretrained(done.folder).eos_token == "<|im_end|>"


class TestComparison:
    def test_a_merge_that_lost_the_adapter_is_told(
        self, order: MergeOrder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(merge_module, "folded", lambda taught: taught.unload())
        code = merge_command(replace(order, dtype="float32", questions=2))
        told = capsys.readouterr().err
        assert code == ExitCode.MODEL
        assert "more than rounding to float32 explains" in told
        assert "before:" in told
        assert (order.out / "model.safetensors").is_file()

    def test_what_is_equal_is_said_with_the_largest_difference(
        self, order: MergeOrder, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert merge_command(replace(order, dtype="float32", questions=2)) == ExitCode.OK
        told = capsys.readouterr().err
        assert "2 of 2 greedy answers equal to the letter; the largest difference of a logit is" in told
        assert "no model card" in told

    def test_nothing_is_compared_where_nothing_is_to_be(
        self, order: MergeOrder, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert merge_command(replace(order, questions=0)) == ExitCode.OK
        assert "No answers were compared" in capsys.readouterr().err


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"peft_type": "IA3"}, "is of the kind IA3; only LoRA can be used"),
            ({"r": None}, "states no rank"),
            ({"r": 2}, "has the rank 4, and the configuration says 2"),
            ({"base_model_name_or_path": None}, "does not say which model it was made for. Name it with --base"),
            ({"base_model_name_or_path": "no such model"}, "There is no base model no such model"),
        ],
    )
    def test_a_configuration_that_cannot_be_merged(
        self, order: MergeOrder, adapter: Path, settings: dict[str, Any], words: str
    ) -> None:
        change(adapter, **settings)
        assert words in refused(order)

    def test_pickled_weights(self, order: MergeOrder, adapter: Path) -> None:
        (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
        assert "as a pickle (adapter_model.bin)" in refused(order)

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("adapter_config.json", None, "holds no adapter: there is no adapter_config.json"),
            ("adapter_config.json", b"{", "cannot be read"),
            ("adapter_config.json", b"[]", "is not the configuration of an adapter"),
            ("adapter_model.safetensors", None, "has no weights"),
            ("adapter_model.safetensors", b"\x80\x04a pickle", "is no whole safetensors file"),
        ],
    )
    def test_missing_and_damaged_files(
        self, order: MergeOrder, adapter: Path, name: str, content: bytes | None, words: str
    ) -> None:
        (adapter / name).unlink()
        if content is not None:
            (adapter / name).write_bytes(content)
        assert words in refused(order)

    def test_an_adapter_that_lacks_some_weights(self, order: MergeOrder, adapter: Path) -> None:
        file = adapter / "adapter_model.safetensors"
        weights = load_file(file)
        weights.pop(sorted(weights)[0])
        save_file(weights, file)
        assert "does not fit the model" in refused(order, ModelError)

    def test_whole_embeddings_among_the_weights(self, order: MergeOrder, adapter: Path) -> None:
        file = adapter / "adapter_model.safetensors"
        save_file({**load_file(file), "base_model.model.lm_head.weight": torch.zeros(3, 64)}, file)
        assert "weights that are not LoRA's, such as lm_head.weight" in refused(order)

    def test_an_adapter_of_another_family_names_both_and_the_modules(self, order: MergeOrder, tmp_path: Path) -> None:
        phi = tiny_phi3(tmp_path / "phi3")
        change(order.adapter, base_model_name_or_path="someone/llama")
        told = refused(replace(order, base=str(phi)))
        assert "made for someone/llama" in told
        assert f"does not fit {phi}" in told
        assert "no modules gate_proj, k_proj, q_proj, up_proj, v_proj" in told
        assert "qkv_proj" in told.partition("its linear ones are")[2]

    def test_an_adapter_of_another_size(self, order: MergeOrder, base: Path) -> None:
        config = json.loads((base / "config.json").read_text(encoding="utf-8"))
        config["intermediate_size"] = 128
        (base / "config.json").write_text(json.dumps(config), encoding="utf-8")
        told = refused(order)
        assert "is for a side of 96, and the model's is 128" in told

    def test_another_name_than_the_adapters(self, order: MergeOrder) -> None:
        change(order.adapter, base_model_name_or_path="someone/llama")
        told = refused(replace(order, base="someone/else"))
        assert "made for someone/llama, not for someone/else" in told

    def test_a_quantised_base(self, order: MergeOrder, base: Path) -> None:
        config = json.loads((base / "config.json").read_text(encoding="utf-8"))
        (base / "config.json").write_text(json.dumps({**config, "quantization_config": {}}), encoding="utf-8")
        assert "is quantised" in refused(order, ModelError)

    def test_a_base_with_pickled_weights(self, order: MergeOrder, base: Path) -> None:
        (base / "model.safetensors").rename(base / "pytorch_model.bin")
        assert "its weights are pickles" in refused(order, ModelError)

    def test_a_base_without_a_chat_template(self, order: MergeOrder, base: Path) -> None:
        (base / "chat_template.jinja").unlink()
        assert "has a chat template" in refused(order)

    def test_a_folder_that_is_not_empty(self, order: MergeOrder) -> None:
        order.out.mkdir()
        (order.out / "mine.txt").write_text("mine", encoding="utf-8")
        assert "is not empty" in refused(order)
        assert (order.out / "mine.txt").read_text(encoding="utf-8") == "mine"

    def test_a_file_in_the_place_of_the_folder(self, order: MergeOrder) -> None:
        order.out.write_text("mine", encoding="utf-8")
        assert "is no folder" in refused(order)

    def test_too_little_memory(self, order: MergeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(merge_module, "read_hardware", lambda: replace(SOME_COMPUTER, free_bytes=1_000_000))
        assert "of memory; 1.0 MB are free" in refused(order, ModelError)

    def test_too_little_disk(self, order: MergeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = shutil.disk_usage(order.out.parent)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
        assert "has 1.0 MB free" in refused(order, ModelError)


class TestInterruption:
    @pytest.mark.parametrize("step", ["Reading the base", "Asking before", "Merging", "Writing", "Asking after"])
    def test_a_stop_leaves_nothing(self, order: MergeOrder, step: str) -> None:
        cancel = Cancel()

        def stop(state: LoadState) -> None:
            if state.detail.startswith(step):
                cancel.request()

        with pytest.raises(Stopped):
            merge(order, stop, cancel)
        assert {place.name for place in order.out.parent.iterdir()} == {"base", "adapter"}

    def test_a_disk_that_fills_up_leaves_nothing(self, order: MergeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(merge_module, "_write", fail)
        assert "could not be written" in refused(order, ModelError)
