"""The words of the judge: categories of answers, forms of comparison, and what is kept of a judged answer."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final


class Category(StrEnum):
    """What became of one answer, or of one gold query."""

    RIGHT = "right"
    MISMATCH = "other rows than the gold's"
    EMPTY = "no rows where the gold has some"
    NO_COLUMN = "no such column"
    NO_TABLE = "no such table"
    AMBIGUOUS = "ambiguous column"
    SYNTAX = "syntax error"
    OTHER_ERROR = "other error"
    TIMEOUT = "timeout"
    TOO_LARGE = "too large a result"
    NOT_READING = "not a reading statement"
    SEVERAL = "several statements"
    NO_SQL = "no SQL"
    UNDECIDED = "comparison given up"
    """Both ran, but which column stands for which could not be settled within the judge's bounds; counts as wrong."""
    NO_GOLD = "broken gold"
    """None of the gold queries runs; the question is left out of every score."""


INVALID: Final = frozenset(
    (
        Category.NO_COLUMN,
        Category.NO_TABLE,
        Category.AMBIGUOUS,
        Category.SYNTAX,
        Category.OTHER_ERROR,
        Category.NOT_READING,
        Category.SEVERAL,
        Category.NO_SQL,
    )
)
"""Categories of answers that are not one reading statement which SQLite compiles and runs without an error."""


class Form(StrEnum):
    """One way to say that two results are the same; `FORM_MEANINGS` defines each."""

    EXECUTION = "execution accuracy"
    SAME_COLUMN_ORDER = "same column order"
    TEST_SUITE = "Spider test-suite style"
    BIRD = "BIRD style"
    CONTAINED = "gold's columns contained"


FORM_MEANINGS: Final = {
    Form.EXECUTION: (
        "The main measure. Rows as a multiset (duplicates count), columns in any order, the order of rows only where "
        "the gold has ORDER BY at its top level. Numbers are equal within 1e-6 relative if one of them is a float, "
        "integers exactly; NULL equals NULL; a text never equals a number. Names of columns are ignored; two results "
        "without rows are the same (by every form)."
    ),
    Form.SAME_COLUMN_ORDER: "The main measure, and the columns must stand in the gold's order.",
    Form.TEST_SUITE: (
        "As in the Spider test suite (Zhong, Yu and Klein 2020): multiset of rows, columns in any order, the order of "
        "rows wherever the words ORDER BY occur in the gold, values exactly equal. Here on the one database at hand "
        "and with DISTINCT kept; theirs runs on many databases made for that and by default strikes DISTINCT out."
    ),
    Form.BIRD: (
        "As in BIRD (Li et al. 2023): the set of rows. The order of columns counts; the order of rows and duplicate "
        "rows do not; values exactly equal."
    ),
    Form.CONTAINED: (
        "The laxest: the answer may have more columns than the gold, and those of its columns that stand for the "
        "gold's must satisfy the main measure together. Spider 2.0 (Lei et al. 2024) allows further columns too, but "
        "matches each column by itself and numbers within 1e-2."
    ),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a result, safe to show: bounded in rows, columns and letters."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int
    """Rows of the whole result."""
    column_count: int
    """Columns of the whole result."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How one statement ran."""

    failure: Category | None
    """None if it ran to its end."""
    error: str
    """One line on the failure, safe to show; empty without one."""
    seconds: float
    sample: Sample | None
    """None for a failure."""


@dataclass(frozen=True, slots=True)
class Judgeable:
    """One answer with what it is judged by."""

    database: Path
    golds: tuple[str, ...]
    """Gold queries; an answer is right if it matches any of them."""
    sql: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge found of one answer."""

    category: Category
    forms: frozenset[Form] = field(default_factory=frozenset)
    """The forms by which it is right."""
    error: str = ""
    """One line, safe to show; empty where there is nothing to say."""
    seconds: float = 0.0
    """Of running the answer."""
    sample: Sample | None = None
    gold_sample: Sample | None = None
    """Of the first gold query that runs."""

    @property
    def right(self) -> bool:
        """By the main measure."""
        return self.category is Category.RIGHT

    @property
    def valid(self) -> bool:
        """Whether it is one reading statement that SQLite compiles and runs without an error.

        One that was ended for its time or its size is valid.
        """
        return self.category not in INVALID
