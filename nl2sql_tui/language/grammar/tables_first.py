"""The rules of a grammar for queries that name their tables before their columns: FROM a JOIN b ON … SELECT …"""

from collections.abc import Iterator
from typing import Final

from nl2sql_tui.language.grammar.aliases import alias_rules, begins_with_alias
from nl2sql_tui.language.grammar.clauses import MOST_TABLES, column_rules, joins_of, result_rules
from nl2sql_tui.language.grammar.lark import all_of, bits, rule
from nl2sql_tui.language.grammar.scope import AGGREGATES, ALIASED, BARE, WIDTH, Group

GROUP_WIDTH: Final = WIDTH
LARGEST_SCHEMA: Final = 1_000
AT_START: Final = (AGGREGATES, BARE)
COUNTED_ROWS: Final = 'counted_rows : "FROM " "(" answer ")" " SELECT " "COUNT(" "*" ")"'

_SEEN_BY_VALUES: Final = bits(*range(WIDTH), AGGREGATES, ALIASED, BARE)


def source_rules(group: Group) -> Iterator[str]:
    """The rules from FROM to the first result, for one group of tables."""
    number = group.number
    yield rule(f"query{number}::_", [f'"FROM " first{number}::_'])
    named = [f"F{table.terminal} joined{number}::set_bit({table.bit})" for table in group.tables]
    aliases = list(begins_with_alias(group))
    yield rule(f"first{number}::_", [*named, *aliases])
    # A word that nothing can follow would be a dead end, so JOIN stands with each table that can still be joined.
    may_go_on = f"bit_count_lt([0:{WIDTH}], {MOST_TABLES})"
    further = [
        f"{way} joined{number}::set_bit({new.bit}) "
        f"%if {all_of(f'bit_set({known.bit})', f'bit_clear({new.bit})', may_go_on)}"
        for known, new, ways in joins_of(group)
        for way in ways
    ]
    yield rule(f"joined{number}::_", [f'" SELECT " results{number}::_', *further])
    yield from result_rules(number, f"value{number}::bit_and({_SEEN_BY_VALUES}) after{number}::_")
    yield rule(f"end{number}::_", [f"tail{number}::_"])
    yield from column_rules(group, with_aliases=bool(aliases))
    yield from alias_rules(group)
