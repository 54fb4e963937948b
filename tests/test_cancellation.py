"""The flag goes up once, is seen by everybody, and calls whoever waits."""

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import Stopped


def test_callbacks_are_called_once_and_only_while_registered() -> None:
    cancel, calls = Cancel(), []
    with cancel.calling(lambda: calls.append("early")):
        pass
    with cancel.calling(lambda: calls.append("waiting")):
        cancel.request()
        cancel.request()
    assert calls == ["waiting"]


def test_a_late_waiter_is_called_at_once() -> None:
    cancel, calls = Cancel(), []
    cancel.request()
    with cancel.calling(lambda: calls.append("late")):
        assert calls == ["late"]


def test_raising() -> None:
    cancel = Cancel()
    cancel.raise_if_requested()
    cancel.request()
    with pytest.raises(Stopped):
        cancel.raise_if_requested()
