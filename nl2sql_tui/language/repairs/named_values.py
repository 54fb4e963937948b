"""Adds the conditions on values that a question names beyond doubt, and that the SQL says nothing of."""

import re
from collections.abc import Iterator, Sequence, Set
from typing import Final, NamedTuple

from sqlglot import exp

from nl2sql_tui.language.phrases import Word, words_of_question
from nl2sql_tui.language.repairs.add_tables import join_in, repeats_what_is_summed, way_to
from nl2sql_tui.language.repairs.as_asked import DAY, SPAN
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, own_columns, selects, sources
from nl2sql_tui.language.syntax import add_condition, name_node, text_of
from nl2sql_tui.schema import CellLookup, CellValue, Column, Table

_LINKS: Final = frozenset("is are was were as equal equals to = being".split())
_LINKS_OF_NAMES: Final = _LINKS | frozenset("of the a an".split())
"""Before a word in lower case these say whose the column is: "the details of the car"."""
_MOST_LINKS: Final = 3
"""Words such as "is equal to" that may stand between a column's name and a value."""
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_NUMBER_TYPE: Final = re.compile(r"INT|REAL|FLOA|DOUB|NUM|DEC", re.IGNORECASE)
_ALTERNATIVE: Final = re.compile(
    r"\b(not|no|never|neither|nor|or|either|except|excluding|without|other|than|besides|compared|versus|vs)\b|n['’]t\b",
    re.IGNORECASE,
)
"""In a question with such a word a value may be one of several, or the one that is not wanted."""
_SHORTEST_PART: Final = 3
"""Letters of a text that counts as part of a value."""


class _Named(NamedTuple):
    """A value that the question names, and the column that holds it."""

    table: str
    column: str
    value: exp.Literal
    why: str


def add_named_values(tree: exp.Query, context: Context, links: Sequence[CellValue]) -> Iterator[str]:
    """Add "type = 'transfer'" to a single SELECT that says nothing of "transfer".

    A value is named beyond doubt if it stands beside its column's name, or else if it is quoted or has a capital within
    the sentence, and is stored in one column of the tables read, or in one column at all. Of the training questions of
    Spider that name a value so, 99 % have it in their reference (benchmarks/RESULTS.md).

    Nothing is added where the SQL has an OR or looks at that column already, nor where the question may mean the
    contrary.
    """
    if not isinstance(tree, exp.Select) or len(selects(tree)) != 1 or _ALTERNATIVE.search(context.question):
        return
    where = tree.args.get("where")
    if (where is not None and where.find(exp.Or)) or not _tables_read(tree, context):
        return
    for named in (*_named_texts(tree, context, links), *_named_numbers(tree, context)):
        if not _is_said(named, tree):
            yield from _added(named, tree, context)


def add_named_span(tree: exp.Query, context: Context, cells: CellLookup) -> Iterator[str]:
    """Add "held_on BETWEEN …" to a single SELECT that says neither of the two days that the question goes from and to.

    Only where one column of the tables read can be meant: the one that holds dates, or of several the one that the
    question names.
    """
    spans = [span for span in SPAN.findall(context.question) if all(DAY.fullmatch(span[place]) for place in (1, 3))]
    if not isinstance(tree, exp.Select) or len(selects(tree)) != 1 or len(spans) != 1:
        return
    _, first, _, last = spans[0]
    if any(day in literal.name for literal in tree.find_all(exp.Literal) for day in (first, last)):
        return
    read = sources(tree, context.schema)
    dates = [
        (source, column.name)
        for source in read
        if source.table is not None
        for column in source.table.columns
        if _holds_days(source.table, column, cells)
    ]
    named = [(source, name) for source, name in dates if set(name_words(name)) <= context.words]
    if len(found := named or dates) != 1:
        return
    ((source, name),) = found
    column = exp.Column(this=name_node(name), table=name_node(source.name) if len(read) > 1 else None)
    low, high = exp.Literal.string(first), exp.Literal.string(last)
    condition = exp.Between(this=column, low=low, high=high)
    add_condition(tree, condition)
    yield f"{text_of(condition)} added: the question names the days"


def _holds_days(table: Table, column: Column, cells: CellLookup) -> bool:
    """Whether the values are days as 2024-03-31, by the column's type or name and by those looked at."""
    is_likely = "DATE" in column.declared_type.upper() or "date" in name_words(column.name)
    if not is_likely:
        return False
    stored = cells.first_values(table.name, column.name)
    return bool(stored) and all(DAY.fullmatch(value) for value in stored)


