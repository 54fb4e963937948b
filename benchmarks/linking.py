"""What finding a question's tables and values costs as a schema grows, and how many of the right tables are found.

usage: python -m benchmarks.linking [--tokenizer FILE] [--questions FOLDER] [--merged TABLES ...] [--every N]

Builds databases of 5, 50, 463 and 1,000 tables and prints the processor time of each step, with its ratio to that of
the smallest database. FOLDER holds questions in Spider's form (dev_exec.json or dev.json, and database/ID/ID.sqlite).
Their schemas are merged into one with as many TABLES (200 and 1,000 unless told); every Nth question is asked of it,
and the share of the tables and columns that its SQL reads is printed for several budgets of tokens. FILE is the
tokenizer.json of the model that reads them; without one, tokens are guessed from words.
"""

import argparse
import json
import os
import random
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.synthetic import synthetic_database
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import UserError
from nl2sql_tui.folders import HOME_VARIABLE
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.language.pruning import prune
from nl2sql_tui.schema import CellValue, Schema, Table, ValueLookup

_SIZES = (5, 50, 463, 1000)
_BUDGETS = (400, 800, 1500)
_Count = Callable[[str], int]


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _times(folder: Path, tables: int, count: _Count) -> dict[str, float]:
    questions = synthetic_database(folder / f"{tables}.sqlite", tables, random.Random(tables))
    file = folder / f"{tables}.sqlite"
    database, again = Database(file), Database(file)

    def ask(question: str) -> Schema:
        values = link_values(question, database.values(Cancel()), database.schema())
        return prune(database.schema(), question, values, _BUDGETS[-1], count)

    found = {
        "schema read": _milliseconds(database.schema),
        "values read": _milliseconds(lambda: database.values(Cancel())),
    }
    again.schema()
    found["values opened again"] = _milliseconds(lambda: again.values(Cancel()))
    found["first question"] = _milliseconds(lambda: ask(questions[0]))
    found["later questions"] = statistics.median(_milliseconds(partial(ask, question)) for question in questions[1:])
    return found


def _print_times(folder: Path, count: _Count) -> None:
    times = {tables: _times(folder, tables, count) for tables in _SIZES}
    _say("tables", *(f"{tables:,}" for tables in _SIZES))
    for step, smallest in times[_SIZES[0]].items():
        _say(
            step,
            *(f"{found[step]:.1f} ms  × {found[step] / max(smallest, 0.001):.1f}" for found in times.values()),
        )


@dataclass(frozen=True)
class _Question:
    text: str
    tables: frozenset[str]
    columns: frozenset[tuple[str, str]]


class _Merged:
    """Many databases as one: their tables in one schema, their values in one lookup."""

    def __init__(self, files: Sequence[Path], most_tables: int) -> None:
        self.names: dict[tuple[Path, str], str] = {}
        self._values: list[tuple[Path, ValueLookup]] = []
        tables: list[Table] = []
        taken: set[str] = set()
        for file in files:
            try:
                database = Database(file)
                own = [table for table in database.schema().tables if table.columns and not table.is_view]
                if len(tables) + len(own) > most_tables:
                    continue
                self._values.append((file, database.values(Cancel())))
            except UserError:
                continue
            for table in own:
                free = table.name if table.name.lower() not in taken else f"{file.stem}_{table.name}"
                self.names[file, table.name.lower()] = free
                taken.add(free.lower())
            tables += [self._renamed(file, table) for table in own]
        random.Random(1).shuffle(tables)
        self.schema = Schema(tuple(tables))

    def _renamed(self, file: Path, table: Table) -> Table:
        keys = tuple(replace(key, to_table=self.names[file, key.to_table.lower()]) for key in table.foreign_keys)
        return replace(table, name=self.names[file, table.name.lower()], foreign_keys=keys)

    def find(self, text: str) -> Sequence[CellValue]:
        return [self._cell(file, cell) for file, values in self._values for cell in values.find(text)]

    def similar(self, text: str) -> Sequence[CellValue]:
        return [self._cell(file, cell) for file, values in self._values for cell in values.similar(text)]

    def _cell(self, file: Path, cell: CellValue) -> CellValue:
        return replace(cell, table=self.names[file, cell.table.lower()])


