"""Runs on the accepted pairs of a database: refused, made, stopped, judged, and switched to only if better."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import own_adapters, store
from nl2sql_tui.engine.profiles import profile
from nl2sql_tui.errors import InputError, Stopped
from nl2sql_tui.folders import HOME_VARIABLE
from nl2sql_tui.history.accepted import AcceptedPair
from nl2sql_tui.training import from_history
from nl2sql_tui.training.from_history import Order, Outcome, learn, sides
from nl2sql_tui.training.prepare import Example
from nl2sql_tui.training.recipes import FROM_HISTORY
from nl2sql_tui.training.run import Listener
from nl2sql_tui.training.run_folder import Point, RunFolder
from nl2sql_tui.training.trainee import Trainee, load_trainee
from tests.engine.tiny import tiny_llama
from tests.engine.tiny_model import write_adapter

SHORT = replace(FROM_HISTORY, passes=1.0, questions_per_pack=5)
WRONG = "SELECT -1"


def pairs(database: Path, count: int, sql: str = "SELECT COUNT(*) FROM singer WHERE Age > {}") -> list[AcceptedPair]:
    return [
        AcceptedPair(
            database, "0123", f"How many are older than {age}?", sql.format(age), False, "default", 1, datetime.now(UTC)
        )
        for age in range(count)
    ]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def packaged(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model: Any = AutoModelForCausalLM.from_pretrained(base)
    return write_adapter(tmp_path_factory.mktemp("packaged"), model)


@pytest.fixture
def tiny(base: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model in the place of the default one, and the adapter that comes with it."""
    monkeypatch.setattr(from_history, "load_trainee", lambda _name, *others: load_trainee(str(base), *others))
    monkeypatch.setattr(store, "packaged_adapter", lambda _name: packaged)


def order(database: Path, count: int = 44) -> Order:
    return Order(database, profile("default"), pairs(database, count), 6, SHORT)


class Notes(Listener):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def said(self, line: str) -> None:
        self.lines.append(line)


def learnt(order: Order, listener: Listener | None = None, cancel: Cancel | None = None) -> Outcome:
    return learn(order, listener or Listener(), lambda _: None, cancel or Cancel())


def steer(monkeypatch: pytest.MonkeyPatch, packaged: Path, before: int | None, after: int | None) -> list[Example]:
    """Let the packaged adapter and any other one answer so many questions right, None for all; give what was asked."""
    seen: list[Example] = []

    def answers(_trainee: Trainee, adapter: Path, asked: Sequence[Example], *_: object) -> list[str]:
        seen.extend(asked)
        right = before if adapter == packaged else after
        return [example.sql if right is None or place < right else WRONG for place, example in enumerate(asked)]

    monkeypatch.setattr(from_history, "greedy_answers", answers)
    return seen


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def no_model(*_: object) -> None:
    raise AssertionError("a model was loaded")


