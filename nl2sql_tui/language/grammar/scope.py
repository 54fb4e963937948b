"""Numbers the tables of a schema for a grammar, and says what the bits of a rule's parameter mean.

A rule of the grammar carries 64 bits along. A bit for each table says whether the query has it in scope; so one set
of rules serves every set of tables, and none has to be written out. A schema with more tables than bits is cut into
groups, each with rules of its own, along its joins where that can be.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from nl2sql_tui.language.joins import JoinEdge
from nl2sql_tui.schema import Table

WIDTH: Final = 48
"""Bits for tables, from bit 0."""
RESULT_COLUMNS: Final = "[48:52]"
"""The number of columns after the first, for the other sides of UNION and its like."""
UNKNOWN_COLUMNS: Final = 15
"""Stands there for `*` and for more columns than can be counted."""
UNKNOWN_COLUMNS_BITS: Final = (48, 49, 50, 51)
AGGREGATES: Final = 52
"""Whether COUNT and its like may stand here: not in WHERE, GROUP BY or another one of them."""
ONE_COLUMN: Final = 53
"""Whether the query may only give one column, as within an expression."""
COMPOUND: Final = 54
"""Whether the query follows UNION, INTERSECT or EXCEPT."""
ALIASED: Final = 55
"""Whether the bits of tables are those of aliases instead: for each, in turn, six with its table's number plus one."""
BARE: Final = 56
"""Whether a column may stand without its table: in a query with a single one."""
DEPTH: Final = "[57:60]"
"""How many parentheses are open in a list of results that comes before its tables."""
NESTING: Final = "[61:64]"
"""How many functions, parentheses and signs stand around a value. Nobody asks for SUBSTR(SUBSTR(SUBSTR(…; a model that
is lost goes on with it for ever."""
DEEPEST_NESTING: Final = 4
ALIAS_BITS: Final = 6


@dataclass(frozen=True, slots=True)
class NumberedTable:
    """A table within its group."""

    table: Table
    bit: int
    component: tuple[int, int]
    """The first bit, and the one after the last, of the tables that joins connect with this one, itself included."""
    terminal: str
    """What the names of its terminals in the grammar end with."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tables that share bits, and the joins between them."""

    number: int
    tables: tuple[NumberedTable, ...]
    edges: tuple[JoinEdge, ...]

    def joins(self) -> Iterator[tuple[NumberedTable, NumberedTable, list[tuple[JoinEdge, bool]]]]:
        """For each two tables the edges by which the second can follow the first; True where it is the edge's first."""
        by_name = {numbered.table.name: numbered for numbered in self.tables}
        found: dict[tuple[str, str], list[tuple[JoinEdge, bool]]] = defaultdict(list)
        for edge in self.edges:
            found[edge.table, edge.other].append((edge, False))
            found[edge.other, edge.table].append((edge, True))
        for (known, new), edges in found.items():
            yield by_name[known], by_name[new], edges


def groups(tables: Sequence[Table], edges: Sequence[JoinEdge], width: int) -> list[Group]:
    """`tables` in groups of at most `width`, those joined with each other together where they fit."""
    ordered = [table for connected in _components(tables, edges) for table in connected]
    found = []
    for number, start in enumerate(range(0, len(ordered), width)):
        part = ordered[start : start + width]
        names = {table.name for table in part}
        within = tuple(edge for edge in edges if edge.table in names and edge.other in names)
        numbered: list[NumberedTable] = []
        for connected in _components(part, within):
            first = len(numbered)
            component = (first, first + len(connected))
            numbered += [
                NumberedTable(table, bit, component, f"{number}_{bit}") for bit, table in enumerate(connected, first)
            ]
        found.append(Group(number, tuple(numbered), within))
    return found


def _components(tables: Sequence[Table], edges: Sequence[JoinEdge]) -> Iterator[list[Table]]:
    """`tables` in lists of those that joins connect, each table near to those it is joined to."""
    by_name = {table.name: table for table in tables}
    near: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        near[edge.table].append(edge.other)
        near[edge.other].append(edge.table)
    seen: set[str] = set()
    for table in tables:
        connected = []
        waiting = deque([table.name])
        while waiting:
            name = waiting.popleft()
            if name not in seen:
                seen.add(name)
                connected.append(by_name[name])
                waiting.extend(near[name])
        if connected:
            yield connected
