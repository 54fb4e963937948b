"""`eval` from questions to report: with the model, without it, stopped and gone on, two runs compared."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.evaluate import evaluate
from nl2sql_tui.engine.events import Engine, GenerationEvent, Prompt
from nl2sql_tui.errors import ExitCode, InputError, Stopped
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.fake_engine import ScriptedEngine

_COUNT, _NAMES = "SELECT COUNT(*) FROM singer", "SELECT Name FROM singer"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_database(tmp_path / "a.sqlite")
    make_database(tmp_path / "b.sqlite")
    rows = [
        {"id": "one", "db": "b.sqlite", "question": "How many singers?", "gold": _COUNT},
        {"id": "two", "db": "a.sqlite", "question": "Which names?", "gold": [_NAMES]},
        {"id": "three", "db": "b.sqlite", "question": "What years?", "gold": "SELECT nope FROM concert"},
        {"id": "four", "db": "b.sqlite", "question": "Which countries?", "gold": "SELECT Country FROM singer"},
    ]
    file = tmp_path / "data.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def _predictions(file: Path, **answers: str) -> Path:
    file.write_text("".join(json.dumps({"id": name, "sql": sql}) + "\n" for name, sql in answers.items()))
    return file


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def _no_engine() -> Engine:
    raise AssertionError("a run with predictions needs no model")


def test_questions_are_answered_judged_and_reported(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = ScriptedEngine(by_question={"many": _COUNT, "names": "SELECT Age FROM singer", "countries": "SELECT x"})
    out = tmp_path / "out"
    assert evaluate(data, out, lambda: engine, Settings()) == ExitCode.OK
    assert engine.closed
    # Those on one database come one after another, and the one without a gold that runs is not asked.
    assert [row["id"] for row in _rows(out / "predictions.jsonl")] == ["two", "one", "four"]
    judged = _rows(out / "judged.jsonl")
    assert [row["id"] for row in judged] == ["one", "two", "three", "four"]
    assert [row["right"] for row in judged] == [True, False, None, False]
    assert judged[3]["category"] == "no such column"
    scores = json.loads((out / "scores.json").read_text())
    assert (scores["model"], scores["questions"], scores["judged"]) == ("scripted", 4, 3)
    shown = capsys.readouterr().out
    assert "execution accuracy" in shown
    assert "33.3%" in shown
    assert "1 of 4 questions are left out" in shown
    assert (out / "report.html").is_file()


def test_given_predictions_load_no_model_and_a_missing_one_is_wrong(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _predictions(tmp_path / "mine.jsonl", one=_COUNT, four="SELECT Country FROM singer")
    evaluate(data, tmp_path / "out", _no_engine, Settings(), predictions=file)
    assert [row["right"] for row in _rows(tmp_path / "out" / "judged.jsonl")] == [True, False, None, True]
    assert "1 questions have no answer in the run" in capsys.readouterr().out
    assert not (tmp_path / "out" / "predictions.jsonl").exists()


def test_two_runs_are_compared(data: Path, tmp_path: Path) -> None:
    mine = _predictions(tmp_path / "mine.jsonl", one=_COUNT, two="SELECT 1", four="SELECT 2")
    other = _predictions(tmp_path / "other.jsonl", one="SELECT 1", two=_NAMES, four="SELECT 3")
    evaluate(data, tmp_path / "out", _no_engine, Settings(), predictions=mine, compare=other)
    compare = json.loads((tmp_path / "out" / "scores.json").read_text())["compare"]
    assert (compare["gained"], compare["lost"], compare["mcnemar_p"]) == (["one"], ["two"], 1.0)


def test_a_stopped_run_keeps_its_answers_and_goes_on(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    class Interrupted(ScriptedEngine):
        def stream(
            self,
            prompt: Prompt,
            *,
            max_new_tokens: int,
            cancel: Cancel,
            grammar: str = "",
            draft: Callable[[str], str] | None = None,
        ) -> Iterator[GenerationEvent]:
            if len(self.prompts) == 1:
                signal.raise_signal(signal.SIGINT)
                self.token_seconds = 60.0
            return super().stream(prompt, max_new_tokens=max_new_tokens, cancel=cancel, grammar=grammar, draft=draft)

    with pytest.raises(Stopped, match="the same command goes on"):
        evaluate(data, out, lambda: Interrupted([_NAMES]), Settings())
    assert [row["id"] for row in _rows(out / "predictions.jsonl")] == ["two"]
    again = ScriptedEngine([_COUNT])
    evaluate(data, out, lambda: again, Settings())
    assert len(again.prompts) == 2
    assert [row["right"] for row in _rows(out / "judged.jsonl")] == [True, True, None, False]


def test_answers_of_another_run_are_not_mixed_in(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    evaluate(data, out, ScriptedEngine, Settings())
    before = (out / "predictions.jsonl").read_bytes()
    with pytest.raises(InputError, match="another run: max_new_tokens differ"):
        evaluate(data, out, ScriptedEngine, Settings(max_new_tokens=9))
    with pytest.raises(InputError, match="another run: repair, compare, adapter differ"):
        evaluate(data, out, ScriptedEngine, Settings(repair=False, compare=False, adapter="other"))
    data.write_text(data.read_text().replace("Which names", "What names"))
    with pytest.raises(InputError, match="another run: questions differ"):
        evaluate(data, out, ScriptedEngine, Settings())
    (out / "run.json").unlink()
    with pytest.raises(InputError, match="another run"):
        evaluate(data, out, ScriptedEngine, Settings())
    assert (out / "predictions.jsonl").read_bytes() == before


def test_a_profile_of_the_users_own_is_another_one_once_its_table_says_so(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ours = {"ours": {"like": "phi3", "template": "schema first"}}
    evaluate(data, out, ScriptedEngine, Settings(model="ours", profiles=ours))
    evaluate(data, out, ScriptedEngine, Settings(model="ours", profiles=ours | {"other": {"like": "mistral"}}))
    ours["ours"]["template"] = "article instruction"
    with pytest.raises(InputError, match="another run: profile differ"):
        evaluate(data, out, ScriptedEngine, Settings(model="ours", profiles=ours))


def _served(model: str, url: str) -> tuple[ScriptedEngine, Settings]:
    """A server's model, whose name is not known before the server was asked."""

    class Served(ScriptedEngine):
        @property
        def name(self) -> str:
            return model if self.starts else "127.0.0.1:8000"

    return Served(), Settings(endpoint=url)


