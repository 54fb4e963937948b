"""How every engine becomes ready, is waited for, is changed and is closed, apart from what it opens."""

import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.opening import Opening
from nl2sql_tui.errors import ModelError, Stopped

_HANG_GUARD = 30
READY = LoadState("ready", device="cpu")


def opening() -> Opening:
    return Opening(lambda error: ModelError(f"in words: {error}"), "It has been closed.")


def begin(opened: Opening, work: Callable[[], None]) -> None:
    opened.begin(LoadState("loading"), work, "opening")


def fails(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_it_is_begun_once_and_again_after_a_failure() -> None:
    one, begun, release = opening(), threading.Semaphore(0), threading.Event()

    def work() -> None:
        begun.release()
        release.wait(_HANG_GUARD)
        one.attempt(fails(ModelError("No source answered.")))

    begin(one, work)
    begin(one, work)
    assert begun.acquire(timeout=_HANG_GUARD)
    release.set()
    with pytest.raises(ModelError, match="No source answered"):
        one.wait(Cancel())
    assert not begun.acquire(blocking=False)
    assert (one.state.phase, one.state.detail) == ("failed", "No source answered.")
    begin(one, lambda: one.succeed(READY))
    one.wait(Cancel())
    assert one.state == READY


@pytest.mark.parametrize("error", [RuntimeError("kernel"), KeyboardInterrupt("panic")])
def test_what_a_library_raises_is_told_in_words(error: BaseException) -> None:
    one = opening()
    assert one.attempt(fails(error)) is None
    with pytest.raises(ModelError, match=r"in words: (kernel|panic)"):
        one.wait(Cancel())


def test_waiting_ends_with_a_cancel_and_with_closing() -> None:
    one, cancel = opening(), Cancel()
    threading.Timer(0.02, cancel.request).start()
    with pytest.raises(Stopped):
        one.wait(cancel)
    threading.Timer(0.02, one.close).start()
    with pytest.raises(Stopped, match="It has been closed"):
        one.wait(Cancel())
    assert one.closing.requested


def test_while_it_is_changed_others_wait_and_its_state_comes_back() -> None:
    one, waited, order = opening(), threading.Event(), list[str]()
    one.succeed(READY)

    def change_too() -> None:
        with one.changing(Cancel()):
            order.append("second")
        one.wait(Cancel())
        waited.set()

    with one.changing(Cancel()):
        assert one.state == LoadState("loading", device="cpu")
        one.report(LoadState("fetching", done=1, total=2))
        threading.Thread(target=change_too, daemon=True).start()
        assert not waited.wait(0.05)
        assert one.state.phase == "fetching"
        order.append("first")
    assert waited.wait(_HANG_GUARD)
    assert order == ["first", "second"]
    assert one.state == READY


def test_a_change_that_fails_leaves_it_ready() -> None:
    one = opening()
    one.succeed(READY)
    with pytest.raises(ModelError), one.changing(Cancel()):
        raise ModelError("does not fit")
    one.wait(Cancel())
    assert one.state == READY


def test_what_is_closed_or_no_longer_wanted_is_not_changed() -> None:
    one, cancel = opening(), Cancel()
    one.succeed(READY)
    cancel.request()
    with pytest.raises(Stopped), one.changing(cancel):
        pytest.fail("changed all the same")
    one.close()
    with pytest.raises(Stopped, match="It has been closed"), one.changing(Cancel()):
        pytest.fail("changed all the same")


@pytest.mark.parametrize(
    ("state", "said"), [("closed", "emptied\n"), ("closed, and serves on", "emptied\n"), ("running", "")]
)
def test_a_process_that_ends_waits_until_what_was_closed_is_empty(state: str, said: str) -> None:
    """As it would be killed wherever it is, in the middle of what a library must finish; and for nothing else."""
    leaving = f"""
import sys, threading, time
from nl2sql_tui.engine import opening
from nl2sql_tui.engine.events import LoadState
opening._LONGEST_LEAVING_SECONDS = {2 * _HANG_GUARD}
one = opening.Opening(lambda error: error, "closed")
begun = threading.Event()
def work():
    begun.set()
    while not one.closing.requested:
        time.sleep(0.01)
    time.sleep(0.3)
    print("emptied", flush=True)
    if "serves on" in sys.argv[1]:
        one.emptied.set()
        threading.Event().wait()
one.begin(LoadState("loading"), work, "opening")
begun.wait()
if "closed" in sys.argv[1]:
    one.close()
"""
    left = subprocess.run([sys.executable, "-c", leaving, state], capture_output=True, text=True, timeout=_HANG_GUARD)
    assert (left.stdout, left.returncode) == (said, 0), left.stderr
