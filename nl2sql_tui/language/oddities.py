"""Tells what is odd about SQL as an answer to its question: what hardly any right answer has; mends nothing.

Not what is odd about SQL as such: SQLite runs all of it.
"""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.odd_numbers import no_amounts, not_by_period, strange_numbers, unasked_limit
from nl2sql_tui.language.repairs.idle import joins_by_itself
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.syntax import conjuncts, parsed, text_of
from nl2sql_tui.schema import Schema

_EXTREME: Final = re.compile(
    r"(?<!\bat )(?<!\bat the )\b(most|least|fewest|highest|lowest|largest|smallest|biggest|greatest|maximum|minimum|"
    r"oldest|youngest|longest|shortest|earliest|latest|heaviest|lightest|cheapest|rarest)\b",
    re.IGNORECASE,
)
_EXTREMES: Final = (exp.Order, exp.Limit, exp.Min, exp.Max, exp.Window)
_SHORT: Final = {"maximum": "max", "minimum": "min"}
"""As columns have them in their names."""
_CALLED: Final = re.compile(r"\b(called|named)\b", re.IGNORECASE)
_HOW_MANY: Final = re.compile(r"\bhow many (?P<what>\w+)( (?P<more>\w+))?", re.IGNORECASE)
_COUNTED: Final = frozenset("number num no count total quantity qty amount many population".split())
"""In the names of columns that hold how many there are of something."""
_NEGATION: Final = re.compile(
    r"(?:\b(?:not|never|without|except)|n['’]t)\b(?! (?:only|just|\w+er|more|less)\b)", re.IGNORECASE
)
_NEGATIONS: Final = (exp.Not, exp.NEQ, exp.Except, exp.Is)
_NO: Final = frozenset(("0", "n", "no", "f", "false"))
"""What stands for no in a column."""
_YES_OR_NO: Final = _NO | frozenset(("1", "y", "yes", "t", "true", "null"))
_TEXT_WORD: Final = re.compile(r"[^\W\d_]{2,}|[A-Z]\b")
_BEGINNING: Final = 3
"""Letters that forms of a word share, and what is stored of it."""


def oddities(sql: str, question: str, schema: Schema | None = None) -> tuple[str, ...]:
    """What is odd about `sql`, a few words each, to follow "it"; nothing where it cannot be parsed.

    Without the `schema` of its database, what only that can tell is not looked for.
    """
    tree = parsed(sql)
    if tree is None:
        return ()
    selects = list(tree.find_all(exp.Select))
    found = dict.fromkeys(
        odd for select in selects for odd in (*_repeated(select), *_ungrouped(select), *_known_before(select, question))
    )
    if any(one.this == one.expression for one in tree.find_all(exp.SetOperation)):
        found["combines a query with itself"] = None
    found_besides = (
        *_joined_by_nothing(tree),
        *(odd for select in selects if schema is not None for odd in _counted_one_by_one(select, schema)),
        *(odd for select in selects if schema is not None for odd in no_amounts(select, schema)),
        *_always_met(tree),
        *unasked_limit(tree, question),
        *not_by_period(tree, question),
        *strange_numbers(tree, question),
        *_strange_texts(tree, question),
        *_words_without(tree, question),
    )
    return tuple(dict.fromkeys((*found, *found_besides)))


def _repeated(select: exp.Select) -> Iterator[str]:
    seen: set[str] = set()
    for shown in select.expressions:
        text = text_of(shown.unalias())
        if text in seen:
            yield f"shows {text} twice"
        seen.add(text)


def _ungrouped(select: exp.Select) -> Iterator[str]:
    """An aggregate beside a column of any one row. With a single MIN or MAX it is that row's, and may be meant."""
    if select.args.get("group") is not None:
        return
    shown = [one.unalias() for one in select.expressions]
    aggregates = [one for one in shown if isinstance(one, exp.AggFunc)]
    columns = [one for one in shown if isinstance(one, exp.Column)]
    is_of_one_row = len(aggregates) == 1 and isinstance(aggregates[0], exp.Min | exp.Max)
    if aggregates and columns and not is_of_one_row:
        yield f"shows {text_of(columns[0])} of any one row beside {text_of(aggregates[0])}"


