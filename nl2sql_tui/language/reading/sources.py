"""Puts into words which rows a query reads: its tables, how they are joined, and what is left for its filter."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlglot import exp

from nl2sql_tui.language.reading.expressions import ExpressionWords, joined
from nl2sql_tui.language.reading.scope import Scope, Source
from nl2sql_tui.language.syntax import conjuncts, text_of
from nl2sql_tui.schema import Table

Relation = Literal["parent", "child", "other"]
_KNOWN_JOIN_PARTS: Final = frozenset(("this", "side", "kind", "on", "using"))


@dataclass(slots=True)
class Link:
    """How one source is joined to those before it."""

    source: Source
    to: Source | None = None
    """The source it is tied to by equal columns; None if to none."""
    relation: Relation = "other"
    """What it is to `to`: the row that a key of `to` points at, a row whose key points at `to`, or neither."""
    pairs: list[tuple[exp.Column, exp.Column]] = field(default_factory=list)
    """(its own column, that of `to`) that have to be equal."""
    rest: list[exp.Expr] = field(default_factory=list)
    """Other conditions of the join."""
    side: str = ""
    """LEFT, RIGHT or FULL; empty for a join that keeps only what matches."""


def links_of(select: exp.Select, scope: Scope) -> tuple[list[Link], list[exp.Expr]] | None:
    """The joins of `select` in order and the conditions left in WHERE; None where a join has a form of its own.

    A condition in WHERE that makes columns of two sources equal ties them together where no join does.
    """
    joins = select.args.get("joins") or []
    where = select.args.get("where")
    left = conjuncts(where.this if where is not None else None)
    links: list[Link] = []
    for place, join in enumerate(joins, start=1):
        link = Link(scope.sources[place], side=join.side.upper())
        before = scope.sources[:place]
        if any(value for key, value in join.args.items() if key not in _KNOWN_JOIN_PARTS):
            return None
        for condition in _conditions(join, before, link.source):
            _tie(link, condition, before, scope, link.rest)
        if link.to is None and not link.side and not link.rest:
            kept: list[exp.Expr] = []
            for condition in left:
                _tie(link, condition, before, scope, kept)
            left = kept
        if link.to is not None:
            link.relation = relation_of(link.source, link.to, link.pairs)
        if not link.side:
            left = link.rest + left
            link.rest = []
        links.append(link)
    return links, left


def _conditions(join: exp.Join, before: Sequence[Source], source: Source) -> list[exp.Expr]:
    """What a join demands, each part by itself; the columns that USING names as equalities."""
    found = conjuncts(join.args.get("on"))
    for name in join.args.get("using") or ():
        owner = next((one for one in before if one.column(name.name) is not None), before[0])
        found.append(exp.column(name.name, owner.name).eq(exp.column(name.name, source.name)))
    return found


def _tie(link: Link, condition: exp.Expr, before: Sequence[Source], scope: Scope, others: list[exp.Expr]) -> None:
    """Note in `link` that `condition` ties its source to an earlier one; otherwise put it to the `others`."""
    if isinstance(condition, exp.EQ):
        for one, other in ((condition.this, condition.expression), (condition.expression, condition.this)):
            if isinstance(one, exp.Column) and isinstance(other, exp.Column):
                own, foreign = scope.resolve(one), scope.resolve(other)
                if own is None or foreign is None or own.source is not link.source:
                    continue
                if any(foreign.source is source for source in before) and link.to in (None, foreign.source):
                    link.to = foreign.source
                    link.pairs.append((one, other))
                    return
    others.append(condition)


def relation_of(source: Source, to: Source, pairs: Sequence[tuple[exp.Column, exp.Column]]) -> Relation:
    """What a row of `source` is to a row of `to` whose columns it equals."""
    if source.table is None or to.table is None:
        return "other"
    own, foreign = {one.name.casefold() for one, _ in pairs}, {other.name.casefold() for _, other in pairs}
    upwards = [(other.name.casefold(), one.name.casefold()) for one, other in pairs]
    if _points_at(to.table, source.table, upwards) or (
        _has_key_in(source.table, own) and not _has_key_in(to.table, foreign)
    ):
        return "parent"
    downwards = [(one.name.casefold(), other.name.casefold()) for one, other in pairs]
    if _points_at(source.table, to.table, downwards) or (
        _has_key_in(to.table, foreign) and not _has_key_in(source.table, own)
    ):
        return "child"
    return "other"


def _points_at(child: Table, parent: Table, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a declared key leads along `pairs` of (column of `child`, column of `parent`) to one row."""
    keys = {
        (key.column.casefold(), key.to_column.casefold())
        for key in child.foreign_keys
        if key.to_table.casefold() == parent.name.casefold()
    }
    reached = {column for _, column in pairs}
    is_one_row = _has_key_in(parent, reached) or not _key_of(parent)
    return bool(pairs) and set(pairs) <= keys and is_one_row