def _questions(rows: Sequence[dict[str, str]], merged: _Merged, files: dict[str, Path]) -> Iterator[_Question]:
    """The questions whose database is in `merged`, with what SQLite says that their SQL reads."""
    known = {file for file, _ in merged.names}
    for row in rows:
        file = files.get(row["db_id"])
        if file not in known or file is None:
            continue
        reads = [
            (merged.names[file, table.lower()], column)
            for table, column in _reads(file, row["query"])
            if (file, table.lower()) in merged.names
        ]
        columns = frozenset((table, column) for table, column in reads if column)
        if reads:
            yield _Question(row["question"], frozenset(table for table, _ in reads), columns)


def _reads(file: Path, sql: str) -> list[tuple[str, str]]:
    """The tables and columns that `sql` reads, as SQLite tells while it compiles it; none if it does not compile.

    Not by `Database.check`, which refuses the texts in double quotes that such data holds.
    """
    found: list[tuple[str, str]] = []

    def note(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ:
            found.append((table or "", column or ""))
        return sqlite3.SQLITE_OK

    connection = sqlite3.connect(file)
    connection.set_authorizer(note)
    try:
        connection.execute(f"EXPLAIN {sql}")
    except sqlite3.Error:
        return []
    finally:
        connection.close()
    return found


def _print_recall(folder: Path, sizes: Sequence[int], every: int, count: _Count) -> None:
    questions_file = next(file for name in ("dev_exec.json", "dev.json") if (file := folder / name).exists())
    rows = json.loads(questions_file.read_text(encoding="utf-8"))[::every]
    files = {file.stem: file for file in sorted((folder / "database").glob("*/*.sqlite"))}
    asked = sorted({row["db_id"] for row in rows} & set(files))
    others = sorted(set(files) - set(asked))
    random.Random(1).shuffle(others)
    for most in sizes:
        merged = _Merged([files[name] for name in (*asked, *others)], most)
        questions = list(_questions(rows, merged, files))
        links = [link_values(question.text, merged, merged.schema) for question in questions]
        for budget in _BUDGETS:
            began = time.process_time()
            shown = [
                prune(merged.schema, question.text, values, budget, count)
                for question, values in zip(questions, links, strict=True)
            ]
            spent = (time.process_time() - began) / len(questions) * 1000
            _say(f"{len(merged.schema.tables)} tables", f"{budget} tokens", *_recall(questions, shown, count))
            _say("", "", f"{len(questions)} questions", f"{spent:.1f} ms a question")


def _recall(questions: Sequence[_Question], shown: Sequence[Schema], count: _Count) -> list[str]:
    tables = columns = all_tables = all_columns = whole = tokens = 0
    for question, schema in zip(questions, shown, strict=True):
        names = {table.name for table in schema.tables}
        tables += len(question.tables & names)
        all_tables += len(question.tables)
        whole += question.tables <= names
        all_columns += len(question.columns)
        columns += sum(
            bool((found := schema.table(table)) and found.column(column)) for table, column in question.columns
        )
        tokens += count(schema_text(schema))
    return [
        f"tables {tables / all_tables:.1%}",
        f"all tables {whole / len(questions):.1%}",
        f"columns {columns / all_columns:.1%}",
        f"{tokens / len(questions):.0f} tokens used",
    ]


def _say(first: str, *cells: str) -> None:
    print(f"{first:20}" + "".join(f"{cell:>22}" for cell in cells), flush=True)  # noqa: T201


def _counter(tokenizer: Path | None) -> _Count:
    if tokenizer is None:
        return lambda text: len(re.findall(r"[A-Za-z]{1,4}|\d|[^\w\s]|_", text))
    from tokenizers import Tokenizer

    model = Tokenizer.from_file(str(tokenizer))
    return lambda text: len(model.encode(text, add_special_tokens=False).ids)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--merged", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    count = _counter(options.tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        # What is kept on disk meanwhile goes with the folder.
        os.environ[HOME_VARIABLE] = folder
        _print_times(Path(folder), count)
        if options.questions:
            _print_recall(options.questions, options.merged, options.every, count)


if __name__ == "__main__":
    main()
