"""What a database consists of, as plain frozen values: database/ fills them, language/ and tui/ read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table or view."""

    name: str
    declared_type: str
    """As written in CREATE TABLE, e.g. "VARCHAR(20)"; empty where none was given."""
    primary_key: int = 0
    """Place in the primary key, from 1; 0 for none."""
    not_null: bool = False


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

    def column(self, name: str) -> Column | None:
        """The column of that name, without regard to case as in SQLite."""
        wanted = name.casefold()
        return next((column for column in self.columns if column.name.casefold() == wanted), None)


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

    def restricted_to(self, names: Sequence[str]) -> "Schema":
        """The same schema with only the named tables, in the original order."""
        wanted = {name.casefold() for name in names}
        return Schema(tuple(table for table in self.tables if table.name.casefold() in wanted))


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


class NoValues:
    """A lookup that knows no values: for databases whose cells must stay out of the prompt."""

    def find(self, text: str) -> Sequence[CellValue]:  # noqa: ARG002
        return ()
