"""The answers that two adapters are compared by are those of the model in use, and asking changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import Stopped
from nl2sql_tui.training import shared_schema
from nl2sql_tui.training.answering import greedy_answers
from nl2sql_tui.training.packs import Encoder
from nl2sql_tui.training.trainee import Trainee, load_trainee
from tests.engine.tiny import tiny_llama
from tests.engine.tiny_model import write_adapter
from tests.training.examples import examples

ASKED = examples()[:2]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def packaged(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model: Any = AutoModelForCausalLM.from_pretrained(base)
    return write_adapter(tmp_path_factory.mktemp("packaged"), model)


@pytest.fixture
def trainee(base: Path) -> Trainee:
    return load_trainee(str(base), "none", lambda _: None, Cancel())


@pytest.fixture
def ask(trainee: Trainee) -> Callable[[Path, Cancel], list[str]]:
    encoder = Encoder(trainee.tokenizer, trainee.form, trainee.end_tokens)
    return lambda adapter, cancel: greedy_answers(trainee, adapter, ASKED, encoder, 6, cancel)


def test_they_are_those_of_the_base_with_the_adapter(
    base: Path, packaged: Path, trainee: Trainee, ask: Callable[[Path, Cancel], list[str]]
) -> None:
    plain: Any = AutoModelForCausalLM.from_pretrained(base)
    model: Any = PeftModel.from_pretrained(plain, str(packaged)).eval()
    encoder = Encoder(trainee.tokenizer, trainee.form, trainee.end_tokens)
    expected = []
    for example in ASKED:
        ids = torch.tensor([encoder.prompt(example.schema, example.question)])
        out = model.generate(input_ids=ids, max_new_tokens=6, do_sample=False)[0, ids.shape[1] :]
        expected.append(trainee.tokenizer.decode(out, skip_special_tokens=True).strip().rstrip(";").rstrip())
    trainee.model.float()  # whatever this processor would compute in
    assert ask(packaged, Cancel()) == expected


def test_the_base_is_left_as_it_was(packaged: Path, trainee: Trainee, ask: Callable[[Path, Cancel], list[str]]) -> None:
    assert ask(packaged, Cancel()) == ask(packaged, Cancel())
    assert not any("lora" in name for name, _ in trainee.model.named_parameters())
    assert trainee.model.config._attn_implementation == shared_schema.NAME


def test_they_can_be_stopped(packaged: Path, trainee: Trainee, ask: Callable[[Path, Cancel], list[str]]) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Stopped):
        ask(packaged, cancel)
    assert trainee.model.config._attn_implementation == shared_schema.NAME
