"""A database is used by several threads at once: a slow reading of its values holds up nothing else."""

import threading

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database import file as file_module
from nl2sql_tui.database.file import Database
from nl2sql_tui.database.values import ValueIndex


def test_sql_can_be_checked_while_the_values_are_read(concerts: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release = threading.Event(), threading.Event()

    def slow_index(*_: object) -> ValueIndex:
        begun.set()
        release.wait(30)
        return ValueIndex()

    monkeypatch.setattr(file_module, "build_value_index", slow_index)
    reader = threading.Thread(target=concerts.values, args=(Cancel(),), daemon=True)
    reader.start()
    try:
        assert begun.wait(30)
        verdicts = []
        checker = threading.Thread(target=lambda: verdicts.append(concerts.check("SELECT 1")), daemon=True)
        checker.start()
        checker.join(10)
        assert [verdict.valid for verdict in verdicts] == [True]
    finally:
        release.set()
        reader.join(30)
