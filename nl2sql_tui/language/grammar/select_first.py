"""The rules of a grammar for queries in SQL's own order: SELECT … FROM a JOIN b ON …

The columns come before their tables. So the list of results is read from left to right, as a chain of operands and
of what stands between them, and each column adds its table to those that FROM has to join. Such a chain knows how
many parentheses are open, not which function they belong to: the names in it are right, its arguments need not be.
"""

from collections.abc import Iterator
from typing import Final

from nl2sql_tui.language.grammar.clauses import MAY_BE_ALL, MOST_TABLES, column_rules, joins_of, result_rules
from nl2sql_tui.language.grammar.lark import all_of, any_of, bits, rule
from nl2sql_tui.language.grammar.scope import (
    AGGREGATES,
    BARE,
    DEPTH,
    UNKNOWN_COLUMNS_BITS,
    WIDTH,
    Group,
    NumberedTable,
)

GROUP_WIDTH: Final = WIDTH // 2
"""The upper half of the bits says which tables are still to be joined."""
LARGEST_SCHEMA: Final = 300
AT_START: Final = (AGGREGATES,)
COUNTED_ROWS: Final = 'counted_rows : "SELECT " "COUNT(" "*" ")" " FROM " "(" answer ")"'

_IS_OPEN: Final = f"gt({DEPTH}, 0)"
_MAY_OPEN: Final = f"lt({DEPTH}, 7)"
_TABLE_BITS: Final = range(GROUP_WIDTH, WIDTH)
_ALL_JOINED: Final = f"is_zeros([{GROUP_WIDTH}:{WIDTH}])"


def source_rules(group: Group) -> Iterator[str]:
    """The rules for SELECT and FROM, for one group of tables."""
    number = group.number
    # Either columns may do without their table: then every table may be the only one, until a column says which.
    bare = f"bit_or({bits(*_TABLE_BITS, BARE)})"
    yield rule(f"query{number}::_", [f'"SELECT " results{number}::_', f'"SELECT " results{number}::{bare}'])
    yield from result_rules(number, f"operand_first{number}::_")
    yield from _chain_rules(group)
    yield rule(f"end{number}::_", [f'" FROM " first{number}::_'])
    yield rule(f"first{number}::_", list(_first(group)))
    for table in group.tables:
        yield rule(f"from{table.terminal}::_", [f"F{table.terminal} joined{number}::set_bit({table.bit})"])
    yield from _join_rules(group)
    yield from column_rules(group, with_aliases=False)


def _chain_rules(group: Group) -> Iterator[str]:
    """`operand_first`, `operand_next`: the list of results, which goes on at `after` where no parenthesis is open."""
    number = group.number
    onward, deeper = f"operand_next{number}::_", f"operand_first{number}::incr({DEPTH}) %if {_MAY_OPEN}"
    again, closed = f"operand_first{number}::_", f"operand_next{number}::decr({DEPTH}) %if {_IS_OPEN}"
    functions = "AGGREGATE ONE_VALUE ONE_OR_TWO_VALUES TWO_VALUES TWO_OR_THREE_VALUES MOMENT OTHER_FUNCTION".split()
    yield rule(
        f"operand_first{number}::_",
        [
            *_columns(group),
            f"NUMBER {onward}",
            f"STRING {onward}",
            f"NOW {onward}",
            f'"NULL" {onward} %if {_IS_OPEN}',
            f'"COUNT(" "*" ")" {onward}',
            f'"COUNT(" {deeper}',
            f'"COUNT(" "DISTINCT " {deeper}',
            f'AGGREGATE "DISTINCT " {deeper}',
            *(f"{function} {deeper}" for function in functions),
            f'"(" {deeper}',
            f'"(" one_column ")" {onward}',
            f'"CASE" " WHEN " {deeper}',
        ],
    )
    yield rule(
        f"operand_next{number}::_",
        [
            f"after{number}::_ %if is_zeros({DEPTH})",
            f"OPERATOR {again}",
            f'", " {again} %if {_IS_OPEN}',
            f"COMPARISON {again} %if {_IS_OPEN}",
            f"BETWEEN_OPERANDS {again} %if {_IS_OPEN}",
            f"NULL_TEST {onward} %if {_IS_OPEN}",
            f'")" {closed}',
            f"CAST_TYPE {closed}",
            f'" END" {closed}',
        ],
    )


