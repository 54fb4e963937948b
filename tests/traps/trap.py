"""What a trap is: a question on a small database, the answer a model may fall for, and what must come of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Rows = tuple[tuple[object, ...], ...]
Form = Literal["sql", "tables first"]
FORMS: Final[tuple[Form, ...]] = ("sql", "tables first")

Outcome = Literal["mended", "kept", "refused"]
"""The repairs give the right rows and are told; the SQL stays to the letter, valid; it is called invalid, in a line."""


@dataclass(frozen=True, slots=True)
class Trap:
    """One trap. `right` and `rows` are empty where the database cannot answer the question."""

    name: str
    database: str
    """A key of `databases.SCRIPTS`."""
    question: str
    falls_for: str
    """The worst text that a model may plausibly write for it."""
    outcome: Outcome
    """What must come of that text."""
    says: str = ""
    """Words that the line about the repair or the fault must hold."""
    right: str = ""
    """SQL that a careful person would write."""
    rows: Rows = ()
    """What `right` gives, in any order."""
    gives: Rows | None = None
    """What `falls_for` gives if it is kept and these are not the right rows: nothing but a person can tell."""
    writes: bool = False
    """`falls_for` is refused because it would do more than read."""
    is_writable: bool = False
    """The grammar lets `falls_for` through: every name in it is real, and where it may stand."""
    right_forms: Sequence[Form] = FORMS
    """The forms in which the grammar can express `right`."""
    asked_back: bool = False
    """The database has nothing on the matter, and the program says so and asks."""
    obeyed: str = ""
    """A text that no SQL of the model's may hold, as it would show that a cell or a name was obeyed."""

    @property
    def can_be_answered(self) -> bool:
        return bool(self.right)
