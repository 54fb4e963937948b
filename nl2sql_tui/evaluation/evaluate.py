"""The steps of an evaluation: check the gold queries, have the questions answered, judge the answers; writes no report.

The predictions of a run lie in its folder beside a note of what they are the answers to, so that a run that was
stopped goes on, and never on top of another run's answers.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.endpoint import endpoint_at
from nl2sql_tui.engine.own_profiles import find
from nl2sql_tui.errors import DatabaseError, InputError
from nl2sql_tui.evaluation.dataset import Example, Predicted
from nl2sql_tui.evaluation.json_rows import parsed, read_text
from nl2sql_tui.evaluation.judge import Judge
from nl2sql_tui.evaluation.judgement import Category, Judgeable, Judgement
from nl2sql_tui.evaluation.runner import Question
from nl2sql_tui.evaluation.scores import CheckedExample, Outcome
from nl2sql_tui.evaluation.splits import Traits, shape_of
from nl2sql_tui.schema import Schema
from nl2sql_tui.settings import Settings
from nl2sql_tui.text import visible

PREDICTIONS_FILE: Final = "predictions.jsonl"
_RUN_FILE: Final = "run.json"
_SETTINGS: Final = (
    *("max_new_tokens", "values", "column_matcher", "repair", "grammar"),
    *("compare", "with_less", "candidates", "answer_seconds"),
    *("adapter", "form", "context_tokens", "sampling", "template"),
)
"""Those that answers depend on."""
_OF_PROFILE: Final = (
    *("name", "hub_id", "hub_revision", "folder", "adapter", "lora", "forms", "form", "sampling"),
    *("context_tokens", "schema_tokens", "history_tokens", "template", "answer_form", "more_answers"),
)
"""What of a profile answers depend on: a profile of the user's own is another one as soon as its table says so."""

Report = Callable[[int], None]
"""Called with the number of questions done."""


def check_golds(examples: Sequence[Example], cancel: Cancel, report: Report) -> list[CheckedExample]:
    """Run every gold query and look at its shape. Raises Stopped on cancel."""
    schemas: dict[Path, Schema] = {}
    checked = []
    with Judge(cancel) as judge:
        for example in examples:
            database = example.question.database
            if database not in schemas:
                schemas[database] = _schema(database)
            runs = tuple(judge.check_golds(database, example.golds))
            schema = schemas[database]
            traits = Traits(shape_of(example.golds[0], schema), len(schema.tables), database.stem)
            checked.append(CheckedExample(example, runs, traits))
            report(len(checked))
    return checked


def _schema(database: Path) -> Schema:
    """The schema of a database; none if it cannot be read, which its gold queries will say."""
    try:
        return Database(database).schema()
    except DatabaseError:
        return Schema(())


def questions_to_ask(checked: Sequence[CheckedExample]) -> list[Question]:
    """The questions that can be judged, those on one database after another: they share the prompt's beginning."""
    asked = [one.example.question for one in checked if one.golds]
    return sorted(asked, key=lambda question: str(question.database))


def judge_answers(
    checked: Sequence[CheckedExample],
    answers: Mapping[str | int, Predicted],
    others: Mapping[str | int, Predicted] | None,
    cancel: Cancel,
    report: Report,
) -> list[Outcome]:
    """Judge the answers, and those of another run if there is one, in the order of `checked`. Raises Stopped."""
    outcomes = []
    with Judge(cancel) as judge:
        for one in checked:
            identity = one.example.question.id
            answer = answers.get(identity)
            found = _judgement(judge, one, answer)
            if others is None:
                outcomes.append(Outcome(one, answer, found))
            else:
                other = others.get(identity)
                outcomes.append(Outcome(one, answer, found, other, _judgement(judge, one, other)))
            report(len(outcomes))
    return outcomes


def _judgement(judge: Judge, one: CheckedExample, answer: Predicted | None) -> Judgement:
    if not one.golds:
        return Judgement(Category.NO_GOLD, error=one.broken[0][1].error)
    if answer is None:
        gold_sample = next(ran.sample for ran in one.runs if ran.sample is not None)
        return Judgement(Category.NO_SQL, error="The run has no answer to it.", gold_sample=gold_sample)
    return judge.judge(Judgeable(one.example.question.database, one.golds, answer.sql))


def require_same_questions(answers: Mapping[str | int, Predicted], examples: Sequence[Example], file: Path) -> None:
    """Raise InputError if a predictions file answers none of the questions: its ids are of another data set."""
    if not any(example.question.id in answers for example in examples):
        raise InputError(
            f"{visible(str(file))} answers none of these questions: no id is the same.",
            "In an array the id is the place, a number from 0.",
        )


def claim_folder(out: Path, this_run: Mapping[str, Any]) -> Path:
    """Make `out` the folder of the run that `this_run` identifies and give the file for its predictions.

    Raises InputError, changing nothing, if the folder holds predictions for other questions, or of another model or
    other settings, and if it cannot be written.
    """
    note, predictions = out / _RUN_FILE, out / PREDICTIONS_FILE
    if predictions.exists():
        before = parsed(read_text(note)) if note.exists() else None
        differing = [key for key in this_run if not isinstance(before, dict) or before.get(key) != this_run[key]]
        if differing:
            raise InputError(
                f"{visible(str(predictions))} holds the answers of another run: {', '.join(differing)} differ.",
                "They are unchanged. Name another folder, or judge them as they are with --predictions.",
            )
        return predictions
    make_folder(out)
    try:
        note.write_text(json.dumps(this_run, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{visible(str(note))} cannot be written: {error.strerror}.") from error
    return predictions


def make_folder(out: Path) -> None:
    """Make the folder for a report if there is none. Raises InputError if that cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{visible(str(out))} cannot be written: {error.strerror}.") from error


def model_of(out: Path) -> str | None:
    """The name of the model whose answers the folder holds; None where it holds none. Raises InputError."""
    note = out / _RUN_FILE
    before = parsed(read_text(note)) if note.exists() else None
    name = before.get("model") if isinstance(before, dict) else None
    return name if isinstance(name, str) else None


def identity(examples: Sequence[Example], settings: Settings, model: str | None = None) -> dict[str, Any]:
    """What a run's answers depend on; `model` is the model's own name, once it is known.

    A server says only when it is asked which model it has. Gold queries are left out: mending one costs no answer.
    Raises InputError or ModelError for settings that name what there is not.
    """
    questions = hashlib.sha256()
    for example in examples:
        question = example.question
        questions.update(json.dumps([question.id, question.database.name, question.text]).encode())
    return {
        "questions": questions.hexdigest(),
        **_answering(settings),
        **{name: getattr(settings, name) for name in _SETTINGS},
        **({} if model is None else {"model": model}),
    }


def _answering(settings: Settings) -> dict[str, Any]:
    """What answers by the settings: a server's model, by an address that holds no key, or what the profile comes to."""
    if settings.endpoint:
        address = endpoint_at(settings.endpoint, allow_plain_http=True).base
        return {"endpoint": {"address": address, "model": settings.model}, "profile": None}
    profile = find(settings.model, settings.profiles)
    described = {name: getattr(profile, name) for name in _OF_PROFILE}
    described |= {
        "folder": profile.folder and str(profile.folder),
        "sampling": profile.sampling and asdict(profile.sampling),
    }
    # As it is read back: a tuple is a list then.
    return {"endpoint": None, "profile": json.loads(json.dumps(described))}
