"""The command line: parses, calls the parts, and turns errors into one line and an exit code.

Imports nothing heavy at module level: `--help` and the first paint of the terminal program must not wait.
"""

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nl2sql_tui import __version__
from nl2sql_tui.cli_models import add_to
from nl2sql_tui.database.formats import FORMATS, Format
from nl2sql_tui.errors import ExitCode, UserError
from nl2sql_tui.output import guard_standard_output
from nl2sql_tui.pipes import PipeBroke, telling_of_broken_pipes, turn_away_unread
from nl2sql_tui.terminal import say, say_error

if TYPE_CHECKING:
    from nl2sql_tui.database.file import Database
    from nl2sql_tui.engine.events import Engine
    from nl2sql_tui.settings import Settings


class _Program(click.Group):
    """A group whose first word may also be a database file: then the terminal program opens on it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h", "--version"):
            args = ["open", *args]
        return super().parse_args(ctx, args)

    def make_context(self, *words: Any, **extra: Any) -> click.Context:
        with telling_of_broken_pipes():
            return super().make_context(*words, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with telling_of_broken_pipes():
            return super().invoke(ctx)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(__version__, prog_name="nl2sql-tui")
def program() -> None:
    """Ask a SQLite file questions in plain words, with a model that runs on this computer.

    \b
    nl2sql-tui DB        opens the terminal program on a database file
    nl2sql-tui --demo    opens it on a demo database

    The database is opened read-only, and no SQL runs until you say so.
    --demo may stand in the place of DB in ask, sql, predict and history.
    """


def _model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--model", metavar="NAME", help="The model to use, of `nl2sql-tui models`, or path:FOLDER, hf:OWNER/NAME."
        ),
        click.option("--form", "weights_form", metavar="FORM", help="Load it in this form, e.g. nf4-double."),
        click.option("--context", type=click.IntRange(min=1), metavar="N", help="Tokens of prompt and answer at most."),
        click.option("--sampling", metavar="NAME", help="How tokens are drawn: greedy or article."),
        click.option("--template", metavar="NAME", help="How the question is laid out; see the README."),
        click.option("--endpoint", metavar="URL", help="Ask the model of a server; --model is then its name there."),
        click.option(
            "--adapter", metavar="NAME", help="A LoRA adapter: a folder or Hub id, or its name on the server."
        ),
        click.option("--allow-plain-http", is_flag=True, help="Let a key go unencrypted to another computer."),
        click.option("--no-values", is_flag=True, help="Keep cell values out of the prompt."),
        click.option("--max-new-tokens", type=click.IntRange(min=1), help="The longest answer, in tokens."),
    ):
        command = option(command)
    return command


_adapter_option = click.option(
    "--packaged-adapter", is_flag=True, help="Ask the packaged adapter, not one that was learnt from DB's history."
)
_demo_option = click.option("--demo", is_flag=True, help="Use the demo database in the place of DB.")
_timeout_option = click.option("--timeout", type=float, metavar="SECONDS", help="End a statement that runs longer.")
_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How rows are written.",
)
_limit_option = click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help="Rows at most, 0 for all. Default: 1000 for table and md, all for json, jsonl and csv.",
)


@program.command("open", hidden=True)
@click.argument("words", nargs=-1, metavar="DB")
@_demo_option
@_model_options
@_adapter_option
@_timeout_option
def open_program(
    words: tuple[str, ...], demo: bool, packaged_adapter: bool, timeout: float | None, **model_flags: Any
) -> int:
    """Open the terminal program on DB."""
    from nl2sql_tui.tui.run import run

    settings = _settings(timeout, **model_flags)
    (path,) = _database_first(words, demo, ())
    samples: tuple[str, ...] = ()
    if demo:
        from nl2sql_tui.database.demo import SAMPLE_QUESTIONS

        samples = SAMPLE_QUESTIONS
    database = _open(path)
    database.require_tables()
    return run(database, _engine(settings, None if packaged_adapter else database.path), settings, samples)


@program.command()
@click.argument("words", nargs=-1, metavar="DB QUESTION")
@_demo_option
@click.option("--run", "run_it", is_flag=True, help="Run the SQL and print its rows; the SQL goes to standard error.")
@click.option("--sure", is_flag=True, help="With --run, run an answer also where it is in doubt.")
@_format_option
@_limit_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the SQL and what is known of it.")
@_timeout_option
@_model_options
@_adapter_option
def ask(
    words: tuple[str, ...],
    demo: bool,
    run_it: bool,
    form: Format,
    limit: int | None,
    as_json: bool,
    timeout: float | None,
    packaged_adapter: bool,
    sure: bool,
    **model_flags: Any,
) -> int:
    """Turn QUESTION into SQL for DB and print it; run it only with --run, where it is in doubt only with --sure."""
    from nl2sql_tui.commands import ask as command

    settings = _settings(timeout, **model_flags)
    path, question = _database_first(words, demo, ("QUESTION",))
    database = _open(path)
    output = command.Output(form=form, limit=limit, as_json=as_json, run_it=run_it, even_unsure=sure)
    engine = _engine(settings, None if packaged_adapter else database.path)
    return command.ask(database, engine, settings, question, output)


@program.command()
@click.argument("words", nargs=-1, metavar="DB SQL")
@_demo_option
@_format_option
@_limit_option
@_timeout_option
def sql(words: tuple[str, ...], demo: bool, form: Format, limit: int | None, timeout: float | None) -> int:
    """Run SQL, one reading statement, on DB and print its rows."""
    from nl2sql_tui.commands.rows import run_and_print

    settings = _settings(timeout)
    path, statement = _database_first(words, demo, ("SQL",))
    return run_and_print(_open(path), statement, form, limit, settings)


@program.command()
@click.argument("questions", type=click.Path(path_type=Path), metavar="QUESTIONS.jsonl")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where answers go.")
@_demo_option
@_model_options
def predict(questions: Path, out: Path, demo: bool, **model_flags: Any) -> int:
    """Answer every row {"id", "db", "question"} of QUESTIONS.jsonl into FILE.

    "db" is relative to the questions file; with --demo it may be left out. The rows of FILE are
    {"id", "sql", "valid", "error", "seconds", "tokens"}. A run that was stopped goes on where it stopped.
    """
    from nl2sql_tui.commands.predict import predict as command

    settings = _settings(None, **model_flags)
    return command(questions, out, _engine(settings), settings, _demo_path() if demo else None)


@program.command()
@click.argument("words", nargs=-1, metavar="[DB]")
@click.option("--questions", type=click.Path(path_type=Path), metavar="FILE", help="Ask these, one a line.")
@click.option("--random-weights", is_flag=True, help="Measure the model at its full size without having it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, in seconds and bytes.")
@_model_options
def bench(
    words: tuple[str, ...], questions: Path | None, random_weights: bool, as_json: bool, **model_flags: Any
) -> int:
    """Measure a model on this computer: loading, first token, tokens per second, memory.

    Without DB it answers the demo's questions.
    """
    from nl2sql_tui.commands import bench as command
    from nl2sql_tui.database.demo import SAMPLE_QUESTIONS

    settings = _settings(None, **model_flags)
    (path,) = _database_first(words, not words, ())
    asked = command.read_questions(questions) if questions is not None else SAMPLE_QUESTIONS
    database = _open(path)
    if random_weights:
        with command.random_engine(settings) as engine:
            return command.bench(database, engine, settings, asked, as_json)
    return command.bench(database, _engine(settings), settings, asked, as_json)


def _settings(timeout: float | None, **model_flags: Any) -> "Settings":
    from nl2sql_tui.settings import load_settings

    return load_settings(
        {
            "query_seconds": timeout,
            "model": model_flags.get("model"),
            "form": model_flags.get("weights_form"),
            "context_tokens": model_flags.get("context"),
            "sampling": model_flags.get("sampling"),
            "template": model_flags.get("template"),
            "max_new_tokens": model_flags.get("max_new_tokens"),
            "values": False if model_flags.get("no_values") else None,
            "adapter": model_flags.get("adapter"),
            "endpoint": model_flags.get("endpoint"),
            "endpoint_plain_http": True if model_flags.get("allow_plain_http") else None,
        }
    )


def _database_first(words: tuple[str, ...], demo: bool, others: tuple[str, ...]) -> list[str]:
    """The path of the database, then the other words, of which each in `others` is one. Raises UsageError."""
    expected = others if demo else ("DB", *others)
    if len(words) != len(expected):
        given = "nothing" if not words else f"{len(words)} word{'' if len(words) == 1 else 's'}"
        line = f"Expected {' and '.join(expected) or 'nothing'}{' beside --demo' if demo else ''}, got {given}."
        if len(words) > len(expected):
            line += " Put quotes around a text of several words."
        raise click.UsageError(line, click.get_current_context())
    if not demo and not words[0]:
        raise click.UsageError("The name of the database is empty.", click.get_current_context())
    return [str(_demo_path()), *words] if demo else list(words)


def _demo_path() -> Path:
    from nl2sql_tui.database.demo import ensure_demo
    from nl2sql_tui.folders import cache_folder

    return ensure_demo(cache_folder())


def _open(path: str) -> "Database":
    from nl2sql_tui.database.file import Database

    return Database(Path(path))


def _engine(settings: "Settings", database: Path | None = None) -> "Engine":
    """The model's engine; with the adapter that was learnt from the history of `database`, if there is one."""
    if settings.endpoint:
        return _remote_engine(settings)
    from nl2sql_tui.commands.choose import chosen_profile
    from nl2sql_tui.engine.local import LocalEngine
    from nl2sql_tui.engine.own_adapters import adapter_for
    from nl2sql_tui.engine.sources import prepare_to_answer

    chosen = chosen_profile(settings)
    if database is not None and chosen.is_converted and chosen.own_adapter is None:
        chosen = replace(chosen, own_adapter=adapter_for(database, chosen.name, say))
    return LocalEngine(chosen, prepare_to_answer)