def _added(named: _Named, select: exp.Select, context: Context) -> Iterator[str]:
    read = {source.table.name: source.name for source in sources(select, context.schema) if source.table is not None}
    joined = ""
    if named.table not in read:
        way = way_to(select, named.table, context)
        if not way or repeats_what_is_summed(select, way, context):
            return
        joined = join_in(select, way, context) + " and "
        read[named.table] = named.table
    qualifier = name_node(read[named.table]) if len(read) > 1 else None
    condition = exp.EQ(this=exp.Column(this=name_node(named.column), table=qualifier), expression=named.value)
    add_condition(select, condition)
    yield f"{joined}{text_of(condition)} added: {named.why}"


def _named_texts(select: exp.Select, context: Context, links: Sequence[CellValue]) -> Iterator[_Named]:
    read = _tables_read(select, context)
    words = words_of_question(context.question)
    folded = [word.text.casefold() for word in words]
    # "The surname of the driver" asks for no driver called Driver.
    tables = {name_words(table.name) for table in context.schema.tables}
    for link in links:
        place = _place(link.text.casefold().split(), folded)
        table = context.schema.table(link.table)
        if place is None or table is None or name_words(link.text) in tables:
            continue
        alike = [other for other in links if other.text.casefold() == link.text.casefold()]
        is_only_one = link in (_only(alike), _only([one for one in alike if _is_read(one, read)]))
        value = exp.Literal.string(link.text)
        between = _LINKS_OF_NAMES if _is_distinct(words, place) else _LINKS
        if table in read and _stands_beside(link.column, table, folded, place, between):
            yield _Named(link.table, link.column, value, "the question has the column's name beside the value")
        elif is_only_one and _is_distinct(words, place):
            yield _Named(link.table, link.column, value, "the question names the value")


def _named_numbers(select: exp.Select, context: Context) -> Iterator[_Named]:
    """The numbers beside the name of a column of numbers."""
    words = [word.text.casefold() for word in words_of_question(context.question)]
    for start, word in enumerate(words):
        if _NUMBER.fullmatch(word) is None or words.count(word) > 1:
            continue
        found = [
            (table.name, column.name)
            for table in _tables_read(select, context)
            for column in table.columns
            if _NUMBER_TYPE.search(column.declared_type)
            and _stands_beside(column.name, table, words, range(start, start + 1), _LINKS_OF_NAMES)
        ]
        if len(found) == 1:
            value = exp.Literal(this=word, is_string=False)
            yield _Named(*found[0], value, "the question has the column's name beside the number")


def _tables_read(select: exp.Select, context: Context) -> list[Table]:
    """The tables that `select` reads; none where it reads something else besides, or one of them twice."""
    found = [source.table for source in sources(select, context.schema)]
    tables = [table for table in found if table is not None]
    return tables if len({table.name for table in tables}) == len(found) else []


def _only(links: Sequence[CellValue]) -> CellValue | None:
    return links[0] if len(links) == 1 else None


def _is_read(link: CellValue, read: Sequence[Table]) -> bool:
    return any(link.table == table.name for table in read)


def _place(wanted: Sequence[str], words: Sequence[str]) -> range | None:
    """Where `wanted` stands in `words`; None if it does nowhere or more than once."""
    size = len(wanted)
    starts = [start for start in range(len(words) - size + 1) if list(words[start : start + size]) == list(wanted)]
    return range(starts[0], starts[0] + size) if len(starts) == 1 else None


def _is_distinct(words: Sequence[Word], place: range) -> bool:
    """Whether the words stand out as a name: quoted, or with a capital that no sentence begins with."""
    first = words[place.start]
    return first.is_quoted or (place.start > 0 and first.text[:1].isupper())


def _stands_beside(column: str, table: Table, words: Sequence[str], place: range, between: Set[str]) -> bool:
    """Whether all of the column's words, but for its table's own, stand right behind the value or before it.

    Before it, a few of the words `between` may follow them.
    """
    own = name_words(table.name)
    name = [word for word in name_words(column) if word not in own]
    start = place.start
    while start > 0 and place.start - start < _MOST_LINKS and words[start - 1] in between:
        start -= 1
    before, behind = words[max(0, start - len(name)) : start], words[place.stop : place.stop + len(name)]
    return bool(name) and name in (_as_names(before), _as_names(behind))


def _as_names(words: Sequence[str]) -> list[str]:
    return [part for word in words for part in name_words(word)]


def _is_said(named: _Named, select: exp.Select) -> bool:
    """Whether the value or a part of it stands in `select`, or a condition looks at the column already."""
    value = named.value.name.casefold()
    for literal in select.find_all(exp.Literal):
        text = literal.name.casefold()
        if value in text or (literal.is_string and len(text) >= _SHORTEST_PART and text.strip("%") in value):
            return True
    where = select.args.get("where")
    columns = [column for column in own_columns(select) if column.find_ancestor(exp.Where) is where]
    return where is not None and any(column.name.casefold() == named.column.casefold() for column in columns)
