"""Finds the way from some tables to another along their keys; knows no SQL, and leaves finding keys to `joins`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from nl2sql_tui.language.joins import JoinEdge, join_edges
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.schema import Schema

_MOST_TABLES: Final = 4
"""Tables that one repair may join in. A longer way is hardly what a question meant."""


@dataclass(frozen=True, slots=True)
class Step:
    """One join of a way: from a table that is there to one that is new, on these pairs of columns."""

    table: str
    to_table: str
    pairs: tuple[tuple[str, str], ...]
    """(column of `table`, column of `to_table`), more than one for a composite key."""


class KeyGraph:
    """The tables of a schema and the keys between them, usable in both directions."""

    def __init__(self, schema: Schema) -> None:
        edges = [edge for edge in join_edges(schema) if edge.table != edge.other]
        declared = [edge for edge in edges if edge.origin == "declared"]
        believed = [edge for edge in edges if edge.origin != "shared"]
        self._graphs = [_Graph(schema, declared), _Graph(schema, believed)]

    def way(self, present: Sequence[str], target: str, question: frozenset[str]) -> tuple[Step, ...] | None:
        """The shortest way from any of the tables `present` to `target`; None if there is none or it is not clear.

        Over declared keys; over those that names suggest only where no declared ones lead. Of two ways that are
        equally short, the one from the first of `present` and over the schema's first tables. Two keys between the
        same two tables mean different things: only the words of the `question` can choose.
        """
        for graph in self._graphs:
            places = graph.shortest(present, target)
            if places:
                return graph.steps(places, question)
        return None


class _Graph:
    def __init__(self, schema: Schema, edges: Sequence[JoinEdge]) -> None:
        order = {table.name: place for place, table in enumerate(schema.tables)}
        self._steps: dict[tuple[str, str], list[Step]] = {}
        for edge in edges:
            there = Step(edge.table, edge.other, edge.columns)
            back = Step(edge.other, edge.table, tuple((b, a) for a, b in edge.columns))
            for step in (there, back):
                known = self._steps.setdefault((step.table, step.to_table), [])
                if step not in known:
                    known.append(step)
        self._neighbours: dict[str, list[str]] = {}
        for table, other in sorted(self._steps, key=lambda pair: order[pair[1]]):
            self._neighbours.setdefault(table, []).append(other)

    def shortest(self, present: Sequence[str], target: str) -> list[str]:
        """The tables of the shortest way, with the one it starts from; empty if there is none."""
        reached: dict[str, str | None] = dict.fromkeys(present)
        border = list(present)
        for _ in range(_MOST_TABLES):
            if target in reached:
                break
            border = list(self._next_border(border, reached))
        if target not in reached:
            return []
        places = [target]
        while (before := reached[places[0]]) is not None:
            places.insert(0, before)
        return places

    def _next_border(self, border: list[str], reached: dict[str, str | None]) -> Iterator[str]:
        for table in border:
            for neighbour in self._neighbours.get(table, ()):
                if neighbour not in reached:
                    reached[neighbour] = table
                    yield neighbour

    def steps(self, places: Sequence[str], question: frozenset[str]) -> tuple[Step, ...] | None:
        """The joins between these tables; None if one of them is not clear."""
        settled = [_settled(self._steps[pair], question) for pair in pairwise(places)]
        return tuple(step for step in settled if step is not None) if None not in settled else None


def _settled(steps: Sequence[Step], question: frozenset[str]) -> Step | None:
    """The only step; of several the only one whose columns have a word of the question that not all have."""
    if len(steps) == 1:
        return steps[0]
    words = [{word for pair in step.pairs for name in pair for word in name_words(name)} for step in steps]
    shared = set.intersection(*words)
    said = [step for step, own in zip(steps, words, strict=True) if (own - shared) & question]
    return said[0] if len(said) == 1 else None
