"""Fixtures for everything that touches what is kept on disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nl2sql_tui.folders import HOME_VARIABLE
from tests.engine.fake_web import FakeWeb


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of the program's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    return folder


@pytest.fixture
def server() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web
