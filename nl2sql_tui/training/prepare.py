"""Makes examples out of training rows: normalised, compiled, linked to values, freed of what the evaluation asks.

Tokens are `packs`' part. What was left out is counted by its reason, with a few places for a person to look at.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.check import check
from nl2sql_tui.database.connect import GuardedConnection, connect
from nl2sql_tui.database.file import Database
from nl2sql_tui.database.inspect import read_schema
from nl2sql_tui.database.scratch import empty_database
from nl2sql_tui.errors import InputError, UserError
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.templates import question_in, schema_in
from nl2sql_tui.schema import NoValues, Schema, ValueLookup
from nl2sql_tui.template_names import TemplateName
from nl2sql_tui.training.normalise import normalised
from nl2sql_tui.training.overlap import Overlap, skeleton
from nl2sql_tui.training.rows import TrainingRow

_PLACES_SHOWN = 5
_COMPARED_ROWS = 10_000
_COMPARED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Example:
    """What a model is taught: what it is shown, and what it should answer."""

    database: str
    """Names the database; examples of one stay on one side of a split."""
    schema: str
    """The schema as the prompt shows it."""
    question: str
    """The question as the prompt shows it, with its value links."""
    sql: str
    """Normalised."""
    source: str


@dataclass(slots=True)
class Report:
    """What became of the rows."""

    rows: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    """Examples by source."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows by the reason for which they were left out."""
    places: dict[str, list[str]] = field(default_factory=dict)
    """The first places for each reason."""
    databases: int = 0
    linked: int = 0
    """Examples with a value link."""

    def drop(self, reason: str, place: str) -> None:
        self.left_out[reason] += 1
        if self.left_out[reason] <= _PLACES_SHOWN:
            self.places.setdefault(reason, []).append(place)

    def lines(self) -> list[str]:
        """For a person."""
        kept = sum(self.kept.values())
        found = [
            f"{kept:,} of {self.rows:,} rows become examples, over {self.databases:,} databases; "
            f"{self.linked:,} name a cell's value."
        ]
        found += [f"  {count:7,}  {source}" for source, count in self.kept.most_common()]
        for reason, count in self.left_out.most_common():
            found.append(f"  {count:7,}  left out: {reason} ({', '.join(self.places[reason])}{' …' * (count > 5)})")
        return found


class _Source:
    """A database as rows need it: its schema, its values, and a connection to compile and compare on."""

    def __init__(self, connection: GuardedConnection, schema: Schema, values: ValueLookup, has_rows: bool) -> None:
        self.connection = connection
        self.schema = schema
        self.values = values
        self.has_rows = has_rows
        self._shown = Schema(tuple(table for table in schema.tables if table.columns))
        self._texts: dict[TemplateName, str] = {}

    def text(self, template: TemplateName) -> str:
        """The schema as the template writes it."""
        if template not in self._texts:
            self._texts[template] = schema_in(template, self._shown)
        return self._texts[template]


@lru_cache(maxsize=64)
def _opened(database: Path | None, statements: str) -> "_Source":
    """The database, kept open for the rows that follow. Raises UserError."""
    try:
        if database is not None:
            file = Database(database)
            return _Source(connect(database), file.require_tables(), file.values(Cancel()), has_rows=True)
        connection = empty_database(statements)
        schema = read_schema(connection)
    except sqlite3.Error as error:
        raise InputError(str(error)) from error
    if not schema.tables:
        raise InputError("there is no table in it")
    return _Source(connection, schema, NoValues(), has_rows=False)


def prepare(
    rows: Iterable[TrainingRow],
    overlap: Overlap,
    on_progress: Callable[[int], None],
    cancel: Cancel,
    template: TemplateName = "schema first",
) -> tuple[list[Example], Report]:
    """The examples in `rows`, laid out by `template`, and what became of those rows that are none.

    Raises InputError, Stopped.
    """
    report = Report()
    examples: list[Example] = []
    known: set[tuple[str, str, str, str]] = set()
    for row in rows:
        cancel.raise_if_requested()
        report.rows += 1
        if report.rows % 100 == 0:
            on_progress(report.rows)
        example = _example(row, overlap, template, report)
        if example is None:
            continue
        taught = (example.database, example.schema, example.question, example.sql)
        if taught in known:
            report.drop("the same example came before", row.place)
            continue
        known.add(taught)
        examples.append(example)
        report.kept[example.source] += 1
        report.linked += "\n" in example.question
    report.databases = len({example.database for example in examples})
    if not examples:
        raise InputError("No row of the data can be used.", " ".join(report.lines()[1:4]))
    return examples, report


def _example(row: TrainingRow, overlap: Overlap, template: TemplateName, report: Report) -> Example | None:
    try:
        source = _opened(row.database, row.statements)
    except UserError:
        report.drop("the database cannot be read", row.place)
        return None
    sql = normalised(row.sql, source.schema)
    reason = "the SQL cannot be parsed" if sql is None else _why_not(sql, row, source, overlap)
    if sql is None or reason:
        report.drop(reason, row.place)
        return None
    question = f"{row.question} ({row.evidence})" if row.evidence else row.question
    linked = question_in(template, question, link_values(row.question, source.values))
    database = str(row.database.resolve()) if row.database else source.text(template)
    return Example(database, source.text(template), linked, sql, row.source)


def _why_not(sql: str, row: TrainingRow, source: _Source, overlap: Overlap) -> str:
    """The reason for which the row is no example; empty if it is one."""
    if not check(source.connection, sql, source.schema).valid:
        return "the SQL does not compile on its schema"
    if source.has_rows and not _gives_the_same(row.sql, sql, source.connection):
        return "the normalised SQL gives other rows"
    return overlap.why(row, sql, source.schema)


def _gives_the_same(original: str, rewritten: str, connection: GuardedConnection) -> bool:
    """Whether both run, in time, with the same rows in whatever order; that order is the text's own affair."""
    try:
        with connection.running(_COMPARED_SECONDS):
            found = [
                Counter(map(repr, connection.execute(sql).fetchmany(_COMPARED_ROWS))) for sql in (original, rewritten)
            ]
    except (sqlite3.Error, sqlite3.Warning, MemoryError):
        return False
    return found[0] == found[1]


def overlap_of(rows: Iterable[TrainingRow]) -> Overlap:
    """What the evaluation rows `rows` ask. Raises InputError."""
    questions, skeletons = [], []
    for row in rows:
        questions.append(row.question)
        try:
            source = _opened(row.database, row.statements)
        except UserError as error:
            raise InputError(f"The evaluation's {row.place} cannot be used: {error.message}") from error
        sql = normalised(row.sql, source.schema)
        if sql is not None:
            skeletons.append(skeleton(sql, source.schema))
    return Overlap(questions, skeletons)


def write_examples(examples: Iterable[Example], file: Path) -> None:
    """Write one JSON object a line."""
    with file.open("w", encoding="utf-8") as out:
        for example in examples:
            out.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")


def read_examples(file: Path) -> Iterator[Example]:
    """What `write_examples` wrote."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield Example(**json.loads(line))
