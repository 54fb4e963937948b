"""Says of a statement, before anything runs, whether it compiles and what it would read and write.

The statement is compiled as `EXPLAIN …` under the connection's authorizer, which SQLite tells of every table and
column that is read or written: exact, also for views, subqueries and `WITH … DELETE`. Nothing is run.
"""

import difflib
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from nl2sql_tui.database.connect import HARMLESS_PRAGMAS, AccessLog, GuardedConnection
from nl2sql_tui.database.inspect import read_schema
from nl2sql_tui.quoting import RESERVED, identifier, quoted, string_literal, tokens, unquoted
from nl2sql_tui.schema import Schema, Table
from nl2sql_tui.text import shortened, visible

_PLAN_SECONDS: Final = 5.0
_NO_SUCH: Final = re.compile(r"no such (column|table|function): (.*)", re.DOTALL)
_AMBIGUOUS: Final = re.compile(r"ambiguous column name: (.*)", re.DOTALL)
_SYNTAX_ERROR: Final = re.compile(r'near "(\w+)": syntax error')
_SCAN: Final = re.compile(r"SCAN (?:TABLE )?(\S+)")
_NAME_SHOWN: Final = 60
READING_STATEMENTS: Final = frozenset(("select", "with", "values", "explain", "pragma"))
_READ_ONLY: Final = "The database is opened read-only; nothing was changed."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a statement without running it."""

    valid: bool
    """It is one statement, it compiles against this database, and it only reads."""
    error: str = ""
    """One line, for a person; empty if valid."""
    hint: str = ""
    """What to do about the error; may be empty."""
    tables: tuple[str, ...] = ()
    """Tables and views it reads, in the order in which SQLite meets them."""
    reads: tuple[str, ...] = ()
    """Columns it reads, as "table.column"; SQLite does not tell of those that only USING names."""
    writes: tuple[str, ...] = ()
    """What it would change, e.g. "DELETE singer", "CREATE TABLE t"."""
    full_scans: tuple[str, ...] = ()
    """Tables it reads from end to end, under the names the statement gives them."""

    @property
    def problem(self) -> str:
        """Error and hint in one line; empty if valid."""
        return f"{self.error} {self.hint}".strip()


def check(connection: GuardedConnection, sql: str, schema: Schema | None = None) -> Verdict:
    """Compile `sql` without running it and say what it is.

    `schema` serves the suggestions for misspelt names; without it, it is read when one is needed.
    """
    problem = _not_one_statement(sql)
    if problem:
        return Verdict(False, *problem)
    strict_sql, in_double_quotes = _with_strict_names(sql.rstrip("; \t\r\n"))
    program: list[tuple[object, ...]] = []
    with connection.logging_access_of_explained() as log:
        try:
            # An EXPLAIN of an EXPLAIN does not compile; a statement that is one already is harmless as it is.
            prefix = "" if _first_word(sql) == "explain" else "EXPLAIN "
            program = connection.execute(prefix + strict_sql).fetchall()
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
            if not log.refusals:
                error_and_hint = _compile_error(connection, sql, str(error), schema, in_double_quotes)
                return Verdict(False, *error_and_hint)
    tables = _tables(connection, log, program)
    reads = tuple(f"{table}.{column}" for table, column in log.reads if column)
    writes = tuple(str(refusal) for refusal in log.refusals) + _refused_pragma_tables(tables)
    if not writes and not begins_as_reading(sql):
        writes = (_first_word(sql).upper(),)
    if writes:
        line = f"This statement does more than read: {visible(', '.join(writes))}."
        return Verdict(False, line, _READ_ONLY, tables, reads, writes)
    return Verdict(True, tables=tables, reads=reads, full_scans=_full_scans(connection, strict_sql))


def begins_as_reading(text: str) -> bool:
    """Whether the first word of `text` is one that a statement which only reads begins with."""
    return _first_word(text) in READING_STATEMENTS


def _first_word(sql: str) -> str:
    return next((token.text.lower() for token in tokens(sql) if not token.is_blank), "")


def _not_one_statement(sql: str) -> tuple[str, str] | None:
    """The error and hint for a text that is no statement or several; None for one statement."""
    pieces = [token for token in tokens(sql) if not token.is_blank]
    if "\x00" in sql:
        return "The SQL holds a NUL character, where SQLite would stop reading.", "Remove it."
    if all(piece.text == ";" for piece in pieces):
        return "There is no SQL to run.", ""
    ends = [place for place, piece in enumerate(pieces) if piece.kind == "mark" and piece.text == ";"]
    if ends and any(piece.text != ";" for piece in pieces[ends[0] :]):
        return "This is more than one statement.", "Run one at a time; nothing was run."
    return None


def _with_strict_names(sql: str) -> tuple[str, frozenset[str]]:
    """`sql` with each "name" as `name`, and those names.

    SQLite reads a double-quoted name that it does not find as a text, without an error; a name in backticks it
    reads as a name or not at all. So the rewritten statement compiles only if every name is one.
    """
    pieces, names = [], set()
    for token in tokens(sql):
        if token.kind == "quoted name" and token.text[0] == '"':
            name = unquoted(token.text)
            names.add(name)
            pieces.append("`" + name.replace("`", "``") + "`")
        else:
            pieces.append(token.text)
    return "".join(pieces), frozenset(names)


def _tables(connection: GuardedConnection, log: AccessLog, program: list[tuple[object, ...]]) -> tuple[str, ...]:
    """The tables and views that a compiled statement reads.

    The authorizer is not told of a table of which no column is used, or it is told without a column, as it is of the
    statement's own WITH tables. So those count that exist, and those whose pages the program opens: a row of EXPLAIN
    is (address, opcode, p1, p2, …), and OpenRead has a first page's number in p2 and 0, for the main database, in p3.
    """
    stored = connection.execute("SELECT name, rootpage, tbl_name FROM sqlite_master WHERE type <> 'trigger'").fetchall()
    names = {name for name, _, _ in stored}
    opened = {row[3] for row in program if row[1] == "OpenRead" and row[4] == 0}
    told = [table for table, column in log.reads if column or table in names]
    return tuple(dict.fromkeys([*told, *(table for _, page, table in stored if page in opened)]))


def _refused_pragma_tables(tables: tuple[str, ...]) -> tuple[str, ...]:
    """Pragmas that would be refused when the statement runs, as it reads them as tables."""
    named = (table.lower().removeprefix("pragma_") for table in tables if table.lower().startswith("pragma_"))
    return tuple(f"PRAGMA {name}" for name in named if name not in HARMLESS_PRAGMAS)


def _full_scans(connection: GuardedConnection, sql: str) -> tuple[str, ...]:
    if _first_word(sql) not in ("select", "with", "values"):
        return ()
    try:
        with connection.running(_PLAN_SECONDS):
            steps = connection.execute("EXPLAIN QUERY PLAN " + sql).fetchall()
    except sqlite3.Error:
        return ()
    scanned = (match.group(1) for step in steps if (match := _SCAN.match(step[3])))
    return tuple(dict.fromkeys(name for name in scanned if name != "CONSTANT"))


def _compile_error(
    connection: GuardedConnection,
    sql: str,
    message: str,
    schema: Schema | None,
    in_double_quotes: frozenset[str],
) -> tuple[str, str]:
    """The error line and the hint for what SQLite said of a statement that does not compile."""
    if ambiguous := _AMBIGUOUS.fullmatch(message):
        name = shortened(ambiguous.group(1), _NAME_SHOWN)
        if "." in name:
            table = name.rpartition(".")[0]
            return f"{name} is ambiguous, as {table} is read twice.", f"Give each a name of its own: {table} AS t1."
        return f"The column {name} is in more than one of the tables.", f"Write table.{name}."
    if message.startswith("Incorrect number of bindings"):
        return "The statement holds a placeholder, such as ? or :name.", "Write the value itself in its place."
    if message == "incomplete input":
        return "The statement ends in the middle.", ""
    missing = _NO_SUCH.fullmatch(message)
    if missing is None:
        return f"SQLite cannot compile it: {visible(message).rstrip('.')}.", _syntax_hint(message)
    kind, name = missing.groups()
    if kind == "column" and name in in_double_quotes:
        line = f"No column is called {shortened(name, _NAME_SHOWN)}, which stands in double quotes."
        return line, f"If it is meant as text, write {string_literal(shortened(name, _NAME_SHOWN))}."
    if kind == "function":
        return f"SQLite has no function {shortened(name, _NAME_SHOWN)}.", ""
    try:
        schema = schema or read_schema(connection)
    except sqlite3.Error:
        schema = Schema(())
    hint = _table_hint(name, schema) if kind == "table" else _column_hint(name, sql, schema)
    return f"There is no {kind} {shortened(name, _NAME_SHOWN)}.", hint


def _syntax_hint(message: str) -> str:
    near = _SYNTAX_ERROR.fullmatch(message)
    if near is None or near.group(1).lower() not in RESERVED:
        return ""
    word = near.group(1)
    return f"If {word} is meant as a name, write {quoted(word)}: SQL reserves the word."


def _table_hint(name: str, schema: Schema) -> str:
    return _did_you_mean(name, [table.name for table in schema.tables])


def _column_hint(name: str, sql: str, schema: Schema) -> str:
    """The real columns most like a missing one: of its own table, of the statement's tables, then of any."""
    qualifier, _, column = name.rpartition(".")
    owner = schema.table(qualifier)
    words = {token.text.strip('"`[]').casefold() for token in tokens(sql)}
    in_statement = [table for table in schema.tables if table.name.casefold() in words]
    if hint := _did_you_mean(column, _column_names([owner] if owner else in_statement)):
        return hint
    if homes := [identifier(table.name) for table in schema.tables if table.column(column)]:
        return f"{shortened(column, _NAME_SHOWN)} is a column of {visible(_joined(homes[:3]))}."
    return _did_you_mean(column, _column_names(in_statement)) or _did_you_mean(column, _column_names(schema.tables))


def _column_names(tables: Iterable[Table]) -> list[str]:
    return [column.name for table in tables for column in table.columns]


def _did_you_mean(name: str, candidates: list[str]) -> str:
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    wanted = name.lower()
    # "date" is far from "transaction_date" by letters, and yet what was meant.
    ends_alike = [candidate for candidate in by_lower if candidate.endswith(f"_{wanted}")]
    close = ends_alike[:3] or difflib.get_close_matches(wanted, by_lower, n=3, cutoff=0.6)
    if not close:
        return ""
    return f"Did you mean {visible(_joined([identifier(by_lower[key]) for key in close]))}?"


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
