"""Writes pieces of llguidance's dialect of Lark: texts, choices of texts, conditions on a rule's parameter.

Names come from a database file and may hold anything: no text of one gets into a grammar but through `text`.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from nl2sql_tui.schema import CellValue

_ALWAYS: Final = "ge(_, 0)"


def text(exact: str) -> str:
    """A grammar's literal for `exact`, whatever characters it holds."""
    return json.dumps(exact)


def one_of(texts: Iterable[str]) -> str:
    """A choice between literals, for use in a terminal."""
    return " | ".join(text(choice) for choice in dict.fromkeys(texts))


def rule(name: str, alternatives: Sequence[str]) -> str:
    """The definition of a rule or terminal.

    An alternative that changes the parameter of a rule which it is a part of itself needs a text before that rule.
    """
    alone = alternatives[0] if len(alternatives) == 1 else ""
    if alone and name.endswith("::_") and "%if" not in alone:
        # When llguidance 1.9 shortens a grammar, it puts a rule's only alternative in the rule's place unless it has a
        # condition; a change of the parameter in it is then lost, or llguidance gives up.
        return f"{name} : {alone} %if {_ALWAYS}"
    return f"{name} : " + "\n  | ".join(alternatives)


def bits(*places: int) -> str:
    """The number in which these bits are set."""
    return hex(sum(1 << place for place in set(places)))


def all_of(*conditions: str) -> str:
    """A condition that holds where all of `conditions` do."""
    if not conditions:
        return _ALWAYS
    first, *others = conditions
    return f"and({first}, {all_of(*others)})" if others else first


def any_of(*conditions: str) -> str:
    """A condition that holds where one of `conditions` does; there has to be one at least."""
    first, *others = conditions
    return f"or({first}, {any_of(*others)})" if others else first


def string_terminals(values: Sequence[CellValue]) -> str:
    """The terminal STRING: any text in single quotes, but a text of `values` only as it is stored.

    The comparison of texts in SQLite minds their case: 'france' finds no 'France'.
    """
    stored = [value.text for value in values if value.text and value.text.isprintable()]
    any_text = r"/'([^'\x00-\x1f\x7f]|'')*'/"
    if not stored:
        return f"STRING : {any_text}"
    in_any_case = "|".join(dict.fromkeys(_pattern(value) for value in stored))
    as_stored = one_of("'" + value.replace("'", "''") + "'" for value in stored)
    return "\n".join(
        (
            f"STRING : (ANY_STRING & ~MISSPELT) | {as_stored}",
            f"ANY_STRING : {any_text}",
            f"MISSPELT : /(?i)'({in_any_case})'/",
        )
    )


def _pattern(value: str) -> str:
    """A regular expression for `value` as it stands in a string literal."""
    return "".join(c if c.isalnum() else rf"\x{{{ord(c):x}}}" for c in value.replace("'", "''"))
