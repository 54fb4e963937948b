"""Finds accepted question/SQL pairs again for a like question; knows neither where they are kept nor who accepted them.

The same question gets the same SQL. A question of the same words that names another value gets that SQL with the other
value in its place, if both stand in the same column; another number takes the place of one that rows are compared with
or limited to, never of one that is calculated with. Anything less alike is only an example, never an answer: one word
("most", "fewest") can turn a question round.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from nl2sql_tui.language.followup.words import positive, stems
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.quoting import string_literal
from nl2sql_tui.schema import Schema, ValueLookup

if TYPE_CHECKING:
    from sqlglot import exp

    from nl2sql_tui.language.followup.query import Query

Compiles = Callable[[str], bool]

_LIKE_ENOUGH_TO_COMPARE: Final = 0.5
_LIKE_ENOUGH_FOR_AN_EXAMPLE: Final = 0.3
_MOST_COMPARED: Final = 20
"""Pairs whose words are laid side by side with the question's, the most similar ones."""
_NEUTRAL: Final = frozenset(
    (
        "the a an all please show me list give display find get tell return what which is are was were of do does "
        "did i want see can you could we our there"
    ).split()
)
"""Words that ask, without saying for what."""
_SLOT: Final = "\x00"
_PIECE: Final = re.compile(r"\x00|[^\W_]+")
_NUMBER: Final = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
_RANKS: Final = frozenset("top first last bottom best worst most least fewest".split())
"""Words with which a number says how many rows are wanted; superlatives do so as well."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A question to this database, and the SQL that was run as its answer."""

    question: str
    sql: str
    last_run: datetime
    confidence: float | None = None
    """How likely the SQL was said to be right, from 0 to 1; None where that was not known."""


@dataclass(frozen=True, slots=True)
class Recollection:
    """SQL for a question, taken from a pair that was accepted before."""

    pair: Remembered
    sql: str
    changes: tuple[str, ...]
    """A line for each value that was put in another's place; none where the question is the same."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A question with a slot in the place of each value and number."""

    words: tuple[str, ...]
    slots: tuple[str, ...]


def recall(
    question: str, pairs: Sequence[Remembered], schema: Schema, values: ValueLookup, compiles: Compiles
) -> Recollection | None:
    """SQL for `question` from the first of `pairs` (the newest first) that asks the same, or the same of another value.

    `compiles` says whether SQL is valid on the database as it is now; what is not is never given.
    """
    same = _plain(question)
    for pair in pairs:
        if _plain(pair.question) == same and compiles(pair.sql):
            return Recollection(pair, pair.sql, ())
    wanted = _shape(question, values)
    if not wanted.slots:
        return None
    for pair in _most_similar(question, pairs, _LIKE_ENOUGH_TO_COMPARE)[:_MOST_COMPARED]:
        known = _shape(pair.question, values)
        if known.words == wanted.words and len(known.slots) == len(wanted.slots):
            filled = _filled(pair, known.slots, wanted.slots, schema, values)
            if filled is not None and compiles(filled[0]):
                return Recollection(pair, *filled)
    return None


def examples(question: str, pairs: Sequence[Remembered], most: int) -> tuple[Remembered, ...]:
    """At most `most` pairs whose questions are like `question`, the most similar first; never the same question."""
    found = _most_similar(question, pairs, _LIKE_ENOUGH_FOR_AN_EXAMPLE)
    return tuple(pair for pair in found if _plain(pair.question) != _plain(question))[:most]


# How alike two questions are


def _plain(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip(" ?.!")


def _words(question: str) -> frozenset[str]:
    pieces = _PIECE.findall(_NUMBER.sub(" ", question))
    return frozenset(stem for piece in pieces if piece.lower() not in _NEUTRAL for stem in stems(piece))


def _most_similar(question: str, pairs: Sequence[Remembered], least: float) -> list[Remembered]:
    """The pairs at least so similar, by the rarity of the words that both or only one of two questions have."""
    asked = _words(question)
    words = [_words(pair.question) for pair in pairs]
    counts = Counter(word for one in words for word in one)
    weight = {word: math.log(1 + (1 + len(pairs)) / (1 + counts[word])) for word in counts.keys() | asked}

    def likeness(other: frozenset[str]) -> float:
        total = sum(weight[word] for word in asked | other)
        return sum(weight[word] for word in asked & other) / total if total else 0.0

    scored = [(likeness(one), number) for number, one in enumerate(words)]
    ranked = sorted((score, -number) for score, number in scored if score >= least)
    return [pairs[-number] for _, number in reversed(ranked)]


def _shape(question: str, values: ValueLookup) -> _Shape:
    text = " ".join(question.split()).replace(_SLOT, "")
    found: list[tuple[int, str]] = []

    def mask(pattern: re.Pattern[str], line: str) -> str:
        def slot(match: re.Match[str]) -> str:
            found.append((match.start(), match.group()))
            return _SLOT * len(match.group())

        return pattern.sub(slot, line)

    for value in sorted({value.text for value in link_values(text, values)}, key=len, reverse=True):
        text = mask(re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE), text)
    text = mask(_NUMBER, text)
    pieces = _PIECE.findall(re.sub(f"{_SLOT}+", f" {_SLOT} ", text))
    kept = tuple(
        stem
        for piece in pieces
        if piece.lower() not in _NEUTRAL
        for stem in ((piece,) if piece == _SLOT else stems(piece))
    )
    return _Shape(kept, tuple(text for _, text in sorted(found)))


