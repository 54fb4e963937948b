"""`train`: data in, an adapter out, with a line of progress and a curve."""

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.engine.adapter_files import read_adapter
from nl2sql_tui.engine.own_adapters import note_trained
from nl2sql_tui.errors import ExitCode, InputError, ModelError
from nl2sql_tui.terminal import LoadLine, say
from nl2sql_tui.text import byte_size
from nl2sql_tui.training.recipes import RECIPES, Recipe
from nl2sql_tui.training.run import Listener, Order, prepare_data, run
from nl2sql_tui.training.run_folder import Point, RunFolder
from nl2sql_tui.training.run_report import curve_in_terminal, write_report
from nl2sql_tui.training.start import as_in


class TrainingScreen(Listener):
    """Tells on standard error how a run goes: one line drawn over on a terminal, a line each time elsewhere."""

    def __init__(self) -> None:
        self._interactive = sys.stderr.isatty()

    def rows_read(self, count: int) -> None:
        if self._interactive:
            print(f"\r\x1b[2K{count:,} rows prepared", end="", file=sys.stderr, flush=True)  # noqa: T201

    def said(self, line: str) -> None:
        self.end()
        say(line)

    def end(self) -> None:
        """Take the line away that is drawn over."""
        if self._interactive:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)  # noqa: T201

    def point(self, point: Point, steps: int) -> None:
        left = point.seconds / point.step * (steps - point.step)
        checked = "" if point.validation_loss is None else f"  on other databases {point.validation_loss:.3f}"
        line = (
            f"step {point.step:,} of {steps:,}  loss {point.loss:.3f}{checked}  "
            f"{point.tokens_per_second:,.0f} tokens/s  {byte_size(point.memory_bytes)}  {left / 60:.0f} min left"
        )
        if self._interactive and point.step < steps:
            print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)  # noqa: T201
        else:
            self.said(line)


def train(order: Order, out: Path, prepare_only: bool) -> int:
    """Run the order in the folder `out`, or go on there; return the exit code. Raises UserError."""
    folder, screen, cancel = RunFolder(out), TrainingScreen(), Cancel()
    line = LoadLine()
    with stopping_on_interrupt(cancel):
        try:
            if prepare_only:
                examples = prepare_data(order, folder, screen, cancel)
                screen.said(f"{len(examples):,} examples in {folder.examples}.")
                return ExitCode.OK
            _require_drawing()
            finished = run(order, folder, screen, line.show, cancel)
        finally:
            line.end()
            screen.end()
    write_report(folder)
    for row in curve_in_terminal(finished.curve):
        say(row)
    say(f"The adapter is in {finished.folder.adapter}.")
    try:
        note_trained(finished.folder.adapter)
    except ModelError as error:
        say(f"nl2sql-tui: it will not be listed among those made here: {error}")
    return ExitCode.OK


def _require_drawing() -> None:
    """Raise InputError now, and not after hours, where the picture of the curve could not be drawn."""
    if find_spec("matplotlib") is None:
        raise InputError("Training needs libraries that are not installed.", "pip install 'nl2sql-tui[train]'")


def folder_to_teach(adapter: Path | None) -> Path | None:
    """Where the adapter to teach further is, whose run may have been named. Raises InputError for what is none."""
    return None if adapter is None else read_adapter(adapter).folder


def recipe_for(
    name: str,
    start: Path | None = None,
    *,
    learning_rate: float | None = None,
    steps: int | None = None,
    passes: float | None = None,
    seed: int | None = None,
) -> Recipe:
    """The recipe called `name` with what the command's flags say otherwise, for a new adapter or that in `start`."""
    chosen = RECIPES[name] if start is None else as_in(start, RECIPES[name])
    if passes is not None:
        chosen = replace(chosen, passes=passes, steps=None)
    given = {"learning_rate": learning_rate, "steps": steps, "seed": seed}
    return replace(chosen, **{setting: value for setting, value in given.items() if value is not None})  # type: ignore[arg-type]
