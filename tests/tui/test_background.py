"""Work on daemon threads: events in order, the end told once, bugs logged and put into words."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from nl2sql_tui.errors import SqlError, UserError
from nl2sql_tui.tui.background import InternalError, Stream


def drained(stream: Stream[int]) -> tuple[list[int], UserError | None]:
    found: list[int] = []
    for _ in range(1000):
        events, ended, error = stream.take()
        found += events
        if ended:
            return found, error
        time.sleep(0.005)
    raise AssertionError("the stream never ended")


def test_events_come_in_order_and_then_the_end() -> None:
    assert drained(Stream("test", lambda: range(1000))) == (list(range(1000)), None)


def test_an_error_for_the_user_comes_after_what_was_before_it() -> None:
    def work() -> Iterator[int]:
        yield 1
        raise SqlError("no such thing")

    events, error = drained(Stream("test", work))
    assert events == [1]
    assert isinstance(error, SqlError)


def test_a_bug_is_logged_and_put_into_words(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> Iterator[int]:
        raise KeyError("surprise")
        yield 0

    with caplog.at_level(logging.ERROR):
        _, error = drained(Stream("test", work))
    assert isinstance(error, InternalError)
    assert "KeyError" in error.message
    assert "surprise" in caplog.text


def test_the_thread_does_not_keep_the_program_alive() -> None:
    release = threading.Event()

    def work() -> Iterator[int]:
        release.wait(10)
        yield 1

    stream = Stream("waiting work", work)
    try:
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "waiting work"]
        assert thread.daemon
        assert stream.take() == ([], False, None)
    finally:
        release.set()
