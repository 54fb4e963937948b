"""Progress is measured, not guessed; waiting can be stopped; what is shown holds no secrets."""

import threading

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.transfer import Meter, host_of, pause, without_secrets
from nl2sql_tui.errors import Stopped


class Clock:
    """A clock that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def states() -> list[LoadState]:
    return []


@pytest.fixture
def meter(states: list[LoadState], clock: Clock) -> Meter:
    return Meter(states.append, "a file", 10_000, clock=clock)


def test_speed_counts_only_what_came_now(meter: Meter, states: list[LoadState], clock: Clock) -> None:
    meter.at(4_000)  # resumed
    clock.now += 2
    meter.at(5_000)
    assert [(state.done, state.bytes_per_second) for state in states] == [(4_000, 0.0), (5_000, 500.0)]


def test_speed_is_that_of_the_last_seconds(meter: Meter, states: list[LoadState], clock: Clock) -> None:
    for done in (0, 6_000, 6_010, 6_020, 6_030, 6_040):
        meter.at(done)
        clock.now += 1
    assert states[-1].bytes_per_second == pytest.approx(10.0)


def test_reports_are_few_but_the_last_one_always_comes(meter: Meter, states: list[LoadState], clock: Clock) -> None:
    for done in range(0, 10_001, 100):
        meter.at(done)
        clock.now += 0.001
    assert len(states) <= 3
    assert states[-1].done == 10_000


def test_a_remark_keeps_the_bytes_and_takes_the_speed_away(meter: Meter, states: list[LoadState]) -> None:
    meter.at(3_000)
    meter.note("stalled")
    assert states[-1] == LoadState("fetching", "a file: stalled", done=3_000, total=10_000)


def test_starting_over_is_no_negative_speed(meter: Meter, states: list[LoadState], clock: Clock) -> None:
    meter.at(9_000)
    clock.now += 1
    meter.at(0)
    clock.now += 1
    meter.at(100)
    assert [state.bytes_per_second for state in states[1:]] == [0.0, 100.0]


def test_a_pause_ends_with_a_stop() -> None:
    cancel = Cancel()
    threading.Timer(0.05, cancel.request).start()
    with pytest.raises(Stopped):
        pause(30, cancel)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:word@host/path failed", "https://host/path failed"),
        ("GET http://host/file?signature=abc: 403", "GET http://host/file 403"),
        ("one\n  two", "one two"),
        ("\x1b[31mred", "␛[31mred"),
    ],
)
def test_secrets_and_controls_are_not_shown(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:word@host.example:8080/simple", "host.example"),
        ("file:///srv/simple", "/srv/simple"),
        ("/srv/wheels", "/srv/wheels"),
        ("http://[::1/", "an address that is none"),
    ],
)
def test_a_host_is_shown_without_its_credentials(url: str, shown: str) -> None:
    assert host_of(url) == shown
