"""The rules of a grammar for columns, lists of results and the clauses that follow FROM, the same for both orders.

What begins a query, and what follows its results (`end`), is written by tables_first and select_first.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from nl2sql_tui.language.grammar.lark import all_of, any_of, bits, one_of, rule, text
from nl2sql_tui.language.grammar.scope import (
    AGGREGATES,
    ALIASED,
    BARE,
    COMPOUND,
    ONE_COLUMN,
    RESULT_COLUMNS,
    UNKNOWN_COLUMNS,
    UNKNOWN_COLUMNS_BITS,
    WIDTH,
    Group,
    NumberedTable,
)
from nl2sql_tui.language.joins import JoinEdge
from nl2sql_tui.quoting import identifier

MOST_TABLES: Final = 6
"""Tables that one query may join."""

TERMINALS: Final = """
JOIN : " JOIN " | " INNER JOIN " | " LEFT JOIN "
SET_OPERATOR : " UNION " | " UNION ALL " | " INTERSECT " | " EXCEPT "
"""

_KEPT_BY_COMPOUNDS: Final = bits(*UNKNOWN_COLUMNS_BITS, ONE_COLUMN)
_IS_FIRST: Final = f"bit_clear({COMPOUND})"
_IS_FURTHER: Final = f"bit_set({COMPOUND})"
_COLUMNS_UNKNOWN: Final = f"eq({RESULT_COLUMNS}, {UNKNOWN_COLUMNS})"
_MAY_BE_SEVERAL: Final = f"bit_clear({ONE_COLUMN})"
MAY_BE_ALL: Final = all_of(_MAY_BE_SEVERAL, any_of(_IS_FIRST, _COLUMNS_UNKNOWN))
_NO_FEWER_COLUMNS: Final = any_of(_IS_FIRST, f"eq({RESULT_COLUMNS}, 0)", _COLUMNS_UNKNOWN)


def table_terminals(group: Group) -> Iterator[str]:
    """For each table its name (F…), its columns bare (C…) and qualified (Q…), all of them (S…)."""
    for numbered in group.tables:
        name = identifier(numbered.table.name)
        yield rule(f"F{numbered.terminal}", [text(name)])
        yield rule(f"C{numbered.terminal}", [one_of(identifier(column.name) for column in numbered.table.columns)])
        yield rule(f"Q{numbered.terminal}", [f"{text(name + '.')} C{numbered.terminal}"])
        yield rule(f"S{numbered.terminal}", [text(name + ".*")])


def join_terminals(group: Group) -> Iterator[str]:
    """For each two tables what follows JOIN (J…), and what goes on with a composite key (K…)."""
    for known, new, edges in group.joins():
        if known.bit == new.bit:
            continue
        equal = list(equalities(edges, identifier(known.table.name), identifier(new.table.name)))
        name = _join_name(known, new)
        yield rule(f"J{name}", [f"{text(identifier(new.table.name) + ' ON ')} ({one_of(equal)})"])
        if _most_pairs(edges) > 1:
            yield rule(f"K{name}", [f"{text(' AND ')} ({one_of(equal)})"])


def joins_of(group: Group) -> Iterator[tuple[NumberedTable, NumberedTable, list[str]]]:
    """For each two tables the grammar's ways to join the second to the first, from the word JOIN on."""
    for known, new, edges in group.joins():
        if known.bit != new.bit:
            name = _join_name(known, new)
            yield known, new, [f"JOIN J{name}" + f" K{name}" * more for more in range(_most_pairs(edges))]


def _join_name(known: NumberedTable, new: NumberedTable) -> str:
    return f"{known.terminal}_{new.bit}"


def _most_pairs(edges: Sequence[tuple[JoinEdge, bool]]) -> int:
    return max(len(edge.columns) for edge, _ in edges)


def equalities(edges: Sequence[tuple[JoinEdge, bool]], known: str, new: str) -> Iterator[str]:
    """The conditions of a join, either side first; `known` and `new` are what the query calls the two tables."""
    for edge, new_is_first in edges:
        for column, other in edge.columns:
            of_known, of_new = (other, column) if new_is_first else (column, other)
            left, right = f"{known}.{identifier(of_known)}", f"{new}.{identifier(of_new)}"
            yield f"{left} = {right}"
            yield f"{right} = {left}"


