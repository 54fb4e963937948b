"""Seconds from the quit key to the end of the process, at moments from the first paint to an answer being written.

python -m benchmarks.leaving
"""

import sys
import time

from tests.pty_program import PtyProgram

_MOMENTS = (0.0, 0.3, 0.8, 1.5, 2.5, 4.0, 5.0)
_ASK_FROM = 2.0
"""Moments later than this come after a question was asked, while the model loads or writes."""


def _seconds_to_leave(moment: float) -> float:
    program = PtyProgram([sys.executable, "-m", "nl2sql_tui", "--demo"], columns=100, lines=30)
    try:
        program.wait_for("Ask about this database")
        if moment > _ASK_FROM:
            program.send("How many branches are there?\r")
        time.sleep(moment)
        began = time.perf_counter()
        program.send("\x11")
        program.wait_for_exit()
        return time.perf_counter() - began
    finally:
        program.kill()


def main() -> None:
    for moment in _MOMENTS:
        print(f"{moment:.1f} s after the first paint  {_seconds_to_leave(moment) * 1000:.0f} ms")  # noqa: T201


if __name__ == "__main__":
    main()
