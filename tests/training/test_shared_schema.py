"""Examples that share a schema's tokens are taught exactly what they would be taught apart."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.training.answer_loss import answer_loss
from nl2sql_tui.training.finetune import with_new_adapter
from nl2sql_tui.training.packs import Encoder, Pack, sequence, side_by_side
from nl2sql_tui.training.recipes import OWN
from nl2sql_tui.training.shared_schema import shared_schema_attention
from nl2sql_tui.training.trainee import load_trainee
from tests.engine.tiny import tiny_llama
from tests.training.examples import SHOPS, SINGERS, examples
from tests.training.tiny_models import tiny_mistral, tiny_phi3

RECIPE = replace(OWN, rank=4, alpha=8)


ONE_SCHEMA = [Pack(SINGERS, (0, 1, 2))]
TWO_SCHEMAS = [Pack(SHOPS, (3,)), Pack(SINGERS, (0,)), Pack(SHOPS, (4,))]


@pytest.mark.parametrize("together", [ONE_SCHEMA, TWO_SCHEMAS])
@pytest.mark.parametrize("make", [tiny_llama, tiny_phi3, tiny_mistral])
def test_loss_and_gradients_equal_those_of_separate_examples(
    make: Callable[[Path], Path], together: list[Pack], tmp_path: Path
) -> None:
    separate = [[Pack(pack.schema, (place,))] for pack in together for place in pack.examples]
    trainee = load_trainee(str(make(tmp_path)), "none", lambda _: None, Cancel())
    trainee.model.float()
    model = with_new_adapter(trainee, RECIPE)
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.1)
    encoder = Encoder(trainee.tokenizer, "tables first", trainee.end_tokens)

    def loss_and_gradients(*sequences: list[Pack]) -> tuple[float, int, dict[str, torch.Tensor]]:
        model.zero_grad()
        losses = [answer_loss(model, side_by_side(packs, examples(), encoder)) for packs in sequences]
        total = torch.stack([loss for loss, _ in losses]).sum()
        total.backward()
        gradients = {
            name: weights.grad.clone() for name, weights in model.named_parameters() if weights.grad is not None
        }
        return float(total.detach()), sum(count for _, count in losses), gradients

    shared, shared_tokens, shared_gradients = loss_and_gradients(together)
    apart, tokens_apart, gradients_apart = loss_and_gradients(*separate)

    assert shared_tokens == tokens_apart > 50
    assert shared == pytest.approx(apart, rel=1e-5)
    assert shared_gradients.keys() == gradients_apart.keys() != set()
    for name, gradient in shared_gradients.items():
        torch.testing.assert_close(gradient, gradients_apart[name], rtol=1e-3, atol=1e-4)


def test_the_loss_is_that_of_the_model_asked_as_it_is_in_use(tmp_path: Path) -> None:
    """Against transformers' own attention and loss, over prompt and answer in one plain sequence."""
    from transformers import AutoModelForCausalLM

    folder = tiny_llama(tmp_path)
    trainee = load_trainee(str(folder), "none", lambda _: None, Cancel())
    trainee.model.float()
    encoder = Encoder(trainee.tokenizer, "sql", trainee.end_tokens)
    shown = examples()[0]
    prompt, answer = encoder.prompt(shown.schema, shown.question), encoder.answer(shown.sql)

    loss, tokens = answer_loss(trainee.model, sequence(Pack(SINGERS, (0, 1)), examples(), encoder))
    alone, alone_tokens = answer_loss(trainee.model, sequence(Pack(SINGERS, (1,)), examples(), encoder))

    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    expected = plain(
        torch.tensor([prompt + answer]), labels=torch.tensor([[-100] * len(prompt) + answer])
    ).loss.item() * len(answer)
    assert tokens - alone_tokens == len(answer)
    assert float(loss - alone) == pytest.approx(expected, rel=1e-4)


def test_half_precision_attends_to_the_same() -> None:
    """Which is computed in another way on a CPU."""
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(1, 4, 5 + 3 * 6, 8, generator=generator)
    key, value = (torch.randn(1, 2, 5 + 3 * 6, 8, generator=generator) for _ in range(2))
    module = torch.nn.Identity()
    full, _ = shared_schema_attention(module, query, key, value, None, schema_tokens=5, branches=3)
    half, _ = shared_schema_attention(
        module, query.bfloat16(), key.bfloat16(), value.bfloat16(), None, schema_tokens=5, branches=3
    )
    torch.testing.assert_close(half.float(), full, rtol=0.05, atol=0.05)
