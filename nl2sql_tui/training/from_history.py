"""Teaches the adapter in use further from the accepted pairs of one database, and switches to it if it got better.

Which pairs there are is `history`'s, what becomes of them `prepare`'s, the loop `finetune`'s, the verdicts those of
`evaluation.judge`. Here are the order of the steps, the part that is kept back, and the decision.

A run stands in a folder of its own, `run-N`, beside the adapter in use: that one stays as it is until a better one is
whole. A run's settings say what it began from, and in the end its verdict.
"""

import dataclasses
import hashlib
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from nl2sql_tui import __version__
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine import own_adapters, store
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.engine.transfer import Report as LoadReport
from nl2sql_tui.errors import InputError
from nl2sql_tui.evaluation.judge import judge_all
from nl2sql_tui.evaluation.judgement import Judgeable
from nl2sql_tui.history.accepted import AcceptedPair, schema_fingerprint
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.language.pruning import prune
from nl2sql_tui.schema import Schema
from nl2sql_tui.text import visible
from nl2sql_tui.training.answering import greedy_answers
from nl2sql_tui.training.finetune import steps_of, train
from nl2sql_tui.training.overlap import Overlap, question_key
from nl2sql_tui.training.packs import Encoder, Plan, plan
from nl2sql_tui.training.prepare import Example, prepare, read_examples, write_examples
from nl2sql_tui.training.recipes import FROM_HISTORY, Recipe
from nl2sql_tui.training.rows import TrainingRow
from nl2sql_tui.training.run import Listener, rhythm_for
from nl2sql_tui.training.run_folder import RunFolder, digest_of
from nl2sql_tui.training.start import as_in
from nl2sql_tui.training.trainee import Trainee, load_trainee

LEAST_EXAMPLES: Final = 40
"""With fewer there is too little to learn from, or to judge by."""
_KEPT_BACK_SHARE: Final = 0.25
_LEAST_KEPT_BACK: Final = 10
_RUN: Final = re.compile(r"run-(\d+)")
_NO_CHECKS: Final = Plan((), (), 0, 0)


@dataclass(frozen=True, slots=True)
class Order:
    """What a user asked for."""

    database: Path
    profile: Profile
    pairs: Sequence[AcceptedPair]
    """Accepted for the database."""
    max_new_tokens: int
    """The longest answer, in tokens."""
    recipe: Recipe = FROM_HISTORY


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    kept_back: int
    """Questions that were judged by."""
    right_before: int
    """Of them, answered right by the adapter in use."""
    right_after: int | None
    """By the new adapter; None if the one in use answers all of them right, so that none was made."""
    run: RunFolder
    is_new: bool = True
    """Whether the run was made now; else it is the one before, as no other pairs have come since."""

    @property
    def is_better(self) -> bool:
        """Whether the new adapter has strictly more right answers."""
        return self.right_after is not None and self.right_after > self.right_before


def learn(order: Order, listener: Listener, on_load: LoadReport, cancel: Cancel) -> Outcome:
    """Make or finish a run on the order's pairs, and use its adapter for the database if it is better.

    Raises InputError where there are too few pairs, ModelError, DatabaseError, Stopped; the adapter in use is then
    the one that it was, and what was learnt is kept for the same order given again.
    """
    start = adapter_in_use(order.database, order.profile, listener.said)
    recipe = as_in(start, order.recipe)
    home = own_adapters.home_of(order.database)
    identity = _identity(order, recipe, start)
    run = _stopped_run(home, identity)
    if run is not None:
        listener.said("Going on with the run that was stopped; questions accepted since then are left to the next.")
    else:
        examples = usable_examples(order, listener, cancel)
        run = _new_run(home, identity, examples)
        before = _verdict_before(home, run, start)
        if before is not None:
            shutil.rmtree(run.root)
            return before
    outcome = _taught_and_judged(order, recipe, start, run, listener, on_load, cancel)
    if outcome.is_better:
        own_adapters.use(order.database, order.profile.name, run.adapter)
    _close(run, outcome, home)
    return outcome


def adapter_in_use(database: Path, profile: Profile, on_problem: Callable[[str], None]) -> Path:
    """The adapter that answers for `database` now. Raises InputError if the profile takes none, ModelError."""
    own = own_adapters.adapter_for(database, profile.name, on_problem) if profile.is_converted else None
    adapter = store.adapter_of(replace(profile, own_adapter=own)) if profile.is_converted else None
    if adapter is None:
        raise InputError(
            f"The model {profile.name} is used without an adapter, so there is none to teach.",
            "Only the model default can learn from a history.",
        )
    return adapter


