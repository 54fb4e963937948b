"""The real default model, fetched like any user's, answers on the demo database."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nl2sql_tui.answers import Answer, AnswerStopped
from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.demo import ensure_demo
from nl2sql_tui.database.execute import Limits
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Token
from nl2sql_tui.engine.hardware import read_hardware
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import profile
from nl2sql_tui.engine.sources import prepare
from tests.default_model import PORTABLE_SETTINGS

# The first of these may have to fetch and convert the model.
pytestmark = [pytest.mark.model, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def assistant(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Assistant]:
    if request.param == "bfloat16" and not read_hardware().bfloat16:
        pytest.skip("this CPU has no instructions for bfloat16, where it is many times slower")
    engine = LocalEngine(replace(profile("default"), form=request.param), prepare)
    engine.wait_until_ready(Cancel())
    database = Database(ensure_demo(tmp_path_factory.mktemp("demo")))
    yield Assistant(database, engine, PORTABLE_SETTINGS)
    engine.close()


def _rows(assistant: Assistant, sql: str) -> list[tuple[object, ...]]:
    return sorted(assistant.database.fetch_all(sql, Cancel(), Limits()).rows, key=repr)


@pytest.mark.parametrize(
    ("question", "gold"),
    [
        ("How many customers do we have?", "SELECT COUNT(*) FROM customer"),
        ("How many transactions are there?", 'SELECT COUNT(*) FROM "transaction"'),
        (
            "Show the first name and last name of customers living in São Paulo.",
            "SELECT first_name, last_name FROM customer WHERE city = 'São Paulo'",
        ),
        (
            "Show the names of branches that have no customers.",
            "SELECT name FROM branch WHERE branch_id NOT IN (SELECT branch_id FROM customer)",
        ),
    ],
)
def test_a_question_about_the_demo_gets_the_right_rows(assistant: Assistant, question: str, gold: str) -> None:
    *_, answer = assistant.answer(question, Cancel())
    assert isinstance(answer, Answer)
    assert answer.verdict.valid, answer.verdict.error
    assert _rows(assistant, answer.sql) == _rows(assistant, gold)
    assert answer.tokens > 0
    assert 0 < answer.seconds_to_first_token <= answer.seconds


def test_the_same_question_gets_the_same_answer(assistant: Assistant) -> None:
    question = "What is the average balance of accounts?"
    first, second = [list(assistant.answer(question, Cancel()))[-1] for _ in range(2)]
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert first.model_text == second.model_text


def test_a_generation_can_be_stopped_and_the_next_one_is_whole(assistant: Assistant) -> None:
    cancel = Cancel()
    events = []
    for event in assistant.answer("Show the first name and last name of all customers", cancel):
        events.append(event)
        if isinstance(event, Token):
            cancel.request()
    assert isinstance(events[-1], AnswerStopped)
    assert events[-1].sql.startswith("SELECT")
    assert isinstance(list(assistant.answer("How many customers do we have?", Cancel()))[-1], Answer)


def test_the_command_answers_from_the_outside(tmp_path: Path) -> None:
    import json
    import subprocess

    result = subprocess.run(
        [sys.executable, "-m", "nl2sql_tui", "ask", "--demo", "How many customers do we have?", "--run", "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=tmp_path,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    record = json.loads(result.stdout)
    assert record["valid"] is True
    assert record["result"]["rows"] == [[140]]
