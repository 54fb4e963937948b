"""Remembers what was made ready for the schemas asked about last; what that is, its users say."""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from operator import is_
from typing import Final, Generic, TypeVar

from nl2sql_tui.schema import Schema

_Made = TypeVar("_Made")
_KEPT: Final = 4


class Recent(Generic[_Made]):
    """Things made from a schema, the last few of them. Schemas are told apart by their very tables, not by equality.

    Comparing a thousand tables by their content would take longer than the work that is saved. Any thread may ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: deque[tuple[Schema, Hashable, _Made]] = deque(maxlen=_KEPT)

    def get(self, schema: Schema, besides: Hashable, make: Callable[[], _Made]) -> _Made:
        """What `make` made for this schema, and for what else it was made from, the last time, or makes now."""
        with self._lock:
            for known in self._made:
                if known[1] == besides and _are_the_same(known[0], schema):
                    return known[2]
        made = make()
        with self._lock:
            self._made.appendleft((schema, besides, made))
        return made


def _are_the_same(one: Schema, other: Schema) -> bool:
    return len(one.tables) == len(other.tables) and all(map(is_, one.tables, other.tables))