def _key_of(table: Table) -> set[str]:
    return {column.name.casefold() for column in table.columns if column.primary_key}


def _has_key_in(table: Table, columns: set[str]) -> bool:
    """Whether `columns` hold the whole primary key, so that no two rows agree in them."""
    key = _key_of(table)
    return bool(key) and key <= columns


def one_of(source: Source) -> str:
    """One row of a source, as a noun: "account"; for a name in the plural, "row of accounts"."""
    name = source.table.name if source.table else source.shown
    lower = name.casefold()
    is_plural = lower.endswith("s") and not lower.endswith(("ss", "us", "is"))
    noun = f"row of {name}" if is_plural or source.table is None else name
    return noun if name == source.shown else f"{noun} ({source.shown})"


def name_of(source: Source) -> str:
    """What a source is called where it is first mentioned."""
    if source.table is not None and source.shown != source.table.name:
        return f"{source.table.name} ({source.shown})"
    return source.shown


def joined_sources(scope: Scope, links: list[Link], words: ExpressionWords) -> tuple[Source, str]:
    """The source to begin with, and how the others stand to it: "its account and the district of that account"."""
    root, ordered = _from_the_child(scope.sources[0], links)
    return root, joined([_link_words(link, root, words) for link in ordered])


def _from_the_child(first: Source, links: list[Link]) -> tuple[Source, list[Link]]:
    """The same joins, told from the source that points at all others, if there is one and nothing speaks against it."""
    edges: list[tuple[Source, Source, Link]] = []
    for link in links:
        if link.side or link.to is None or link.relation == "other":
            return first, links
        child, parent = (link.to, link.source) if link.relation == "parent" else (link.source, link.to)
        edges.append((child, parent, link))
    parents = [id(parent) for _, parent, _ in edges]
    roots = [source for source in [first, *(link.source for link in links)] if id(source) not in parents]
    if len(roots) != 1 or len(set(parents)) != len(parents):
        return first, links
    told = [roots[0]]
    found: list[Link] = []
    while len(found) < len(edges):
        child, parent, link = next(edge for edge in edges if edge[0] in told and edge[1] not in told)
        pairs = link.pairs if link.source is parent else [(other, one) for one, other in link.pairs]
        found.append(Link(parent, child, "parent", pairs))
        told.append(parent)
    return roots[0], found


def _link_words(link: Link, root: Source, words: ExpressionWords) -> str:
    one = one_of(link.source)
    to_root = link.to is root
    if link.relation == "parent" and link.to is not None:
        by = _by_which(link)
        told = f"its {one}{by}" if to_root else f"the {one} of that {one_of(link.to)}{by}"
        told += " if there is one" if link.side in ("LEFT", "FULL") else ""
    elif link.relation == "child" and link.to is not None:
        by = _by_which(link)
        told = f"every {one} that belongs to {'it' if to_root else f'that {one_of(link.to)}'}{by}"
        told += ", if any" if link.side in ("LEFT", "FULL") else ""
    else:
        equal = [words.condition(exp.EQ(this=own.copy(), expression=other.copy())) for own, other in link.pairs]
        told = f"every {one}" + (f" where {' and '.join(equal)}" if equal else "")
        told += ", if any" if link.side in ("LEFT", "FULL") and (equal or link.rest) else ""
    if link.rest:
        told += f" (only where {' and '.join(words.condition(part) for part in link.rest)})"
    if link.side in ("RIGHT", "FULL"):
        told += f" (keeping each {one} without a match)"
    return told


def _by_which(link: Link) -> str:
    """The column by which a row points at the other, where several might be meant."""
    if link.to is None or link.to.table is None or link.source.table is None:
        return ""
    child, parent = (link.to, link.source) if link.relation == "parent" else (link.source, link.to)
    assert child.table is not None
    assert parent.table is not None
    keys = {key.column for key in child.table.foreign_keys if key.to_table.casefold() == parent.table.name.casefold()}
    columns = [(other if link.relation == "parent" else one).name for one, other in link.pairs]
    return f" by {joined(columns)}" if len(keys) > len(columns) else ""


def form_of_sources(select: exp.Select) -> str:
    """FROM and its joins as they stand in SQL, for those that have no words."""
    parts = [select.args.get("from_"), *(select.args.get("joins") or ())]
    return " ".join(text_of(part).removeprefix("FROM ") for part in parts if part is not None)
