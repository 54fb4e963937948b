"""Seconds from the first question on a database to its answer, by the number of its tables; the model is loaded.

usage: python -m benchmarks.first_answer [--tables 5 463 1000] [--count 6] [--database FILE ...]

Builds databases of so many TABLES; each of COUNT questions on each is the first of a program that has just opened it:
nothing of the schema was read by the model before, on disk or in memory. A second line has what a user waits who types
while the program reads ahead. The values were indexed when the database was opened for the first time. FILE is a
database of one's own, which is asked about the names of its tables.
"""

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.synthetic import synthetic_database
from nl2sql_tui.answers import Answer
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Message
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import profile
from nl2sql_tui.engine.sources import prepare
from nl2sql_tui.folders import cache_folder
from nl2sql_tui.settings import Settings


@dataclass(frozen=True)
class Time:
    """What one first answer took."""

    seconds: float
    first_token: float
    prompt_tokens: int


def first_answer(file: Path, question: str, *, read_ahead: bool) -> Time:
    """Ask one question in a program of its own."""
    shutil.rmtree(cache_folder() / "prefixes", ignore_errors=True)
    engine = LocalEngine(profile("default"), prepare)
    engine.wait_until_ready(Cancel())
    # The kernels are chosen and compiled in the first passes, which no schema is to be blamed for.
    engine.candidates((Message("user", "1"),), count=1, max_new_tokens=4, cancel=Cancel())
    assistant = Assistant(Database(file), engine, Settings())
    assistant.database.schema()
    assistant.database.values(Cancel())
    if read_ahead:
        assistant.read_ahead(Cancel())
        # The model's thread does one thing after the other: this has waited for the reading.
        engine.candidates((Message("user", "1"),), count=1, max_new_tokens=4, cancel=Cancel())
    began = time.perf_counter()
    *_, last = assistant.answer(question, Cancel())
    seconds = time.perf_counter() - began
    engine.close()
    if not isinstance(last, Answer):
        raise SystemExit(f"{question}: {last}")
    return Time(seconds, last.seconds_to_first_token, last.prompt_tokens)


def names_asked_for(file: Path, count: int) -> list[str]:
    """Questions on tables of a database that nothing is known of."""
    tables = [table for table in Database(file).schema().tables if len(table.columns) > 1]
    chosen = random.Random(1).sample(tables, min(count, len(tables)))
    return [
        f"Show the {table.columns[1].name.replace('_', ' ')} of each {table.name.replace('_', ' ')}."
        for table in chosen
    ]


def measured(name: str, file: Path, questions: Sequence[str], base: Sequence[float] | None) -> list[float]:
    """Print the medians for one database, and give them: without and with reading ahead."""
    medians = []
    for place, read_ahead in enumerate((False, True)):
        times = [first_answer(file, question, read_ahead=read_ahead) for question in questions]
        median = statistics.median(one.seconds for one in times)
        medians.append(median)
        first = statistics.median(one.first_token for one in times)
        tokens = statistics.median(one.prompt_tokens for one in times)
        ratio = f"   × {median / base[place]:.2f}" if base else ""
        line = f"{name:>24}  {'read ahead' if read_ahead else 'nothing read':12}  answer {median:6.2f} s"
        print(f"{line}   first token {first:5.2f} s   prompt {tokens:5.0f} tokens{ratio}", flush=True)  # noqa: T201
    return medians


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, nargs="+", default=[5, 463, 1000])
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--database", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    base = None
    with tempfile.TemporaryDirectory() as folder:
        for tables in arguments.tables:
            file = Path(folder) / f"{tables}.sqlite"
            questions = synthetic_database(file, tables, random.Random(tables))[: arguments.count]
            times = measured(f"{tables:,} tables", file, questions, base)
            base = base or times
        for file in arguments.database:
            measured(file.stem, file, names_asked_for(file, arguments.count), base)


if __name__ == "__main__":
    main()
