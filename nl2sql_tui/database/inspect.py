"""Reads the schema of a database: tables, views, columns, keys, comments; counts rows when asked; reads no cells."""

import sqlite3

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.comments import Comments, comments_in
from nl2sql_tui.database.connect import GuardedConnection
from nl2sql_tui.quoting import quoted
from nl2sql_tui.schema import Column, ForeignKey, Schema, Table

COUNT_SECONDS = 10.0
"""How long counting one table's rows may take before its count is left open."""


def read_schema(connection: GuardedConnection) -> Schema:
    """All tables and views that a person would query; SQLite's own and full-text shadow tables stay out.

    A view that no longer compiles is listed without columns, and so is a virtual table whose own tables are damaged.
    Raises sqlite3.Error if the file itself is damaged.
    """
    rows = connection.execute(
        "SELECT l.name, l.type = 'view', m.sql FROM pragma_table_list AS l JOIN sqlite_master AS m ON m.name = l.name "
        "WHERE l.schema = 'main' AND l.type IN ('table', 'view', 'virtual') AND m.type IN ('table', 'view') "
        "AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.rowid"
    ).fetchall()
    comments = {name: Comments() if is_view else comments_in(sql or "") for name, is_view, sql in rows}
    columns = {name: _columns(connection, name, comments[name]) for name, *_ in rows}
    keys_of = {
        name: tuple(column.name for column in sorted(found, key=lambda c: c.primary_key) if column.primary_key)
        for name, found in columns.items()
    }
    real_names = {name.casefold(): name for name in columns}
    return Schema(
        tuple(
            Table(
                name=name,
                columns=columns[name],
                foreign_keys=() if is_view else _foreign_keys(connection, name, real_names, keys_of),
                is_view=bool(is_view),
                comment=comments[name].table,
            )
            for name, is_view, _ in rows
        )
    )


def _columns(connection: GuardedConnection, table: str, comments: Comments) -> tuple[Column, ...]:
    try:
        rows = connection.execute(
            'SELECT name, type, pk, "notnull" FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid', (table,)
        ).fetchall()
    except sqlite3.Error:
        return ()
    return tuple(
        Column(name, declared or "", key, bool(not_null), comments.columns.get(name.lower(), ""))
        for name, declared, key, not_null in rows
    )


def _foreign_keys(
    connection: GuardedConnection, table: str, real_names: dict[str, str], keys_of: dict[str, tuple[str, ...]]
) -> tuple[ForeignKey, ...]:
    rows = connection.execute(
        'SELECT "from", "table", "to", seq FROM pragma_foreign_key_list(?) ORDER BY id, seq', (table,)
    ).fetchall()
    found = []
    for column, target, target_column, place in rows:
        to_table = real_names.get(target.casefold())
        if to_table is None:
            continue
        if target_column is None:
            # REFERENCES t without a column means t's primary key.
            keys = keys_of[to_table]
            if place >= len(keys):
                continue
            target_column = keys[place]
        found.append(ForeignKey(column, to_table, target_column))
    return tuple(found)


def count_rows(connection: GuardedConnection, table: str, cancel: Cancel) -> int | None:
    """How many rows `table` has; None if that takes too long, was cancelled, or cannot be told."""
    try:
        with connection.running(COUNT_SECONDS, cancel):
            row = connection.execute(f"SELECT COUNT(*) FROM {quoted(table)}").fetchone()
    except sqlite3.Error:
        return None
    return int(row[0])
