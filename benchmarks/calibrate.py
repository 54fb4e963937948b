"""How well the confidence of answers is calibrated, and the coefficients that fit it; asks the default model only once.

python -m benchmarks.calibrate record DATA --out RECORDED [--databases FOLDER] [--candidates 4]
python -m benchmarks.calibrate measure DATA RECORDED [--databases FOLDER] [--ask-below SHARE]
python -m benchmarks.calibrate fit DATA RECORDED [--databases FOLDER] [--evidence NAME ...]

DATA is what `nl2sql-tui eval` takes. `record` asks the default model and keeps what it wrote with its log-probability,
a line for each question: {"id", "free", "held", "candidates", "less"}, each text as {"text", "tokens",
"log_probability"}; held is what it writes within the grammar where the first cannot run, and less what it writes where
it is shown less of the schema. The other two take these texts through the program's
own steps and judge them by execution. `measure` prints the reliability curve and what asking back costs; `fit` prints
coefficients for `nl2sql_tui/confidence.py`, and how good they are on databases left out of their fitting. Fit on
databases that the model was not taught, and measure on others.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nl2sql_tui.answers import Answer
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.confidence import CALIBRATIONS, COMPARISON, Calibration, evidence
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import (
    PACKAGED,
    Candidate,
    Generated,
    GenerationEvent,
    GenerationFailed,
    Prompt,
)
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import profile
from nl2sql_tui.engine.sources import prepare
from nl2sql_tui.evaluation.dataset import Example, read_examples
from nl2sql_tui.evaluation.json_rows import json_lines
from nl2sql_tui.evaluation.judge import Judge
from nl2sql_tui.evaluation.judgement import Category, Judgeable
from nl2sql_tui.language.coverage import Coverage, coverage
from nl2sql_tui.settings import Settings

_MODEL = profile("default")
_CALIBRATION = CALIBRATIONS[_MODEL.name, PACKAGED]
_RIDGE = 1.0
"""How strongly weights are held to zero: as if each had been seen to be small once."""
_BINS = 10
_LETTERS_OF_A_TOKEN = 3
_ROUNDS = 50
_SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
_Row = dict[str, Any]


@dataclass(frozen=True)
class Weighed:
    """A valid answer with what is known of it, and whether it is right."""

    database: Path
    known: dict[str, float]
    right: bool
    question: str | int = ""
    """Its id."""


# What the model wrote


class _OfOneQuestion(LocalEngine):
    """The default model, of whose texts for one question each has a name."""

    def __init__(self) -> None:
        super().__init__(_MODEL, prepare)
        self.row: _Row = {}
        self._first: Prompt = ()

    def begin(self, row: _Row) -> None:
        """The next prompt is the first of another question, whose texts are those of `row`."""
        self.row, self._first = row, ()

    def name_of(self, prompt: Prompt, grammar: str) -> str:
        """What the text is called that is asked for."""
        self._first = self._first or prompt
        if prompt != self._first:
            return "less"
        return "held" if grammar else "free"


class _Recording(_OfOneQuestion):
    """The default model, whose texts are kept."""

    def stream(self, prompt: Prompt, *, grammar: str = "", **rest: Any) -> Iterator[GenerationEvent]:
        name = self.name_of(prompt, grammar)
        for event in super().stream(prompt, grammar=grammar, **rest):
            if isinstance(event, Generated):
                self.row[name] = _as_row(event)
            yield event

    def candidates(self, prompt: Prompt, **rest: Any) -> tuple[Candidate, ...]:
        found = super().candidates(prompt, **rest)
        self.row["candidates"] = [_as_row(candidate) for candidate in found]
        return found


def _as_row(written: Generated | Candidate) -> _Row:
    return {"text": written.text, "tokens": written.tokens, "log_probability": written.log_probability}


def record(examples: Sequence[Example], out: Path, candidates: int) -> None:
    """Ask each question that does not stand in `out` yet, and add what the model wrote."""
    known = {row["id"] for _, row in json_lines(out)} if out.exists() else set()
    engine = _Recording()
    settings = Settings(compare=candidates > 0, candidates=candidates, answer_seconds=math.inf)
    databases: dict[Path, Database] = {}
    with out.open("a", encoding="utf-8") as file:
        for example in examples:
            asked = example.question
            if asked.id in known:
                continue
            database = databases.setdefault(asked.database, Database(asked.database))
            engine.begin({"id": asked.id})
            for _ in Assistant(database, engine, settings).answer(asked.text, Cancel()):
                pass
            file.write(json.dumps(engine.row, ensure_ascii=False) + "\n")
            file.flush()


def readable_rows(recorded: Path) -> dict[str | int, _Row]:
    """What was recorded, by the questions' ids."""
    return {row["id"]: row for _, row in json_lines(recorded)}


