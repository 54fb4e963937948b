"""A questions file becomes a predictions file, once each, whatever happens on the way."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import Candidate
from nl2sql_tui.errors import InputError, Stopped
from nl2sql_tui.evaluation.runner import Prediction, answered_ids, predict, read_questions
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.fake_engine import ScriptedEngine

_QUESTIONS = [
    {"id": 1, "db": "data/concerts.sqlite", "question": "How many singers?"},
    {"id": "b", "db": "data/concerts.sqlite", "question": "Who is old?"},
    {"id": 3, "db": "data/missing.sqlite", "question": "Anything?"},
]


@pytest.fixture
def questions_file(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    make_database(tmp_path / "data" / "concerts.sqlite")
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in _QUESTIONS) + "\n\n")
    return file


def _run(questions_file: Path, out: Path, engine: ScriptedEngine, cancel: Cancel | None = None) -> list[int]:
    reports: list[int] = []
    predict(read_questions(questions_file), out, engine, Settings(), cancel or Cancel(), lambda n, _: reports.append(n))
    return reports


def _rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_every_question_gets_one_row(questions_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    engine = ScriptedEngine(["SELECT COUNT(*) FROM singer", "SELECT nope FROM singer"])
    assert _run(questions_file, out, engine) == [0, 1, 2, 3]
    first, second, third = _rows(out)
    assert set(first) == {"id", "sql", "valid", "error", "seconds", "tokens"}
    assert (first["id"], first["sql"], first["valid"]) == (1, "SELECT COUNT(*) FROM singer", True)
    assert (second["id"], second["valid"]) == ("b", False)
    assert "no column nope" in second["error"]
    assert (third["id"], third["sql"]) == (3, "")
    assert "There is no file" in third["error"]


def test_a_stopped_run_goes_on_where_it_stopped(questions_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    cancel = Cancel()

    def stop_after_first(finished: int, _: Prediction | None) -> None:
        if finished == 1:
            cancel.request()

    with pytest.raises(Stopped):
        predict(read_questions(questions_file), out, ScriptedEngine(), Settings(), cancel, stop_after_first)
    assert len(_rows(out)) == 1
    again = ScriptedEngine()
    assert _run(questions_file, out, again) == [1, 2, 3]
    assert [row["id"] for row in _rows(out)] == [1, "b", 3]
    assert len(again.prompts) == 1


def test_an_answer_whose_comparison_was_stopped_is_not_kept(
    questions_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, cancel, engine = tmp_path / "out.jsonl", Cancel(), ScriptedEngine()
    engine.log_probability, engine.more_answers = math.log(0.01), 2

    def stopping(*_: object, **__: object) -> tuple[Candidate, ...]:
        cancel.request()
        raise Stopped

    monkeypatch.setattr(engine, "candidates", stopping)
    with pytest.raises(Stopped) as stopped:
        predict(read_questions(questions_file), out, engine, Settings(), cancel, lambda *_: None)
    assert "goes on from there" in stopped.value.hint
    assert _rows(out) == []


def test_a_row_cut_in_the_middle_is_answered_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    whole = Prediction(1, "SELECT 1", True, "", 0.1, 3).as_json()
    out.write_text(whole + "\n" + whole.replace("1", "2", 1)[:20])
    assert answered_ids(out) == {1}
    assert out.read_text() == whole + "\n"


@pytest.mark.parametrize("content", ["precious notes", "precious\nnotes\n", '{"id": 1}\n', "[]\n"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text(content)
    with pytest.raises(InputError, match="is no prediction"):
        answered_ids(out)
    assert out.read_text() == content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "has no questions"),
        ("not json\n", "Line 1 .* is not a JSON object"),
        ('{"id": 1, "db": "a", "question": "b"}\n[1]\n', "Line 2 .* is not a JSON object"),
        ('{"id": "\\ud801", "db": "a", "question": "b"}\n', "Line 1 .* characters that are no text"),
        ('{"id": 1, "question": "b"}\n', 'Line 1 .* must be an object with "id", "db" and "question"'),
        ('{"id": 1, "db": "a", "question": "b"}\n{"id": 1, "db": "a", "question": "c"}\n', "Line 2 .* came before"),
    ],
)
def test_a_questions_file_that_cannot_be_used_is_told_by_line(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(content)
    with pytest.raises(InputError, match=words):
        read_questions(file)


def test_a_missing_questions_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_questions(tmp_path / "none.jsonl")


def test_rows_without_a_database_are_about_the_default_one(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": 1, "question": "b"}\n')
    assert read_questions(file, tmp_path / "demo.sqlite")[0].database == tmp_path / "demo.sqlite"
