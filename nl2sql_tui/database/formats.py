"""The names of the formats for rows; imports nothing heavy, so that the command line can name them at once."""

from typing import Final, Literal, get_args

Format = Literal["table", "json", "jsonl", "csv", "md"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
FOR_READING: Final[frozenset[Format]] = frozenset(("table", "md"))
"""Formats whose columns must be measured before the first line, so that all rows are held in memory."""