class Replaying(_OfOneQuestion):
    """The default model as it was recorded; it is never loaded."""

    def wait_until_ready(self, cancel: Cancel) -> None:
        """Nothing needs to be waited for."""

    def count_tokens(self, text: str) -> int:
        """About as many as it would count, so that a schema is shown in part where it was."""
        return len(text) // _LETTERS_OF_A_TOKEN

    def stream(self, prompt: Prompt, *, grammar: str = "", **_: Any) -> Iterator[GenerationEvent]:
        written = self.row.get(self.name_of(prompt, grammar))
        if written is None:
            yield GenerationFailed("This was not recorded.")
        else:
            yield Generated(written["text"], 0, written["tokens"], 0.0, 0.0, False, written["log_probability"])

    def candidates(self, prompt: Prompt, *, count: int, **_: Any) -> tuple[Candidate, ...]:  # noqa: ARG002
        return tuple(Candidate(**written) for written in self.row.get("candidates", ())[:count])


# What became of it


def weigh(examples: Sequence[Example], recorded: Path, candidates: int) -> list[Weighed]:
    """The valid answers; with `candidates`, those that were compared with so many more."""
    rows = {known: row for known, row in readable_rows(recorded).items() if not candidates or row.get("candidates")}
    settings = Settings(compare=candidates > 0, candidates=candidates)
    engine = Replaying()
    databases: dict[Path, Database] = {}
    found: list[Weighed] = []
    asked = invalid = 0
    with Judge() as judge:
        for example in examples:
            question = example.question
            if question.id not in rows:
                continue
            database = databases.setdefault(question.database, Database(question.database))
            engine.begin(rows[question.id])
            *_, answer = Assistant(database, engine, settings).answer(question.text, Cancel())
            if not isinstance(answer, Answer):
                raise SystemExit(f"Question {question.id} has no answer: {answer}")
            judgement = judge.judge(Judgeable(question.database, example.golds, answer.sql))
            if judgement.category is Category.NO_GOLD:
                continue
            asked += 1
            if not answer.verdict.valid:
                invalid += 1
            elif not candidates or answer.interpretations:
                known = evidence(answer, _words_of(question.text, database))
                found.append(Weighed(question.database, known, judgement.right, question.id))
    _say(f"{asked} questions, {invalid} of them without a valid answer, {candidates} more answers each")
    return found


def _words_of(question: str, database: Database) -> Coverage:
    return coverage(question, database.schema(), database.values(Cancel()))


# The curve


def print_curve(answers: Sequence[Weighed], shares: Sequence[float]) -> None:
    """The reliability curve, Brier score and calibration error of `shares`, one for each answer."""
    pairs = sorted(zip(shares, (answer.right for answer in answers), strict=True))
    base = sum(right for _, right in pairs) / len(pairs)
    _say(f"{len(pairs)} valid answers, {base:.1%} of them right")
    error = 0.0
    _say(f"{'confidence':>12}  {'answers':>7}  {'said':>6}  {'right':>6}")
    for number in range(_BINS):
        low, high = number / _BINS, (number + 1) / _BINS
        inside = [pair for pair in pairs if low <= pair[0] < high or (high == 1 and pair[0] == 1)]
        if inside:
            said = sum(share for share, _ in inside) / len(inside)
            right = sum(right for _, right in inside) / len(inside)
            error += abs(said - right) * len(inside) / len(pairs)
            _say(f"{low:.1f} to {high:.1f}  {len(inside):7}  {said:6.1%}  {right:6.1%}")
    brier = sum((share - right) ** 2 for share, right in pairs) / len(pairs)
    _say(f"Brier score {brier:.3f} (always saying {base:.0%}: {base * (1 - base):.3f})")
    _say(f"expected calibration error {error:.3f}, area under the ROC curve {_area(pairs):.3f}")


def print_costs(answers: Sequence[Weighed], shares: Sequence[float]) -> None:
    """For thresholds, how many right answers are asked about and how many wrong ones are caught."""
    right = sum(answer.right for answer in answers)
    wrong = len(answers) - right
    _say(f"{'ask below':>9}  {'asked about':>11}  {'right of them':>18}  {'wrong of them':>18}")
    for threshold in _SHARES:
        asked = [answer.right for answer, share in zip(answers, shares, strict=True) if share < threshold]
        lost, caught = sum(asked), len(asked) - sum(asked)
        _say(
            f"{threshold:9.2f}  {len(asked):5} {len(asked) / len(answers):5.0%}"
            f"  {lost:5} of {right:3} {lost / right:5.1%}  {caught:5} of {wrong:3} {caught / wrong:5.1%}"
        )


