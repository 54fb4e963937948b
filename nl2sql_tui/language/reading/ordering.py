"""Puts into words in which order a query gives its rows, and how many of them."""

from typing import Final

from sqlglot import exp

from nl2sql_tui.language.reading.expressions import ExpressionWords

_TEXT_TYPES: Final = ("CHAR", "CLOB", "TEXT")
_DATE_TYPES: Final = ("DATE", "TIME")


def order_words(query: exp.Query, words: ExpressionWords) -> str:
    """The order of the rows: "the most first, then by name from A to Z"; empty if there is none."""
    order = query.args.get("order")
    if order is None:
        return ""
    return ", then ".join(_key_words(key, words) for key in order.expressions)


def _key_words(key: exp.Expr, words: ExpressionWords) -> str:
    descends = bool(key.args.get("desc"))
    node = _meant(key.this, words)
    told = _direction(node, words, descends)
    # SQLite's own habit is to take missing values for the smallest.
    missing_first = bool(key.args.get("nulls_first"))
    if missing_first == descends:
        told += f", missing values {'first' if missing_first else 'last'}"
    return told


def _meant(node: exp.Expr, words: ExpressionWords) -> exp.Expr:
    """What a number or a name of the select list stands for in ORDER BY."""
    select = words.scope.select
    if select is not None and isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        place = int(node.name)
        if 0 < place <= len(select.expressions):
            item: exp.Expr = select.expressions[place - 1]
            return item.unalias()
    if isinstance(node, exp.Column):
        return words.scope.aliased(node) or node
    return node


def _direction(node: exp.Expr, words: ExpressionWords, descends: bool) -> str:
    if isinstance(node, exp.Count):
        counted = words.value(node).removeprefix("the number of ")
        of_what = "" if counted == "rows" else f" {counted}"
        return f"the {'most' if descends else 'fewest'}{of_what} first"
    resolved = words.scope.resolve(node) if isinstance(node, exp.Column) else None
    told = words.value(node)
    if resolved is not None and resolved.source.table is not None:
        column = resolved.source.table.column(resolved.name)
        declared = column.declared_type.upper() if column is not None else ""
        if any(kind in declared for kind in _TEXT_TYPES):
            return f"by {told} from {'Z to A' if descends else 'A to Z'}"
        if any(kind in declared for kind in _DATE_TYPES):
            return f"the {'latest' if descends else 'earliest'} {told} first"
        return f"the {'largest' if descends else 'smallest'} {told} first"
    return f"by {told}, {'largest' if descends else 'smallest'} first"


def limit_words(query: exp.Query, words: ExpressionWords) -> str:
    """How many of the rows: "the first 3"; empty if all."""
    limit, offset = query.args.get("limit"), query.args.get("offset")
    skipped = ""
    if offset is not None and words.value(offset.expression) != "0":
        skipped = f" after the first {words.value(offset.expression)}"
    count = words.value(limit.expression) if limit is not None else ""
    if not count or count.startswith("-"):
        return f"those{skipped}" if skipped else ""
    if count == "1":
        return f"only the next{skipped}" if skipped else "only the first"
    return f"the next {count}{skipped}" if skipped else f"the first {count}"