def _columns(group: Group) -> Iterator[str]:
    """A column, or all of a table's, in the list of results; its table is wanted in FROM from then on."""
    number = group.number
    for table in group.tables:
        wanted = GROUP_WIDTH + table.bit
        may_be_joined = all_of(f"bit_clear({BARE})", _can_be_joined_with_wanted(table))
        may_be_the_only_one = all_of(f"bit_set({BARE})", f"bit_set({wanted})")
        only = f"operand_next{number}::bit_and({_without(*(bit for bit in _TABLE_BITS if bit != wanted))})"
        whole = f"bit_or({bits(wanted, *UNKNOWN_COLUMNS_BITS)})"
        yield f"Q{table.terminal} operand_next{number}::set_bit({wanted}) %if {may_be_joined}"
        yield f"Q{table.terminal} {only} %if {may_be_the_only_one}"
        yield f"C{table.terminal} {only} %if {may_be_the_only_one}"
        yield f"S{table.terminal} after{number}::{whole} %if {all_of(may_be_joined, f'is_zeros({DEPTH})', MAY_BE_ALL)}"


def _first(group: Group) -> Iterator[str]:
    """The table after FROM: the only one, or one from which all that are wanted can be reached."""
    for table in group.tables:
        wanted = GROUP_WIDTH + table.bit
        may_be_joined = all_of(f"bit_clear({BARE})", _can_be_joined_with_wanted(table))
        yield f"from{table.terminal}::clear_bit({wanted}) %if {may_be_joined}"
        may_be_the_only_one = all_of(f"bit_set({BARE})", f"bit_set({wanted})")
        yield f"from{table.terminal}::bit_and({_without(*_TABLE_BITS)}) %if {may_be_the_only_one}"


def _without(*places: int) -> str:
    """The number in which all bits but these are set."""
    return hex((1 << 64) - 1 - int(bits(*places), 16))


def _can_be_joined_with_wanted(table: NumberedTable) -> str:
    """Whether joins connect `table` with the columns' tables so far; a dead end otherwise."""
    first, end = table.component
    outside = [(GROUP_WIDTH, GROUP_WIDTH + first), (GROUP_WIDTH + end, WIDTH)]
    return all_of(*(f"is_zeros([{start}:{stop}])" for start, stop in outside if start < stop))


def _join_rules(group: Group) -> Iterator[str]:
    """`joined`: the rest of FROM; columns may stand alone afterwards where there is one table, and did not before."""
    number = group.number
    is_one = f"bit_count_eq([0:{GROUP_WIDTH}], 1)"
    is_more = f"bit_count_gt([0:{GROUP_WIDTH}], 1)"
    alternatives = [
        f"tail{number}::set_bit({BARE}) %if {all_of(_ALL_JOINED, is_one)}",
        f"tail{number}::_ %if {all_of(_ALL_JOINED, is_more)}",
    ]
    may_go_on = any_of(f"not({_ALL_JOINED})", f"bit_count_lt([0:{GROUP_WIDTH}], {MOST_TABLES})")
    for known, new, ways in joins_of(group):
        name = f"onto{known.terminal}_{new.bit}"
        is_next = all_of(f"bit_set({known.bit})", f"bit_clear({new.bit})", f"bit_clear({BARE})", may_go_on)
        alternatives.append(f"{name}::clear_bit({GROUP_WIDTH + new.bit}) %if {is_next}")
        yield rule(f"{name}::_", [f"{way} joined{number}::set_bit({new.bit})" for way in ways])
    yield rule(f"joined{number}::_", alternatives)