def usable_examples(order: Order, listener: Listener, cancel: Cancel) -> list[Example]:
    """What can be learnt from the pairs, always in the same order. Raises InputError if it is too little."""
    name = visible(order.database.name)
    listener.said(f"Preparing {_count(len(order.pairs), 'accepted question')} on {name}.")
    if len(order.pairs) < LEAST_EXAMPLES:
        raise _too_few(f"There are {len(order.pairs)} accepted questions on {name}")
    database = Path(own_adapters.name_of(order.database))
    rows = [
        TrainingRow(f"accepted question {number}", pair.question, pair.sql, database, "", source="history")
        for number, pair in enumerate(order.pairs, start=1)
    ]
    try:
        examples, report = prepare(rows, Overlap((), ()), listener.rows_read, cancel)
    except InputError as error:
        raise _too_few(f"None of {len(rows)} accepted questions on {name} can be used", error.hint) from error
    for line in report.lines():
        listener.said(line)
    if len(examples) < LEAST_EXAMPLES:
        raise _too_few(f"Of {len(rows)} accepted questions on {name}, {len(examples)} can be used")
    return sorted(examples, key=lambda example: (example.question, example.sql))


def _too_few(found: str, why: str = "") -> InputError:
    more = "Run answers that you find right, and correct others before you run them: each becomes a pair."
    return InputError(f"{found}; {LEAST_EXAMPLES} are needed to learn from.", f"{why} {more}".strip())


