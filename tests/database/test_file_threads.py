"""A database is used by several threads at once: a slow reading of its values holds up nothing else."""

import threading
from collections.abc import Iterator

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database import file as file_module
from nl2sql_tui.database.file import Database
from nl2sql_tui.schema import CellValue


def test_sql_can_be_checked_while_the_values_are_read(concerts: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release = threading.Event(), threading.Event()

    def slow_texts(*_: object) -> Iterator[CellValue]:
        begun.set()
        release.wait(30)
        yield from ()

    monkeypatch.setattr(file_module, "cell_texts", slow_texts)
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
