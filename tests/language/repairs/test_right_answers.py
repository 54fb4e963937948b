"""Right answers keep their rows: questions that a repair may take for something else, over nine small databases."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench

_FOLDER = Path(__file__).with_name("right_answers")
_QUESTIONS: dict[str, list[dict[str, str]]] = json.loads((_FOLDER / "questions.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workbench]:
    return {
        name: Workbench(tmp_path_factory.mktemp(name), (_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
        for name in _QUESTIONS
    }


@pytest.mark.parametrize(
    ("database", "question", "sql"),
    [
        pytest.param(database, asked["question"], asked["sql"], id=f"{database}: {asked['question']}")
        for database, questions in _QUESTIONS.items()
        for asked in questions
    ],
)
def test_a_right_answer_keeps_its_rows(benches: dict[str, Workbench], database: str, question: str, sql: str) -> None:
    bench = benches[database]
    after, lines = bench.repaired(sql, question)
    rows, rows_after = (bench.rows(text) for text in (sql, after))
    in_order = "ORDER BY" in sql
    assert (rows_after if in_order else Counter(rows_after)) == (rows if in_order else Counter(rows)), lines
