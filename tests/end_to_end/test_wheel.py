"""The wheel holds everything that an installed program needs beside its code."""

import subprocess
import sys
import zipfile
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(_CHECKOUT),
    ]
    subprocess.run([*command, str(_CHECKOUT)], check=True, timeout=240)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    adapter = {"README.md", "adapter_config.json", "adapter_model.safetensors"}
    assert {f"nl2sql_tui/assets/default_adapter/{name}" for name in adapter} <= names
    assert "nl2sql_tui/py.typed" in names
    styles = {path.relative_to(_CHECKOUT).as_posix() for path in (_CHECKOUT / "nl2sql_tui").rglob("*.tcss")}
    assert styles
    assert styles <= names
    assert not any(name.startswith("tests/") for name in names)
