"""Shows in pytest's summary how many traps the model got right, and which not."""

from typing import Final

import pytest

SCORE: Final = "traps"
"""The property of a test that the summary shows."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in list(terminalreporter.stats.values()):
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == SCORE and report.when == "call":
                    terminalreporter.write_line(str(value))
