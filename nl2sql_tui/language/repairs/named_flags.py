"""Adds the condition on a column of yes and no that a question names as an adjective: official languages."""

import re
from collections.abc import Iterator, Set
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.phrases import words_of_question
from nl2sql_tui.language.repairs.flags import yes_of
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, sources
from nl2sql_tui.language.syntax import add_condition, name_node, text_of
from nl2sql_tui.schema import CellLookup, Column, Table

_VERBS: Final = frozenset("is ha wa are were".split())
"""Before the adjective in a column's name, as `name_words` gives them."""
_CONTRARY: Final = re.compile(
    r"\b(not|no|never|non|nor|neither|without|except|whether|than|if|percent\w*|shares?|rates?|ratio|proportion)\b|"
    r"n['’]t\b|%",
    re.IGNORECASE,
)
"""In a question with such a word the contrary may be meant, or all rows beside those."""
_DEGREES: Final = frozenset("most least more less very how".split())
"""The most active customers are no active ones."""


def add_named_flags(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Add "IsOfficial = 'T'" where the question says "official languages" and the SQL says nothing of it.

    The column holds one of the pairs for no and yes, and its word stands before one of its table's own.
    """
    if _CONTRARY.search(context.question):
        return
    words = [word for each in words_of_question(context.question) for word in name_words(each.text)]
    used = {column.name.casefold() for column in tree.find_all(exp.Column)}
    for select in _branches(tree):
        read = sources(select, context.schema)
        for source in read:
            for column, yes in _named(source.table, used, words, cells) if source.table is not None else ():
                qualifier = name_node(source.name) if len(read) > 1 else None
                flag = exp.Column(this=name_node(column.name), table=qualifier)
                condition = exp.EQ(this=flag, expression=exp.Literal(this=yes, is_string=not yes.isdecimal()))
                add_condition(select, condition)
                yield f"{text_of(condition)} added: {' '.join(_adjective(column))!r} in the question"


def _named(table: Table, used: Set[str], words: list[str], cells: CellLookup) -> Iterator[tuple[Column, str]]:
    """The flags of `table` that the question names and the SQL does not use, with how each says yes."""
    for column in table.columns:
        if column.name.casefold() not in used and _is_named(column, table, words):
            stored = cells.first_values(table.name, column.name)
            yes = yes_of(stored, is_named_so=name_words(column.name)[0] in _VERBS)
            if yes is not None:
                yield column, yes


def _branches(tree: exp.Query) -> list[exp.Select]:
    """The SELECTs whose rows are the result; none of what is taken away by EXCEPT."""
    if isinstance(tree, exp.Select):
        return [tree]
    if isinstance(tree, exp.Union | exp.Intersect):
        sides = [side for side in (tree.this, tree.expression) if isinstance(side, exp.Query)]
        return [select for side in sides for select in _branches(side)]
    return []


def _adjective(column: Column) -> list[str]:
    return [word for word in name_words(column.name) if word not in _VERBS]


def _is_named(column: Column, table: Table, words: list[str]) -> bool:
    """Whether the column's adjective stands in the question before a word of its table or of a column of it."""
    adjective = _adjective(column)
    nouns = {word for name in (table.name, *(one.name for one in table.columns)) for word in name_words(name)}
    nouns -= set(adjective)
    places = range(len(words) - len(adjective))
    is_denied = any(word != last and word.endswith(last) for word in words for last in adjective[-1:])
    return not is_denied and any(
        words[place : place + len(adjective)] == adjective
        and words[place + len(adjective)] in nouns
        and (place == 0 or words[place - 1] not in _DEGREES)
        for place in places
        if adjective
    )
