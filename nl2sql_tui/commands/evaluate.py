"""`eval`: questions with gold queries in, a judged report out; asks the model unless predictions are given."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.engine.events import Engine
from nl2sql_tui.errors import ExitCode, InputError, Stopped
from nl2sql_tui.evaluation import tables
from nl2sql_tui.evaluation.dataset import Example, Predicted, read_examples, read_predictions
from nl2sql_tui.evaluation.evaluate import (
    check_golds,
    claim_folder,
    identity,
    judge_answers,
    make_folder,
    model_of,
    questions_to_ask,
    require_same_questions,
)
from nl2sql_tui.evaluation.report import HTML_FILE, write_report
from nl2sql_tui.evaluation.runner import GOES_ON, Prediction, answered_ids, predict
from nl2sql_tui.evaluation.scores import CheckedExample, Scores, scores_of
from nl2sql_tui.settings import Settings
from nl2sql_tui.terminal import ProgressLine, say, showing_load
from nl2sql_tui.text import visible_lines


def evaluate(
    data: Path,
    out: Path,
    make_engine: Callable[[], Engine],
    settings: Settings,
    databases: Path | None = None,
    predictions: Path | None = None,
    compare: Path | None = None,
    limit: int | None = None,
) -> int:
    """Judge answers to the questions of `data` and write the report into the folder `out`; return the exit code.

    The answers are those in the file `predictions`, and then no model is loaded; else they are asked for now. `compare`
    is a predictions file of another run; `limit` takes the first questions alone. Raises UserError; Stopped on Ctrl+C,
    with all answers so far kept.
    """
    if limit is not None and limit < 1:
        raise InputError("--limit must be at least 1.")
    every_example = read_examples(data, databases)
    examples = every_example[:limit]
    given = _read(predictions, examples)
    other = _read(compare, examples)
    make_folder(out)
    run = _Run(make_engine(), settings, out, every_example) if given is None else None
    cancel = Cancel()
    try:
        with stopping_on_interrupt(cancel):
            with _progress(len(examples), "questions: gold queries checked") as report:
                checked = check_golds(examples, cancel, report)
            answers = given if run is None else run.answers(checked, cancel)
            with _progress(len(checked), "questions: answers judged") as report:
                outcomes = judge_answers(checked, answers or {}, other, cancel, report)
    except Stopped as stopped:
        raise Stopped(hint=GOES_ON if run else "") from stopped
    model = run.model if run else None
    scores = scores_of(outcomes)
    about = {
        "data": str(data),
        "model": model,
        "predictions": predictions and str(predictions),
        "compared_with": compare and str(compare),
    }
    title = f"{data.name}: {model or (predictions.name if predictions else '')}"
    write_report(out, title, scores, outcomes, about)
    _print(scores)
    say(f"The report is in {out / HTML_FILE}.")
    return ExitCode.OK


def _read(file: Path | None, examples: list[Example]) -> dict[str | int, Predicted] | None:
    if file is None:
        return None
    answers = read_predictions(file)
    require_same_questions(answers, examples, file)
    return answers


class _Run:
    """The model's own run in the folder of the report."""

    def __init__(self, engine: Engine, settings: Settings, out: Path, every_example: list[Example]) -> None:
        """Raises InputError if the folder holds the answers of another run."""
        self.engine = engine
        self._settings = settings
        self._out = out
        self._every_example = every_example
        # Before the model is loaded, as far as that goes without it.
        self._file = claim_folder(out, identity(every_example, settings))

    @property
    def model(self) -> str:
        """The name of the model whose answers these are."""
        return model_of(self._out) or self.engine.name

    def answers(self, checked: list[CheckedExample], cancel: Cancel) -> dict[str | int, Predicted]:
        """Ask the model what it has not answered before, and give all answers.

        Raises InputError where another model gave those there are; Stopped, ModelError.
        """
        questions = questions_to_ask(checked)
        if {question.id for question in questions} <= answered_ids(self._file):
            return read_predictions(self._file)
        progress = ProgressLine(len(questions), "questions answered")

        def report(done: int, prediction: Prediction | None) -> None:
            if prediction is None:
                progress.start(done)
            else:
                progress.show(done)

        self.engine.start()
        try:
            with showing_load(self.engine):
                self.engine.wait_until_ready(cancel)
                claim_folder(self._out, identity(self._every_example, self._settings, self.engine.name))
                predict(questions, self._file, self.engine, self._settings, cancel, report)
        finally:
            progress.end()
            self.engine.close()
        return read_predictions(self._file)


@contextmanager
def _progress(total: int, noun: str) -> Iterator[Callable[[int], None]]:
    line = ProgressLine(total, noun)
    line.start(0)
    try:
        yield line.show
    finally:
        line.end()


def _print(scores: Scores) -> None:
    """The short table, on standard output."""
    lines = [tables.as_text(tables.summary(scores)), "", tables.as_text(tables.categories(scores)), ""]
    lines += tables.remarks(scores)
    sys.stdout.write(visible_lines("\n".join(lines)) + "\n")
