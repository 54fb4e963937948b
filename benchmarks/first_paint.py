"""Time to first content in a terminal: this program against a bare Textual app, in turns, in one run.

    python -m benchmarks.first_paint [RUNS]

Prints the median of each and their ratio pair by pair.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.pty_program import PtyProgram

_BARE = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Bare(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("first content")

Bare().run()
"""
_OURS = """
import sys
from nl2sql_tui.cli import main
sys.argv = ["nl2sql-tui", {database!r}]
main()
"""


def _seconds(code: str, words: str, home: str) -> float:
    began = time.perf_counter()
    program = PtyProgram([sys.executable, "-c", code], columns=100, lines=30, NL2SQL_TUI_HOME=home)
    try:
        program.wait_for(words, 60)
        return time.perf_counter() - began
    finally:
        program.kill()


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    from nl2sql_tui.database.demo import ensure_demo

    with tempfile.TemporaryDirectory() as home:
        database = ensure_demo(Path(home))
        ours_code = _OURS.format(database=str(database))
        _seconds(_BARE, "first content", home), _seconds(ours_code, database.name, home)
        pairs = [
            (_seconds(ours_code, database.name, home), _seconds(_BARE, "first content", home)) for _ in range(runs)
        ]
    ours, bare = zip(*pairs, strict=True)
    ratios = [a / b for a, b in pairs]
    print(f"nl2sql-tui  {statistics.median(ours):.3f} s  ({min(ours):.3f} to {max(ours):.3f})")  # noqa: T201
    print(f"bare app    {statistics.median(bare):.3f} s  ({min(bare):.3f} to {max(bare):.3f})")  # noqa: T201
    print(f"ratio       {statistics.median(ratios):.2f}    ({min(ratios):.2f} to {max(ratios):.2f}), {runs} pairs")  # noqa: T201


if __name__ == "__main__":
    main()