# Another value in the place of one


def _filled(
    pair: Remembered, old: Sequence[str], new: Sequence[str], schema: Schema, values: ValueLookup
) -> tuple[str, tuple[str, ...]] | None:
    """The SQL of `pair` with `new` in the place of `old`, and what was changed; None if that is unclear."""
    from nl2sql_tui.language.followup.query import Query
    from nl2sql_tui.language.syntax import parsed, text_of

    pairs = dict.fromkeys(zip(old, new, strict=True))
    differing = [(before, after) for before, after in pairs if before.casefold() != after.casefold()]
    if not differing or len({before.casefold() for before, _ in pairs}) < len(pairs):
        return None
    tree = parsed(pair.sql)
    query = Query.of(tree, schema) if tree is not None else None
    if query is None:
        return None
    found: list[tuple[exp.Expr, str]] = []
    for before, after in sorted(differing):
        if _NUMBER.fullmatch(before):
            number = after.replace(",", "") if _NUMBER.fullmatch(after) else None
            sites = [(literal, number) for literal in _number_sites(query.select, before, pair.question)]
        else:
            sites = [(literal, _stored(literal, after, query, values)) for literal in _text_sites(query.select, before)]
        known = [(literal, text) for literal, text in sites if text is not None]
        if not known or len(known) < len(sites):
            return None
        found += known
    changes = [f"{_shown(literal, text)} instead of {text_of(literal)}" for literal, text in found]
    for literal, text in found:
        literal.set("this", text)
    try:
        return text_of(query.select), tuple(dict.fromkeys(changes))
    except RecursionError:
        # A tree can nest too deeply to be written as SQL again.
        return None


def _text_sites(tree: "exp.Expr", text: str) -> list["exp.Expr"]:
    """The literals that are `text`."""
    from sqlglot import exp

    return [literal for literal in tree.find_all(exp.Literal) if literal.this.casefold() == text.casefold()]


def _number_sites(tree: "exp.Expr", number: str, question: str) -> list["exp.Expr"]:
    """The literal that is what `question` means by `number`; none where there is no such literal or more than one.

    Rows are compared with it, or it limits them where the question ranks them. It is never part of arithmetic.
    """
    from sqlglot import exp

    from nl2sql_tui.language.followup.sites import compared_literals

    compared: list[exp.Expr] = [literal for literal in compared_literals(tree) if _is_number(literal, number)]
    limits = [limit.expression for limit in tree.find_all(exp.Limit) if _is_number(limit.expression, number)]
    if len(compared) + len(limits) != 1:
        return []
    return compared or (limits if _ranks(question) else [])


def _is_number(literal: "exp.Expr", number: str) -> bool:
    """Whether a literal says `number`, however it writes it; a text, only if it is written alike."""
    from sqlglot import exp

    plain = number.replace(",", "")
    if not isinstance(literal, exp.Literal):
        return False
    if literal.is_string:
        return literal.this in (number, plain)
    try:
        return Decimal(literal.this) == Decimal(plain)
    except InvalidOperation:
        return False


def _ranks(question: str) -> bool:
    """Whether a number in it may say how many rows are wanted."""
    words = question.lower().split()
    return any(word in _RANKS or (word.endswith("est") and positive(word)) for word in words)


def _stored(literal: "exp.Expr", text: str, query: "Query", values: ValueLookup) -> str | None:
    """`text` as it stands in the column that the literal is compared with; None if it does not."""
    from sqlglot import exp

    condition = literal.find_ancestor(exp.EQ, exp.NEQ, exp.In, exp.Like)
    columns = list(condition.find_all(exp.Column)) if condition is not None else []
    if len(columns) != 1:
        return None
    owner = query.owner_of(columns[0])
    return next((cell.text for cell in values.find(text) if (cell.table, cell.column) == owner), None)


def _shown(literal: "exp.Expr", text: str) -> str:
    return string_literal(text) if literal.is_string else text
