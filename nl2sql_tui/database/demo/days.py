"""The calendar of the demo bank's three years, as day numbers: months, working days, busy days."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from typing import Final

from nl2sql_tui.database.demo.dice import Dice

FIRST_DAY: Final = date(2023, 1, 1).toordinal()
LAST_DAY: Final = date(2025, 12, 31).toordinal()

_SATURDAY: Final = 5
_MONTHS: Final = "January February March April May June July August September October November December".split()
_SHOPPING_BY_WEEKDAY: Final = (9, 9, 10, 11, 15, 17, 6)
_SHOPPING_BY_MONTH: Final = (8, 8, 9, 10, 10, 11, 12, 10, 10, 10, 13, 18)
_SHOPPING_BY_YEAR: Final = {2023: 10, 2024: 11, 2025: 13}


def ordinal(iso_date: str) -> int:
    """The day number of an ISO date."""
    return date.fromisoformat(iso_date).toordinal()


def iso(day: int) -> str:
    """The day as an ISO date."""
    return date.fromordinal(day).isoformat()


def month_of(day: int) -> int:
    """1 for January to 12."""
    return date.fromordinal(day).month


def month_name(day: int) -> str:
    """Month and year, in English whatever the computer's language, e.g. "March 2024"."""
    found = date.fromordinal(day)
    return f"{_MONTHS[found.month - 1]} {found.year}"


def add_months(day: int, months: int) -> int:
    """The same day of the month, `months` later; days after the 28th become the 28th."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, 28)).toordinal()


def monthly(day_of_month: int, first: int, last: int) -> Iterator[int]:
    """That day of each month, or the Monday after it at weekends, from `first` to `last`; at most the 28th."""
    due = date.fromordinal(first).replace(day=day_of_month).toordinal()
    while due <= last:
        weekday = date.fromordinal(due).weekday()
        booked = due + 7 - weekday if weekday >= _SATURDAY else due
        if first <= booked <= last:
            yield booked
        due = add_months(due, 1)


def quarter_ends(first: int, last: int) -> Iterator[int]:
    """The last days of March, June, September and December from `first` to `last`."""
    for year in range(date.fromordinal(first).year, date.fromordinal(last).year + 1):
        for month, day in ((3, 31), (6, 30), (9, 30), (12, 31)):
            end = date(year, month, day).toordinal()
            if first <= end <= last:
                yield end


def _busyness(day: int) -> int:
    found = date.fromordinal(day)
    return _SHOPPING_BY_WEEKDAY[found.weekday()] * _SHOPPING_BY_MONTH[found.month - 1] * _SHOPPING_BY_YEAR[found.year]


_BUSYNESS_BEFORE: Final = (0, *accumulate(_busyness(day) for day in range(FIRST_DAY, LAST_DAY + 1)))
"""At place n the sum over the first n days: turns a number drawn at random into a day by its busyness."""


def shopping_day(dice: Dice, first: int, last: int) -> int:
    """A day from `first` to `last`, more likely on Saturdays, before Christmas and in later years."""
    start = _BUSYNESS_BEFORE[first - FIRST_DAY]
    end = _BUSYNESS_BEFORE[last - FIRST_DAY + 1]
    return FIRST_DAY + bisect_right(_BUSYNESS_BEFORE, start + dice.below(end - start)) - 1
