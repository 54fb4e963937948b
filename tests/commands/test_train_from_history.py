"""What `train --from-history` says of each outcome, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import pytest

from nl2sql_tui.commands import train_from_history as command
from nl2sql_tui.commands.train_from_history import train_from_history
from nl2sql_tui.errors import DatabaseError, ExitCode, InputError
from nl2sql_tui.settings import Settings
from nl2sql_tui.training.from_history import Order, Outcome
from nl2sql_tui.training.run_folder import Point, RunFolder


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(tmp_path / "home"))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run-1")
    folder.create()
    folder.add(Point(1, 1.5, 0.1, 100.0, 4, 1000, 2.0))
    return folder


@pytest.mark.parametrize(
    ("right_after", "is_new", "words"),
    [
        (7, True, "the new adapter answers 7 right, the one before it 4: it answers for concerts.sqlite from now on"),
        (4, True, "the new adapter answers 4 right, the one before it 4: it is not better"),
        (3, True, "nothing is changed"),
        (None, True, "there is nothing to gain"),
        (7, False, "No other questions were accepted on concerts.sqlite since the last run"),
    ],
)
def test_both_scores_are_told(
    right_after: int | None,
    is_new: bool,
    words: str,
    run: RunFolder,
    concerts_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    orders: list[Order] = []

    def learn(order: Order, *_: object) -> Outcome:
        orders.append(order)
        return Outcome(10, 4, right_after, run, is_new)

    monkeypatch.setattr(command, "learn", learn)
    assert train_from_history(concerts_file, replace(Settings(), max_new_tokens=99)) == ExitCode.OK
    (order,) = orders
    assert (order.database, order.profile.name, order.max_new_tokens) == (concerts_file, "default", 99)
    told = capsys.readouterr().err
    assert words in told
    assert ("loss └" in told) == (is_new and right_after is not None)


def test_a_database_nobody_has_asked_is_told_at_once(concerts_file: Path) -> None:
    with pytest.raises(InputError, match=r"There are 0 accepted questions on concerts\.sqlite; 40 are needed"):
        train_from_history(concerts_file, Settings())


def test_a_model_that_takes_no_adapter_is_told(concerts_file: Path) -> None:
    with pytest.raises(InputError, match="phi3 is used without an adapter"):
        train_from_history(concerts_file, replace(Settings(), model="phi3"))


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError):
        train_from_history(tmp_path / "none.sqlite", Settings())
