"""The rules of a grammar for a table that a query reads twice: FROM flights AS T1 JOIN airports AS T2 ON … SELECT …

Only around tables that are joined to themselves, or to another table in two ways; elsewhere no alias is needed. The
rule's parameter then holds the tables that T1, T2 … stand for instead of a bit for each table.
"""

from collections.abc import Iterator
from typing import Final

from nl2sql_tui.language.grammar.clauses import equalities
from nl2sql_tui.language.grammar.lark import one_of, rule, text
from nl2sql_tui.language.grammar.scope import ALIAS_BITS, ALIASED, WIDTH, Group, NumberedTable
from nl2sql_tui.language.joins import JoinEdge
from nl2sql_tui.quoting import identifier

_MOST_ALIASES: Final = 4
_MOST_JOINS: Final = 24
"""Each is written out for every two aliases."""

_Join = tuple[NumberedTable, NumberedTable, list[tuple[JoinEdge, bool]]]


def _joins(group: Group) -> list[_Join]:
    """The joins of tables that a query may have to read twice."""
    joins = list(group.joins())
    in_two_ways = [join for join in joins if len(join[2]) > 1]
    twice = {table.bit for known, new, _ in in_two_ways for table in (known, new)}
    beside = [join for join in joins if len(join[2]) == 1 and (join[0].bit in twice or join[1].bit in twice)]
    return [*in_two_ways, *beside][:_MOST_JOINS]


def begins_with_alias(group: Group) -> Iterator[str]:
    """The ways to begin FROM with an alias; none where tables of a query around it are in scope, in the same bits."""
    tables = {known.bit: known for known, _, _ in _joins(group)}
    for table in tables.values():
        named = f"alias1_{group.number}::bit_or({_number_as(1, table) | 1 << ALIASED:#x})"
        yield f'F{table.terminal} " AS T1" {named} %if is_zeros([0:{WIDTH}])'


def alias_rules(group: Group) -> Iterator[str]:
    """The rules for further tables, and for the columns of each (`aliased`)."""
    number = group.number
    joins = _joins(group)
    if not joins:
        return
    for count in range(1, _MOST_ALIASES + 1):
        alternatives = [f'" SELECT " results{number}::_'] if count > 1 else []
        if count < _MOST_ALIASES:
            alternatives.append(f"JOIN again{count}_{number}::_")
            yield from _further(group, joins, count)
        yield rule(f"alias{count}_{number}::_", alternatives)
    yield rule(
        f"aliased{number}::_",
        [
            f'"T{place}." C{table.terminal} %if {_stands_for(place, table)}'
            for place in range(1, _MOST_ALIASES + 1)
            for table in {known.bit: known for known, _, _ in joins}.values()
        ],
    )


def _further(group: Group, joins: list[_Join], count: int) -> Iterator[str]:
    """`again`: a table with the alias after the first `count`, joined to one of those."""
    alternatives = []
    for earlier in range(1, count + 1):
        for known, new, edges in joins:
            terminal = f"A{count}_{earlier}_{known.terminal}_{new.bit}"
            alias = f"T{count + 1}"
            equal = one_of(equalities(edges, f"T{earlier}", alias))
            yield rule(terminal, [f"{text(f'{identifier(new.table.name)} AS {alias} ON ')} ({equal})"])
            named = f"alias{count + 1}_{group.number}::bit_or({_number_as(count + 1, new):#x})"
            alternatives.append(f"{terminal} {named} %if {_stands_for(earlier, known)}")
    yield rule(f"again{count}_{group.number}::_", alternatives)


def _number_as(place: int, table: NumberedTable) -> int:
    """What the parameter holds where the alias at `place`, from 1, stands for `table`."""
    return table.bit + 1 << ALIAS_BITS * (place - 1)


def _stands_for(place: int, table: NumberedTable) -> str:
    return f"eq([{ALIAS_BITS * (place - 1)}:{ALIAS_BITS * place}], {table.bit + 1})"
