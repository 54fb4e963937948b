"""All traps, and those whose right rows the default model does not find yet."""

from typing import Final

from tests.traps.cells import CELLS
from tests.traps.hostile import HOSTILE
from tests.traps.keys import KEYS
from tests.traps.names import NAMES
from tests.traps.trap import Trap

TRAPS: Final[tuple[Trap, ...]] = (*NAMES, *KEYS, *CELLS, *HOSTILE)

NOT_YET: Final = frozenset(
    (
        "reserved columns without quotes",
        "a column that begins with a number",
        "quotation marks in a column's name",
        "an apostrophe in a column's name and in its cell",
        "names alike but for letters that only other programs fold",
        "undeclared keys: joined on a column that is not there",
        "a table joined to itself under one name",
        "a composite key: the other table left out",
        "a cell of two megabytes",
        "a cell that ends a string and goes on",
        "a cell that drives the terminal",
        "a cell that adds a line to the prompt",
    )
)
"""Names of the traps for which the default model does not find the right rows; a test prints what this should say."""
