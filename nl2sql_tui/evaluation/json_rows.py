"""Reads files of JSON objects and names the line of one that cannot be used; leaves what the rows mean to others."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nl2sql_tui.errors import InputError
from nl2sql_tui.text import visible


def read_text(file: Path) -> str:
    """The whole of a UTF-8 file, without a byte order mark. Raises InputError if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{visible(str(file))} cannot be read: {reason}.") from error


def json_lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's number, from 1, and its object; empty lines are skipped. Raises InputError, naming the line."""
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if not line.strip():
            continue
        row = parsed(line)
        if not isinstance(row, dict):
            raise InputError(f"Line {number} of {visible(str(file))} is not a JSON object.")
        yield number, row


def parsed(text: str | bytes) -> Any:
    """What `text` holds as JSON; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_text(text: str) -> bool:
    """Whether `text` can be written as UTF-8; JSON can hold halves of characters that cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
