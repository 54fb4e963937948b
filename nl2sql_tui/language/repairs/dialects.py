"""Says in SQLite's words what a model wrote in those of another database: YEAR(day), TOP 5, ILIKE, day - INTERVAL …

sqlglot reads the other dialect and knows most of it; what it has no words for in SQLite is put into such here.
"""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql_tui.language.syntax import parsed, text_of
from nl2sql_tui.quoting import SqlToken, tokens
from nl2sql_tui.text import shortened

_DIALECTS: Final = {"postgres": "PostgreSQL", "mysql": "MySQL", "tsql": "SQL Server"}
"""In the order in which they are tried, and as a person calls them."""
_TEXTS_IN_DOUBLE_QUOTES: Final = frozenset(("mysql",))
"""There a quoted name would be read as a text."""
_PARTS: Final[dict[type[exp.Expr], str]] = {
    exp.Year: "%Y",
    exp.Month: "%m",
    exp.Day: "%d",
    exp.DayOfMonth: "%d",
    exp.Hour: "%H",
    exp.Minute: "%M",
}
_PARTS_BY_NAME: Final = {"YEAR": "%Y", "MONTH": "%m", "DAY": "%d", "HOUR": "%H", "MINUTE": "%M", "DOW": "%w"}
_BEGINNINGS: Final = {"YEAR": "%Y-01-01", "MONTH": "%Y-%m-01", "DAY": "%Y-%m-%d"}
_UNITS: Final = frozenset("DAY MONTH YEAR HOUR MINUTE SECOND".split())
_EXTREMES: Final[dict[tuple[type[exp.Expr], type[exp.Expr]], type[exp.AggFunc]]] = {
    (exp.GT, exp.All): exp.Max,
    (exp.GTE, exp.All): exp.Max,
    (exp.LT, exp.All): exp.Min,
    (exp.LTE, exp.All): exp.Min,
    (exp.GT, exp.Any): exp.Min,
    (exp.GTE, exp.Any): exp.Min,
    (exp.LT, exp.Any): exp.Max,
    (exp.LTE, exp.Any): exp.Max,
}
_LONGEST_TOLD: Final = 200
_MYSQL: Final = re.compile(
    r"\b(YEAR|MONTH|DAY|DATE_ADD|DATE_SUB|CURDATE|NOW|IF|IFNULL|DATE_FORMAT)\s*\(|\bINTERVAL\s+\d", re.IGNORECASE
)
"""What MySQL has and PostgreSQL has not, or not so."""
_LOSSES: Final = re.compile(r"\bDATE\([^()]*'[^']*(hour|minute|second)|AS BLOB\)", re.IGNORECASE)
"""A day has no hours to add, and bytes equal no text."""
_FORMATS_OF_OTHERS: Final = re.compile(r"%[^dfHjJmMsSwWY%]")


def translations(sql: str) -> Iterator[tuple[str, str]]:
    """`sql` in SQLite's words, read as each of the other dialects that can read it, and the line that tells so.

    What would lose a text or a number on the way is left out; so is what comes back as it was.
    """
    for dialect, called in sorted(_DIALECTS.items(), key=lambda one: one[0] != "mysql" or not _MYSQL.search(sql)):
        if dialect in _TEXTS_IN_DOUBLE_QUOTES and '"' in sql:
            continue
        tree = parsed(sql, dialect)
        if tree is None:
            continue
        try:
            text = text_of(_with_nulls_as_said(tree.transform(_in_words_of_sqlite), sql))
        except (SqlglotError, RecursionError, ValueError):
            continue
        is_sound = _keeps_all_values(sql, text) and _names_no_more(sql, tree)
        if text != sql and is_sound and not _FORMATS_OF_OTHERS.search(_formats(text)) and not _LOSSES.search(text):
            yield text, f"{shortened(sql, _LONGEST_TOLD)} is {called}'s; said in SQLite's words"


def _with_nulls_as_said(tree: exp.Expr, sql: str) -> exp.Expr:
    """The tree with NULL where SQLite puts it, unless `sql` says where: the highest salary is no missing one."""
    if "nulls" not in sql.lower():
        for key in tree.find_all(exp.Ordered):
            key.set("nulls_first", not key.args.get("desc"))
    return tree


def _keeps_all_values(sql: str, text: str) -> bool:
    """Whether every number and text of `sql` stands in `text`; of an interval the number, and of units none has to."""
    values = [_value(piece) for piece in tokens(sql) if piece.kind in ("string", "number")]
    return all(value.split()[0] in text for value in values if value.strip() and value.upper() not in _UNITS)


