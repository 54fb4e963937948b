"""What a follow-up asks to be done to the last query, as plain values; the words in them are not yet resolved."""

from dataclasses import dataclass
from typing import Literal

Function = Literal["AVG", "SUM", "MAX", "MIN", "COUNT"]


@dataclass(frozen=True, slots=True)
class Keep:
    """Only the rows that `phrase` describes."""

    phrase: str


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """All rows but those that `phrase` describes."""

    phrase: str


@dataclass(frozen=True, slots=True)
class Instead:
    """The same for `phrase`: another value, period or threshold in the place of the one in the query."""

    phrase: str
    may_add: bool
    """Whether it may become a condition of its own where there is nothing to put it in the place of."""
    rather: bool = False
    """Said as "what about …": where the same table has a condition already, it may be meant in the place of that."""
    insists: bool = False
    """Said with "instead": what is there goes, even if both could hold together."""


@dataclass(frozen=True, slots=True)
class NumberInstead:
    """Another number in the place of the only one in the query."""

    number: int


@dataclass(frozen=True, slots=True)
class Unfilter:
    """Without the conditions on what `phrase` names; without any if it is empty."""

    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A row for each of what `phrase` names."""

    phrase: str
    instead: bool = False
    """In the place of the grouping that there is."""
    counts_rows: bool = True
    """Whether a plain list becomes a count for each; "by" may as well mean an order."""


@dataclass(frozen=True, slots=True)
class Reverse:
    """The other way round."""


@dataclass(frozen=True, slots=True)
class Sort:
    """Ordered by what `phrase` names, or by what `adjective` measures ("cheapest first")."""

    phrase: str
    descending: bool = False
    adjective: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many rows."""

    count: int
    end: Literal["first", "top", "last", "bottom"]
    phrase: str = ""
    """What they are ranked by, if it was said."""


@dataclass(frozen=True, slots=True)
class NoLimit:
    """All rows, not so many."""


@dataclass(frozen=True, slots=True)
class CountRows:
    """How many rows the query gives."""


@dataclass(frozen=True, slots=True)
class ShowRows:
    """The rows that were counted or summed up."""


@dataclass(frozen=True, slots=True)
class Show:
    """The columns that `phrase` names as well."""

    phrase: str


@dataclass(frozen=True, slots=True)
class Hide:
    """Without the columns that `phrase` names."""

    phrase: str


@dataclass(frozen=True, slots=True)
class Distinct:
    """Each row once."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A number for all rows, of the column that `phrase` names or of the one that is summed up already."""

    function: Function
    phrase: str = ""
    instead: bool = False
    """Said to be in the place of another number, not beside it."""
    connected: bool = False
    """Said to come on top ("and the average")."""


@dataclass(frozen=True, slots=True)
class Explain:
    """Why the row that `phrase` names is not among the rows."""

    phrase: str


Edit = (
    Keep
    | LeaveOut
    | Instead
    | NumberInstead
    | Unfilter
    | Group
    | Reverse
    | Sort
    | Limit
    | NoLimit
    | CountRows
    | ShowRows
    | Show
    | Hide
    | Distinct
    | Aggregate
    | Explain
)
