"""The database that most of these tests examine."""

from pathlib import Path

import pytest

from nl2sql_tui.database.file import Database
from tests.databases import make_database
from tests.doctor.examined import BANK


@pytest.fixture
def bank(tmp_path: Path) -> Database:
    return Database(make_database(tmp_path / "bank.sqlite", BANK))