def _remote_engine(settings: "Settings") -> "Engine":
    """The engine of the model that a server has. Nothing is sent before the engine is started."""
    from nl2sql_tui.commands.choose import template_for_server
    from nl2sql_tui.engine.endpoint import Limits, endpoint_at
    from nl2sql_tui.engine.remote import RemoteEngine
    from nl2sql_tui.settings import Settings

    return RemoteEngine(
        endpoint_at(settings.endpoint, allow_plain_http=settings.endpoint_plain_http),
        model="" if settings.model == Settings().model else settings.model,
        adapter=settings.adapter,
        context_tokens=settings.context_tokens,
        limits=Limits(silent_seconds=settings.endpoint_seconds),
        template=template_for_server(settings),
    )


@program.command()
@click.argument("words", nargs=-1, metavar="[DB]")
@_demo_option
@click.option("--forget", is_flag=True, help="Forget what is remembered of DB.")
@click.option("--forget-one", type=int, metavar="ID", help="Forget one statement, by the id that the list has.")
def history(words: tuple[str, ...], demo: bool, forget: bool, forget_one: int | None) -> int:
    """Show the questions and SQL that were run on DB, or on which databases there are any.

    Given again and learnt from is what you accepted: what you ran, that gave rows with nothing odd about them, and was
    not unsure, unless you had edited it or chosen it. What ask --sure runs does not count.
    """
    from nl2sql_tui.commands import history as commands

    if forget and forget_one is not None:
        raise click.UsageError("--forget forgets all, --forget-one one.", click.get_current_context())
    if not words and not demo:
        if forget or forget_one is not None:
            raise click.UsageError("Name the DB of which to forget.", click.get_current_context())
        return commands.list_databases()
    (path,) = _database_first(words, demo, ())
    if forget_one is not None:
        return commands.forget_one(Path(path), forget_one)
    return commands.forget_history(Path(path)) if forget else commands.list_history(Path(path))


