"""`bench`: what a model takes on this computer, as a table or as JSON."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.choose import chosen_profile
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Engine
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.store import passing_folder
from nl2sql_tui.errors import ExitCode, InputError
from nl2sql_tui.evaluation.bench import Bench, run
from nl2sql_tui.settings import Settings
from nl2sql_tui.terminal import ProgressLine, say, showing_load
from nl2sql_tui.text import byte_size, shortened, visible


def bench(database: Database, engine: Engine, settings: Settings, questions: Sequence[str], as_json: bool) -> int:
    """Measure `engine` with `questions` and print what was measured; return the exit code. Raises UserError."""
    if len(questions) < 2:
        raise InputError("A measurement takes two questions at least: the first finds nothing read before.")
    cancel = Cancel()
    progress = ProgressLine(len(questions), "questions")
    try:
        with stopping_on_interrupt(cancel), showing_load(engine):
            assistant = Assistant(database, engine, settings)
            measured = run(assistant, questions, settings.max_new_tokens, cancel, progress.show)
    finally:
        progress.end()
        engine.close()
    print(json.dumps(measured.as_json(), indent=2) if as_json else _table(measured))  # noqa: T201
    return ExitCode.OK


def read_questions(file: Path) -> list[str]:
    """The lines of `file` that are not empty. Raises InputError."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{visible(str(file))} cannot be read: {visible(str(error))}.") from error
    return [line.strip() for line in lines if line.strip()]


@contextmanager
def random_engine(settings: Settings) -> Iterator[Engine]:
    """An engine for the settings' model at its full size with random weights, which are removed afterwards.

    Raises UserError.
    """
    from nl2sql_tui.engine.random_model import write_random_model

    profile = chosen_profile(settings)
    with passing_folder() as folder:
        say(f"Writing random weights for {profile.title} …")
        write_random_model(profile, folder)
        yield LocalEngine(replace(profile, adapter=None, folder=folder), lambda *_: folder)


def _table(measured: Bench) -> str:
    figures = measured.as_json()
    rows = [
        ("model", shortened(measured.model, 60)),
        ("device", shortened(measured.device, 60)),
        ("load", f"{measured.load_seconds:.2f} s"),
        ("prompt", f"{measured.cold.prompt_tokens:,} tokens"),
        ("first token, nothing read before", f"{measured.cold.first_token:.3f} s"),
        ("first token, schema read before", f"{measured.first_token_warm:.3f} s"),
        ("tokens per second", f"{measured.tokens_per_second:.1f}"),
        ("answer, p50 and p95", f"{figures['answer_seconds_p50']:.2f} s, {figures['answer_seconds_p95']:.2f} s"),
        ("memory of the process, at most", byte_size(measured.peak_bytes)),
    ]
    if measured.weights_bytes is not None:
        rows.append(("weights", byte_size(measured.weights_bytes)))
    if measured.gpu_used_bytes is not None:
        rows.append(("GPU memory in use", byte_size(measured.gpu_used_bytes)))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {value}" for name, value in rows)
