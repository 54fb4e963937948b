"""What sharing a schema's tokens and the fused adapter layers save in training, on the default base.

usage: python -m benchmarks.training [ROUNDS]

Each round takes one forward and backward pass over the same 16 questions on the demo bank in three ways, in turns:
as separate examples, in one pack, and in one pack with peft's own layers. Prints the median seconds and their ratios.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.demo import SAMPLE_QUESTIONS, ensure_demo
from nl2sql_tui.database.file import Database
from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.training.answer_loss import answer_loss
from nl2sql_tui.training.finetune import with_new_adapter
from nl2sql_tui.training.packs import Encoder, Pack, sequence
from nl2sql_tui.training.prepare import Example
from nl2sql_tui.training.recipes import OWN
from nl2sql_tui.training.trainee import Trainee, load_trainee

_QUESTIONS = 16
_SQL = "SELECT customer.first_name, COUNT(*) FROM customer JOIN account ON customer.customer_id = account.customer_id"


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        schema = schema_text(Database(ensure_demo(Path(folder))).schema())
    questions = [SAMPLE_QUESTIONS[place % len(SAMPLE_QUESTIONS)] for place in range(_QUESTIONS)]
    examples = [Example("demo", schema, question, _SQL, "demo") for question in questions]
    trainee = load_trainee("default", "none", lambda _: None, Cancel())
    encoder = Encoder(trainee.tokenizer, trainee.form, trainee.end_tokens)
    together = [sequence(Pack(schema, tuple(range(_QUESTIONS))), examples, encoder)]
    apart = [sequence(Pack(schema, (place,)), examples, encoder) for place in range(_QUESTIONS)]
    ways: dict[str, Callable[[], float]] = {
        "separate examples": _timed(trainee, apart, fused=True),
        "one pack": _timed(trainee, together, fused=True),
        "one pack, peft's own layers": _timed(trainee, together, fused=False),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, way in ways.items():
            spent = way()
            if round_number:  # the first one warms up
                seconds[name].append(spent)
    best = statistics.median(seconds["one pack"])
    print(f"{_QUESTIONS} questions, {trainee.dtype} on {trainee.device}, {rounds} rounds")  # noqa: T201
    for name, measured in seconds.items():
        middle = statistics.median(measured)
        print(f"{name:30} {middle:7.2f} s  {_QUESTIONS / middle:6.2f} examples/s  {middle / best:5.2f} x")  # noqa: T201


def _timed(trainee: Trainee, packs: list[dict[str, Any]], *, fused: bool) -> Callable[[], float]:
    """A pass over `packs` with an adapter of its own, and how long it took."""

    def run() -> float:
        model = with_new_adapter(trainee, OWN)
        if not fused:
            for layer in model.modules():
                vars(layer).pop("forward", None)
        model.train()
        started = time.perf_counter()
        for pack in packs:
            loss, tokens = answer_loss(model, pack)
            (loss / tokens).backward()
        spent = time.perf_counter() - started
        model.unload()
        return spent

    return run


if __name__ == "__main__":
    main()