def sides(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """The examples to teach and those kept back, split by question.

    Kept back is what has a hash in the lowest quarter, and what follows it up to the least number. A question has the
    same hash at each run and can only fall behind in their order as others come: what was taught once is never judged
    by later.
    """
    places = {question_key(_asked(example)): 0.0 for example in examples}
    for question in places:
        places[question] = int(hashlib.sha256(question.encode()).hexdigest()[:8], 16) / 16**8
    ranked = sorted(places, key=lambda question: (places[question], question))
    out = {question for rank, question in enumerate(ranked) if _is_kept_back(places[question], rank)}
    return (
        [example for example in examples if question_key(_asked(example)) not in out],
        [example for example in examples if question_key(_asked(example)) in out],
    )


def _is_kept_back(place: float, rank: int) -> bool:
    return place < _KEPT_BACK_SHARE or rank < _LEAST_KEPT_BACK


def _asked(example: Example) -> str:
    """The question as the user asked it, without its value links."""
    return example.question.partition("\n")[0]


def _taught_and_judged(
    order: Order,
    recipe: Recipe,
    start: Path,
    run: RunFolder,
    listener: Listener,
    on_load: LoadReport,
    cancel: Cancel,
) -> Outcome:
    """The run from its examples to its two scores."""
    trainee = load_trainee(order.profile.name, "none", on_load, cancel)
    encoder = Encoder(trainee.tokenizer, trainee.form, trainee.end_tokens)
    examples = _as_shown_in_use(list(read_examples(run.examples)), order, encoder, cancel)
    taught, kept_back = sides(examples)

    def score(adapter: Path) -> int:
        answers = greedy_answers(trainee, adapter, kept_back, encoder, order.max_new_tokens, cancel)
        return _right(order.database, kept_back, answers, cancel)

    listener.said(f"{_count(len(taught), 'question')} to learn from, {len(kept_back)} kept back to judge by.")
    settings = run.read_settings() or {}
    right_before = settings.get("right_before")
    if right_before is None:
        listener.said("Asking the adapter in use what was kept back.")
        right_before = score(start)
        run.write_settings(settings | {"right_before": right_before})
    listener.said(f"The adapter in use answers {right_before} of {len(kept_back)} right.")
    if right_before == len(kept_back):
        return Outcome(len(kept_back), right_before, None, run)
    _teach(trainee, taught, encoder, recipe, run, start, listener, cancel)
    listener.said("Asking the new adapter the same.")
    return Outcome(len(kept_back), right_before, score(run.adapter), run)


def _as_shown_in_use(examples: Sequence[Example], order: Order, encoder: Encoder, cancel: Cancel) -> list[Example]:
    """The examples with what the model is shown of a large schema when it is asked their question."""
    database = Database(order.database)
    values = database.values(cancel)
    readable = Schema(tuple(table for table in database.require_tables().tables if table.columns))

    def shown(question: str) -> str:
        links = link_values(question, values)
        return schema_text(
            prune(
                readable,
                question,
                links,
                order.profile.schema_tokens,
                lambda text: encoder.rough_lengths([text])[0],
            )
        )

    return [replace(example, schema=shown(_asked(example))) for example in examples]


def _teach(
    trainee: Trainee,
    taught: Sequence[Example],
    encoder: Encoder,
    recipe: Recipe,
    run: RunFolder,
    start: Path,
    listener: Listener,
    cancel: Cancel,
) -> None:
    """Teach the adapter in `start` further, into the run's folder; the model in memory is the base again afterwards."""
    planned = plan(taught, encoder, recipe, recipe.passes)
    if not planned.packs:
        raise InputError(f"All {len(taught)} questions are longer than can be learnt from.", "Nothing is changed.")
    steps = steps_of(planned, recipe)
    listener.said(
        f"Teaching the adapter in use {planned.examples_used} questions in {_count(steps, 'step')}, "
        f"{planned.too_long} are too long; in {trainee.dtype} on {trainee.device}."
    )
    model = train(
        trainee, planned, _NO_CHECKS, taught, recipe, run, rhythm_for(steps), listener.point, cancel, start=start
    )
    model.unload()


def _right(database: Path, examples: Sequence[Example], answers: Sequence[str], cancel: Cancel) -> int:
    """How many answers give the rows of the accepted SQL."""
    asked = [Judgeable(database, (example.sql,), answer) for example, answer in zip(examples, answers, strict=True)]
    return sum(judgement.right for judgement in judge_all(asked, cancel))


def _identity(order: Order, recipe: Recipe, start: Path) -> dict[str, Any]:
    """What a run must have in common with a stopped one to go on with it."""
    return {
        "recipe": dataclasses.asdict(recipe),
        "model": order.profile.name,
        "start_adapter": store.adapter_digest(start),
        "schema": schema_fingerprint(Database(order.database).require_tables()),
    }


def _runs(home: Path) -> list[RunFolder]:
    """The runs that were begun, the oldest first."""
    numbered = {int(found.group(1)): folder for folder in home.glob("run-*") if (found := _RUN.fullmatch(folder.name))}
    return [RunFolder(numbered[number]) for number in sorted(numbered)]


def _settings_of(run: RunFolder) -> dict[str, Any]:
    """The run's settings; none for what cannot be read, which is as good as not begun."""
    try:
        return run.read_settings() or {}
    except InputError:
        return {}


def _stopped_run(home: Path, identity: dict[str, Any]) -> RunFolder | None:
    """The newest run if it has no verdict yet and began as one would begin now."""
    for run in _runs(home)[-1:]:
        settings = _settings_of(run)
        same = all(settings.get(name) == value for name, value in identity.items())
        whole = run.examples.is_file() and digest_of(run.examples) == settings.get("examples_sha256")
        if same and whole and "verdict" not in settings:
            return run
    return None


def _new_run(home: Path, identity: dict[str, Any], examples: Sequence[Example]) -> RunFolder:
    """A folder for a run, with its examples and settings."""
    numbers = [int(run.root.name.rpartition("-")[2]) for run in _runs(home)]
    run = RunFolder(home / f"run-{max(numbers, default=0) + 1}")
    run.create()
    # As the history itself, what is learnt from it is nobody else's to read.
    home.chmod(0o700)
    write_examples(examples, run.examples)
    run.write_settings(
        identity
        | {
            "examples_by_source": {"history": len(examples)},
            "examples_sha256": digest_of(run.examples),
            "begun": time.strftime("%Y-%m-%d %H:%M:%S %Z"),
            "made_with": {
                "nl2sql-tui": __version__,
                **{library: version(library) for library in ("torch", "transformers", "peft")},
            },
        }
    )
    return run


def _verdict_before(home: Path, new: RunFolder, start: Path) -> Outcome | None:
    """What came of the run before, if it had the same examples and began from the adapter in use or led to it."""
    now = _settings_of(new)
    for run in _runs(home)[-2:-1]:
        settings = _settings_of(run)
        same = all(settings.get(name) == now[name] for name in ("examples_sha256", "model", "recipe"))
        led_here = run.adapter == start or settings.get("start_adapter") == now["start_adapter"]
        if same and led_here and "verdict" in settings:
            return Outcome(**settings["verdict"], run=run, is_new=False)
    return None


def _close(run: RunFolder, outcome: Outcome, home: Path) -> None:
    """Note the verdict, and delete what no later run needs: checkpoints, and older runs that no database uses."""
    verdict = {
        "kept_back": outcome.kept_back,
        "right_before": outcome.right_before,
        "right_after": outcome.right_after,
    }
    run.write_settings((run.read_settings() or {}) | {"verdict": verdict})
    run.remove_checkpoints()
    used = own_adapters.in_use()
    for other in _runs(home):
        if other.root != run.root and other.adapter not in used:
            shutil.rmtree(other.root, ignore_errors=True)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
