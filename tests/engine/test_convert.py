"""The folder that conversion leaves is the taught model, whole and by itself; or there is no folder."""

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import convert as convert_module
from nl2sql_tui.engine import store
from nl2sql_tui.engine.base_weights import Base
from nl2sql_tui.engine.convert import convert
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.errors import ModelError, Stopped
from tests.engine.tiny_model import tiny_model, write_adapter, write_folder, write_gguf
from tests.engine.tiny_wheel import tiny_profile

PROBE = torch.tensor([[1, 20, 33, 47, 5, 6, 7, 250]])
PROFILE = replace(tiny_profile(None), adapter="tiny_adapter")


@pytest.fixture
def adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An adapter for the tiny model, shipped as `tiny_adapter`."""
    folder = write_adapter(tmp_path / "tiny_adapter", tiny_model())
    monkeypatch.setattr(store, "packaged_adapter", lambda name: tmp_path / name)
    return folder


@pytest.fixture
def gguf(tmp_path: Path) -> Base:
    return Base(write_gguf(tmp_path / "tiny.gguf", tiny_model()), "gguf:abc")


@pytest.fixture
def snapshot(tmp_path: Path) -> Base:
    return Base(write_folder(tmp_path / "snapshot", tiny_model()), "hub:abc")


def load(folder: Path) -> LlamaForCausalLM:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    assert isinstance(model, LlamaForCausalLM)
    return model


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        found = model(PROBE).logits
    assert isinstance(found, torch.Tensor)
    return found


def run(base: Base) -> Path:
    return convert(PROFILE, base, lambda _: None, Cancel())


@pytest.mark.usefixtures("home")
class TestFolder:
    def test_it_holds_the_base_with_the_adapter_in_it(self, snapshot: Base, adapter: Path) -> None:
        taught = logits(PeftModel.from_pretrained(tiny_model(), str(adapter)).eval())
        model = load(run(snapshot))
        torch.testing.assert_close(logits(model), taught, rtol=1e-4, atol=1e-4)
        assert not torch.allclose(taught, logits(tiny_model()), atol=0.1), "the adapter must change something"
        assert model.lm_head.weight is model.model.embed_tokens.weight

    @pytest.mark.usefixtures("adapter")
    def test_greedy_answers_are_those_of_the_unmerged_model(self, snapshot: Base, adapter: Path) -> None:
        model: Any = load(run(snapshot))
        taught: Any = PeftModel.from_pretrained(tiny_model(), str(adapter)).eval()
        options = {"max_new_tokens": 12, "do_sample": False, "eos_token_id": 2, "pad_token_id": 2}
        assert torch.equal(model.generate(PROBE, **options), taught.generate(input_ids=PROBE, **options))

    @pytest.mark.usefixtures("adapter")
    def test_gguf_and_safetensors_lead_to_the_same_shape_of_folder(self, gguf: Base, snapshot: Base) -> None:
        from_gguf, from_snapshot = run(gguf), run(snapshot)
        assert {file.name for file in from_gguf.iterdir()} == {file.name for file in from_snapshot.iterdir()}
        assert from_gguf != from_snapshot
        difference = (logits(load(from_gguf)) - logits(load(from_snapshot))).abs().max()
        assert difference < 0.5  # one matrix has 8 bits in the GGUF

    @pytest.mark.usefixtures("adapter")
    @pytest.mark.parametrize("kind", ["gguf", "snapshot"])
    def test_prompts_are_plain_chatml_and_nothing_samples(self, kind: str, request: pytest.FixtureRequest) -> None:
        folder = run(request.getfixturevalue(kind))
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        turns = [{"role": "system", "content": "t(a int)"}, {"role": "user", "content": "How many?\nt.a = 'x'"}]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        assert text == (
            "<|im_start|>system\nt(a int)<|im_end|>\n"
            "<|im_start|>user\nHow many?\nt.a = 'x'<|im_end|>\n"
            "<|im_start|>assistant\n"
        )
        only_user = tokenizer.apply_chat_template(turns[1:], tokenize=False, add_generation_prompt=False)
        assert only_user == "<|im_start|>user\nHow many?\nt.a = 'x'<|im_end|>\n"
        assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|im_end|>")
        assert tokenizer.decode(tokenizer(text, add_special_tokens=True)["input_ids"]) == text
        settings = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        assert (settings["eos_token_id"], settings["do_sample"]) == (2, False)
        assert not {"temperature", "top_p", "top_k"} & settings.keys()

    def test_its_marker_says_what_it_was_made_of(self, gguf: Base, adapter: Path) -> None:
        folder = run(gguf)
        marker = store.Marker.read(folder)
        assert marker is not None
        assert (marker.profile, marker.base, marker.recipe) == ("tiny", "gguf:abc", store.RECIPE)
        assert marker.adapter == store.adapter_digest(adapter)
        assert set(marker.made_with) == {"nl2sql-tui", "torch", "transformers", "peft", "gguf"}
        assert folder.name == store.folder_name(PROFILE, "gguf:abc", marker.adapter)

    def test_a_profile_without_adapter_gets_the_base_alone(self, snapshot: Base) -> None:
        folder = convert(tiny_profile(None), snapshot, lambda _: None, Cancel())
        assert torch.equal(logits(load(folder)), logits(tiny_model()))

    @pytest.mark.usefixtures("adapter")
    def test_nobody_is_asked_over_the_network(self, gguf: Base, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[object] = []

        def refuse(host: object, *_: object, **__: object) -> None:
            asked.append(host)
            raise OSError("no network in this test")

        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        run(gguf)
        assert asked == []

    @pytest.mark.usefixtures("adapter")
    def test_every_step_is_reported(self, gguf: Base) -> None:
        states: list[LoadState] = []
        convert(PROFILE, gguf, states.append, Cancel())
        assert {state.phase for state in states} == {"converting"}
        steps = [state.detail.partition(":")[0] for state in states]
        assert list(dict.fromkeys(steps)) == [
            "Reading the published weights",
            "Unpacking the published weights",
            "Merging the adapter",
            "Writing the model",
            "Checking what was written",
        ]


@pytest.mark.usefixtures("home", "adapter")
class TestNoFolder:
    def nothing_left(self) -> bool:
        return list(store.models_folder().iterdir()) == []

    @pytest.mark.parametrize("step", ["Reading", "Merging", "Writing"])
    def test_a_stop_leaves_nothing(self, gguf: Base, step: str) -> None:
        cancel = Cancel()

        def stop(state: LoadState) -> None:
            if state.detail.startswith(step):
                cancel.request()

        with pytest.raises(Stopped):
            convert(PROFILE, gguf, stop, cancel)
        assert self.nothing_left()

    def test_weights_that_read_back_differently_leave_nothing(
        self, gguf: Base, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(convert_module, "_load", lambda _: tiny_model(seed=99))
        with pytest.raises(ModelError, match="does not read back"):
            run(gguf)
        assert self.nothing_left()

    def test_a_full_disk_is_said_and_leaves_nothing(self, gguf: Base, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise SafetensorError("Error while serializing: I/O error: No space left on device")

        monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", fail)
        with pytest.raises(ModelError, match=r"could not be written to .* No space left on device"):
            run(gguf)
        assert self.nothing_left()

    def test_a_tokenizer_without_the_end_of_a_turn_is_refused(self, snapshot: Base) -> None:
        file = snapshot.path / "tokenizer.json"
        file.write_text(file.read_text(encoding="utf-8").replace("<|im_end|>", "<|other|>"), encoding="utf-8")
        with pytest.raises(ModelError, match=r"does not know <\|im_end\|>"):
            run(snapshot)

    @pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
    def test_a_damaged_snapshot_is_refused(self, snapshot: Base, name: str) -> None:
        (snapshot.path / name).write_bytes(b"{damaged")
        with pytest.raises(ModelError, match="cannot be read"):
            run(snapshot)
        assert self.nothing_left()