add_to(program, _model_options, _settings, _engine)


def run_program(arguments: list[str]) -> int:
    """Run one command and return its exit code; every error has been told on standard error."""
    try:
        code = program.main(arguments, prog_name="nl2sql-tui", standalone_mode=False)
        with telling_of_broken_pipes():
            sys.stdout.flush()
        return code if isinstance(code, int) else ExitCode.OK
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.NoSuchOption):
            say("A question or SQL that begins with - needs -- before it: nl2sql-tui sql DB -- '-- note …'")
        return ExitCode.USAGE
    except UserError as error:
        say_error(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("nl2sql-tui: stopped.")
        return ExitCode.STOPPED
    except PipeBroke as broke:
        return ExitCode.OK if turn_away_unread() else _bug(broke.error)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        return _bug(error)


def _bug(error: Exception) -> int:
    """Tell of something this program did not foresee; the details go to a file, not over the screen."""
    from nl2sql_tui.folders import log_folder

    line = f"nl2sql-tui: unexpected {type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
    try:
        file = log_folder() / "last-error.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(traceback.format_exc(), encoding="utf-8")
        line += f" (details: {file})"
    except Exception:  # noqa: BLE001 - whatever keeps the details from the disk, the line has to be told
        line += " (its details could not be written down)"
    say(line)
    return ExitCode.BUG


def main() -> None:
    """The `nl2sql-tui` command."""
    guard_standard_output()
    code = run_program(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            pass  # as `run_program` has it
        except (OSError, UserError):
            code = code or ExitCode.BUG
    # A model thread in the middle of a forward pass or an import must not hold up, or crash, the way out.
    os._exit(code)
