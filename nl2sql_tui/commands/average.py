"""`average`: several adapters become one."""

from collections.abc import Sequence
from pathlib import Path

from nl2sql_tui.engine.own_adapters import note_trained
from nl2sql_tui.errors import ExitCode, ModelError
from nl2sql_tui.terminal import say
from nl2sql_tui.training.averaging import average as run


def average(adapters: Sequence[Path], out: Path, rank: int | None) -> int:
    """Write the mean of `adapters` into `out` and tell of it; return the exit code. Raises UserError."""
    done = run(adapters, out, rank)
    say(f"{done.folder} holds the mean of {done.adapters} adapters; rank {done.rank} holds {done.kept:.1%} of it.")
    say("Whether it answers better than each of them, `nl2sql-tui eval` says.")
    if not done.has_card:
        say("It has no model card: not each of them has one.")
    try:
        note_trained(done.folder)
    except ModelError as error:
        say(f"nl2sql-tui: it will not be listed among those made here: {error}")
    return ExitCode.OK
