"""The demo database: an invented bank, built by the program where it is wanted, and questions to try on it."""

from nl2sql_tui.database.demo.file import DEMO_VERSION, ensure_demo
from nl2sql_tui.database.demo.questions import SAMPLE_QUESTIONS, TRANSACTION_QUESTIONS

__all__ = ["DEMO_VERSION", "SAMPLE_QUESTIONS", "TRANSACTION_QUESTIONS", "ensure_demo"]
