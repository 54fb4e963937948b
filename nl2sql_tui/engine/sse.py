"""Takes server-sent events out of bytes as they arrive, and never holds more than one bounded event.

The format is that of the HTML standard, section "Server-sent events". What an event means is `chat_api`'s part.
"""

import re
from typing import Final

MOST_EVENT_BYTES: Final = 1_000_000

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_DATA_FIELDS: Final = (b"data", b"error")
"""`error` is not of the standard: older servers of llama.cpp send what went wrong under it."""


class EventTooLong(Exception):
    """An event, or a line without end, passed the bound."""


class EventParser:
    """Turns chunks of bytes, cut anywhere, into the data of events."""

    def __init__(self, most_bytes: int = MOST_EVENT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._after_return = False
        """The last chunk ended in a carriage return: a line feed at the start of the next belongs to it."""

    def feed(self, chunk: bytes) -> list[str]:
        """The data of the events that `chunk` completes. Raises EventTooLong."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
        if not chunk:
            return []
        self._after_return = chunk.endswith(b"\r")
        *ended, rest = _LINE_END.split(chunk)
        events = []
        for piece in ended:
            self._grow(piece)
            data = self._take_line()
            if data is not None:
                events.append(data)
        self._grow(rest)
        return events

    def end(self) -> list[str]:
        """The data of an event whose closing blank line was left out."""
        data = self._take_line()  # which gives the event by itself where only the blank line is missing
        if data is None:
            data = self._take_event()
        return [] if data is None else [data]

    def _grow(self, piece: bytes) -> None:
        self._line += piece
        if len(self._line) + self._data_bytes > self._most_bytes:
            raise EventTooLong

    def _take_line(self) -> str | None:
        """Read the line that has ended; the data of an event if the line was the blank one behind it."""
        line = bytes(self._line)
        self._line.clear()
        if not line:
            return self._take_event()
        field, _, value = line.partition(b":")
        if field in _DATA_FIELDS:
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(line)
        return None

    def _take_event(self) -> str | None:
        if not self._data:
            return None
        data = b"\n".join(self._data).decode("utf-8", "replace")
        self._data.clear()
        self._data_bytes = 0
        return data
