"""A GGUF file becomes the model that was written into it, and the tokenizer with it."""

from pathlib import Path

import pytest
import torch

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.gguf_base import read_gguf
from nl2sql_tui.errors import ModelError, Stopped
from tests.engine.tiny_model import tiny_model, tiny_tokenizer, write_gguf


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "with-a-head-of-its-own"])
def test_the_weights_are_those_that_were_written(tmp_path: Path, tied: bool) -> None:
    original = tiny_model(tied=tied)
    told: list[tuple[int, int]] = []
    model, _ = read_gguf(
        write_gguf(tmp_path / "tiny.gguf", original), lambda done, total: told.append((done, total)), Cancel()
    )
    read, written = model.state_dict(), original.state_dict()
    assert read.keys() == written.keys()
    for name, values in written.items():
        tolerance = 0.02 if name == "model.layers.0.mlp.up_proj.weight" else 0.0  # the one of 8 bits
        torch.testing.assert_close(read[name], values, rtol=0, atol=tolerance, msg=name)
    assert (model.lm_head.weight is model.model.embed_tokens.weight) == tied
    assert [done for done, _ in told] == list(range(told[0][1]))


def test_the_model_computes_what_the_original_computes(tmp_path: Path) -> None:
    original = tiny_model()
    model, _ = read_gguf(write_gguf(tmp_path / "tiny.gguf", original), lambda *_: None, Cancel())
    original.load_state_dict(model.state_dict())
    ids = torch.tensor([[5, 9, 40, 77, 12, 33, 2, 8]])
    with torch.inference_mode():
        torch.testing.assert_close(model(ids).logits, original(ids).logits, rtol=0, atol=0)


def test_the_configuration_is_the_originals(tmp_path: Path) -> None:
    original = tiny_model()
    model, _ = read_gguf(write_gguf(tmp_path / "tiny.gguf", original), lambda *_: None, Cancel())
    ignored = {"architectures", "initializer_range", "_name_or_path", "transformers_version"}
    read = {name: value for name, value in model.config.to_dict().items() if name not in ignored}
    assert read == {name: value for name, value in original.config.to_dict().items() if name not in ignored}


@pytest.mark.parametrize("text", ["select", "<|im_start|>user\nselect  le<|im_end|>", "naïve — 名前", "a\tb  c"])
def test_the_tokenizer_splits_as_the_original_and_gives_the_text_back(tmp_path: Path, text: str) -> None:
    _, tokenizer = read_gguf(write_gguf(tmp_path / "tiny.gguf", tiny_model()), lambda *_: None, Cancel())
    ids = tokenizer(text)["input_ids"]
    assert ids == tiny_tokenizer()(text)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_digits_stand_alone_and_take_no_space_from_before_them(tmp_path: Path) -> None:
    _, tokenizer = read_gguf(write_gguf(tmp_path / "tiny.gguf", tiny_model()), lambda *_: None, Cancel())
    assert tokenizer.tokenize("le  42") == ["le", "ĠĠ", "4", "2"]


@pytest.mark.parametrize("change", [{"architecture": "gpt2"}, {"pre": "llama-bpe"}])
def test_another_kind_of_model_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_model(), **change)
    with pytest.raises(ModelError, match="cannot be read as a Llama model"):
        read_gguf(file, lambda *_: None, Cancel())


@pytest.mark.parametrize("keep", [0, 3, 200, -100])
def test_a_cut_file_is_refused(tmp_path: Path, keep: int) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_model())
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ModelError, match=r"tiny\.gguf cannot be read"):
        read_gguf(file, lambda *_: None, Cancel())


def test_a_stop_is_followed_between_two_tensors(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_model())
    cancel = Cancel()

    def stop_at_third(done: int, _: int) -> None:
        if done == 3:
            cancel.request()
        assert done <= 3

    with pytest.raises(Stopped):
        read_gguf(file, stop_at_third, cancel)
