"""Reads the dates that a question writes in words, and finds them in the cells as they are stored there."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from nl2sql_tui.schema import CellValue, ValueLookup

_MONTHS: Final = "january february march april may june july august september october november december".split()
_MONTH: Final = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _MONTHS)})\.?"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>\d{4})"
_WRITTEN: Final = tuple(
    re.compile(rf"\b{form}\b", re.IGNORECASE)
    for form in (
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})",
    )
)
_SPAN: Final = re.compile(
    r"\b(?:after|before|since|until|till|between|from|to|than|later|earlier|prior|past|during|by)\b", re.IGNORECASE
)


def is_about_a_span(question: str) -> bool:
    """Whether dates in `question` may be the bounds of a span: a cell that equals one of them would mislead."""
    return bool(_SPAN.search(question))


def stored_dates(question: str, values: ValueLookup) -> list[CellValue]:
    """Each date of `question` in the first of the common forms in which it stands in cells; nothing for others."""
    found: list[CellValue] = []
    for day in _dates_in(question):
        matches = next(filter(None, map(values.find, _forms(day))), ())
        found += matches[:1]
    return found


def _dates_in(question: str) -> Iterator[date]:
    for written in _WRITTEN:
        for match in written.finditer(question):
            month = match["month"].lower()
            number = int(month) if month.isdigit() else 1 + [name[:3] for name in _MONTHS].index(month[:3])
            try:
                yield date(int(match["year"]), number, int(match["day"]))
            except ValueError:
                continue


def _forms(day: date) -> Iterator[str]:
    """The ways in which databases store a day, the most common first."""
    yield day.isoformat()
    yield f"{day.isoformat()} 00:00:00"
    yield f"{day.isoformat()}T00:00:00"
    month = _MONTHS[day.month - 1]
    yield f"{day.year}/{day.month:02}/{day.day:02}"
    yield f"{day.month:02}/{day.day:02}/{day.year}"
    yield f"{day.month}/{day.day}/{day.year}"
    yield f"{day.day:02}.{day.month:02}.{day.year}"
    for name in (month, month[:3]):
        yield f"{name} {day.day}, {day.year}"
        yield f"{name} {day.day} {day.year}"
        yield f"{day.day} {name} {day.year}"
        yield f"{day.day:02}-{name}-{day.year}"