def _area(pairs: Sequence[tuple[float, bool]]) -> float:
    """How often a right answer has the higher share of a right and a wrong one (Hanley and McNeil, 1982)."""
    wrong = [share for share, right in pairs if not right]
    wins = sum((share > other) + 0.5 * (share == other) for share, right in pairs if right for other in wrong)
    return wins / max(1, len(wrong) * (len(pairs) - len(wrong)))


# The fit


def fit(answers: Sequence[Weighed], names: Sequence[str]) -> Calibration:
    """The coefficients of the logistic regression with a ridge, by Newton's method."""
    spread = [_deviation([answer.known[name] for answer in answers]) for name in names]
    rows = [[1.0, *(answer.known[name] / by for name, by in zip(names, spread, strict=True))] for answer in answers]
    weights = [0.0] * (len(names) + 1)
    for _ in range(_ROUNDS):
        shares = [1 / (1 + math.exp(-sum(map(float.__mul__, weights, row)))) for row in rows]
        slope = [-_RIDGE * weight if place else 0.0 for place, weight in enumerate(weights)]
        curve = [[_RIDGE * (one == other > 0) for other in range(len(weights))] for one in range(len(weights))]
        for row, share, answer in zip(rows, shares, answers, strict=True):
            for one, value in enumerate(row):
                slope[one] += (answer.right - share) * value
                for other, second in enumerate(row):
                    curve[one][other] += share * (1 - share) * value * second
        step = _solved(curve, slope)
        weights = [weight + change for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-9:
            break
    found = {name: weight / by for name, weight, by in zip(names, weights[1:], spread, strict=True)}
    return Calibration(weights[0], found)


def _deviation(values: Sequence[float]) -> float:
    """The standard deviation, or 1 where they are all the same."""
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values)) or 1.0


def _solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of a system of linear equations, by elimination with pivots."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for place in range(len(rows)):
        best = max(range(place, len(rows)), key=lambda number: abs(rows[number][place]))
        rows[place], rows[best] = rows[best], rows[place]
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for number, row in enumerate(rows):
            if number != place:
                rows[number] = [value - row[place] * top for value, top in zip(row, rows[place], strict=True)]
    return [row[-1] for row in rows]


def left_out_shares(answers: Sequence[Weighed], names: Sequence[str]) -> list[float]:
    """For each answer its share by the coefficients that were fitted without its database."""
    fitted = {
        database: fit([answer for answer in answers if answer.database != database], names)
        for database in {answer.database for answer in answers}
    }
    return [fitted[answer.database].probability(answer.known) for answer in answers]


def _print_fit(answers: Sequence[Weighed], names: Sequence[str]) -> None:
    calibration = fit(answers, names)
    _say(f"intercept {calibration.intercept:.3f}")
    for name, weight in calibration.weights.items():
        mean = sum(answer.known[name] for answer in answers) / len(answers)
        _say(f"{name:28} {weight:8.3f}   (its mean is {mean:.2f})")
    _say("\nEach database by what was fitted on the others:")
    _print_all(answers, left_out_shares(answers, names))


def _print_all(answers: Sequence[Weighed], shares: Sequence[float]) -> None:
    """Curve and costs of the answers without comparing, of those that were compared, and as the program gives them."""
    pairs = list(zip(answers, shares, strict=True))
    alone, compared = (
        [pair for pair in pairs if bool(pair[0].known[COMPARISON]) == wanted] for wanted in (False, True)
    )
    # Each question once: the compared answer takes the place of the other.
    given = {pair[0].question: pair for pair in (*alone, *compared)}
    for words, pairs in (
        ("Without comparing", alone),
        ("Compared with more answers", compared),
        ("As they are given: the unsure ones compared", list(given.values()) if compared else []),
    ):
        if pairs:
            _say(f"\n{words}")
            print_curve(*zip(*pairs, strict=True))
            print_costs(*zip(*pairs, strict=True))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("record", "measure", "fit"))
    parser.add_argument("data", type=Path)
    parser.add_argument("recorded", type=Path, nargs="?")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--databases", type=Path)
    parser.add_argument("--candidates", type=int, default=0)
    parser.add_argument("--evidence", nargs="+")
    options = parser.parse_args()
    examples = read_examples(options.data, options.databases)
    if options.work == "record":
        record(examples, options.out, options.candidates)
        return
    answers = weigh(examples, options.recorded, candidates=0)
    if options.candidates:
        answers += weigh(examples, options.recorded, options.candidates)
    if options.work == "fit":
        _print_fit(answers, options.evidence or list(_CALIBRATION.weights))
        return
    _print_all(answers, [_CALIBRATION.probability(answer.known) for answer in answers])


if __name__ == "__main__":
    main()
