"""How several answers to one question are best weighed against each other, and what comparing them gains.

python -m benchmarks.settling fit DATA RECORDED [--databases FOLDER]
python -m benchmarks.settling measure DATA RECORDED [--databases FOLDER] [--candidates 6]

DATA and RECORDED are those of `benchmarks.calibrate`, whose `record` makes the second. `fit` prints the two numbers of
`nl2sql_tui/settling.py` under which the right interpretations are the likeliest, by a conditional logit over a grid;
fit on databases that the model was not taught, and measure on others.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.calibrate import Replaying, readable_rows
from nl2sql_tui.answers import Answer
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.evaluation.dataset import Example, read_examples
from nl2sql_tui.evaluation.judge import Judge
from nl2sql_tui.evaluation.judgement import Judgeable
from nl2sql_tui.settings import Settings

_POWERS = [step / 20 for step in range(2, 25)]
_PRICES = [step / 10 for step in range(41)]


@dataclass(frozen=True)
class Reading:
    """One interpretation of a question, by the answer in it that counts most."""

    log_probability: float
    words_missed: int
    says_nothing: bool
    right: bool


def readings(examples: Sequence[Example], recorded: Path, candidates: int) -> tuple[list[list[Reading]], int, int]:
    """The interpretations of each question whose answers were compared; how many were asked, and right uncompared."""
    rows = readable_rows(recorded)
    engine = Replaying()
    databases: dict[Path, Database] = {}
    compared: list[list[Reading]] = []
    asked = right = 0
    with Judge() as judge:

        def is_right(example: Example, sql: str) -> bool:
            return judge.judge(Judgeable(example.question.database, example.golds, sql)).right

        for example in examples:
            question = example.question
            if question.id not in rows:
                continue
            database = databases.setdefault(question.database, Database(question.database))
            engine.begin(rows[question.id])
            settings = Settings(compare=candidates > 0, candidates=candidates)
            *_, answer = Assistant(database, engine, settings).answer(question.text, Cancel())
            if not isinstance(answer, Answer):
                raise SystemExit(f"Question {question.id} has no answer: {answer}")
            asked += 1
            right += is_right(example, answer.sql)
            found = [
                Reading(
                    one.best.log_probability, one.best.words_missed, one.says_nothing, is_right(example, one.best.sql)
                )
                for one in answer.interpretations
            ]
            if found:
                compared.append(found)
    return compared, asked, right


def log_likelihood(compared: Sequence[Sequence[Reading]], power: float, price: float) -> float:
    """Of the right interpretations, over the questions that have a right and a wrong one."""
    total = 0.0
    for found in compared:
        given = [one for one in found if not one.says_nothing] or list(found)
        if all(one.right for one in given) or not any(one.right for one in given):
            continue
        masses = [math.exp(power * one.log_probability - price * one.words_missed) for one in given]
        share = sum(mass for mass, one in zip(masses, given, strict=True) if one.right) / sum(masses)
        total += math.log(max(share, 1e-12))
    return total


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("fit", "measure"))
    parser.add_argument("data", type=Path)
    parser.add_argument("recorded", type=Path)
    parser.add_argument("--databases", type=Path)
    parser.add_argument("--candidates", type=int, default=6)
    options = parser.parse_args()
    examples = read_examples(options.data, options.databases)
    compared, asked, right = readings(examples, options.recorded, options.candidates)
    if options.work == "fit":
        grid = [(log_likelihood(compared, power, price), power, price) for power in _POWERS for price in _PRICES]
        best, power, price = max(grid)
        print(f"{len(compared)} questions compared: power {power}, price of a word {price} (log-likelihood {best:.1f})")  # noqa: T201
        return
    _, _, alone = readings(examples, options.recorded, candidates=0)
    any_right = sum(any(one.right for one in found) for found in compared)
    print(  # noqa: T201
        f"{asked} questions, {len(compared)} compared: right {alone / asked:.1%} by the first answer, "
        f"{right / asked:.1%} settled; {any_right / len(compared):.1%} of those compared have a right one among them"
    )


if __name__ == "__main__":
    main()
