"""Answers a file of questions with one model load, writing each answer as it comes; judges nothing.

A run that was stopped goes on where it stopped: rows that are already in the output file are not asked again.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nl2sql_tui.answers import Answer, AnswerFailed
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Engine
from nl2sql_tui.errors import InputError, Stopped, UserError
from nl2sql_tui.evaluation.json_rows import is_text, json_lines, parsed
from nl2sql_tui.settings import Settings
from nl2sql_tui.text import visible

GOES_ON = "What was answered is kept; the same command goes on from there."

_PREDICTION_START = b'{"id":'
"""How every line that `Prediction.as_json` makes begins: tells a cut prediction from a file of something else."""


@dataclass(frozen=True, slots=True)
class Question:
    """One row of a questions file."""

    id: str | int
    database: Path
    text: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row of a predictions file."""

    id: str | int
    sql: str
    valid: bool
    error: str
    seconds: float
    tokens: int

    def as_json(self) -> str:
        row = {name: getattr(self, name) for name in ("id", "sql", "valid", "error", "seconds", "tokens")}
        return json.dumps(row, ensure_ascii=False)


def read_questions(file: Path, default_database: Path | None = None) -> list[Question]:
    """The rows of a questions file, `{"id", "db", "question"}` a line, `db` relative to the file.

    Rows without `db` are about `default_database` where one is given. Raises InputError, naming the line, for a row
    that cannot be used.
    """
    found: dict[str | int, Question] = {}
    for number, row in json_lines(file):
        place = f"Line {number} of {visible(str(file))}"
        identity, text = row.get("id"), row.get("question")
        database = row.get("db", default_database)
        if not isinstance(identity, str | int) or not isinstance(text, str) or not isinstance(database, str | Path):
            raise InputError(f'{place} must be an object with "id", "db" and "question".')
        if not is_text(f"{identity}{database}{text}"):
            raise InputError(f"{place} holds characters that are no text.")
        if identity in found:
            raise InputError(f"{place} has the id {visible(str(identity))}, which came before.")
        found[identity] = Question(identity, file.parent / database, text)
    if not found:
        raise InputError(f"{visible(str(file))} has no questions.")
    return list(found.values())


def answered_ids(file: Path) -> set[str | int]:
    """The ids in a predictions file that an earlier run left behind; a last line cut in the middle is removed.

    Raises InputError, changing nothing, if the file holds something else.
    """
    if not file.is_file():
        return set()
    found = set()
    kept_bytes = 0
    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise InputError(f"{visible(str(file))} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n") and line.startswith(_PREDICTION_START):
            break
        identity = _prediction_id(line)
        if identity is None:
            raise InputError(
                f"Line {number} of {visible(str(file))} is no prediction.", "It is unchanged; name another file."
            )
        found.add(identity)
        kept_bytes += len(line)
    if kept_bytes < sum(map(len, lines)):
        with _writing(file):
            os.truncate(file, kept_bytes)
    return found


def _prediction_id(line: bytes) -> str | int | None:
    row = parsed(line)
    identity = row.get("id") if isinstance(row, dict) and "sql" in row else None
    return identity if isinstance(identity, str | int) else None


def predict(
    questions: list[Question],
    out: Path,
    engine: Engine,
    settings: Settings,
    cancel: Cancel,
    report: Callable[[int, Prediction | None], None],
) -> int:
    """Answer `questions` into `out`, one JSON row each, skipping those that stand there; return how many there are.

    `report` is called with the number of finished questions, first with those found and no prediction, then
    after each. Raises Stopped on cancel, InputError if `out` cannot be written; what was finished stays.
    """
    done = answered_ids(out)
    waiting = [question for question in questions if question.id not in done]
    finished = len(questions) - len(waiting)
    databases: dict[Path, Database] = {}
    with _writing(out):
        file = out.open("a", encoding="utf-8")
    with file:
        engine.wait_until_ready(cancel)
        report(finished, None)
        for question in waiting:
            prediction = _prediction(question, databases, engine, settings, cancel)
            with _writing(out):
                file.write(prediction.as_json() + "\n")
                file.flush()
            finished += 1
            report(finished, prediction)
    return finished


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Say what is wrong if `file` cannot be written within the block. Raises InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{visible(str(file))} cannot be written: {error.strerror}.") from error


def _prediction(
    question: Question, databases: dict[Path, Database], engine: Engine, settings: Settings, cancel: Cancel
) -> Prediction:
    """One answer; whatever goes wrong with this one question stands in its `error`. Raises Stopped."""
    try:
        if question.database not in databases:
            databases[question.database] = Database(question.database)
        database = databases[question.database]
    except UserError as error:
        return Prediction(question.id, "", False, str(error), 0.0, 0)
    *_, last = Assistant(database, engine, settings).answer(question.text, cancel)
    if cancel.requested:
        # Even if there is an answer: it was not compared with others to the end.
        raise Stopped(hint=GOES_ON)
    match last:
        case Answer():
            verdict = last.verdict
            return Prediction(
                question.id, last.sql, verdict.valid, verdict.problem, round(last.seconds, 4), last.tokens
            )
        case AnswerFailed():
            return Prediction(question.id, last.sql, False, last.problem, 0.0, 0)
        case _:
            raise AssertionError(f"the assistant ended with {last!r}")
