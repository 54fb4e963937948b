"""No test of the terminal program reads or writes what its user keeps on this computer."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for everything that the program keeps."""
    folder = tmp_path / "kept"
    monkeypatch.setenv("NL2SQL_TUI_HOME", str(folder))
    return folder
