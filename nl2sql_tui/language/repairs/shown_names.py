"""Shows a name where the question asks for one and the SQL shows the key of the table that has it."""

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.joins import join_edges
from nl2sql_tui.language.repairs.add_tables import join_in
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, Source, meaning, sources
from nl2sql_tui.language.repairs.ways import Step
from nl2sql_tui.language.syntax import column_node, text_of
from nl2sql_tui.schema import Table

_KEY_WORDS: Final = frozenset("id ids code codes number key identifier".split())
_NAME_WORDS: Final = frozenset("name title".split())


def show_names(tree: exp.Query, context: Context) -> Iterator[str]:
    """Join in the table that the one shown key refers to, and show its name; where nothing called so is shown yet.

    Of the training questions of Spider that ask for a name and no key, hardly one has a reference that shows a key.
    """
    is_asked_for = "name" in context.words and not context.words & _KEY_WORDS
    if not is_asked_for or not isinstance(tree, exp.Select) or not tree.args.get("from_"):
        return
    shown = [item.unalias() for item in tree.expressions]
    columns = [item for item in shown if isinstance(item, exp.Column)]
    if any(column.is_star or not _NAME_WORDS.isdisjoint(name_words(column.name)) for column in columns):
        return
    keys = [(column, step) for column in columns if (step := _step(column, tree, context)) is not None]
    if len(keys) != 1:
        return
    ((column, step),) = keys
    table = context.schema.table(step.to_table)
    names = _names(table) if table is not None else []
    if len(names) != 1:
        return
    before = text_of(column)
    joined = _joined(tree, step, context)
    column.replace(column_node(step.to_table, names[0]))
    yield f"{before} → {step.to_table}.{names[0]}{joined}: the question asks for a name"


def _step(column: exp.Column, select: exp.Select, context: Context) -> Step | None:
    """The step to the table that the key `column` refers to; None if it is no key of another table."""
    source = meaning(column, select, context.schema).source
    if source is None or source.table is None:
        return None
    for edge in join_edges(context.schema):
        is_of_it = edge.table == source.table.name and edge.origin != "shared" and edge.other != edge.table
        if is_of_it and [own.casefold() for own, _ in edge.columns] == [column.name.casefold()]:
            return Step(edge.table, edge.other, edge.columns)
    return None


def _names(table: Table) -> list[str]:
    """The columns called name, or like the table's name."""
    wanted = (("name",), (*name_words(table.name), "name"))
    return [column.name for column in table.columns if name_words(column.name) in wanted]


def _joined(select: exp.Select, step: Step, context: Context) -> str:
    """Join the table in where it is not read yet, and say how."""
    read: list[Source] = sources(select, context.schema)
    if any(source.name.casefold() == step.to_table.casefold() for source in read):
        return ""
    return f", with {join_in(select, (step,), context)}"