def test_answers_of_a_servers_other_model_are_not_mixed_in(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    url = "http://127.0.0.1:8000"

    def go(model: str, url: str, limit: int | None = None) -> ScriptedEngine:
        engine, settings = _served(model, url)
        evaluate(data, out, lambda: engine, settings, limit=limit)
        return engine

    go("first", url, limit=1)
    assert json.loads((out / "scores.json").read_text())["model"] == "first"
    before = (out / "predictions.jsonl").read_bytes()
    with pytest.raises(InputError, match="another run: model differ"):
        go("second", url)
    with pytest.raises(InputError, match="another run: endpoint differ"):
        go("first", "http://127.0.0.1:8001")
    assert (out / "predictions.jsonl").read_bytes() == before
    go("first", f"{url}/v1/")
    # All is answered: the server is not asked again, and the answers keep the name of the model that gave them.
    assert go("second", url).starts == 0
    assert json.loads((out / "scores.json").read_text())["model"] == "first"


def test_a_key_stands_in_no_note_of_a_run(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_TUI_API_KEY", "secret-of-a-test")
    engine, settings = _served("first", "http://example.org/v1")
    evaluate(data, tmp_path / "out", lambda: engine, settings)
    note = (tmp_path / "out" / "run.json").read_text()
    assert "http://example.org/v1" in note
    assert "secret-of-a-test" not in note


def test_a_mended_gold_and_a_larger_limit_cost_no_answer_again(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    evaluate(data, out, ScriptedEngine, Settings(), limit=2)
    assert [row["id"] for row in _rows(out / "judged.jsonl")] == ["one", "two"]
    data.write_text(data.read_text().replace("SELECT nope", "SELECT Year"))
    again = ScriptedEngine(["SELECT Year FROM concert"])
    evaluate(data, out, lambda: again, Settings())
    assert len(again.prompts) == 2
    assert [row["right"] for row in _rows(out / "judged.jsonl")] == [False, False, True, False]


def test_a_run_that_is_answered_is_judged_again_without_the_model(data: Path, tmp_path: Path) -> None:
    evaluate(data, tmp_path / "out", ScriptedEngine, Settings())
    again = ScriptedEngine()
    evaluate(data, tmp_path / "out", lambda: again, Settings())
    assert again.starts == 0


def test_predictions_for_other_questions_are_told(data: Path, tmp_path: Path) -> None:
    file = _predictions(tmp_path / "mine.jsonl", seven=_COUNT)
    with pytest.raises(InputError, match="answers none of these questions"):
        evaluate(data, tmp_path / "out", _no_engine, Settings(), predictions=file)


def test_a_limit_of_nothing_is_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--limit"):
        evaluate(data, tmp_path / "out", _no_engine, Settings(), limit=0)