def _names_no_more(sql: str, tree: exp.Query) -> bool:
    """Whether no result gets a name that `sql` does not give it with AS, as 2024_total would be 2024 called _total."""
    given = sum(piece.kind == "word" and piece.text.lower() == "as" for piece in tokens(sql))
    return len(list(tree.find_all(exp.Alias))) <= given


def _value(piece: SqlToken) -> str:
    return piece.text[1:-1].replace("''", "'") if piece.kind == "string" else piece.text


def _formats(text: str) -> str:
    """The texts of STRFTIME's first arguments, together."""
    return " ".join(re.findall(r"STRFTIME\('([^']*)'", text))


def _in_words_of_sqlite(node: exp.Expr) -> exp.Expr:
    """The node, or what SQLite has for it. Gets to see each node of a tree, the outer ones first."""
    if type(node) in _PARTS:
        return _part(_PARTS[type(node)], node.this)
    if isinstance(node, exp.Extract) and node.name.upper() in _PARTS_BY_NAME:
        return _part(_PARTS_BY_NAME[node.name.upper()], node.expression)
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and _unit(node) in _BEGINNINGS:
        return _strftime(_BEGINNINGS[_unit(node)], node.this)
    if isinstance(node, exp.DateAdd | exp.DateSub) and _unit(node) in _UNITS:
        return _moved(node.this, node.expression, _unit(node), backwards=isinstance(node, exp.DateSub))
    if isinstance(node, exp.Add | exp.Sub) and isinstance(node.expression, exp.Interval):
        interval = node.expression
        if _unit(interval) in _UNITS:
            return _moved(node.this, interval.this, _unit(interval), backwards=isinstance(node, exp.Sub))
    if isinstance(node, exp.Left):
        return exp.Substring(this=node.this, start=exp.Literal.number(1), length=node.expression)
    if isinstance(node, exp.Right):
        return exp.Substring(this=node.this, start=exp.Neg(this=node.expression))
    if isinstance(node, exp.EQ | exp.GT | exp.GTE | exp.LT | exp.LTE) and isinstance(
        node.expression, exp.All | exp.Any
    ):
        return _compared_with_rows(node)
    return node


def _part(form: str, moment: exp.Expr) -> exp.Expr:
    return exp.Cast(this=_strftime(form, moment), to=exp.DataType.build("INTEGER"))


def _strftime(form: str, moment: exp.Expr) -> exp.Expr:
    plain = moment.this if isinstance(moment, exp.TsOrDsToDate | exp.TsOrDsToTimestamp) else moment
    return exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string(form), plain])


def _unit(node: exp.Expr) -> str:
    """The unit's name in the singular, in capitals; empty where there is none."""
    unit = node.args.get("unit")
    name = unit.name.upper() if isinstance(unit, exp.Expr) else ""
    return name[:-1] if name.endswith("S") else name


def _moved(moment: exp.Expr, amount: exp.Expr, unit: str, *, backwards: bool) -> exp.Expr:
    """DATE(moment, '-30 days'), where the amount is a plain number; else what sqlglot makes of an unknown function."""
    negative = isinstance(amount, exp.Neg) != backwards
    number = amount.this if isinstance(amount, exp.Neg) else amount
    if not isinstance(number, exp.Literal):
        # Left as a function that SQLite does not have, so that the translation is not taken.
        return exp.Anonymous(this="DATE_ADD", expressions=[moment, amount])
    modifier = exp.Literal.string(f"{'-' if negative else '+'}{number.name} {unit.lower()}s")
    function = "DATE" if unit in ("DAY", "MONTH", "YEAR") else "DATETIME"
    return exp.Anonymous(this=function, expressions=[moment, modifier])


def _compared_with_rows(node: exp.Expr) -> exp.Expr:
    """x = ANY (rows) as x IN (rows), x > ALL (rows) as x > (the largest of them)."""
    rows = node.expression.this.unnest()
    if not isinstance(rows, exp.Select) or len(rows.expressions) != 1:
        return node
    if isinstance(node, exp.EQ):
        is_any = isinstance(node.expression, exp.Any)
        return exp.In(this=node.this, query=exp.Subquery(this=rows)) if is_any else node
    extreme = _EXTREMES.get((type(node), type(node.expression)))
    if extreme is None or rows.args.get("group") or rows.args.get("limit") or rows.find(exp.AggFunc):
        return node
    rows.set("expressions", [extreme(this=rows.expressions[0].unalias())])
    return type(node)(this=node.this, expression=exp.Subquery(this=rows))
