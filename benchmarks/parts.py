"""What each part of an answer gains and costs, alone and with the others: right, valid, seconds.

python -m benchmarks.parts DATA --out FOLDER [--databases FOLDER] [--count 300] [--only NAME ...]

DATA is what `nl2sql-tui eval` takes; --count questions are drawn from it at random. The default model answers them once
for each row of the table with other settings, and the judge of `nl2sql-tui eval` judges. What was answered is kept in
FOLDER, so that the same command goes on where it was stopped. For seconds that mean something, run nothing else.
"""

import argparse
import random
from dataclasses import replace
from pathlib import Path
from typing import Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import profile
from nl2sql_tui.engine.sources import prepare
from nl2sql_tui.evaluation.dataset import read_examples, read_predictions
from nl2sql_tui.evaluation.evaluate import check_golds, claim_folder, identity, judge_answers, questions_to_ask
from nl2sql_tui.evaluation.runner import predict
from nl2sql_tui.evaluation.scores import CheckedExample, Scores, scores_of
from nl2sql_tui.settings import Settings

_GREEDY: Final = Settings(values=False, repair=False, grammar=False, compare=False)
ROWS: Final = {
    "greedy alone": _GREEDY,
    "value links": replace(_GREEDY, values=True),
    "repairs": replace(_GREEDY, repair=True),
    "grammar": replace(_GREEDY, grammar=True),
    "comparing": replace(_GREEDY, compare=True, with_less=False),
    "comparing, with less": replace(_GREEDY, compare=True),
    "all but comparing": Settings(compare=False),
    "all": Settings(),
}
"""The settings of each row. Comparing answers needs such that run, so alone it does less than it does with others."""


def main() -> None:
    """Answer, judge and print a row at a time."""
    arguments = _arguments()
    cancel = Cancel()
    examples = read_examples(arguments.data, arguments.databases)
    chosen = random.Random(1).sample(examples, min(arguments.count, len(examples)))
    checked = check_golds(chosen, cancel, lambda _: None)
    engine = LocalEngine(profile("default"), prepare)
    engine.wait_until_ready(cancel)
    print(f"{len(questions_to_ask(checked))} questions of {arguments.data.name}\n")  # noqa: T201
    print("| | right | 95 % | valid | p50 | p95 |\n|---|---|---|---|---|---|", flush=True)  # noqa: T201
    for name in arguments.only or ROWS:
        folder = arguments.out / name.replace(" ", "-").replace(",", "")
        print(_row(name, _scores(checked, engine, ROWS[name], folder, cancel)), flush=True)  # noqa: T201
    engine.close()


def _scores(
    checked: list[CheckedExample], engine: LocalEngine, settings: Settings, folder: Path, cancel: Cancel
) -> Scores:
    predictions = claim_folder(folder, identity([one.example for one in checked], settings, engine.name))
    predict(questions_to_ask(checked), predictions, engine, settings, cancel, lambda *_: None)
    return scores_of(judge_answers(checked, read_predictions(predictions), None, cancel, lambda _: None))


def _row(name: str, scores: Scores) -> str:
    low, high = scores.accuracy.interval
    p50, p95 = scores.seconds_at(0.5) or 0.0, scores.seconds_at(0.95) or 0.0
    return (
        f"| {name} | {scores.accuracy.value:.1%} | {low:.1%} to {high:.1%} | {scores.valid.value:.1%} "
        f"| {p50:.2f} s | {p95:.2f} s |"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--databases", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="NAME")
    return parser.parse_args()


if __name__ == "__main__":
    main()
