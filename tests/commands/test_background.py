"""A thread that says nothing is given up after its time; the time that a reader takes is not the thread's."""

import threading
import time
from collections.abc import Iterator

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands import background
from nl2sql_tui.commands.background import from_thread
from nl2sql_tui.errors import SqlError


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "GRACE_SECONDS", 0.0)


def test_a_slow_reader_is_waited_for() -> None:
    read_again = threading.Event()

    def parts() -> Iterator[int]:
        yield 1
        read_again.wait(30)
        time.sleep(0.3)
        yield 2

    found = from_thread(parts(), Cancel(), seconds=2.0)
    assert next(found) == 1
    time.sleep(2.5)
    read_again.set()
    assert list(found) == [2]


def test_silence_behind_a_part_has_an_end() -> None:
    released = threading.Event()

    def parts() -> Iterator[int]:
        yield 1
        released.wait(30)

    found = from_thread(parts(), Cancel(), seconds=0.2)
    assert next(found) == 1
    with pytest.raises(SqlError, match=r"Ended after 0\.2 seconds"):
        next(found)
    released.set()
