"""Mends texts that a condition compares with a column that holds them in another spelling, or does not hold them."""

import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.repairs.add_tables import join_in, repeats_what_is_summed, way_to
from nl2sql_tui.language.repairs.names import begin_as_opposites, name_words
from nl2sql_tui.language.repairs.scopes import MOST_ASKED, Context, meaning, own_columns, sources, table_columns
from nl2sql_tui.language.syntax import conjuncts, name_node, text_of
from nl2sql_tui.quoting import string_literal
from nl2sql_tui.schema import CellLookup, CellValue, Table, ValueLookup

_WORD: Final = re.compile(r"\w+")
_SAMPLE: Final = 5
"""Values of a column that another one is asked for: a large table is read through for each."""


def spell_texts(tree: exp.Query, context: Context, values: ValueLookup, cells: CellLookup) -> Iterator[str]:
    """Write a text as the column has it, where it holds it only in another case or a slip away."""
    for column, literal, table in compared_texts(tree, context)[:MOST_ASKED]:
        text = literal.name
        in_case_only = isinstance(literal.parent, exp.Like)
        if in_case_only and any(mark in text for mark in "%_"):
            continue
        alike = _alike_but_for_case(text, table.name, column.name, values)
        if len(alike) > 1 and isinstance(literal.parent, exp.EQ):
            before = text_of(literal.parent)
            among = exp.In(this=column.copy(), expressions=[exp.Literal.string(one) for one in alike])
            literal.parent.replace(among)
            yield f"{before} → {text_of(among)}: so {text_of(column)} has it"
            continue
        stored = _stored(text, table.name, column.name, values)
        if stored is None or (in_case_only and stored.lower() == text.lower()):
            continue
        if cells.holds(table.name, column.name, text) is False:
            literal.set("this", stored)
            yield f"{string_literal(text)} → {string_literal(stored)}: so {text_of(column)} has it"


def take_whole_names(tree: exp.Query, context: Context, links: Sequence[CellValue]) -> Iterator[str]:
    """Write the stored text that the question has, where the SQL has a part of it, or it with other punctuation."""
    question = context.question.casefold()
    for column, literal, table in compared_texts(tree, context)[:MOST_ASKED]:
        words = _words(literal.name)
        whole = {
            link.text
            for link in links
            if link.table == table.name and link.column.casefold() == column.name.casefold()
            if link.text.casefold() in question and _has_part(_words(link.text), words)
        }
        is_only_there = len(whole) == 1 and question.count(literal.name.casefold()) <= 1
        if is_only_there and isinstance(literal.parent, exp.EQ) and literal.name not in whole:
            (stored,) = whole
            before = string_literal(literal.name)
            literal.set("this", stored)
            yield f"{before} → {string_literal(stored)}: the question has it so, and so has {text_of(column)}"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _has_part(words: Sequence[str], part: Sequence[str]) -> bool:
    """Whether `part`, which is not empty, stands in `words` one behind the other."""
    starts = range(len(words) - len(part) + 1)
    return bool(part) and any(list(words[start : start + len(part)]) == list(part) for start in starts)


def move_texts(tree: exp.Query, context: Context, links: Sequence[CellValue], cells: CellLookup) -> Iterator[str]:
    """Compare a text with the one column in which the question's words were found, where the other does not hold it.

    Not with one that another condition compares already, nor with one that holds the same kind of thing: where flights
    begin is not where they end, even if no flight begins there.
    """
    for column, literal, table in compared_texts(tree, context)[:MOST_ASKED]:
        select = column.find_ancestor(exp.Select)
        same = [link for link in links if link.text.lower() == literal.name.lower()]
        if select is None or isinstance(literal.parent, exp.In):
            continue
        stands_there = any(
            link.table == table.name and link.column.casefold() == column.name.casefold() for link in same
        )
        if not same or stands_there or cells.holds(table.name, column.name, literal.name) is not False:
            continue
        before = text_of(column)
        if _compare_with(column, table, select, same, context, cells):
            yield f"{before} → {text_of(column)}: {before} does not hold {string_literal(literal.name)}"


def _compare_with(
    column: exp.Column,
    table: Table,
    select: exp.Select,
    links: Sequence[CellValue],
    context: Context,
    cells: CellLookup,
) -> bool:
    """Make `column`, of `table`, the linked one: of the tables read, else of one that can be joined; False if not."""
    read = {source.table.name: source.name for source in sources(select, context.schema) if source.table is not None}
    here = [link for link in links if link.table in read]
    if len(here or links) != 1:
        return False
    link = (here or links)[0]
    if _is_compared(link, select, context) or _are_of_one_kind(column, table, link, context, cells):
        return False
    if not here:
        way = way_to(select, link.table, context)
        if not way or not _has_to_hold(column, select) or repeats_what_is_summed(select, way, context):
            return False
        join_in(select, way, context)
    column.set("this", name_node(link.column))
    if column.table or len(read) > 1 or not here:
        column.set("table", name_node(read.get(link.table, link.table)))
    return True


