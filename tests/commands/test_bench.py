"""`bench` measures what an engine did, with real weights or random ones of full size."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from nl2sql_tui.cli import run_program
from nl2sql_tui.commands import bench
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.architecture import Architecture
from nl2sql_tui.engine.events import ModelMemory
from nl2sql_tui.engine.profiles import PROFILES, profile
from nl2sql_tui.engine.random_model import write_random_model
from nl2sql_tui.errors import ExitCode, InputError
from nl2sql_tui.settings import Settings
from tests.fake_engine import Failure, ScriptedEngine

_QUESTIONS = ("How many singers?", "Which countries?", "How old is each?")
_SMALL = Architecture(300, 32, 2, heads=4, kv_heads=2, head_size=8, inner=64, tied=False)


def test_the_table_has_every_figure(concerts: Database, capsys: pytest.CaptureFixture[str]) -> None:
    engine = ScriptedEngine(["SELECT Name FROM singer"], token_seconds=0.01)
    engine.scripted_memory = ModelMemory(540_000_000, None, None)
    assert bench.bench(concerts, engine, Settings(), _QUESTIONS, as_json=False) == ExitCode.OK
    out = capsys.readouterr().out
    for words in ("load", "first token, schema read before", "tokens per second", "p50 and p95", "540", "memory"):
        assert words in out
    assert engine.closed


def test_the_json_has_the_same_as_numbers(concerts: Database, capsys: pytest.CaptureFixture[str]) -> None:
    engine = ScriptedEngine(["SELECT Name FROM singer"], token_seconds=0.01)
    bench.bench(concerts, engine, Settings(), _QUESTIONS, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    assert len(figures["warm"]) == len(_QUESTIONS) - 1
    assert figures["cold"]["tokens"] == 4
    assert figures["tokens_per_second"] > 0
    assert figures["peak_bytes"] > 1_000_000
    assert figures["weights_bytes"] is None


def test_one_question_is_too_few_and_a_failure_is_told(concerts: Database, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two questions"):
        bench.bench(concerts, ScriptedEngine(), Settings(), _QUESTIONS[:1], as_json=False)
    with pytest.raises(InputError, match="cannot be read"):
        bench.read_questions(tmp_path / "none.txt")
    engine = ScriptedEngine([Failure("no memory")])
    with pytest.raises(Exception, match="no memory"):
        bench.bench(concerts, engine, Settings(), _QUESTIONS, as_json=False)
    assert engine.closed


@pytest.mark.parametrize("kind", ["llama", "phi3", "mistral", "qwen2"])
def test_random_weights_have_the_size_and_the_modules_of_the_real_model(tmp_path: Path, kind: str) -> None:
    sizes = replace(_SMALL, attention_biases=(4 + 2 * 2) * 8) if kind == "qwen2" else _SMALL
    wanted = replace(profile("phi3"), model_type=kind, architecture=sizes, context_tokens=128)
    model = AutoModelForCausalLM.from_pretrained(write_random_model(wanted, tmp_path))
    assert model.config.model_type == kind
    assert sum(weight.numel() for weight in model.parameters()) == sizes.parameters


def test_a_model_of_random_weights_is_measured_and_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = replace(
        profile("phi3"), name="small", architecture=_SMALL, forms=("bfloat16",), context_tokens=4096, schema_tokens=3000
    )
    monkeypatch.setattr("nl2sql_tui.engine.own_profiles.PROFILES", {**PROFILES, "small": small})
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path))
    left_by_a_killed_one = tmp_path / "cache" / "passing" / "killed" / "model.safetensors"
    left_by_a_killed_one.parent.mkdir(parents=True)
    left_by_a_killed_one.write_bytes(b"weights")
    left_by_a_killed_one.parent.with_suffix(".lock").touch()
    code = run_program(
        ["bench", "--model", "small", "--form", "bfloat16", "--random-weights", "--json", "--max-new-tokens", "8"]
    )
    figures = json.loads(capsys.readouterr().out)
    assert code == ExitCode.OK
    assert figures["cold"]["tokens"] <= 8
    assert figures["weights_bytes"] == pytest.approx(2 * _SMALL.parameters, rel=0.01)
    assert list(tmp_path.rglob("*.safetensors")) == []
