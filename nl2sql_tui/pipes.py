"""Tells a reader that has seen enough of this program's output (`| head`) from a pipe that broke where none should."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class PipeBroke(Exception):
    """A BrokenPipeError under a name that is not click's: click would end the process with code 1 and no word."""

    def __init__(self, error: BrokenPipeError) -> None:
        super().__init__(error)
        self.error = error


@contextmanager
def telling_of_broken_pipes() -> Iterator[None]:
    """Raises PipeBroke in the place of a BrokenPipeError of the block."""
    try:
        yield
    except BrokenPipeError as error:
        raise PipeBroke(error) from error


def turn_away_unread() -> bool:
    """Let what is still to be written where nobody reads any more go nowhere; whether there is such a stream."""
    unread = [stream for stream in (sys.stdout, sys.stderr) if _has_no_reader(stream)]
    for stream in unread:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return bool(unread)


def _has_no_reader(stream: TextIO) -> bool:
    asked = select.poll()
    asked.register(stream, 0)  # the two below are told unasked
    return any(told & (select.POLLERR | select.POLLHUP) for _, told in asked.poll(0))
