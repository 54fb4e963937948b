"""Lays schema and question out for a model, in the form that its profile names; adds no marker of a chat template.

    schema first          two turns, which the model's own chat template marks (see `prompt`)
    article instruction   plain text: instruction, context, question, answer. What an adapter sees that is trained with
                          the article's recipe, on data like b-mc2/sql-create-context
    article mistral       plain text within [INST] … [/INST]: table, columns, question

The plain texts go past the chat template. They are made of pieces: those of the role "frame" are the template's own
and stand as they are; those of the role "fill" come from a database or a person, and no marker in them counts.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

from nl2sql_tui.language.prompt import question_text, schema_text
from nl2sql_tui.quoting import identifier
from nl2sql_tui.schema import CellValue, Schema, Table
from nl2sql_tui.template_names import TemplateName

Role = Literal["system", "user", "frame", "fill"]
Piece = tuple[Role, str]

_INSTRUCTION: Final = "Write the SQL query that answers the question about the tables in the context."


def render(
    template: TemplateName, schema: Schema, question: str, values: Sequence[CellValue] = ()
) -> tuple[Piece, ...]:
    """What the model is shown, as (role, text) pairs in order.

    `values` are cells that the question names. The article's forms do not have them: a model taught with these forms
    has never seen any.
    """
    return pieces(template, schema_in(template, schema), question_in(template, question, values))


def pieces(template: TemplateName, schema: str, question: str) -> tuple[Piece, ...]:
    """The same from the texts that `schema_in` and `question_in` give."""
    match template:
        case "schema first":
            return (("system", schema), ("user", question))
        case "article instruction":
            return (
                ("frame", f"### Instruction:\n{_INSTRUCTION}\n\n### Context:\n"),
                ("fill", schema),
                ("frame", "\n\n### Question:\n"),
                ("fill", question),
                ("frame", "\n\n### Answer:\n"),
            )
        case "article mistral":
            return (
                ("frame", "[INST] Write one SQLite query that answers the question. Answer with the SQL alone.\n\n"),
                ("fill", schema),
                ("frame", "\n\nQuestion: "),
                ("fill", question),
                ("frame", " [/INST]"),
            )


def schema_in(template: TemplateName, schema: Schema) -> str:
    """The schema as `template` writes it."""
    match template:
        case "schema first":
            return schema_text(schema)
        case "article instruction":
            return "; ".join(_create_statement(table) for table in schema.tables)
        case "article mistral":
            return "\n".join(_table_and_columns(table) for table in schema.tables)


def question_in(template: TemplateName, question: str, values: Sequence[CellValue] = ()) -> str:
    """The question as `template` writes it."""
    return question_text(question, values if template == "schema first" else ())


def _create_statement(table: Table) -> str:
    """As in sql-create-context: names and types, no keys and no constraints."""
    columns = ", ".join(
        f"{_name(column.name)} {_one_line(column.declared_type).upper() or 'TEXT'}" for column in table.columns
    )
    return f"CREATE TABLE {_name(table.name)} ({columns})"


def _table_and_columns(table: Table) -> str:
    return f"Table: {_name(table.name)}\nColumns: {', '.join(_name(column.name) for column in table.columns)}"


def _name(name: str) -> str:
    return identifier(_one_line(name))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
