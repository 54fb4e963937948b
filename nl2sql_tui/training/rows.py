"""Reads training data as people have it: JSON, JSONL or parquet files, or a data set's name on the Hub.

A row holds a question, its SQL, and what database it is about. What is wrong with a row is said with its place; the
rest of the preparation is `prepare`'s.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.errors import InputError
from nl2sql_tui.text import visible

_QUESTION: Final = ("question",)
_SQL: Final = ("sql", "SQL", "answer", "query", "gold")
_STATEMENTS: Final = ("schema", "context")
_DATABASE: Final = ("database", "db")
_SHAPES: Final = (
    'A row needs "question", "sql" (or "answer", "query"), and "database" (a SQLite file), "db_id" with --databases, '
    'or "schema" (or "context": CREATE TABLE statements).'
)


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One question with its SQL, as it was read."""

    place: str
    """Where it stands, for a person: "line 12 of pairs.jsonl"."""
    question: str
    sql: str
    database: Path | None
    """The SQLite file it is about; None if only the statements are known."""
    statements: str
    """CREATE statements; empty if there is a file."""
    evidence: str = ""
    """What a person would have to know to answer, as BIRD gives it."""
    source: str = ""
    """Which data set it comes from, where rows of several are mixed."""


def read_rows(sources: Sequence[str], databases: Path | None = None) -> Iterator[TrainingRow]:
    """Every row of `sources`, each a file or a data set's name on the Hub, in order.

    `databases` is a folder with `db_id/db_id.sqlite` for rows that name their database by `db_id`. Raises InputError
    that names the row where one cannot be used.
    """
    for source in sources:
        file = Path(source)
        if file.is_file():
            yield from _rows_of_file(file, databases)
        elif source.count("/") == 1 and not file.suffix:
            yield from _rows_of_hub(source, databases)
        else:
            raise InputError(f"There is no file {visible(source)}.", "Name a JSON, JSONL or parquet file.")


def _rows_of_file(file: Path, databases: Path | None) -> Iterator[TrainingRow]:
    name = visible(file.name)
    records: Iterator[tuple[str, Any]]
    if file.suffix == ".parquet":
        records = ((f"row {number} of {name}", row) for number, row in enumerate(_parquet(file), start=1))
    else:
        records = _json_records(file, name)
    for place, record in records:
        yield _row(place, record, file.parent, databases, visible(file.stem))


def _json_records(file: Path, name: str) -> Iterator[tuple[str, Any]]:
    """Objects of a JSON array, or one a line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{visible(str(file))} cannot be read: {reason}.") from error
    if text.lstrip()[:1] == "[":
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name} is not valid JSON: {visible(str(error))}.") from error
        yield from ((f"row {number} of {name}", row) for number, row in enumerate(rows, start=1))
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"line {number} of {name}"
        try:
            yield place, json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{_at_start(place)} is not a JSON object.", _SHAPES) from error


def _parquet(file: Path) -> Iterator[Any]:
    load_dataset = _loader()
    try:
        yield from load_dataset("parquet", data_files=str(file), split="train")
    except Exception as error:
        raise InputError(f"{visible(str(file))} cannot be read as parquet: {visible(str(error))[:200]}.") from error


def _rows_of_hub(name: str, databases: Path | None) -> Iterator[TrainingRow]:
    load_dataset = _loader()
    try:
        records = load_dataset(name, split="train")
    except Exception as error:
        raise InputError(
            f"The data set {visible(name)} cannot be had from the Hub: {visible(str(error))[:200]}.",
            "Check its name and the network, or bring it as a JSONL or parquet file.",
        ) from error
    for number, record in enumerate(records, start=1):
        place = f"row {number} of {visible(name)}"
        if isinstance(record, dict):
            # What others have published does not choose which files of this computer are opened.
            record = {field: value for field, value in record.items() if field not in _DATABASE}
        yield _row(place, record, Path(), databases, visible(name))


def _loader() -> Any:
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise InputError(
            "Parquet files and data sets of the Hub need the library datasets.",
            "Install it with: pip install 'nl2sql-tui[train]'. JSON and JSONL files need nothing more.",
        ) from error
    return load_dataset


def _row(place: str, record: Any, folder: Path, databases: Path | None, source: str) -> TrainingRow:
    if not isinstance(record, dict):
        raise InputError(f"{_at_start(place)} is not a JSON object.", _SHAPES)
    question, sql = _text(record, _QUESTION), _text(record, _SQL)
    statements, database = _text(record, _STATEMENTS), _text(record, _DATABASE)
    db_id = _text(record, ("db_id",))
    file = folder / database if database else None
    if file is None and db_id and databases is not None:
        file = _by_id(databases, db_id)
    if not question or not sql or not (statements or file):
        raise InputError(f"{_at_start(place)} cannot be used.", _SHAPES)
    if file is not None and not file.is_file():
        raise InputError(f"{_at_start(place)} is about the database {visible(str(file))}, which does not exist.")
    own_source = _text(record, ("source",)) or source
    return TrainingRow(place, question, sql, file, "" if file else statements, _text(record, ("evidence",)), own_source)


def _by_id(databases: Path, db_id: str) -> Path:
    """The file of `db_id`, by the habit of Spider and BIRD; always one within the folder."""
    db_id = Path(db_id).name
    folder = databases / db_id
    candidates = [folder / f"{db_id}.sqlite", folder / f"{db_id}.db", databases / f"{db_id}.sqlite"]
    return next((file for file in candidates if file.is_file()), candidates[0])


def _text(record: dict[str, Any], names: Sequence[str]) -> str:
    """The first of the fields `names` that holds a text, or a list of texts, of which the first counts.

    Halves of characters, which JSON can hold and UTF-8 cannot, become question marks.
    """
    found = (record.get(name) for name in names)
    texts = (value[0] if isinstance(value, list) and value else value for value in found)
    text = next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "")
    return text.encode("utf-8", "replace").decode()


def _at_start(place: str) -> str:
    """The place as a sentence begins with it."""
    return place[0].upper() + place[1:]
