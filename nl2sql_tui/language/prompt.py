"""Writes what the model is shown: the schema first, so that it stays the same from question to question.

The form is the one the default adapter was trained on, to the letter; changing it means training again.
"""

import re
from collections.abc import Sequence
from typing import Final

from nl2sql_tui.quoting import identifier, string_literal
from nl2sql_tui.schema import CellValue, Schema, Table

_TYPES: Final = {
    "integer": "int",
    "int": "int",
    "bigint": "int",
    "tinyint": "int",
    "smallint": "int",
    "mediumint": "int",
    "number": "int",
    "year": "int",
    "real": "real",
    "float": "real",
    "double": "real",
    "numeric": "real",
    "decimal": "real",
    "varchar": "text",
    "nvarchar": "text",
    "varchar2": "text",
    "char": "text",
    "text": "text",
    "time": "text",
    "date": "date",
    "datetime": "date",
    "timestamp": "date",
    "bool": "bool",
    "boolean": "bool",
    "blob": "blob",
}


def schema_text(schema: Schema) -> str:
    """The tables, a line each, then the foreign keys, a line each.

    singer(Singer_ID int pk, Name text)
    concert.Singer_ID = singer.Singer_ID
    """
    lines = [table_line(table) for table in schema.tables]
    for table in schema.tables:
        lines += [
            f"{_name(table.name)}.{_name(key.column)} = {_name(key.to_table)}.{_name(key.to_column)}"
            for key in table.foreign_keys
            if schema.table(key.to_table) is not None
        ]
    return "\n".join(lines)


def table_line(table: Table) -> str:
    """One table with its columns, their types in short and `pk` at those of the primary key."""
    columns = (
        f"{_name(column.name)} {_short_type(column.declared_type)}{' pk' if column.primary_key else ''}"
        for column in table.columns
    )
    return f"{_name(table.name)}({', '.join(columns)})"


def question_text(question: str, values: Sequence[CellValue]) -> str:
    """The question, and under it each value that it names, as a condition that could stand in its answer."""
    links = [
        f"{_name(value.table)}.{_name(value.column)} = {string_literal(_one_line(value.text))}" for value in values
    ]
    return "\n".join([_one_line(question.strip()), *links])


def _name(name: str) -> str:
    """A name as it has to stand in SQL."""
    return identifier(_one_line(name))


def _short_type(declared: str) -> str:
    name = _one_line(declared.lower().split("(")[0]).strip()
    return _TYPES.get(name, name or "text")


def _one_line(text: str) -> str:
    """`text` with each stretch of white space as one space, so that a cell cannot add lines to the prompt."""
    return re.sub(r"\s+", " ", text)
