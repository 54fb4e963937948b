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

    That is a text's spelling, the form of a date or a moment, = NULL and NOT IN with NULL, a share that is cut, a table
    that is joined by nothing, a key compared with a name, a subquery that gives a column of the query around it, a
    value that is left out, a key in the place of a name, an order or a comparison other than the question names in so
    many words.

    `links` are the values that the question names. Without `cells` nothing is compared with what is stored.
    The same is given back as by `repair_names`.
    """
    from nl2sql_tui.language.repairs.as_asked import compare_as_asked, order_as_asked, span_as_asked
    from nl2sql_tui.language.repairs.captured import give_own_columns
    from nl2sql_tui.language.repairs.dates import compare_dates
    from nl2sql_tui.language.repairs.division import divide_exactly
    from nl2sql_tui.language.repairs.epochs import read_moments
    from nl2sql_tui.language.repairs.idle import drop_idle_joins
    from nl2sql_tui.language.repairs.keys_by_name import look_up_keys
    from nl2sql_tui.language.repairs.literals import move_texts, spell_texts
    from nl2sql_tui.language.repairs.named_values import add_named_span, add_named_values
    from nl2sql_tui.language.repairs.nulls import ask_for_null, ask_for_null_by_its_name, leave_nulls_out
    from nl2sql_tui.language.repairs.scopes import Context
    from nl2sql_tui.language.repairs.shown_names import show_names
    from nl2sql_tui.language.repairs.statement import mended

    context = Context(schema, question)
    repairs = [
        partial(repair, context=context)
        for repair in (
            show_names,
            give_own_columns,
            drop_idle_joins,
            ask_for_null,
            divide_exactly,
            span_as_asked,
            compare_as_asked,
            order_as_asked,
        )
    ]
    if cells is not None:
        repairs = [
            partial(ask_for_null_by_its_name, context=context, cells=cells),
            partial(move_texts, context=context, links=links, cells=cells),
            partial(look_up_keys, context=context, links=links, cells=cells),
            partial(add_named_values, context=context, links=links),
            partial(add_named_span, context=context, cells=cells),
            partial(spell_texts, context=context, values=values, cells=cells),
            partial(compare_dates, context=context, cells=cells),
            partial(read_moments, context=context, cells=cells),
            partial(leave_nulls_out, context=context, cells=cells),
            *repairs,
        ]
    return mended(sql, repairs, compiles)
