"""`train --from-history`: learns from what was accepted on a database, and answers it with the result if better."""

from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.commands.train import TrainingScreen
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.own_profiles import find
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.history.accepted import History, default_history_file
from nl2sql_tui.settings import Settings
from nl2sql_tui.terminal import LoadLine, say
from nl2sql_tui.text import visible
from nl2sql_tui.training.from_history import Order, Outcome, learn
from nl2sql_tui.training.run_report import curve_in_terminal


def train_from_history(database: Path, settings: Settings) -> int:
    """Teach the adapter in use for `database` from its accepted pairs; return the exit code. Raises UserError.

    The new adapter answers for the database from now on if it has more right answers to the questions kept back.
    """
    Database(database).require_tables()
    pairs = History(default_history_file()).pairs(database)
    order = Order(database, find(settings.model, settings.profiles), pairs, settings.max_new_tokens)
    cancel, line = Cancel(), LoadLine()
    with stopping_on_interrupt(cancel):
        try:
            outcome = learn(order, TrainingScreen(), line.show, cancel)
        finally:
            line.end()
    if outcome.is_new and outcome.right_after is not None:
        for row in curve_in_terminal(outcome.run.curve()):
            say(row)
    say(_in_words(outcome, visible(database.name)))
    return ExitCode.OK


def _in_words(outcome: Outcome, name: str) -> str:
    if outcome.right_after is None:
        scores = f"The adapter in use answers all {outcome.kept_back} questions that are kept back right"
        return f"{scores}: there is nothing to gain, and nothing is changed."
    scores = (
        f"Of {outcome.kept_back} questions kept back, the new adapter answers {outcome.right_after} right, "
        f"the one before it {outcome.right_before}"
    )
    if not outcome.is_new:
        return f"No other questions were accepted on {name} since the last run. {scores}. Nothing is changed."
    if not outcome.is_better:
        return f"{scores}: it is not better, so it is not used, and nothing is changed."
    return (
        f"{scores}: it answers for {name} from now on. The next question there makes it ready first, which takes "
        f"about a minute; --packaged-adapter asks the packaged one all the same."
    )
