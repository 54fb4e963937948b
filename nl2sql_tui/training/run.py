"""One training run from its data to its adapter: prepares, plans, teaches, or goes on where a run was stopped."""

import dataclasses
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from nl2sql_tui import __version__
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.store import adapter_digest
from nl2sql_tui.engine.transfer import Report as LoadReport
from nl2sql_tui.errors import InputError
from nl2sql_tui.text import visible
from nl2sql_tui.training.finetune import Rhythm, steps_of, train
from nl2sql_tui.training.overlap import Overlap
from nl2sql_tui.training.packs import Encoder, Plan, plan
from nl2sql_tui.training.prepare import Example, overlap_of, prepare, read_examples, write_examples
from nl2sql_tui.training.recipes import Recipe
from nl2sql_tui.training.rows import read_rows
from nl2sql_tui.training.run_folder import Point, RunFolder, digest_of
from nl2sql_tui.training.trainee import Quantisation, Trainee, load_trainee

_VALIDATION_PACKS: Final = 12
"""Enough for a curve; measured at each checkpoint."""
_SPLIT_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Order:
    """What a user asked for."""

    data: tuple[str, ...]
    """Files, or names of data sets on the Hub."""
    databases: Path | None
    """Where rows that name their database by `db_id` find it."""
    evaluation: tuple[str, ...]
    """Files of questions that must not be in the training data."""
    model: str
    """A profile's name or a model's folder."""
    quantisation: Quantisation
    recipe: Recipe
    validation_share: float
    """The share of the databases kept out, for the curve."""
    start: Path | None = None
    """The folder of an adapter that is taught further, whose rank and alpha the recipe has; None for a new one."""


class Listener:
    """Whoever watches a run; by default nobody."""

    def rows_read(self, count: int) -> None:
        """`count` rows have been prepared."""

    def said(self, line: str) -> None:
        """A line for a person."""

    def point(self, point: Point, steps: int) -> None:
        """The curve went on; `steps` are to be made in all."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run came to."""

    folder: RunFolder
    trainee: Trainee
    plan: Plan
    order: Order
    curve: Sequence[Point]


def prepare_data(order: Order, folder: RunFolder, listener: Listener, cancel: Cancel) -> list[Example]:
    """The run's examples: those on disk if its data was prepared before. Raises InputError, Stopped."""
    with folder.held():
        return _prepared(order, folder, listener, cancel)


def _prepared(order: Order, folder: RunFolder, listener: Listener, cancel: Cancel) -> list[Example]:
    before = folder.read_settings()
    if before is not None:
        _require_same(order, before, folder)
        return list(read_examples(folder.examples))
    evaluation = [row for source in order.evaluation for row in read_rows([source], order.databases)]
    overlap = overlap_of(evaluation) if evaluation else Overlap((), ())
    examples, report = prepare(
        read_rows(order.data, order.databases), overlap, listener.rows_read, cancel, order.recipe.template
    )
    write_examples(examples, folder.examples)
    folder.data_report.write_text("\n".join(report.lines()) + "\n", encoding="utf-8")
    for line in report.lines():
        listener.said(line)
    folder.write_settings(_settings(order, folder, dict(report.kept)))
    return examples


def run(
    order: Order,
    folder: RunFolder,
    listener: Listener,
    on_load: LoadReport,
    cancel: Cancel,
    rhythm: Rhythm | None = None,
) -> Finished:
    """Make or finish the run in `folder`; a finished one stays as it is, unless it is to have more steps.

    Raises InputError, ModelError, Stopped; what was learnt is kept.
    """
    with folder.held():
        examples = _prepared(order, folder, listener, cancel)
        return _taught(order, folder, examples, listener, on_load, cancel, rhythm)


def _taught(
    order: Order,
    folder: RunFolder,
    examples: Sequence[Example],
    listener: Listener,
    on_load: LoadReport,
    cancel: Cancel,
    rhythm: Rhythm | None,
) -> Finished:
    trainee = load_trainee(order.model, order.quantisation, on_load, cancel)
    encoder = Encoder(trainee.tokenizer, trainee.form, trainee.end_tokens, order.recipe.template)
    taught, kept_out = split(examples, order.validation_share)
    planned = _planned(taught, encoder, order.recipe)
    checks = plan(kept_out, encoder, replace(order.recipe, shuffled_tables=0.0, distractors=0.0), 1.0)
    checks = replace(checks, packs=_offset(checks.packs[:_VALIDATION_PACKS], len(taught)))
    steps = steps_of(planned, order.recipe)
    listener.said(
        f"{planned.examples_used:,} examples in {len(planned.packs):,} packs, "
        f"{steps:,} steps; {planned.too_long:,} are too long; "
        f"{trainee.name} in {trainee.dtype} on {trainee.device}."
    )
    _note(folder, trainee, planned, order.recipe)
    often = rhythm or rhythm_for(steps)
    together = [*taught, *kept_out]
    train(trainee, planned, checks, together, order.recipe, folder, often, listener.point, cancel, order.start)
    return Finished(folder, trainee, planned, order, folder.curve())


