"""Shows how many dialogues were right in pytest's summary."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in list(terminalreporter.stats.values()):
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "score" and report.when == "call":
                    terminalreporter.write_line(str(value))
