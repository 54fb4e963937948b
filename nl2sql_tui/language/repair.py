"""Mends what can be mended in a model's SQL without guessing what it meant; says in a line what was changed."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from nl2sql_tui.language.answer_form import as_sql, draft_of_sql
from nl2sql_tui.quoting import RESERVED, SqlToken, quoted, tokens
from nl2sql_tui.schema import CellLookup, CellValue, Schema, ValueLookup

_CODE_BLOCK: Final = re.compile(r"```(?:sql|sqlite)?\s*(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_BEFORE_A_NAME: Final = frozenset(("from", "join"))


def sql_of(model_text: str, *, unfinished: bool = False) -> str:
    """The statement in a model's answer, with its columns before its tables; no semicolon at its end.

    The first code block's, if there is one. `unfinished` text was cut off; what is missing is marked in it.
    """
    block = _CODE_BLOCK.search(model_text)
    text = (block.group(1) if block else model_text).strip().rstrip(";").rstrip()
    return draft_of_sql(text) if unfinished else as_sql(text)


def repaired(
    sql: str,
    schema: Schema,
    question: str,
    links: Sequence[CellValue],
    values: ValueLookup,
    cells: CellLookup | None,
    compiles: Callable[[str], bool],
) -> tuple[str, tuple[str, ...]]:
    """`sql` with all that can be mended, and a line with before → after for each change.

    `links` are the values that the question names; without `cells` nothing is compared with what is stored.
    `compiles` says whether a statement compiles. What compiles is changed only where it would fail silently.
    """
    lines: tuple[str, ...] = ()
    if not compiles(sql):
        sql, lines = quote_reserved_names(sql, schema)
        if not (lines and compiles(sql)):
            sql, more = repair_names(sql, schema, question, compiles)
            if not more:
                return sql, lines
            lines += more
    sql, more = repair_silent_faults(sql, schema, question, links, values, cells, compiles)
    return sql, lines + more


def quote_reserved_names(sql: str, schema: Schema) -> tuple[str, tuple[str, ...]]:
    """`sql` with quotes around tables and columns of `schema` whose names SQLite reserves, and what was changed.

    A reserved word is taken for a name next to a dot, after FROM and JOIN, and wherever else a name may stand,
    unless it also has a meaning in queries there, as ORDER before BY has.
    """
    names = {table.name.lower() for table in schema.tables} | {
        column.name.lower() for table in schema.tables for column in table.columns
    }
    reserved_names = names & RESERVED
    if not reserved_names:
        return sql, ()
    pieces = list(tokens(sql))
    solid = [piece for piece in pieces if not piece.is_blank]
    mended: dict[int, str] = {}
    for place, piece in enumerate(solid):
        word = piece.text.lower()
        if piece.kind == "word" and word in reserved_names and _is_name(solid, place):
            mended[piece.start] = quoted(piece.text)
    changes = dict.fromkeys(f"{name[1:-1]} → {name}: a reserved word needs quotes" for name in mended.values())
    return "".join(mended.get(piece.start, piece.text) for piece in pieces), tuple(changes)


_QUERY_WORDS: Final = frozenset(
    (
        "all and as between case collate distinct else escape except exists from having in intersect is isnull "
        "join limit not notnull null on or select then union using values when where"
    ).split()
)
"""Reserved words that a query uses; the others (transaction, table, to, check …) can only be names in one."""

_COMPARISONS: Final = frozenset(("=", "==", "<>", "!=", "<", "<=", ">", ">="))
_BEFORE_A_VALUE: Final = _COMPARISONS | frozenset(
    "select distinct by where and or on having when then else , (".split()
)
_AFTER_A_VALUE: Final = _COMPARISONS | frozenset(
    ("from", "in", "like", "between", "is", "and", "or", "then", "else", "end", "asc", "desc", ",", ")", "")
)
"""Between one of these and one of those a query has a value, and none of its own words but NULL."""


def _is_name(solid: list[SqlToken], place: int) -> bool:
    """Whether the reserved word at `place` stands for a table or column there."""
    before = solid[place - 1].text.lower() if place else ""
    after = solid[place + 1].text.lower() if place + 1 < len(solid) else ""
    if before == "." or after == "." or before in _BEFORE_A_NAME:
        return True
    word = solid[place].text.lower()
    if word in ("order", "group"):
        return after != "by"
    is_a_value = before in _BEFORE_A_VALUE and after in _AFTER_A_VALUE and word != "null"
    return is_a_value or word not in _QUERY_WORDS


def repair_names(
    sql: str, schema: Schema, question: str, compiles: Callable[[str], bool]
) -> tuple[str, tuple[str, ...]]:
    """Mend SQL that does not compile: names that are not there, and tables that are missing or not joined.

    Gives the new SQL, and a line with before → after for each change; `sql` itself and no line where the result
    would not compile either, or where the text is too large or nothing that sqlglot reads faithfully.
    """
    from nl2sql_tui.language.repairs.columns import mend_columns
    from nl2sql_tui.language.repairs.quotes import quote_texts
    from nl2sql_tui.language.repairs.rejoin import mend_joins
    from nl2sql_tui.language.repairs.scopes import Context
    from nl2sql_tui.language.repairs.statement import mended
    from nl2sql_tui.language.repairs.tables import drop_repeats, spell_tables, swap_tables

    context = Context(schema, question)
    repairs = (quote_texts, spell_tables, drop_repeats, swap_tables, mend_joins, mend_columns)
    return mended(sql, [partial(repair, context=context) for repair in repairs], compiles)


def repair_silent_faults(
    sql: str,
    schema: Schema,
    question: str,
    links: Sequence[CellValue],
    values: ValueLookup,
    cells: CellLookup | None,
    compiles: Callable[[str], bool],
) -> tuple[str, tuple[str, ...]]:
    """Mend what compiles and yet gives no row or others than were asked for.

    That is a text's spelling, a date's form, = NULL, a share that is cut, a table that is joined by nothing, an order
    or a comparison other than the question names in so many words.

    `links` are the values that the question names. Without `cells` nothing is compared with what is stored.
    The same is given back as by `repair_names`.
    """
    from nl2sql_tui.language.repairs.as_asked import compare_as_asked, order_as_asked
    from nl2sql_tui.language.repairs.dates import compare_dates
    from nl2sql_tui.language.repairs.division import divide_exactly
    from nl2sql_tui.language.repairs.idle import drop_idle_joins
    from nl2sql_tui.language.repairs.literals import move_texts, spell_texts
    from nl2sql_tui.language.repairs.nulls import ask_for_null
    from nl2sql_tui.language.repairs.scopes import Context
    from nl2sql_tui.language.repairs.statement import mended

    context = Context(schema, question)
    repairs = [
        partial(repair, context=context)
        for repair in (drop_idle_joins, ask_for_null, divide_exactly, compare_as_asked, order_as_asked)
    ]
    if cells is not None:
        repairs = [
            partial(move_texts, context=context, links=links, cells=cells),
            partial(spell_texts, context=context, values=values, cells=cells),
            partial(compare_dates, context=context, cells=cells),
            *repairs,
        ]
    return mended(sql, repairs, compiles)
