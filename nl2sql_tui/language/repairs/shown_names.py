"""Shows a name where the question asks for one and the SQL shows the key of the table that has it."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.joins import join_edges
from nl2sql_tui.language.repairs.add_tables import join_in, qualify_all
from nl2sql_tui.language.repairs.names import name_words
from nl2sql_tui.language.repairs.scopes import Context, Source, meaning, sources
from nl2sql_tui.language.repairs.ways import Step
from nl2sql_tui.language.syntax import column_node, name_node, text_of
from nl2sql_tui.schema import ForeignKey, Table

_KEY_WORDS: Final = frozenset("id ids code key identifier".split())
_NUMBER: Final = re.compile(r"\bnumbers?\b(?! of\b)", re.IGNORECASE)
"""The leader's number is a key, and the number of leaders is none."""
_NAME_WORDS: Final = frozenset("name title".split())
_ASKED: Final = re.compile(r"\bnames\b|\bname\b(?! (the|all|each|every|an?)\b)", re.IGNORECASE)
"""Not the verb that a question begins with: "Name the origin of flight 5"."""


def show_names(tree: exp.Query, context: Context) -> Iterator[str]:
    """Join in the table that the one shown key refers to, and show its name; where nothing called so is shown yet.

    Of the training questions of Spider that ask for a name and no key, hardly one has a reference that shows a key.
    Rows that were told apart by the key still are.
    """
    asks_for_keys = not context.words.isdisjoint(_KEY_WORDS) or _NUMBER.search(context.question)
    is_asked_for = bool(_ASKED.search(context.question)) and not asks_for_keys
    if not is_asked_for or not isinstance(tree, exp.Select) or not tree.args.get("from_"):
        return
    columns = [item for one in tree.expressions if isinstance(item := one.unalias(), exp.Column)]
    if any(column.is_star or not _NAME_WORDS.isdisjoint(name_words(column.name)) for column in columns):
        return
    keys = [(column, step) for column in columns if (step := _step(column, tree, context)) is not None]
    if len(keys) != 1 or tree.args.get("distinct") or _is_grouped_by_place(tree):
        return
    ((column, step),) = keys
    table = context.schema.table(step.to_table)
    names = _names(table) if table is not None else []
    if len(names) != 1:
        return
    before = text_of(column)
    joined = _joined(column, tree, step, context)
    if joined is not None:
        source, told = joined
        column.replace(column_node(source, names[0]))
        yield f"{before} → {source}.{names[0]}{told}: the question asks for a name"


def show_names_of_own_kind(tree: exp.Query, context: Context) -> Iterator[str]:
    """Show the name behind a key that refers to the very table, beside the row's own: who is whose manager.

    Only where the question says "name" twice, and the key's word.
    """
    if not isinstance(tree, exp.Select) or len(_ASKED.findall(context.question)) < 2 or tree.args.get("joins"):
        return
    read = sources(tree, context.schema)
    columns = [item for one in tree.expressions if isinstance(item := one.unalias(), exp.Column)]
    if len(read) != 1 or read[0].table is None or len(columns) != 2 or tree.args.get("group"):
        return
    table = read[0].table
    names = _names(table)
    for own, key in ((columns[0], columns[1]), (columns[1], columns[0])):
        word, edges = name_words(key.name)[0], _keys_of(key.name, table)
        is_named = len(names) == 1 and own.name.casefold() == names[0].casefold() and word in context.words
        if is_named and len(edges) == 1 and edges[0].to_table.casefold() == table.name.casefold():
            before, other = text_of(key), f"{table.name}_{word}"
            join = _joined_again(tree, read[0], other, edges[0], context)
            key.replace(column_node(other, names[0]))
            yield f"{before} → {other}.{names[0]}, with {text_of(join).strip()}: the question asks for both names"
            return


def _keys_of(column: str, table: Table) -> list[ForeignKey]:
    return [key for key in table.foreign_keys if key.column.casefold() == column.casefold()]


def _joined_again(select: exp.Select, source: Source, name: str, key: ForeignKey, context: Context) -> exp.Join:
    """Join the table of `source` to itself, as `name`, by a key that refers to it."""
    qualify_all(select, context.schema)
    on = exp.EQ(this=column_node(source.name, key.column), expression=column_node(name, key.to_column))
    table = exp.Table(this=name_node(key.to_table), alias=exp.TableAlias(this=name_node(name)))
    join = exp.Join(this=table, on=on)
    select.append("joins", join)
    return join


def _is_grouped_by_place(select: exp.Select) -> bool:
    """Whether GROUP BY has the number or the alias of a result: by name, two of one name would be one."""
    group = select.args.get("group")
    aliases = {item.alias.casefold() for item in select.expressions if item.alias}
    return group is not None and any(
        isinstance(key, exp.Literal)
        or (isinstance(key, exp.Column) and not key.table and key.name.casefold() in aliases)
        for key in group.expressions
    )


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
    """The columns called name, or like the table: "continent" in a table of continents."""
    wanted = (("name",), (*name_words(table.name), "name"), name_words(table.name))
    return [column.name for column in table.columns if name_words(column.name) in wanted]


def _joined(column: exp.Column, select: exp.Select, step: Step, context: Context) -> tuple[str, str] | None:
    """What the table of the names is called in `select`, joined in where it is not yet, and how that is told.

    None where it is read for another key: the airport that a flight leaves from has not the name of its destination.
    """
    read = [one for one in sources(select, context.schema) if one.table is not None and one.table.name == step.to_table]
    if not read:
        told = join_in(select, (step,), context)
        return step.to_table, f", with {told}"
    ((_, key),) = step.pairs
    if len(read) == 1 and any(_equates(one, column, read[0].name, key) for one in select.find_all(exp.EQ)):
        return read[0].name, ""
    return None


def _equates(condition: exp.EQ, column: exp.Column, source: str, key: str) -> bool:
    """Whether `condition` joins by the very key: column = source.key, either way round."""
    sides = [side for side in (condition.this, condition.expression) if isinstance(side, exp.Column)]
    is_own = [side.name.casefold() == column.name.casefold() and side.table != source for side in sides]
    is_other = [side.name.casefold() == key.casefold() and side.table.casefold() == source.casefold() for side in sides]
    return len(sides) == 2 and ((is_own[0] and is_other[1]) or (is_own[1] and is_other[0]))
