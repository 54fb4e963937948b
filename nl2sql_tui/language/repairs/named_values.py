"""Adds the conditions on values that a question names beyond doubt, and that the SQL says nothing of."""

import re
from collections.abc import Iterator, Sequence, Set
from typing import Final, NamedTuple

from sqlglot import exp

from nl2sql_tui.language.phrases import words_of_question
from nl2sql_tui.language.repairs.add_tables import join_in, repeats_what_is_summed, way_to
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, own_columns, selects, sources, table_columns
from nl2sql_tui.language.repairs.standing_out import is_a_name, stands_out
from nl2sql_tui.language.syntax import add_condition, name_node, text_of
from nl2sql_tui.schema import CellValue, Table

_LINKS: Final = frozenset("is are was were as equal equals to = being".split())
_LINKS_OF_NAMES: Final = _LINKS | frozenset("of the a an".split())
"""Before a word in lower case these say whose the column is: "the details of the car"."""
_MOST_LINKS: Final = 3
"""Words such as "is equal to" that may stand between a column's name and a value."""
_BY: Final = frozenset("by per each every".split())
"""What stands behind these is how rows are grouped or ordered: "by class first, then by seat"."""
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_NUMBER_TYPE: Final = re.compile(r"INT|REAL|FLOA|DOUB|NUM|DEC", re.IGNORECASE)
_GOES_ON: Final = frozenset("and or with for in on at by from to of that which who where but as".split())
"""Behind a number these begin something new; another word says what there are so many of: "the 5 countries"."""
_ALTERNATIVE: Final = re.compile(
    r"\b(not|no|never|neither|nor|or|either|except|exclud\w*|without|other|than|besides|compar\w*|versus|vs|outside|"
    r"ignor\w*|apart|minus|includ\w*|among|still|percent\w*|shares?|rates?|ratio|convert\w*)\b|n['’]t\b|%",
    re.IGNORECASE,
)
"""In a question with such a word a value may be one of several, or the one that is not wanted, or a part of all."""
_CONDITIONS: Final = (exp.Where, exp.Having, exp.Case, exp.Join)
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

    A value is named beyond doubt if it stands beside its column's name, or else if it stands out (`stands_out`) and is
    stored in one column of the tables read, or in one column at all. Of the training questions of Spider that name a
    value so, 99 % have it in their reference (benchmarks/RESULTS.md).

    Nothing is added where the SQL has an OR or has that column in a condition already, nor where the question may mean
    the contrary, or several values of the column.
    """
    if not isinstance(tree, exp.Select) or len(selects(tree)) != 1 or _ALTERNATIVE.search(context.question):
        return
    where = tree.args.get("where")
    if (where is not None and where.find(exp.Or)) or not _tables_read(tree, context):
        return
    for named in (*_named_texts(tree, context, links), *_named_numbers(tree, context)):
        if not _is_said(named, tree):
            yield from _added(named, tree, context)


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


def _is_key_compared(select: exp.Select, context: Context) -> bool:
    """Whether a condition says already which row is meant, by its key: country_code = 'DE', manager_id = 1."""
    compared = (exp.EQ, exp.NEQ, exp.In)
    columns = table_columns(
        select, context, lambda one: isinstance(one.parent, compared) and one.parent.find(exp.Literal) is not None
    )
    return any(table.is_key(column.name) for column, table in columns)


def _named_texts(select: exp.Select, context: Context, links: Sequence[CellValue]) -> Iterator[_Named]:
    read = _tables_read(select, context)
    words = words_of_question(context.question)
    folded = [word.text.casefold() for word in words]
    is_by_key = _is_key_compared(select, context)
    placed = [(link, place) for link in links if (place := _place(link.text.casefold().split(), folded)) is not None]
    for link, place in placed:
        table = context.schema.table(link.table)
        among = {one.text.casefold() for one, _ in placed if (one.table, one.column) == (link.table, link.column)}
        if table is None or len(among) > 1 or is_a_name(link.text, context.schema) or _is_alias(link.text, select):
            continue
        alike = [other for other in links if other.text.casefold() == link.text.casefold()]
        is_only_one = link in (_only(alike), _only([one for one in alike if _is_read(one, read)]))
        value = exp.Literal.string(link.text)
        is_distinct = stands_out(context.question, words, place)
        between = _LINKS_OF_NAMES if is_distinct else _LINKS
        if table in read and _stands_beside(link.column, table, folded, place, between):
            yield _Named(link.table, link.column, value, "the question has the column's name beside the value")
        elif _is_of_another(link, select, read, folded, place):
            continue
        elif is_only_one and is_distinct and not (_is_used(link.column, select) or is_by_key):
            yield _Named(link.table, link.column, value, "the question names the value")


def _is_of_another(
    link: CellValue, select: exp.Select, read: Sequence[Table], words: Sequence[str], place: range
) -> bool:
    """Whether the name of another column stands beside the value, of which the SQL has a condition: state = 'NY'."""
    where = select.args.get("where")
    compared = {one.name.casefold() for one in (where.find_all(exp.Column) if where is not None else ())}
    return any(
        _stands_beside(column.name, table, words, place, _LINKS_OF_NAMES)
        for table in read
        for column in table.columns
        if column.name.casefold() in compared - {link.column.casefold()}
    )


def _named_numbers(select: exp.Select, context: Context) -> Iterator[_Named]:
    """The numbers beside the name of a column of numbers."""
    words = [word.text.casefold() for word in words_of_question(context.question)]
    raw = context.question.split()
    for start, word in enumerate(words):
        if _NUMBER.fullmatch(word) is None or words.count(word) > 1:
            continue
        counts = raw[start][-1].isdigit() and not _GOES_ON.issuperset(words[start + 1 : start + 2])
        place = range(start, start + 1)
        found = [
            (table.name, column.name)
            for table in _tables_read(select, context)
            for column in table.columns
            if _NUMBER_TYPE.search(column.declared_type) and not _is_used(column.name, select)
            if _stands_beside(column.name, table, words, place, _LINKS, only_behind=counts)
        ]
        if len(found) == 1:
            value = exp.Literal(this=word, is_string=False)
            yield _Named(*found[0], value, "the question has the column's name beside the number")


def _is_alias(text: str, select: exp.Select) -> bool:
    return any(alias.alias.casefold() == text.casefold() for alias in select.find_all(exp.Alias))


def _is_used(column: str, select: exp.Select) -> bool:
    return any(one.name.casefold() == column.casefold() for one in select.find_all(exp.Column))


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


def _stands_beside(
    column: str, table: Table, words: Sequence[str], place: range, between: Set[str], *, only_behind: bool = False
) -> bool:
    """Whether all of the column's words, but for its table's own, stand right behind the value or before it.

    Before it, a few of the words `between` may follow them.
    """
    own = name_words(table.name)
    name = [word for word in name_words(column) if word not in own]
    start = place.start
    while start > 0 and place.start - start < _MOST_LINKS and words[start - 1] in between:
        start -= 1
    first = max(0, start - len(name))
    before, behind = words[first:start], words[place.stop : place.stop + len(name)]
    if not name or name == _as_names(behind):
        return bool(name)
    is_by = first > 0 and words[first - 1] in _BY
    is_first_of_some = words[place.stop : place.stop + 1] == ["then"]
    return name == _as_names(before) and not (only_behind or is_by or is_first_of_some)


def _as_names(words: Sequence[str]) -> list[str]:
    return [part for word in words for part in name_words(word)]


def _is_said(named: _Named, select: exp.Select) -> bool:
    """Whether the value or a part of it stands in `select`, or a condition looks at the column already."""
    value = named.value.name.casefold()
    for literal in select.find_all(exp.Literal):
        text = literal.name.casefold()
        if value in text or (literal.is_string and len(text) >= _SHORTEST_PART and text.strip("%") in value):
            return True
    columns = [column for column in own_columns(select) if column.find_ancestor(*_CONDITIONS) is not None]
    compared = [column for column in columns if not isinstance(_other_side(column), exp.Column)]
    return any(column.name.casefold() == named.column.casefold() for column in compared)


def _other_side(column: exp.Column) -> exp.Expr | None:
    """What it is compared with in a plain comparison; what joins two tables compares two columns."""
    comparison = column.parent
    if not isinstance(comparison, exp.EQ):
        return None
    other: exp.Expr = comparison.expression if comparison.this is column else comparison.this
    return other
