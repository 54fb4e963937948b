"""How often the repairs change what is right: reference queries, taken through the repairs of silent faults.

usage: python -m benchmarks.repairs DATA [--databases FOLDER] [--count 3000] [--show]

DATA is what `nl2sql-tui eval` takes; --count of its questions are drawn at random. Each reference is brought into the
form that the default model is taught, and repaired as an answer to its question would be. For each repair the table
says how many references it changes, and how many of these give other rows then: those it would have spoilt as answers.
--show prints each of the latter.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlglot import exp

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.evaluation.dataset import Example, read_examples
from nl2sql_tui.evaluation.judge import Judge
from nl2sql_tui.evaluation.judgement import Category, Judgeable
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.repairs.scopes import Context
from nl2sql_tui.language.repairs.silent_faults import silent_repairs
from nl2sql_tui.language.repairs.statement import Repair, mended
from nl2sql_tui.training.normalise import normalised


def main() -> None:
    """Repair, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--databases", type=Path)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    examples = read_examples(arguments.data, arguments.databases)
    chosen = random.Random(1).sample(examples, min(arguments.count, len(examples)))
    databases: dict[Path, Database] = {}
    read, changed, spoilt = 0, Counter[str](), Counter[str]()
    with Judge() as judge:
        for example in chosen:
            database = databases.setdefault(example.question.database, Database(example.question.database))
            reference = normalised(example.golds[0], database.schema())
            if reference is None or not _is_right(reference, example, judge):
                continue
            read += 1
            after, names = _repaired(reference, example.question.text, database)
            changed.update(names)
            if names and not _is_right(after, example, judge):
                spoilt.update(names)
                if arguments.show:
                    print(*names, example.question.text, reference, after, sep="\n  ")  # noqa: T201
    print(f"{read} references\n\n| repair | changes | other rows |\n|---|---|---|")  # noqa: T201
    for name, times in changed.most_common():
        print(f"| {name} | {times} | {spoilt[name]} |")  # noqa: T201


def _is_right(sql: str, example: Example, judge: Judge) -> bool:
    """Whether it gives the reference's rows."""
    asked = Judgeable(example.question.database, example.golds, sql)
    return judge.judge(asked).category is Category.RIGHT


def _repaired(sql: str, question: str, database: Database) -> tuple[str, tuple[str, ...]]:
    """`sql` after the repairs, and the names of those that changed it."""
    values = database.values(Cancel())
    links = link_values(question, values, database.schema())
    repairs = silent_repairs(Context(database.schema(), question), links, values, database.cells(Cancel()))
    return mended(sql, [_telling_its_name(repair) for repair in repairs], lambda text: database.check(text).valid)


def _telling_its_name(repair: Repair) -> Repair:
    """The same repair, which tells its name in the place of what it changed."""
    assert isinstance(repair, partial)

    def named(tree: exp.Query) -> Iterator[str]:
        if list(repair(tree)):
            yield str(repair.func.__name__)

    return named


if __name__ == "__main__":
    main()
