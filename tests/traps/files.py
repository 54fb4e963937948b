"""The traps' databases as files, each made when it is first asked for, and their rows in a form to compare."""

from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.execute import Limits
from nl2sql_tui.database.file import Database
from tests.databases import make_database
from tests.traps.databases import SCRIPTS
from tests.traps.trap import Trap

_DIGITS = 9
_LIMITS = Limits(rows=1_000, seconds=30.0)


class Files:
    """The databases in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Database] = {}

    def database(self, trap: Trap) -> Database:
        """The one that the trap is set in."""
        name = trap.database
        if name not in self._made:
            self._made[name] = Database(make_database(self.folder / f"{name}.sqlite", SCRIPTS[name]))
        return self._made[name]

    def names(self) -> set[str]:
        """What may lie in the folder."""
        return {database.path.name for database in self._made.values()}


def rows_of(database: Database, sql: str) -> Counter[tuple[object, ...]]:
    """What `sql` gives, in no order."""
    result = database.fetch_all(sql, Cancel(), _LIMITS)
    assert result.ending.error is None, result.ending.error
    return counted(result.rows)


def is_same(found: Counter[tuple[object, ...]], wanted: Counter[tuple[object, ...]]) -> bool:
    """Whether both are the same rows, in whatever order the columns stand."""
    width = len(next(iter(wanted), ()))
    return any(
        found == Counter({tuple(row[place] for place in places): times for row, times in wanted.items()})
        for places in permutations(range(width))
    )


def counted(rows: Sequence[tuple[object, ...]]) -> Counter[tuple[object, ...]]:
    """`rows` in no order, with as many digits of each number as two ways to reckon it have in common."""
    return Counter(tuple(round(cell, _DIGITS) if isinstance(cell, float) else cell for cell in row) for row in rows)
