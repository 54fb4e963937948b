"""The shop that most repairs are tried on."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench


@pytest.fixture
def shop(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)
