"""Tells whether two texts are the same but for accents and case, or but for a small slip of the fingers."""

import re
import unicodedata
from typing import Final

ONE_SLIP_FROM: Final = 5
"""Letters from which one slip is forgiven; in shorter words a slip makes another word."""
TWO_SLIPS_FROM: Final = 9

_DIGITS: Final = re.compile(r"\d+")


def folded(text: str) -> str:
    """`text` in lower case and without accents: "São" and "sao" become the same."""
    return without_accents(text.lower())


def without_accents(text: str) -> str:
    """`text` with each letter as it is without its accents, and with ligatures taken apart."""
    if text.isascii():
        return text
    return "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))


def slips_forgiven(text: str) -> int:
    """How many slips away from the folded `text` another text may be and still be meant by it."""
    return 0 if len(text) < ONE_SLIP_FROM else 1 if len(text) < TWO_SLIPS_FROM else 2


def slips_between(one: str, other: str, most: int) -> int | None:
    """Letters left out, added, changed, or swapped with their neighbour between two texts; None for more than `most`.

    The distance is the restricted one of Damerau (1964): no letter takes part in two slips. Texts whose digits differ
    name different things however alike they look, and count as too far apart.
    """
    if abs(len(one) - len(other)) > most:
        return None
    slips = _slips(*_where_they_differ(one, other), most)
    # Last, as hardly any two words come so far.
    return slips if slips is not None and _DIGITS.findall(one) == _DIGITS.findall(other) else None


def _slips(one: str, other: str, most: int) -> int | None:
    """The distance between texts that neither begin nor end alike; None for more than `most`."""
    if not one or not other:
        return len(one) + len(other)
    if most == 1 and max(len(one), len(other)) > 2:
        # Both ends of what is left differ, and one slip mends neighbours only.
        return None
    return _distance(one, other, most)


def _where_they_differ(one: str, other: str) -> tuple[str, str]:
    """Both texts without what they begin and end with in common."""
    shorter = min(len(one), len(other))
    start = 0
    while start < shorter and one[start] == other[start]:
        start += 1
    end = 0
    while end < shorter - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]


def _distance(one: str, other: str, most: int) -> int | None:
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, above, row = above, row, [i]
        for j, opposite in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == opposite:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(above) > most:
            return None
    return row[-1] if row[-1] <= most else None
