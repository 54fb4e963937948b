"""`predict`: a file of questions in, a file of answers out, with a progress line."""

from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.engine.events import Engine
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.evaluation.runner import Prediction, read_questions
from nl2sql_tui.evaluation.runner import predict as run
from nl2sql_tui.settings import Settings
from nl2sql_tui.terminal import ProgressLine, say, showing_load


def predict(questions_file: Path, out: Path, engine: Engine, settings: Settings, demo: Path | None) -> int:
    """Answer the questions of the file; return the exit code. Raises UserError."""
    questions = read_questions(questions_file, demo)
    engine.start()
    cancel = Cancel()
    progress = ProgressLine(len(questions), "questions")
    valid = asked = 0

    def report(finished: int, prediction: Prediction | None) -> None:
        nonlocal valid, asked
        if prediction is None:
            progress.start(finished)
            return
        asked += 1
        valid += prediction.valid
        progress.show(finished)

    try:
        with stopping_on_interrupt(cancel), showing_load(engine):
            finished = run(questions, out, engine, settings, cancel, report)
    finally:
        progress.end()
        engine.close()
    say(f"{finished:,} answers in {out}; of the {asked:,} asked now, {valid:,} compile.")
    return ExitCode.OK
