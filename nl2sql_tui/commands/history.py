"""`history`: shows the question/SQL pairs that are kept on this computer, which of them count, and forgets them."""

import sys
from pathlib import Path

from nl2sql_tui.database.value_cache import ValueCache
from nl2sql_tui.engine.own_adapters import delete_learnt
from nl2sql_tui.engine.sources import remove_unused
from nl2sql_tui.errors import ExitCode, InputError
from nl2sql_tui.folders import copied_file
from nl2sql_tui.history.accepted import History, LoggedRun, default_history_file
from nl2sql_tui.terminal import say
from nl2sql_tui.text import visible, visible_lines


def list_history(database: Path) -> int:
    """Print what was run on `database`, which need not exist any more, the newest first; return the exit code.

    Raises HistoryError.
    """
    runs = History(default_history_file()).runs(database)
    for run in runs:
        sys.stdout.write(_in_words(run) + "\n\n")
    name = visible(str(database))
    if runs:
        questions = _count(len({run.pair.question for run in runs}), "question")
        accepted = sum(run.accepted for run in runs)
        say(f"{questions} to {name}, with {_count(len(runs), 'statement')} run for them, {accepted} of them accepted.")
    else:
        say(f"Nothing is remembered for {name}. What is run as the answer to a question will be.")
    return ExitCode.OK


def list_databases() -> int:
    """Print each database that has pairs, and how many; return the exit code. Raises HistoryError."""
    databases = History(default_history_file()).databases()
    for path, questions in databases:
        sys.stdout.write(f"{_count(questions, 'question'):>16}  {visible(path)}\n")
    if not databases:
        say("Nothing is remembered yet.")
    return ExitCode.OK


def forget_history(database: Path) -> int:
    """Remove every pair of `database` for good and say how many; return the exit code.

    What was learnt from them, and what may hold the database's cells, go as well: their index, and what was copied to
    a file. Raises HistoryError, ModelError.
    """
    forgotten = History(default_history_file()).forget(database)
    try:
        ValueCache().forget(database)
    except OSError as error:
        say(f"The index of its cells could not be removed: {error.strerror}.")
    try:
        copied_file().unlink(missing_ok=True)
    except OSError as error:
        say(f"What was copied to {visible(str(copied_file()))} could not be removed: {error.strerror}.")
    if delete_learnt(database):
        say(f"The adapter that was learnt from them is deleted; the packaged one answers {visible(str(database))}.")
    remove_unused()
    say(f"Forgot {_count(forgotten, 'statement')} for {visible(str(database))}; the database itself is unchanged.")
    return ExitCode.OK


def forget_one(database: Path, run: int) -> int:
    """Remove one statement of `database` for good, by the id that the list has; return the exit code.

    What was learnt from it stays. Raises InputError where there is no such one, HistoryError.
    """
    name = visible(str(database))
    if not History(default_history_file()).forget_one(database, run):
        raise InputError(f"Nothing that was run on {name} has the id {run}.", "nl2sql-tui history DB lists the ids.")
    say(f"Forgot 1 statement for {name}; an older one for the same question counts again, if it was accepted.")
    return ExitCode.OK


def _in_words(run: LoggedRun) -> str:
    pair = run.pair
    facts = [
        f"id {run.id}",
        f"{pair.last_run.astimezone():%Y-%m-%d %H:%M}",
        f"run {_count(pair.times_run, 'time')}",
        _count(pair.row_count, "row"),
        f"model {visible(pair.model)}" + (", edited by hand" if pair.edited else ""),
        *([] if run.accepted else ["not accepted: it is asked anew"]),
    ]
    sql = visible_lines(pair.sql).replace("\n", "\n  ")
    return f"{visible(pair.question)}\n  {sql}\n  {' · '.join(facts)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
