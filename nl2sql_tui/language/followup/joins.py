"""The way from the tables of a query to another one along declared foreign keys; writes no SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nl2sql_tui.schema import Schema, Table

_MOST_STEPS: Final = 3


@dataclass(frozen=True)
class Step:
    """One join, from a table that is there to one that is not."""

    near: Table
    near_column: str
    far: Table
    far_column: str
    to_parent: bool
    """Each row of `near` has at most one in `far`, as the key stands in `near`."""


def way_to(schema: Schema, start: Sequence[Table], target: Table) -> tuple[Step, ...]:
    """The shortest way from one of the tables `start` to `target`; empty if there is none or there are several."""
    ways: list[tuple[Step, ...]] = [()]
    frontier: list[tuple[Table, tuple[Step, ...]]] = [(table, ()) for table in start]
    for _ in range(_MOST_STEPS):
        frontier = [
            (step.far, (*way, step))
            for table, way in frontier
            for step in _steps_from(schema, table)
            if step.far not in start and all(step.far is not earlier.near for earlier in way)
        ]
        ways = [way for table, way in frontier if table is target]
        if ways:
            break
    return ways[0] if len(ways) == 1 else ()


def _steps_from(schema: Schema, table: Table) -> list[Step]:
    """Every join between `table` and another, those of several keys between the same two included."""
    steps = []
    for key in table.foreign_keys:
        parent = schema.table(key.to_table)
        if parent is not None and parent is not table:
            steps.append(Step(table, key.column, parent, key.to_column, to_parent=True))
    for child in schema.tables:
        for key in child.foreign_keys:
            if child is not table and key.to_table.casefold() == table.name.casefold():
                steps.append(Step(table, key.to_column, child, key.column, to_parent=False))
    return steps
