"""Which repairs a statement that compiles is taken through, in their order."""

from collections.abc import Sequence
from functools import partial

from nl2sql_tui.language.repairs.as_asked import compare_as_asked, order_as_asked, span_as_asked
from nl2sql_tui.language.repairs.captured import give_own_columns
from nl2sql_tui.language.repairs.contradictions import meet_one_or_each
from nl2sql_tui.language.repairs.counted import count_the_named, sum_people, take_each_once
from nl2sql_tui.language.repairs.dates import compare_dates, compare_whole_years
from nl2sql_tui.language.repairs.division import divide_exactly
from nl2sql_tui.language.repairs.epochs import read_moments
from nl2sql_tui.language.repairs.flags import write_flags
from nl2sql_tui.language.repairs.idle import drop_idle_joins
from nl2sql_tui.language.repairs.keys_by_name import look_up_keys
from nl2sql_tui.language.repairs.literals import move_texts, spell_texts, take_whole_names
from nl2sql_tui.language.repairs.named_flags import add_named_flags
from nl2sql_tui.language.repairs.named_spans import add_named_span
from nl2sql_tui.language.repairs.named_values import add_named_values
from nl2sql_tui.language.repairs.nulls import ask_for_null, ask_for_null_by_its_name, leave_nulls_out, refer_to_nothing
from nl2sql_tui.language.repairs.rejoin import join_what_belongs_together
from nl2sql_tui.language.repairs.scopes import Context
from nl2sql_tui.language.repairs.shown_names import show_names, show_names_of_own_kind
from nl2sql_tui.language.repairs.statement import Repair
from nl2sql_tui.language.repairs.superlatives import measure_length, take_own_extreme, turn_to_the_extreme
from nl2sql_tui.language.repairs.text_numbers import compare_as_numbers, keep_leading_zeros
from nl2sql_tui.language.repairs.units import convert_units
from nl2sql_tui.language.repairs.years import move_years
from nl2sql_tui.schema import CellLookup, CellValue, ValueLookup


def silent_repairs(
    context: Context, links: Sequence[CellValue], values: ValueLookup, cells: CellLookup | None
) -> list[Repair]:
    """The repairs of what gives no row, or others than were asked for; none that looks at cells without `cells`.

    `links` are the values that the question names.
    """
    by_text = (
        show_names,
        show_names_of_own_kind,
        give_own_columns,
        drop_idle_joins,
        ask_for_null,
        divide_exactly,
        span_as_asked,
        compare_as_asked,
        order_as_asked,
        turn_to_the_extreme,
        take_own_extreme,
        count_the_named,
        sum_people,
        take_each_once,
        keep_leading_zeros,
        convert_units,
        refer_to_nothing,
        meet_one_or_each,
    )
    repairs: list[Repair] = [partial(repair, context=context) for repair in by_text]
    if cells is None:
        return repairs
    return [
        partial(move_years, context=context, cells=cells),
        partial(join_what_belongs_together, context=context, cells=cells),
        partial(write_flags, context=context, cells=cells),
        partial(take_whole_names, context=context, links=links),
        partial(move_texts, context=context, links=links, cells=cells),
        partial(look_up_keys, context=context, links=links, cells=cells),
        partial(add_named_values, context=context, links=links),
        partial(add_named_span, context=context, cells=cells),
        partial(spell_texts, context=context, values=values, cells=cells),
        partial(ask_for_null_by_its_name, context=context, cells=cells),
        partial(compare_whole_years, context=context, cells=cells),
        partial(compare_dates, context=context, cells=cells),
        partial(read_moments, context=context, cells=cells),
        partial(add_named_flags, context=context, cells=cells),
        partial(measure_length, context=context, cells=cells),
        partial(compare_as_numbers, context=context, cells=cells),
        partial(leave_nulls_out, context=context, cells=cells),
        *repairs,
    ]
