"""Reads what an evaluation is about: questions with gold queries, and predictions made elsewhere; runs nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.errors import InputError
from nl2sql_tui.evaluation.json_rows import is_text, json_lines, parsed, read_text
from nl2sql_tui.evaluation.runner import Question
from nl2sql_tui.text import shortened, visible

_PROBLEMS_NAMED: Final = 5
_LETTERS_NAMED: Final = 80
_MOST_SECONDS: Final = 10_000_000
"""An answer that took longer than four months is a slip."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the queries that answer it."""

    question: Question
    golds: tuple[str, ...]
    """At least one; an answer is right if it matches any of them."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """A prediction as far as the judge needs it."""

    sql: str
    seconds: float | None = None
    """What answering took; None where that is not known."""


class _Unusable(Exception):
    """Why a row cannot be used, in a few words."""


def read_examples(file: Path, databases: Path | None = None) -> list[Example]:
    """The questions of a file, in its order.

    Two forms are read. A row a line, `{"id", "db", "question", "gold"}`: `gold` is a query or a list of them, `db` the
    database's path from the folder `databases`, or from the file's own folder if none is given. Or one array of
    `{"question", "query", "db_id"}` as Spider has it (BIRD's name for the query, `SQL`, will do): the id is then the
    place in the array, from 0, and the database lies at `databases/db_id/db_id.sqlite` or `.db`.

    Raises InputError, naming them by line or place, if there are rows that cannot be used.
    """
    name = visible(str(file))
    as_array = read_text(file).lstrip().startswith("[")
    if as_array and databases is None:
        raise InputError(f"{name} is an array of questions that name no database file.", "Say --databases FOLDER.")
    rows, example = (_array(file), _example_of_array) if as_array else (_lines(file), _example_of_line)
    found: dict[str | int, Example] = {}
    problems = []
    for place, number, row in rows:
        try:
            one = example(row, number, databases or file.parent)
            if one.question.id in found:
                raise _Unusable(f"the id {one.question.id} came before")
            found[one.question.id] = one
        except _Unusable as problem:
            problems.append(f"{place}: {shortened(str(problem), _LETTERS_NAMED)}")
    if problems:
        more = f"; and {len(problems) - _PROBLEMS_NAMED:,} more" if len(problems) > _PROBLEMS_NAMED else ""
        listed = "; ".join(problems[:_PROBLEMS_NAMED])
        raise InputError(f"{name} has rows that cannot be used: {listed}{more}.")
    if not found:
        raise InputError(f"{name} has no questions.")
    return list(found.values())


_Rows = Iterator[tuple[str, int, Row]]
"""What to call a row, its number, and the row."""


def _lines(file: Path) -> _Rows:
    return ((f"line {number}", number, row) for number, row in json_lines(file))


def _array(file: Path) -> _Rows:
    content = parsed(read_text(file))
    if not isinstance(content, list):
        raise InputError(f"{visible(str(file))} is not valid JSON.")
    return (
        (f"place {place} of the array", place, row if isinstance(row, dict) else {})
        for place, row in enumerate(content)
    )


def _example_of_line(row: Row, _number: int, folder: Path) -> Example:
    gold = row.get("gold")
    golds = [gold] if isinstance(gold, str) else gold
    identity = row.get("id")
    if not isinstance(identity, str | int) or not all(isinstance(row.get(key), str) for key in ("db", "question")):
        raise _Unusable('it needs "id", "db", "question" and "gold"')
    if not isinstance(golds, list) or not golds or not all(isinstance(sql, str) for sql in golds):
        raise _Unusable('"gold" must be a query or a list of queries')
    return _example(identity, folder / row["db"], row["question"], golds)


def _example_of_array(row: Row, place: int, folder: Path) -> Example:
    sql, question, name = row.get("query", row.get("SQL")), row.get("question"), row.get("db_id")
    if not isinstance(sql, str) or not isinstance(question, str) or not isinstance(name, str):
        raise _Unusable('it needs "question", "query" and "db_id"')
    candidates = [folder / name / f"{name}{ending}" for ending in (".sqlite", ".db")]
    database = next((path for path in candidates if path.is_file()), candidates[0])
    return _example(place, database, question, [sql])


def _example(identity: str | int, database: Path, question: str, golds: list[str]) -> Example:
    if not is_text(f"{identity}{database}{question}{''.join(golds)}"):
        raise _Unusable("it holds characters that are no text")
    if not database.is_file():
        raise _Unusable(f"there is no database {database.name} in {database.parent}")
    return Example(Question(identity, database, question), tuple(golds))


def read_predictions(file: Path) -> dict[str | int, Predicted]:
    """The rows of a predictions file, `{"id", "sql"}` a line with or without `seconds`, by id.

    Raises InputError, naming the line, for a row that cannot be used.
    """
    found: dict[str | int, Predicted] = {}
    for number, row in json_lines(file):
        place = f"Line {number} of {visible(str(file))}"
        identity, sql, seconds = row.get("id"), row.get("sql"), row.get("seconds")
        if not isinstance(identity, str | int) or not isinstance(sql, str | None) or "sql" not in row:
            raise InputError(f'{place} must be an object with "id" and "sql".')
        if identity in found:
            raise InputError(f"{place} has the id {visible(str(identity))}, which came before.")
        if seconds is not None and not _may_be_seconds(seconds):
            raise InputError(f'{place} has "seconds" that are no number from 0 to {_MOST_SECONDS:,}.')
        found[identity] = Predicted(sql or "", float(seconds) if seconds else None)
    return found


def _may_be_seconds(value: Any) -> bool:
    """JSON's numbers have any length, and Python's reader also takes NaN and Infinity for such."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST_SECONDS
