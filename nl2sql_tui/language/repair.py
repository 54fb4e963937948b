"""Mends what can be mended in a model's SQL without guessing what it meant; says in a line what was changed."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from nl2sql_tui.language.answer_form import as_sql, draft_of_sql
from nl2sql_tui.language.repairs.bare_names import quote_bare_names
from nl2sql_tui.schema import CellLookup, CellValue, Schema, ValueLookup

_CODE_BLOCK: Final = re.compile(r"```(?:sql|sqlite)?\s*(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)


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
        sql, lines = quote_bare_names(sql, schema)
        if not (lines and compiles(sql)):
            sql, more = _made_to_compile(sql, schema, question, compiles)
            if not more:
                return sql, lines
            lines += more
    sql, more = repair_silent_faults(sql, schema, question, links, values, cells, compiles)
    return sql, lines + more


def _made_to_compile(
    sql: str, schema: Schema, question: str, compiles: Callable[[str], bool]
) -> tuple[str, tuple[str, ...]]:
    """`sql` with its names mended, else said in SQLite's words, names mended or not; the same is given as by them."""
    from nl2sql_tui.language.repairs.dialects import translations

    mended, lines = repair_names(sql, schema, question, compiles)
    if lines:
        return mended, lines
    for text, told in translations(sql):
        if compiles(text):
            return text, (told,)
        mended, lines = repair_names(text, schema, question, compiles)
        if lines:
            return mended, (told, *lines)
    return sql, ()


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

    `links` are the values that the question names. Without `cells` nothing is compared with what is stored.
    The same is given back as by `repair_names`.
    """
    from nl2sql_tui.language.repairs.scopes import Context
    from nl2sql_tui.language.repairs.silent_faults import silent_repairs
    from nl2sql_tui.language.repairs.statement import mended

    return mended(sql, silent_repairs(Context(schema, question), links, values, cells), compiles)
