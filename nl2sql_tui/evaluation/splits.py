"""What kind of query a gold query is, so that accuracy can be told by kind; reads its syntax tree, runs nothing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nl2sql_tui.schema import Schema

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Shape:
    """What a gold query is made of."""

    joins: int
    """Joins anywhere in it, by JOIN or by comma."""
    nested: bool
    """It holds a second SELECT: a subquery, a WITH table, or a set operation."""
    values: bool
    """A WHERE, HAVING or ON compares with a literal, so that the question has to name a value."""
    aggregates: bool
    groups: bool


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a question beside its words."""

    shape: Shape | None
    """None if the gold query could not be parsed."""
    tables: int
    """Tables and views in the database's schema."""
    database: str


def shape_of(sql: str, schema: Schema) -> Shape | None:
    """The shape of a gold query; None if it cannot be parsed.

    `schema` tells a column in double quotes from a text: SQLite takes for a text what is no column.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_one(sql, dialect="sqlite")
    except (SqlglotError, RecursionError):
        return None
    columns = frozenset(column.name.casefold() for table in schema.tables for column in table.columns)
    return Shape(
        joins=sum(1 for _ in tree.find_all(exp.Join)),
        nested=sum(1 for _ in tree.find_all(exp.Select)) > 1,
        values=any(_is_value(node, columns) for node in _conditions(tree)),
        aggregates=tree.find(exp.AggFunc) is not None,
        groups=tree.find(exp.Group) is not None,
    )


def _conditions(tree: "exp.Expr") -> Iterator["exp.Expr"]:
    """Every node below a WHERE, a HAVING or a join's ON."""
    from sqlglot import exp

    for clause in tree.find_all(exp.Where, exp.Having, exp.Join):
        condition = clause.args.get("on") if isinstance(clause, exp.Join) else clause.this
        if condition is not None:
            yield from condition.walk()


def _is_value(node: "exp.Expr", columns: frozenset[str]) -> bool:
    from sqlglot import exp

    if isinstance(node, exp.Literal):
        return node.find_ancestor(exp.Limit, exp.Offset) is None
    return (
        isinstance(node, exp.Column)
        and isinstance(node.this, exp.Identifier)
        and bool(node.this.quoted)
        and not node.table
        and node.name.casefold() not in columns
    )


def _joins(traits: Traits) -> str:
    joins = _shape(traits).joins
    return "3 or more" if joins > 2 else str(joins)


def _schema_size(traits: Traits) -> str:
    return next((label for most, label in _SIZES if traits.tables <= most), _LARGEST)


def _shape(traits: Traits) -> Shape:
    """The shape, of traits that have one."""
    assert traits.shape is not None
    return traits.shape


_SIZES: Final = ((3, "1 to 3"), (6, "4 to 6"), (10, "7 to 10"))
_LARGEST: Final = "11 or more"
_NOT_PARSED: Final = "not parsed"


@dataclass(frozen=True, slots=True)
class Split:
    """One way to divide the questions."""

    title: str
    labels: tuple[str, ...]
    """In the order to show; empty where they come from the data."""
    _label: Callable[[Traits], str]
    by_shape: bool = True

    def label(self, traits: Traits) -> str:
        """The part that a question belongs to."""
        return _NOT_PARSED if self.by_shape and traits.shape is None else self._label(traits)

    def ordered(self, labels: Mapping[str, object]) -> list[str]:
        """Those of `labels` that occur, in the order to show."""
        if not self.labels:
            return sorted(labels)
        return [label for label in (*self.labels, _NOT_PARSED) if label in labels]


SPLITS: Final = (
    Split("joins", ("0", "1", "2", "3 or more"), _joins),
    Split("nesting", ("none", "nested"), lambda traits: "nested" if _shape(traits).nested else "none"),
    Split("values in conditions", ("none", "some"), lambda traits: "some" if _shape(traits).values else "none"),
    Split(
        "aggregation",
        ("none", "aggregate", "GROUP BY"),
        lambda traits: "GROUP BY" if _shape(traits).groups else "aggregate" if _shape(traits).aggregates else "none",
    ),
    Split("tables in the schema", (*(label for _, label in _SIZES), _LARGEST), _schema_size, by_shape=False),
    Split("database", (), lambda traits: traits.database, by_shape=False),
)
