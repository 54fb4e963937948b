"""Foresees what comes next in the clause that an answer has come to, by the names that its question is about.

The answers are those of the form "tables first". Guesses, for `drafting`: what matters is how often they are right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from nl2sql_tui.language.ranking import words_of_schema
from nl2sql_tui.language.words import likeness, words_in
from nl2sql_tui.quoting import SqlToken, identifier, string_literal, tokens, unquoted
from nl2sql_tui.schema import CellValue, Schema, Table

_CLAUSES: Final = frozenset(("FROM", "JOIN", "ON", "SELECT", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT"))
_SET_OPERATORS: Final = frozenset(("UNION", "INTERSECT", "EXCEPT"))
_FUNCTIONS: Final = frozenset(("AVG", "MIN", "MAX", "SUM", "COUNT"))
_COMPARISONS: Final = frozenset(("=", "<", ">", "<=", ">="))
_BEFORE_A_COLUMN: Final = frozenset(("SELECT", "DISTINCT", "WHERE", "BY", "AND", "OR", ",", "(", "NOT"))
_BEFORE_A_CONDITION: Final = frozenset(("WHERE", "AND", "OR"))
_NO_NAMES: Final = _CLAUSES | _SET_OPERATORS | _BEFORE_A_COLUMN | {"IN", "DESC", "ASC", "BETWEEN", "LIKE", "IS"}
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


@dataclass(slots=True)
class _Query:
    """A query that is being written, or what stands in parentheses in it."""

    tables: list[str] = field(default_factory=list)
    """As they are written."""
    clause: str = ""
    pieces: list[str] = field(default_factory=list)
    """What stands in the clause, behind the word that begins it."""


class ClauseDrafts:
    """What may come next in the answer to one question."""

    def __init__(self, schema: Schema, question: str, values: Sequence[CellValue]) -> None:
        self._schema = schema
        self._question = question
        self._values = values
        self._conditions: dict[tuple[str, str], str] = {}
        for table in schema.tables:
            for key in table.foreign_keys:
                one, other = identifier(table.name), identifier(key.to_table)
                ends = f"{one}.{identifier(key.column)}", f"{other}.{identifier(key.to_column)}"
                self._conditions.setdefault((one, other), " = ".join(ends))
                self._conditions.setdefault((other, one), " = ".join(ends[::-1]))

    def __call__(self, answer: str) -> str:
        """The text that may come next; empty if there is no telling, or nothing does."""
        if not answer:
            return f"FROM {first}" if (first := self._table("", ())) else ""
        pieces = [piece for piece in tokens(answer) if not piece.is_blank]
        if not pieces or answer[-1].isspace():
            return ""
        query, scope = _read(pieces)
        last = pieces[-1]
        if last.text.upper() in ("FROM", "JOIN"):
            return f" {another}" if (another := self._table("", query.tables)) else ""
        if query.clause in ("FROM", "JOIN"):
            return self._behind_a_table(query, last.text)
        if query.clause == "ON":
            return self._in_a_join(query)
        sources = [table for name in scope.tables if (table := self._schema.table(unquoted(name))) is not None]
        return self._among_columns(query, sources, last, answer) if sources else ""

    def _behind_a_table(self, query: _Query, last: str) -> str:
        if len(query.pieces) != 1:
            return ""
        if self._schema.table(unquoted(last)) is None:
            return self._table(last, query.tables[:-1])[len(last) :]
        if query.clause == "FROM":
            return " SELECT"
        return f" ON {condition}" if (condition := self._condition(query.tables)) else ""

    def _in_a_join(self, query: _Query) -> str:
        condition = self._condition(query.tables)
        written = "".join(query.pieces).replace("=", " = ").rstrip()
        if written == condition:
            return " SELECT"
        if not condition.startswith(written):
            return ""
        return condition.removeprefix(written) if written else f" {condition}"

    def _condition(self, tables: Sequence[str]) -> str:
        """How the last of `tables` is joined to one before it."""
        found = (self._conditions.get((one, tables[-1])) for one in reversed(tables[:-1]))
        return next(filter(None, found), "")

    def _among_columns(self, query: _Query, sources: Sequence[Table], last: SqlToken, answer: str) -> str:
        """What follows in a clause that names columns of `sources`."""
        word = last.text.upper()
        before = query.pieces[-2] if len(query.pieces) > 1 else query.clause
        if word == "OR" and query.clause in ("SELECT", "GROUP"):
            return "DER BY"
        if word in _FUNCTIONS:
            column = self._column("", sources, ()) if word != "COUNT" else "*"
            return f"({column})" if column else ""
        if word in _COMPARISONS or word == "LIMIT":
            return f" {number}" if (number := self._number("")) else " 1" if word == "LIMIT" else ""
        if last.kind == "number":
            return self._number(word) if before in _COMPARISONS else ""
        if last.kind == "string":
            return f" AND {condition}" if (condition := self._value_condition(sources, answer)) else ""
        if word in _BEFORE_A_COLUMN:
            is_condition = query.clause == "WHERE" and word in _BEFORE_A_CONDITION
            condition = self._value_condition(sources, answer) if is_condition else ""
            following = condition or self._column("", sources, query.pieces)
            return f"{'' if word == '(' else ' '}{following}" if following else ""
        return self._in_or_behind_a_name(query, sources, last.text, answer)

    def _in_or_behind_a_name(self, query: _Query, sources: Sequence[Table], last: str, answer: str) -> str:
        """What follows a column's name, or its beginning, or the dot in front of it."""
        table = self._qualifier(query.pieces, last)
        if table is not None:
            sources, begun = [table], "" if last == "." else last
        else:
            begun = last
        is_whole = any(identifier(column.name) == last for one in sources for column in one.columns)
        if not is_whole and last.upper() not in _NO_NAMES and last != ")":
            return self._column(begun, sources, query.pieces[:-1], is_bare=table is not None)[len(begun) :]
        if query.clause == "SELECT" and (is_whole or last == ")"):
            return f" WHERE {condition}" if (condition := self._value_condition(sources, answer)) else ""
        if query.clause == "WHERE" and is_whole:
            texts = (string_literal(value.text) for value in self._values if identifier(value.column) == last)
            return f" = {text}" if (text := next(texts, "")) else ""
        return ""

    def _qualifier(self, pieces: Sequence[str], last: str) -> Table | None:
        """The table whose name and dot stand in front of what is written last."""
        place = -2 if last == "." else -3
        if len(pieces) < -place or (last != "." and pieces[-2] != "."):
            return None
        return self._schema.table(unquoted(pieces[place]))

    def _value_condition(self, sources: Sequence[Table], answer: str) -> str:
        """A condition by a value that the question names and the answer does not."""
        for value in self._values:
            literal = string_literal(value.text)
            if literal not in answer and any(one.name == value.table for one in sources):
                return f"{_written(value.column, value.table, sources)} = {literal}"
        return ""

    def _number(self, begun: str) -> str:
        """The rest of the question's first number that begins like this."""
        numbers = (number for number in _NUMBER.findall(self._question) if number.startswith(begun) and number != begun)
        return next(numbers, begun)[len(begun) :]

    def _table(self, begun: str, taken: Sequence[str]) -> str:
        """The table that the question is most about, of those that begin like this and are not `taken`."""
        names = (name for name in self._tables if name.startswith(begun) and name not in taken)
        return next(names, "")

    @cached_property
    def _tables(self) -> list[str]:
        scores = words_of_schema(self._schema).scores(self._asked, self._values)
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        return [identifier(self._schema.tables[place].name) for place in order]

    def _column(self, begun: str, sources: Sequence[Table], taken: Sequence[str], *, is_bare: bool = False) -> str:
        """The column that the question is most about, as it is written in a query of `sources`; without `begun` only
        one that it seems to be about at all."""
        best, most = "", -1.0 if begun else 0.0
        for table in sources:
            for column in table.columns:
                name = identifier(column.name) if is_bare else _written(column.name, table.name, sources)
                if name.startswith(begun) and name not in taken and (score := self._about(column.name)) > most:
                    best, most = name, score
        return best

    def _about(self, name: str) -> float:
        """How much the question seems to be about a name, from 0 to 1."""
        words = words_in(name)
        found = [max((likeness(asked, word) for asked in self._words), default=0.0) for word in words]
        return sum(found) / max(1, len(words))

    @cached_property
    def _words(self) -> list[str]:
        return words_in(self._asked)

    @property
    def _asked(self) -> str:
        """The question without the lines under it."""
        return self._question.partition("\n")[0]


def _read(pieces: Sequence[SqlToken]) -> tuple[_Query, _Query]:
    """The innermost query that is being written, and the one whose tables its columns are of."""
    open_queries = [_Query()]
    for piece in pieces:
        query, word = open_queries[-1], piece.text.upper()
        if word == "(":
            query.pieces.append(word)
            open_queries.append(_Query(clause=query.clause))
        elif word == ")" and len(open_queries) > 1:
            open_queries.pop()
            open_queries[-1].pieces.append(word)
        elif word in _SET_OPERATORS:
            open_queries[-1] = _Query()
        elif word in _CLAUSES:
            query.clause, query.pieces = word, []
        else:
            if query.clause in ("FROM", "JOIN") and not query.pieces:
                query.tables.append(piece.text)
            query.pieces.append(piece.text)
    scope = next((query for query in reversed(open_queries) if query.tables), open_queries[-1])
    return open_queries[-1], scope


def _written(column: str, table: str, sources: Sequence[Table]) -> str:
    """A column as the answers name it: with its table where there are several."""
    return identifier(column) if len(sources) == 1 else f"{identifier(table)}.{identifier(column)}"
