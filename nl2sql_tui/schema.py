"""What a database consists of, as plain frozen values: database/ fills them, language/ and tui/ read them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table or view."""

    name: str
    declared_type: str
    """As written in CREATE TABLE, e.g. "VARCHAR(20)"; empty where none was given."""
    primary_key: int = 0
    """Place in the primary key, from 1; 0 for none."""
    not_null: bool = False
    comment: str = ""
    """What its CREATE statement says beside it, for people."""

    @property
    def is_text(self) -> bool:
        """Whether SQLite keeps what is stored there as text, numbers too."""
        declared = self.declared_type.upper()
        return "INT" not in declared and any(part in declared for part in ("CHAR", "CLOB", "TEXT"))


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One pair of columns that a declared foreign key joins; a composite key gives several."""

    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True)
class Table:
    """A table or a view."""

    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    is_view: bool = False
    comment: str = ""
    """What its CREATE statement says of it before its first column."""

    def column(self, name: str) -> Column | None:
        """The column of that name, without regard to case as in SQLite."""
        wanted = name.casefold()
        return next((column for column in self.columns if column.name.casefold() == wanted), None)

    def is_key(self, name: str) -> bool:
        """Whether the column of that name is the primary key, or part of it, or refers to another table's."""
        column, wanted = self.column(name), name.casefold()
        return (column is not None and bool(column.primary_key)) or any(
            key.column.casefold() == wanted for key in self.foreign_keys
        )

    def restricted_to(self, columns: Collection[str]) -> "Table":
        """The same table with only the named columns and the keys on them."""
        wanted = {name.casefold() for name in columns}
        return replace(
            self,
            columns=tuple(column for column in self.columns if column.name.casefold() in wanted),
            foreign_keys=tuple(key for key in self.foreign_keys if key.column.casefold() in wanted),
        )


@dataclass(frozen=True)
class Schema:
    """All tables and views of a database, in the order in which they were created."""

    tables: tuple[Table, ...]

    @cached_property
    def _by_name(self) -> dict[str, Table]:
        return {table.name.casefold(): table for table in self.tables}

    def table(self, name: str) -> Table | None:
        """The table of that name, without regard to case as in SQLite."""
        return self._by_name.get(name.casefold())

    def restricted_to(self, names: Sequence[str], columns: Mapping[str, Collection[str]] | None = None) -> "Schema":
        """The same schema with only the named tables, in the original order.

        Of a table that `columns` names, only the columns given there.
        """
        wanted = {name.casefold() for name in names}
        cut = {name.casefold(): kept for name, kept in (columns or {}).items()}
        return Schema(
            tuple(
                table.restricted_to(cut[name]) if name in cut else table
                for table in self.tables
                for name in (table.name.casefold(),)
                if name in wanted
            )
        )


@dataclass(frozen=True, slots=True)
class CellValue:
    """A text that stands in a cell, spelled as it is stored."""

    table: str
    column: str
    text: str


class ValueLookup(Protocol):
    """Finds stored cell values by their text, without regard to case."""

    def find(self, text: str) -> Sequence[CellValue]:
        """Every place where this very text is stored, in the order of the schema; empty if nowhere."""
        ...

    def similar(self, text: str) -> Sequence[CellValue]:
        """The stored texts that differ in accents only, or else in a slip or two of the fingers; empty if none does."""
        ...


class NoValues:
    """A lookup that knows no values: for databases whose cells must stay out of the prompt."""

    def find(self, text: str) -> Sequence[CellValue]:  # noqa: ARG002
        return ()

    def similar(self, text: str) -> Sequence[CellValue]:  # noqa: ARG002
        return ()


LONGEST_SAMPLED: Final = 40
"""Characters of a value of `CellLookup.first_values`; a date has fewer. What has as many may have been cut."""


class CellLookup(Protocol):
    """Asks what a single column holds; slower than `ValueLookup`, and without its bounds."""

    def holds(self, table: str, column: str, text: str) -> bool | None:
        """Whether a cell of that column equals `text`; None if that cannot be told."""
        ...

    def first_values(self, table: str, column: str) -> Sequence[str]:
        """Some values of that column, as texts; empty if there are none or they cannot be read."""
        ...

    def holds_only_numbers(self, table: str, column: str) -> bool | None:
        """Whether it holds nothing but NULL, empty texts, numbers, and texts as 12 or -3.5; None if not told."""
        ...

    def holds_null(self, table: str, column: str) -> bool | None:
        """Whether a cell of that column is NULL; None if that cannot be told."""
        ...
