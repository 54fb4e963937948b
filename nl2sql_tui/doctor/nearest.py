"""Finds the stored text that a literal was probably meant to be; decides nothing about the statement."""

import difflib
from typing import Final

from nl2sql_tui.database.execute import Row
from nl2sql_tui.doctor.probing import Prober
from nl2sql_tui.quoting import quoted, string_literal
from nl2sql_tui.text import visible

_ROWS_READ: Final = 200_000
_MOST_VALUES: Final = 5_000
_LONGEST: Final = 80
_SHORTEST_PART: Final = 3
"""Letters that a text needs to count as the beginning or a part of another."""
_LIKENESS: Final = 0.7


def nearest_text(prober: Prober, table: str, column: str, text: str) -> str | None:
    """The text in that column most like `text`: in another case, with more words around it, or with a typo.

    None if there is none. A text with characters that cannot be seen is never given, as no person could check it.
    """
    values = _same_but_for_case(prober, table, column, text) or _some_values(prober, table, column)
    seen = [value for value in values if visible(value) == value]
    wanted = text.strip().casefold()
    by_form = {value.strip().casefold(): value for value in reversed(seen)}
    if wanted in by_form:
        return by_form[wanted]
    if len(wanted) >= _SHORTEST_PART:
        for is_near in (str.startswith, str.__contains__):
            longer = [value for form, value in by_form.items() if is_near(form, wanted)]
            if longer:
                return min(longer, key=len)
    close = difflib.get_close_matches(wanted, by_form, n=1, cutoff=_LIKENESS)
    return by_form[close[0]] if close else None


def _same_but_for_case(prober: Prober, table: str, column: str, text: str) -> list[str]:
    name = quoted(column)
    sql = (
        f"SELECT DISTINCT {name} FROM {quoted(table)} WHERE typeof({name}) = 'text' "
        f"AND trim({name}) = {string_literal(text.strip())} COLLATE NOCASE"
    )
    return _texts(prober.rows(sql, 2))


def _some_values(prober: Prober, table: str, column: str) -> list[str]:
    name = quoted(column)
    sql = (
        f"SELECT DISTINCT {name} FROM (SELECT {name} FROM {quoted(table)} LIMIT {_ROWS_READ}) "
        f"WHERE typeof({name}) = 'text' AND length({name}) <= {_LONGEST}"
    )
    return _texts(prober.rows(sql, _MOST_VALUES))


def _texts(rows: list[Row] | None) -> list[str]:
    return [row[0] for row in rows or () if isinstance(row[0], str)]
