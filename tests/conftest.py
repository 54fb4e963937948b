"""Fixtures that more than one folder of tests uses."""

from pathlib import Path

import pytest

from nl2sql_tui.database.file import Database
from tests.databases import make_database


@pytest.fixture
def concerts_file(tmp_path: Path) -> Path:
    return make_database(tmp_path / "concerts.sqlite")


@pytest.fixture
def concerts(concerts_file: Path) -> Database:
    return Database(concerts_file)
