"""Standard output, which the commands' results go to: where it cannot be written, that is told as what it is."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nl2sql_tui.errors import OutputError


class _Results(io.TextIOWrapper):
    """A text stream whose own failures differ from every other failure of the system."""

    def write(self, text: str, /) -> int:
        """Raises OutputError; BrokenPipeError where the reader has gone."""
        with _telling():
            return super().write(text)

    def flush(self) -> None:
        """Raises OutputError; BrokenPipeError where the reader has gone."""
        with _telling():
            super().flush()


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"The output could not be written: {error.strerror or error}.") from error


def guard_standard_output() -> None:
    """Have whatever is printed from now on raise OutputError where it cannot be written.

    A character that the terminal cannot show is written as its code. Output that the caller closed is thrown away.
    """
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the program runs
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = _Results(
            sys.stdout.buffer,
            encoding=sys.stdout.encoding,
            errors="backslashreplace",
            line_buffering=sys.stdout.line_buffering,
            write_through=sys.stdout.write_through,
        )