def _known_before(select: exp.Select, question: str) -> Iterator[str]:
    """A single column that is shown and compared with one value: whoever asks knows it, but of those called so."""
    where = select.args.get("where")
    is_a_part = isinstance(select.parent, exp.Subquery | exp.In)
    if where is None or is_a_part or len(select.expressions) != 1 or _CALLED.search(question):
        return
    shown = select.expressions[0].unalias()
    for part in conjuncts(where.this):
        if isinstance(part, exp.EQ) and part.this == shown and isinstance(part.expression, exp.Literal):
            yield f"shows {text_of(shown)}, which is {text_of(part.expression)} in each row"


def _joined_by_nothing(tree: exp.Query) -> Iterator[str]:
    for join in tree.find_all(exp.Join):
        if joins_by_itself(join):
            yield f"joins {text_of(join.this)} with every row"


def _always_met(tree: exp.Query) -> Iterator[str]:
    """A pattern that every text fits."""
    for like in tree.find_all(exp.Like):
        if isinstance(like.expression, exp.Literal) and not like.expression.name.strip("%"):
            yield f"has {text_of(like)}, which leaves nothing out"


def _counted_one_by_one(select: exp.Select, schema: Schema) -> Iterator[str]:
    """Rows of a single table that are grouped by its key: there is one in each group."""
    group, first = select.args.get("group"), select.args.get("from_")
    table = schema.table(first.this.name) if first is not None and isinstance(first.this, exp.Table) else None
    if table is None or group is None or select.args.get("joins") or not select.find(exp.Count):
        return
    keys = {column.name.casefold() for column in table.columns if column.primary_key}
    if keys and keys <= {one.name.casefold() for one in group.expressions}:
        yield f"counts the rows of {table.name} one by one"


def _words_without(tree: exp.Query, question: str) -> Iterator[str]:
    """Words of the question that SQL has its own for, which is not there. A column may have the word as its name."""
    names = {word for column in tree.find_all(exp.Column) for word in name_words(column.name)}
    for word in dict.fromkeys(found.casefold() for found in _EXTREME.findall(question)):
        if tree.find(*_EXTREMES) is None and names.isdisjoint((word, _SHORT.get(word, word))):
            yield f"has nothing for {word!r}"
    how_many = _HOW_MANY.search(question)
    held = _COUNTED | set(name_words(how_many.group())) if how_many is not None else _COUNTED
    if how_many is not None and tree.find(exp.Count, exp.Sum) is None and names.isdisjoint(held):
        yield "counts nothing"
    said = _NEGATION.search(question)
    if said and not _is_negated(tree) and not any(_stands_for_no(one) for one in tree.find_all(exp.Literal)):
        yield f"has nothing for {said.group()!r}"


def _is_negated(tree: exp.Query) -> bool:
    return any(isinstance(node, _NEGATIONS) or node.args.get("negate") for node in tree.walk())


def _stands_for_no(literal: exp.Literal) -> bool:
    return str(literal.this).casefold() in _NO


def _strange_texts(tree: exp.Query, question: str) -> Iterator[str]:
    """Texts that are asked for and that no word of the question can stand for."""
    said = [word.casefold() for word in _TEXT_WORD.findall(question)]
    initials = "".join(word[0] for word in said)
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and isinstance(literal.parent, exp.EQ | exp.Like) and not _stands_for_yes_or_no(literal):
            words = [word.casefold() for word in _TEXT_WORD.findall(literal.name)]
            text = " ".join(words)
            is_short_for = text in initials or "".join(word[0] for word in words) in said
            if words and not is_short_for and not any(_may_stand_for(word, other) for word in words for other in said):
                yield f"asks for {literal.name!r}, which is not in the question"


def _may_stand_for(word: str, other: str) -> bool:
    """Whether one may be a form of the other: each begins as it does, or one is the beginning of the other."""
    return word[:_BEGINNING] == other[:_BEGINNING] or word.startswith(other) or other.startswith(word)


def _stands_for_yes_or_no(literal: exp.Literal) -> bool:
    return str(literal.this).casefold() in _YES_OR_NO