def column_rules(group: Group, *, with_aliases: bool) -> Iterator[str]:
    """`column`: one of a table in scope. `stars`: all of one's."""
    number, tables = group.number, group.tables
    aliased = [f"aliased{number}::_ %if bit_set({ALIASED})"] if with_aliases else []
    yield rule(f"column{number}::_", [f"named{number}::_ %if bit_clear({ALIASED})", *aliased])
    qualified = [f"Q{table.terminal} %if bit_set({table.bit})" for table in tables]
    is_alone = all_of(f"bit_set({BARE})", f"bit_count_eq([0:{WIDTH}], 1)")
    yield rule(f"named{number}::_", [*qualified, f"bare{number}::_ %if {is_alone}"])
    yield rule(f"bare{number}::_", [f"C{table.terminal} %if bit_set({table.bit})" for table in tables])
    is_named = f"bit_clear({ALIASED})"
    stars = [f"S{table.terminal} %if {all_of(f'bit_set({table.bit})', is_named)}" for table in tables]
    yield rule(f"stars{number}::_", stars)


def result_rules(number: int, one: str) -> Iterator[str]:
    """`results`: what SELECT gives; as many columns after UNION and its like as before.

    `one` is the alternative for a single value, with `after` at its end.
    """
    unknown = f"bit_or({bits(*UNKNOWN_COLUMNS_BITS)})"
    one_fewer = all_of(_IS_FURTHER, f"gt({RESULT_COLUMNS}, 0)", f"lt({RESULT_COLUMNS}, {UNKNOWN_COLUMNS})")
    yield rule(f"results{number}::_", [f"list{number}::_", f'"DISTINCT " list{number}::_'])
    yield rule(
        f"list{number}::_",
        [
            one,
            f'"*" end{number}::{unknown} %if {MAY_BE_ALL}',
            f"stars{number}::_ after{number}::{unknown} %if {MAY_BE_ALL}",
        ],
    )
    yield rule(
        f"after{number}::_",
        [
            f"end{number}::_ %if {_NO_FEWER_COLUMNS}",
            f'", " list{number}::incr({RESULT_COLUMNS}) %if {all_of(_IS_FIRST, _MAY_BE_SEVERAL)}',
            f'", " list{number}::decr({RESULT_COLUMNS}) %if {one_fewer}',
            f'", " list{number}::_ %if {all_of(_IS_FURTHER, _MAY_BE_SEVERAL, _COLUMNS_UNKNOWN)}',
        ],
    )


def tail_rules(number: int) -> Iterator[str]:
    """`tail`: WHERE and what follows, to the end of the query."""
    plain = f"clear_bit({AGGREGATES})"
    grouping = f'" GROUP BY " keys{number}::{plain}'
    ordering = f'" ORDER BY " orders{number}::_'
    yield rule(f"tail{number}::_", [f"grouped{number}::_", f'" WHERE " condition{number}::{plain} grouped{number}::_'])
    yield rule(
        f"grouped{number}::_",
        [
            f"ending{number}::{plain}",
            f"{grouping} ending{number}::_",
            f'{grouping} " HAVING " condition{number}::_ ending{number}::_',
        ],
    )
    yield rule(
        f"ending{number}::_",
        [
            '""',
            "limit",
            f"{ordering} %if {_IS_FIRST}",
            f"{ordering} limit %if {_IS_FIRST}",
            f"compound{number}::bit_and({_KEPT_BY_COMPOUNDS}) %if {_IS_FIRST}",
            f"third{number}::bit_and({_KEPT_BY_COMPOUNDS}) %if {_IS_FURTHER}",
        ],
    )


def query_rules(group_count: int, at_start: Sequence[int]) -> Iterator[str]:
    """`answer`, `one_column`, and the queries after UNION and its like; each begins with the bits `at_start`."""
    numbers = range(group_count)

    def starting(*further: int) -> str:
        return bits(*at_start, *further)

    yield rule("answer", [*(f"query{number}::{starting()}" for number in numbers), "counted_rows"])
    yield rule("one_column", [*(f"query{number}::{starting(ONE_COLUMN)}" for number in numbers), "counted_rows"])
    # Each group has its own, so that none refers to itself while it is being defined; see lark.rule.
    after_union = "SET_OPERATOR query{}::bit_or({})"
    for group in numbers:
        yield rule(f"compound{group}::_", [after_union.format(number, starting(COMPOUND)) for number in numbers])
        unknown = starting(COMPOUND, *UNKNOWN_COLUMNS_BITS)
        yield rule(f"third{group}::_", [after_union.format(number, unknown) for number in numbers])