def split(examples: Sequence[Example], share: float) -> tuple[list[Example], list[Example]]:
    """The examples to teach and those kept out: whole databases, about `share` of them, the same ones each time."""
    databases = sorted({example.database for example in examples})
    random.Random(_SPLIT_SEED).shuffle(databases)
    out = set(databases[: round(len(databases) * share)])
    return (
        [example for example in examples if example.database not in out],
        [example for example in examples if example.database in out],
    )


def _planned(taught: Sequence[Example], encoder: Encoder, recipe: Recipe) -> Plan:
    """Packs for exactly the recipe's steps where it names them, else for its passes. Raises InputError."""
    one = plan(taught, encoder, recipe, min(1.0, recipe.passes) if recipe.steps is None else 1.0)
    if not one.packs:
        raise InputError(f"All {len(taught):,} examples are longer than the recipe takes.", "Nothing was trained.")
    if recipe.steps is None:
        return plan(taught, encoder, recipe, recipe.passes)
    wanted = recipe.steps * recipe.packs_per_step
    passes = plan(taught, encoder, recipe, -(-wanted // len(one.packs)))
    return replace(passes, packs=passes.packs[:wanted], tokens=passes.tokens[:wanted])


def _offset(packs: Sequence[Any], by: int) -> tuple[Any, ...]:
    """The packs of examples that stand `by` places further behind."""
    return tuple(replace(pack, examples=tuple(place + by for place in pack.examples)) for pack in packs)


def _settings(order: Order, folder: RunFolder, kept: dict[str, int]) -> dict[str, Any]:
    return {
        "recipe": dataclasses.asdict(order.recipe),
        "model": order.model,
        "quantisation": order.quantisation,
        "validation_share": order.validation_share,
        "start_adapter": _digest_of_start(order),
        "data": [visible(Path(source).name) for source in order.data],
        "evaluation": [visible(Path(source).name) for source in order.evaluation],
        "examples_by_source": kept,
        "examples_sha256": digest_of(folder.examples),
        "begun": time.strftime("%Y-%m-%d %H:%M:%S %Z"),
        "made_with": {
            "nl2sql-tui": __version__,
            **{library: version(library) for library in ("torch", "transformers", "peft")},
        },
    }


def _digest_of_start(order: Order) -> str | None:
    return None if order.start is None else adapter_digest(order.start)


def _note(folder: RunFolder, trainee: Trainee, planned: Plan, recipe: Recipe) -> None:
    """Add to the settings what is known once the model is there."""
    settings = folder.read_settings() or {}
    settings |= {
        "recipe": dataclasses.asdict(recipe),
        "base": trainee.name,
        "base_licence": trainee.licence,
        "answer_form": trainee.form,
        "device": trainee.device,
        "dtype": trainee.dtype,
        "examples_used": planned.examples_used,
        "packs": len(planned.packs),
    }
    folder.write_settings(settings)


_MAY_DIFFER: Final = frozenset(("steps", "passes", "decay_share"))
"""A run may be made longer or shorter on its way: its packs are the same up to where it stands."""


def _require_same(order: Order, before: dict[str, Any], folder: RunFolder) -> None:
    """Raise InputError where the run in the folder was begun with other settings, or its data was changed."""
    now = dataclasses.asdict(order.recipe)
    asked = {
        "model": order.model,
        "quantisation": order.quantisation,
        "validation_share": order.validation_share,
        "start_adapter": _digest_of_start(order),
        "evaluation": [visible(Path(source).name) for source in order.evaluation],
    }
    differing = [name for name, value in asked.items() if before.get(name) != value]
    # What runs did before the setting was written down.
    recipe = {"template": "schema first"} | before.get("recipe", {})
    differing += [name for name, value in now.items() if recipe.get(name) != value and name not in _MAY_DIFFER]
    if differing:
        raise InputError(
            f"The run in {visible(str(folder.root))} was begun with another {', '.join(differing)}.",
            "Give the same settings to go on with it, or name another folder.",
        )
    if not folder.examples.is_file() or digest_of(folder.examples) != before.get("examples_sha256"):
        raise InputError(
            f"The examples in {visible(str(folder.examples))} were changed since the run began.",
            "Name another folder to begin anew.",
        )


def rhythm_for(steps: int) -> Rhythm:
    """Points and checkpoints often enough for a short run."""
    usual = Rhythm()
    log_steps = min(usual.log_steps, max(1, steps // 20))
    save_steps = min(usual.save_steps, max(1, steps // 4))
    # The loss on other databases is measured with a checkpoint and noted at a point.
    return Rhythm(log_steps, -(-save_steps // log_steps) * log_steps)
