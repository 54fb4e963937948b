"""nl2sql-tui: questions in plain words to a SQLite file, answered by a model on this computer."""

__version__ = "0.1.0"