class TestTooFew:
    def test_too_few_pairs_are_told_before_anything_is_done(self, concerts_file: Path, home: Path) -> None:
        with pytest.raises(InputError, match=r"There are 39 accepted questions on concerts\.sqlite; 40 are needed"):
            learnt(order(concerts_file, 39))
        assert not home.exists()

    @pytest.mark.usefixtures("tiny")
    def test_pairs_that_cannot_be_used_do_not_count(self, concerts_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(from_history, "load_trainee", no_model)
        broken = pairs(concerts_file, 60, "SELECT nope FROM singer")
        mixed = replace(order(concerts_file), pairs=[*pairs(concerts_file, 38), *broken[40:]])
        with pytest.raises(InputError, match=r"Of 58 accepted questions on concerts\.sqlite, 38 can be used; 40"):
            learnt(mixed)
        with pytest.raises(InputError, match=r"None of 60 accepted questions .* can be used.* does not compile"):
            learnt(replace(mixed, pairs=broken))

    def test_a_model_without_an_adapter_has_none_to_teach(self, concerts_file: Path) -> None:
        with pytest.raises(InputError, match="phi3 is used without an adapter"):
            learnt(replace(order(concerts_file), profile=profile("phi3")))


def asked(numbers: range) -> list[Example]:
    return [Example("d", "t(x int)", f"Who has {n}?\nt.x = '{n}'", f"SELECT {n}", "history") for n in numbers]


class TestSides:
    def test_every_example_is_on_one_side_and_the_same_one_each_time(self) -> None:
        taught, kept_back = sides(asked(range(200)))
        assert len(taught) + len(kept_back) == 200
        assert 35 < len(kept_back) < 65
        assert sides(list(reversed(asked(range(200))))) == (taught[::-1], kept_back[::-1])

    def test_at_least_ten_are_kept_back(self) -> None:
        assert len(sides(asked(range(12)))[1]) == 10

    def test_a_question_is_on_one_side_in_whichever_letters(self) -> None:
        again = [replace(example, question=example.question.upper(), sql="SELECT 0") for example in asked(range(60))]
        taught, kept_back = sides([*asked(range(60)), *again])
        assert {example.question.casefold() for example in taught}.isdisjoint(
            example.question.casefold() for example in kept_back
        )
        assert len(kept_back) % 2 == 0

    def test_what_was_taught_once_is_never_judged_by_later(self) -> None:
        taught_before: set[str] = set()
        for count in range(12, 200, 7):
            taught, kept_back = sides(asked(range(count)))
            assert taught_before.isdisjoint(example.question for example in kept_back)
            taught_before |= {example.question for example in taught}


@pytest.mark.usefixtures("tiny")
class TestRun:
    def test_it_teaches_the_adapter_in_use_further_and_judges_both(self, concerts_file: Path, packaged: Path) -> None:
        notes = Notes()
        outcome = learnt(order(concerts_file), notes)
        assert (outcome.right_before, outcome.right_after, outcome.is_better) == (0, 0, False)
        before, after = weights(packaged), weights(outcome.run.adapter)
        assert before.keys() == after.keys()
        assert all(before[name].shape == after[name].shape for name in before)
        moved = max(float((before[name] - after[name]).abs().max()) for name in before)
        assert 0 < moved < 0.05, "it goes on from what was learnt before"
        assert len(outcome.run.curve()) > 0
        settings = outcome.run.read_settings() or {}
        assert (settings["recipe"]["rank"], settings["recipe"]["alpha"]) == (4, 8)
        assert settings["verdict"] == {"kept_back": outcome.kept_back, "right_before": 0, "right_after": 0}
        assert any(f"{44 - outcome.kept_back} questions to learn from" in line for line in notes.lines)

    def test_one_that_is_not_better_changes_nothing_and_is_not_tried_again(
        self, concerts_file: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        steer(monkeypatch, packaged, 3, 3)
        outcome = learnt(order(concerts_file))
        assert (outcome.right_before, outcome.right_after, outcome.is_better) == (3, 3, False)
        assert not own_adapters.own_adapters_file().exists()
        assert not outcome.run.checkpoints.exists()

        monkeypatch.setattr(from_history, "load_trainee", no_model)
        again = learnt(order(concerts_file))
        assert (again.is_new, again.right_before, again.right_after) == (False, 3, 3)
        assert [folder.name for folder in own_adapters.home_of(concerts_file).iterdir()] == ["run-1"]

    def test_a_better_one_is_used_and_the_next_run_goes_on_from_it(
        self, concerts_file: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        steer(monkeypatch, packaged, 3, 4)
        first = learnt(order(concerts_file))
        assert first.is_better
        assert own_adapters.adapter_for(concerts_file, "default") == first.run.adapter
        assert not learnt(order(concerts_file)).is_new

        steer(monkeypatch, first.run.adapter, 4, 5)
        second = learnt(order(concerts_file, 48))
        assert second.is_new
        settings = second.run.read_settings() or {}
        assert settings["examples_by_source"] == {"history": 48}
        assert own_adapters.adapter_for(concerts_file, "default") == second.run.adapter
        assert not first.run.root.exists()

        steer(monkeypatch, second.run.adapter, 5, 2)
        third = learnt(order(concerts_file, 50))
        assert not third.is_better
        assert own_adapters.adapter_for(concerts_file, "default") == second.run.adapter

    def test_with_nothing_to_gain_nothing_is_taught(
        self, concerts_file: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(from_history, "train", no_model)
        steer(monkeypatch, packaged, None, None)
        outcome = learnt(order(concerts_file))
        assert (outcome.right_before, outcome.right_after) == (outcome.kept_back, None)
        assert not outcome.is_better

    def test_of_a_large_schema_the_model_sees_what_it_sees_in_use(
        self, concerts_file: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = steer(monkeypatch, packaged, None, None)
        narrow = replace(profile("default"), schema_tokens=70)
        many = pairs(concerts_file, 44)
        many = [replace(pair, question=f"{pair.question} Count each singer.") for pair in many]
        learnt(replace(order(concerts_file), profile=narrow, pairs=many))
        assert {example.schema for example in seen} == {"singer(Singer_ID int pk)\nconcert(concert_ID int pk)"}

    def test_a_stopped_run_goes_on_and_ends_where_it_would_have_ended(
        self, concerts_file: Path, packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        steer(monkeypatch, packaged, 0, 1)
        monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "other"))
        whole = learnt(order(concerts_file)).run
        monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
        cancel = Cancel()
        with pytest.raises(Stopped):
            learnt(order(concerts_file), _StopAt(3, cancel), cancel)
        assert own_adapters.adapter_for(concerts_file, "default") is None

        # What is accepted in between does not keep it from going on.
        notes = Notes()
        resumed = learnt(order(concerts_file, 46), notes)

        assert notes.lines[0].startswith("Going on with the run that was stopped")
        assert [point.loss for point in resumed.run.curve()] == [point.loss for point in whole.curve()]
        one, other = weights(whole.adapter), weights(resumed.run.adapter)
        assert all(torch.equal(one[name], other[name]) for name in one)
        assert learnt(order(concerts_file, 46)).is_new

    def test_a_stopped_run_from_another_adapter_is_begun_anew(
        self, concerts_file: Path, packaged: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cancel = Cancel()
        steer(monkeypatch, packaged, 0, 0)
        with pytest.raises(Stopped):
            learnt(order(concerts_file), _StopAt(2, cancel), cancel)
        model: Any = AutoModelForCausalLM.from_pretrained(base)
        newer = write_adapter(tmp_path / "newer", model, seed=9)
        monkeypatch.setattr(store, "packaged_adapter", lambda _name: newer)
        notes = Notes()
        outcome = learnt(order(concerts_file), notes)
        assert not any("Going on" in line for line in notes.lines)
        assert outcome.run.root.name == "run-2"
        assert [folder.name for folder in own_adapters.home_of(concerts_file).iterdir()] == ["run-2"]

    def test_what_cannot_be_read_of_an_earlier_run_is_no_run(
        self, concerts_file: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        earlier = RunFolder(own_adapters.home_of(concerts_file) / "run-1")
        earlier.create()
        earlier.settings_file.write_text("[]", encoding="utf-8")
        steer(monkeypatch, packaged, None, None)
        outcome = learnt(order(concerts_file))
        assert outcome.is_new
        assert outcome.run.root.name == "run-2"
        assert not earlier.root.exists()
        assert outcome.run.root.parent.stat().st_mode & 0o077 == 0

    def test_a_damaged_note_of_an_own_adapter_is_told(
        self, concerts_file: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own_adapters.own_adapters_file().parent.mkdir(parents=True)
        own_adapters.own_adapters_file().write_text("{", encoding="utf-8")
        steer(monkeypatch, packaged, None, None)
        notes = Notes()
        learnt(order(concerts_file), notes)
        assert "The packaged adapter is used." in notes.lines[0]


class _StopAt(Listener):
    def __init__(self, step: int, cancel: Cancel) -> None:
        self.step, self.cancel = step, cancel

    def point(self, point: Point, steps: int) -> None:  # noqa: ARG002
        if point.step >= self.step:
            self.cancel.request()
