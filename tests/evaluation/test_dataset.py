"""Questions with gold queries are read in both forms; rows that cannot be used are named by line or place."""

import json
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.errors import InputError
from nl2sql_tui.evaluation.dataset import Predicted, read_examples, read_predictions
from tests.databases import make_database

_ROW = {"id": 1, "db": "concerts.sqlite", "question": "How many?", "gold": "SELECT 1"}
_SPIDER = {"question": "How many?", "query": "SELECT 1", "db_id": "concerts"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_database(tmp_path / "concerts.sqlite")
    for name, ending in (("concerts", ".sqlite"), ("old", ".db")):
        (tmp_path / "databases" / name).mkdir(parents=True)
        make_database(tmp_path / "databases" / name / f"{name}{ending}")
    return tmp_path


def _lines(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "questions.jsonl"
    file.write_text("\n\n".join(json.dumps(row) for row in rows))
    return file


def _array(folder: Path, *rows: Any) -> Path:
    file = folder / "dev.json"
    file.write_text(json.dumps(list(rows), indent=1))
    return file


def test_a_row_a_line_with_a_query_or_several(folder: Path) -> None:
    file = _lines(folder, _ROW, {**_ROW, "id": "b", "gold": ["SELECT 1", "SELECT 2"]})
    first, second = read_examples(file)
    assert (first.question.id, first.question.text, first.golds) == (1, "How many?", ("SELECT 1",))
    assert first.question.database == folder / "concerts.sqlite"
    assert (second.question.id, second.golds) == ("b", ("SELECT 1", "SELECT 2"))


def test_databases_of_lines_may_lie_elsewhere(folder: Path) -> None:
    file = _lines(folder, {**_ROW, "db": "old/old.db"})
    (one,) = read_examples(file, folder / "databases")
    assert one.question.database == folder / "databases" / "old" / "old.db"


def test_an_array_as_spider_and_bird_have_it(folder: Path) -> None:
    bird = {"question": "Who?", "SQL": "SELECT 2", "db_id": "old", "evidence": "none"}
    first, second = read_examples(_array(folder, _SPIDER, bird), folder / "databases")
    assert (first.question.id, first.golds) == (0, ("SELECT 1",))
    assert first.question.database == folder / "databases" / "concerts" / "concerts.sqlite"
    assert (second.question.id, second.golds) == (1, ("SELECT 2",))
    assert second.question.database.name == "old.db"


def test_an_array_needs_the_folder_of_its_databases(folder: Path) -> None:
    with pytest.raises(InputError, match="Say --databases FOLDER"):
        read_examples(_array(folder, _SPIDER))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"question": None}, 'line 3: it needs "id", "db", "question" and "gold"'),
        ({"id": None}, 'line 3: it needs "id"'),
        ({"gold": []}, 'line 3: "gold" must be a query'),
        ({"gold": [1]}, 'line 3: "gold" must be a query'),
        ({}, "line 3: the id 1 came before"),
        ({"id": 2, "question": "\ud800"}, "line 3: it holds characters that are no text"),
        ({"id": 2, "db": "none.sqlite"}, "line 3: there is no database none.sqlite"),
        ({"id": 2, "db": "a\x00b"}, "line 3: there is no database a␀b"),
    ],
)
def test_lines_that_cannot_be_used_are_named(folder: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_examples(_lines(folder, _ROW, {**_ROW, **change}))
    assert words in str(caught.value)


def test_places_that_cannot_be_used_are_named_the_first_of_many(folder: Path) -> None:
    file = _array(folder, _SPIDER, 7, *([{**_SPIDER, "db_id": "none"}] * 6))
    with pytest.raises(InputError) as caught:
        read_examples(file, folder / "databases")
    message = str(caught.value)
    assert 'place 1 of the array: it needs "question", "query" and "db_id"' in message
    assert "place 5 of the array: there is no database none.sqlite" in message
    assert "place 6" not in message
    assert message.endswith("and 2 more.")


@pytest.mark.parametrize(
    ("content", "words"), [("", "has no questions"), ("[1,", "is not valid JSON"), ("[]", "has no")]
)
def test_a_file_without_questions_is_told(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "questions"
    file.write_text(content)
    with pytest.raises(InputError, match=words):
        read_examples(file, tmp_path)


def test_predictions_need_an_id_and_sql_alone(tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    rows = [
        {"id": 1, "sql": "SELECT 1", "seconds": 2, "tokens": 3},
        {"id": "b", "sql": None},
        {"id": 3, "sql": "x", "seconds": 0.0},
        {"id": 4, "sql": "x", "seconds": None},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_predictions(file) == {
        1: Predicted("SELECT 1", 2.0),
        "b": Predicted(""),
        3: Predicted("x"),
        4: Predicted("x"),
    }


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": 2}, 'Line 2 .* must be an object with "id" and "sql"'),
        ({"sql": "SELECT 1"}, "Line 2 .* must be"),
        ({"id": 2, "sql": 3}, "Line 2 .* must be"),
        ({"id": 1, "sql": ""}, "Line 2 .* which came before"),
        *(
            ({"id": 2, "sql": "", "seconds": seconds}, 'Line 2 .* has "seconds" that are no number from 0')
            for seconds in (10**400, float("inf"), float("nan"), -1, 1e300, "2", True)
        ),
    ],
)
def test_predictions_that_cannot_be_used_are_named(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    file = tmp_path / "predictions.jsonl"
    file.write_text(json.dumps({"id": 1, "sql": "SELECT 1"}) + "\n" + json.dumps(row))
    with pytest.raises(InputError, match=words):
        read_predictions(file)