def _is_compared(link: CellValue, select: exp.Select, context: Context) -> bool:
    """Whether a condition of `select` compares the linked column with something else than another column."""
    for column in own_columns(select):
        source = meaning(column, select, context.schema).source
        is_linked = source is not None and source.table is not None and source.table.name == link.table
        if is_linked and column.name.casefold() == link.column.casefold():
            comparison = column.find_ancestor(exp.Predicate)
            if comparison is not None and comparison.find(exp.Literal) is not None:
                return True
    return False


def _are_of_one_kind(column: exp.Column, table: Table, link: CellValue, context: Context, cells: CellLookup) -> bool:
    """Whether two columns hold the same kind of thing: they refer to one key, or the one holds what the other does."""
    is_said, is_link_said = (set(name_words(name)) <= context.words for name in (table.name, link.table))
    # A teacher of that name is no student of that name, unless the question is about students.
    if name_words(column.name)[-1:] == name_words(link.column)[-1:] and (is_said or not is_link_said):
        return True
    other = context.schema.table(link.table)
    keys = [_referred_to(table, column.name), _referred_to(other, link.column) if other is not None else None]
    if keys[0] is not None and keys[0] == keys[1]:
        return True
    some = list(dict.fromkeys(cells.first_values(table.name, column.name)))[:_SAMPLE]
    # Where that cannot be told in time, they may be.
    return any(cells.holds(link.table, link.column, text) is not False for text in some)


def _referred_to(table: Table, column: str) -> tuple[str, str] | None:
    """The table and column that a declared key of `column` refers to."""
    found = [key for key in table.foreign_keys if key.column.casefold() == column.casefold()]
    return (found[0].to_table.casefold(), found[0].to_column.casefold()) if found else None


def _has_to_hold(column: exp.Column, select: exp.Select) -> bool:
    """Whether the comparison decides alone about each row, so that a join may leave out rows that do not meet it."""
    where = select.args.get("where")
    comparison = column.parent
    is_positive = isinstance(comparison, exp.EQ | exp.Like) and not comparison.args.get("negate")
    return is_positive and any(part is comparison for part in conjuncts(where.this if where is not None else None))


def _stored(text: str, table: str, column: str, values: ValueLookup) -> str | None:
    """The only spelling of `text` in that column; None if it stands there as it is, or nothing like it does."""
    for look in (values.find, values.similar):
        texts = {
            each.text for each in look(text) if each.table == table and each.column.casefold() == column.casefold()
        }
        if text in texts:
            return None
        if texts:
            return _only_slip(text, texts)
    return None


def _only_slip(text: str, stored: Set[str]) -> str | None:
    """The one stored text that `text` may be misspelt for: none that means the contrary, as complete of incomplete."""
    (one, *others) = stored
    words, stored_words = (name_words(each) for each in (text, one))
    unequal = [pair for pair in zip(words, stored_words, strict=False) if pair[0] != pair[1]]
    is_contrary = len(words) == len(stored_words) and any(
        word[:1] != other[:1] or begin_as_opposites(word, other) for word, other in unequal
    )
    return None if others or is_contrary else one


def _alike_but_for_case(text: str, table: str, column: str, values: ValueLookup) -> list[str]:
    """The spellings of `text` in that column that differ in case alone; none if it stands there as it is."""
    found = [one.text for one in values.find(text) if one.table == table and one.column.casefold() == column.casefold()]
    return [] if text in found else list(dict.fromkeys(found))


def compared_texts(tree: exp.Query, context: Context) -> list[tuple[exp.Column, exp.Literal, Table]]:
    """Each column of a table that the statement compares with a text by =, <>, IN or LIKE."""
    columns = table_columns(tree, context, lambda column: bool(_texts_beside(column)))
    return [(column, literal, table) for column, table in columns for literal in _texts_beside(column)]


def _texts_beside(column: exp.Column) -> list[exp.Literal]:
    comparison = column.parent
    if isinstance(comparison, exp.In) and comparison.this is column:
        others = comparison.expressions
    elif isinstance(comparison, exp.EQ | exp.NEQ | exp.Like):
        others = [comparison.expression if comparison.this is column else comparison.this]
    else:
        return []
    return [other for other in others if isinstance(other, exp.Literal) and other.is_string]
