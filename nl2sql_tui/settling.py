"""Settles several answers to one question by what they give: runs each, and lets those with equal results speak as one.

The vote is self-consistency (Wang et al., 2023) by execution (Shi et al., 2022); a text is weighed by its probability
instead of by how often it was drawn, and by how much of the question it takes up.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.execute import Cell, Limits, ResultSet, Row
from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import Stopped, UserError

_ROWS_COMPARED: Final = 2_000
_BYTES_COMPARED: Final = 16 * 1024 * 1024
_PROBABILITYS_POWER: Final = 0.55
"""Texts of a small model are told apart less sharply than by their probabilities."""
_PRICE_OF_A_WORD: Final = 2.0
"""Both by a conditional logit (McFadden, 1974) on questions about databases that were kept out of the training; see
`python -m benchmarks.settling`."""
_PRICE_OF_AN_ODDITY: Final = 4.0
"""Hardly any right answer has one."""
_PRICE_OF_LESS: Final = 0.5
"""Its answer looks likelier than it would where all of the schema is shown, by about a logarithm of 1."""
_DIGITS: Final = 6
"""Significant digits in which two floats have to agree."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """SQL that may be the answer."""

    sql: str
    repairs: tuple[str, ...]
    """What was changed in what the model wrote, a line each."""
    log_probability: float
    verdict: Verdict
    """That it compiles, and what it reads."""
    words_missed: int = 0
    """Words of the question that name something in the database which this does not use."""
    oddities: int = 0
    """What hardly any right answer to the question has; see `language.oddities`."""
    saw_less: bool = False
    """The model was shown a part of the schema for it: there was less that it could have named instead."""

    @property
    def weight(self) -> float:
        """The logarithm of how much it counts."""
        less = _PRICE_OF_LESS if self.saw_less else 0.0
        faults = _PRICE_OF_A_WORD * self.words_missed + _PRICE_OF_AN_ODDITY * self.oddities
        return _PROBABILITYS_POWER * self.log_probability - faults - less


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What some proposals agree on: they read the question as the same one."""

    best: Proposal
    """The one of them that counts most."""
    share: float
    """Of what all proposals that ran count, from 0 to 1."""
    says_nothing: bool
    """It gave no row, or only NULL."""
    columns: tuple[str, ...] = ()
    telling_row: Row | None = None
    """A row that only this interpretation gives, compared with the one that was settled on; None if there is none."""


@dataclass(slots=True)
class _Group:
    best: Proposal
    result: ResultSet
    mass: float
    says_nothing: bool = field(init=False)

    def __post_init__(self) -> None:
        self.says_nothing = all(cell is None for row in self.result.rows for cell in row)


def settle(
    database: Database, proposals: Sequence[Proposal], seconds: float, cancel: Cancel
) -> tuple[Interpretation, ...]:
    """The interpretations of `proposals`, the one to take first: rows come before none, then the larger share.

    Every proposal compiles. They are run one after the other within `seconds` in all; one that fails, or is not
    finished then, is left out. Empty if none is finished. Raises Stopped on cancel.
    """
    ends = time.monotonic() + seconds
    groups: dict[object, _Group] = {}
    highest = max((proposal.weight for proposal in proposals), default=0.0)
    for proposal in sorted(proposals, key=lambda proposal: -proposal.weight):
        result = _result(database, proposal.sql, ends - time.monotonic(), cancel)
        if result is None:
            continue
        mass = math.exp(proposal.weight - highest)
        key = result_key(result)
        if key in groups:
            groups[key].mass += mass
        else:
            groups[key] = _Group(proposal, result, mass)
    ranked = sorted(groups.values(), key=lambda group: (group.says_nothing, -group.mass))
    total = sum(group.mass for group in ranked)
    return tuple(
        Interpretation(
            best=group.best,
            share=group.mass / total,
            says_nothing=group.says_nothing,
            columns=group.result.columns,
            telling_row=_telling_row(group.result, ranked[1 if group is ranked[0] else 0].result)
            if ranked[1:]
            else None,
        )
        for group in ranked
    )


def _result(database: Database, sql: str, seconds: float, cancel: Cancel) -> ResultSet | None:
    """What `sql` gives; None if it fails or takes longer."""
    if seconds <= 0:
        return None
    try:
        result = database.fetch_all(sql, cancel, Limits(rows=_ROWS_COMPARED, bytes=_BYTES_COMPARED, seconds=seconds))
    except Stopped:
        raise
    except UserError:
        return None
    cancel.raise_if_requested()
    return result if result.ending.error is None else None


def result_key(result: ResultSet) -> object:
    """The same for results with the same rows, in whatever order the rows and the columns stand."""
    columns = [[_comparable(cell) for cell in column] for column in zip(*result.rows, strict=True)]
    columns.sort(key=sorted)
    rows = sorted(zip(*columns, strict=True))
    return len(result.columns), len(result.rows), result.ending.cut, tuple(rows)


def _comparable(cell: Cell) -> tuple[str, str]:
    """A cell as something that can be sorted among all kinds of cells, floats rounded."""
    if isinstance(cell, int | float):
        return "number", f"{cell:.{_DIGITS}g}" if isinstance(cell, float) and math.isfinite(cell) else _whole(cell)
    return type(cell).__name__, repr(cell)


def _whole(number: float) -> str:
    return f"{float(number):.{_DIGITS}g}" if abs(number) < 10**_DIGITS else str(number)


def _telling_row(result: ResultSet, other: ResultSet) -> Row | None:
    """A row of `result` that `other` has not."""
    known = {tuple(map(_comparable, row)) for row in other.rows}
    return next((row for row in result.rows if tuple(map(_comparable, row)) not in known), None)
