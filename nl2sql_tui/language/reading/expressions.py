"""Puts values and conditions of a query into words; queries within them are told by whoever tells queries."""

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal

from sqlglot import exp

from nl2sql_tui.language.reading.scope import Resolved, Scope, is_star
from nl2sql_tui.language.syntax import conjuncts, text_of

Use = Literal["value", "list", "rows"]
"""What an inner query is used for: its first value, all its values, or whether it has rows."""
TellQuery = Callable[[exp.Query, Scope, Use], str]

_COMPARISONS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "is",
    exp.NEQ: "is not",
    exp.LT: "is less than",
    exp.LTE: "is at most",
    exp.GT: "is more than",
    exp.GTE: "is at least",
    exp.NullSafeEQ: "is",
    exp.NullSafeNEQ: "is not",
}
_ON_DATES: Final[dict[type[exp.Expr], str]] = {
    exp.LT: "is before",
    exp.LTE: "is on or before",
    exp.GT: "is after",
    exp.GTE: "is on or after",
}
_OPPOSITES: Final[dict[type[exp.Expr], type[exp.Expr]]] = {exp.EQ: exp.NEQ, exp.NEQ: exp.EQ}
_ARITHMETIC: Final[dict[type[exp.Expr], str]] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.DPipe: "||",
}
_OF_ONE: Final[dict[type[exp.Expr], str]] = {
    exp.Upper: "in upper case",
    exp.Lower: "in lower case",
    exp.Trim: "without spaces around it",
}
_TIME_PARTS: Final = {
    "%Y": "the year",
    "%m": "the month",
    "%d": "the day of the month",
    "%H": "the hour",
    "%M": "the minute",
    "%w": "the weekday",
    "%j": "the day of the year",
    "%W": "the week",
    "%Y-%m": "the year and month",
}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_IN_WORDS: Final[dict[type[exp.Expr], str]] = {
    exp.Sum: "the sum of",
    exp.Avg: "the average of",
    exp.Min: "the smallest",
    exp.Max: "the largest",
}
_OWN_AGGREGATES: Final = {"total": "the sum of"}
"""Aggregates of SQLite that the parser takes for functions like any other."""


def joined(parts: Sequence[str], word: str = "and") -> str:
    """The parts in a row: "a, b and c"."""
    return f" {word} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether `node` sums up many rows in one value, inner queries and windows left aside."""
    if isinstance(node, exp.Query | exp.Window):
        return False
    if isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name.lower() in _OWN_AGGREGATES):
        return True
    return any(is_aggregate(child) for child in node.iter_expressions())


def counts_rows(node: exp.Expr) -> bool:
    """`COUNT(*)`, or a count of a constant, which is the same."""
    if not isinstance(node, exp.Count) or node.expressions:
        return False
    counted = node.this
    return isinstance(counted, exp.Star | exp.Literal)


class ExpressionWords:
    """Words for the expressions of one SELECT."""

    def __init__(self, scope: Scope, tell_query: TellQuery) -> None:
        self.scope = scope
        self._tell_query = tell_query

    # Values

    def value(self, node: exp.Expr) -> str:
        """A value: "the average of age", "price * 2", "'Prague'"."""
        if isinstance(node, exp.Star):
            return "all columns"
        if isinstance(node, exp.Column):
            return f"all columns of {self._shown_source(node.table)}" if is_star(node) else self._column(node)
        if isinstance(node, exp.Alias):
            return self.value(node.this)
        if isinstance(node, exp.Paren):
            inner = node.unnest()
            plain = isinstance(inner, exp.Column | exp.Literal | exp.Query | exp.Subquery | exp.Func)
            return self.value(inner) if plain else f"({self.value(inner)})"
        if isinstance(node, exp.Query):
            inner = node.unnest()
            return self._tell_query(inner if isinstance(inner, exp.Query) else node, self.scope, "value")
        test = self._test(node)
        return f"whether {test}" if test else self._function(node) or self._other_value(node)

    def _other_value(self, node: exp.Expr) -> str:
        symbol = _ARITHMETIC.get(type(node))
        if symbol:
            return f"{self._operand(node.this)} {symbol} {self._operand(node.expression)}"
        if isinstance(node, exp.Neg):
            return f"-{self.value(node.this)}"
        if isinstance(node, exp.Case):
            return self._case(node)
        if isinstance(node, exp.Cast) and _has_only(node, "this", "to", "_type"):
            return f"{self.value(node.this)} as {text_of(node.to)}"
        if isinstance(node, exp.Literal | exp.Null | exp.Boolean | exp.HexString):
            return text_of(node)
        if isinstance(node, exp.CurrentDate | exp.CurrentTime | exp.CurrentTimestamp):
            return {exp.CurrentDate: "today", exp.CurrentTime: "the time now"}.get(type(node), "now")
        if isinstance(node, exp.Distinct):
            return joined([self.value(item) for item in node.expressions])
        return text_of(node)

    def _operand(self, node: exp.Expr) -> str:
        words = self.value(node)
        is_short = " " not in words or type(node) in _ARITHMETIC or words.startswith("(")
        return words if is_short else f"({words})"

    def _column(self, column: exp.Column) -> str:
        resolved = self.scope.resolve(column)
        if resolved is not None:
            return self._resolved(resolved)
        alias = self.scope.aliased(column)
        if alias is not None:
            return self.value(alias)
        return text_of(exp.Literal.string(column.name)) if self.scope.is_text(column) else _name_as_written(column)

    def _resolved(self, resolved: Resolved) -> str:
        scope = self.scope
        for _ in range(resolved.levels_out):
            scope = scope.around or scope
        name = resolved.name if len(scope.sources) == 1 else f"{resolved.source.shown}.{resolved.name}"
        return f"the {'outer ' * resolved.levels_out}row's {name}" if resolved.levels_out else name

    def _shown_source(self, name: str) -> str:
        return next((one.shown for one in self.scope.sources if one.name.casefold() == name.casefold()), name)

    def _function(self, node: exp.Expr) -> str:
        """Words for the functions and aggregates that have some; empty for all others."""
        kind = type(node)
        if isinstance(node, exp.Count) and not node.expressions:
            return self._count(node)
        if kind in _IN_WORDS and _has_only(node, "this"):
            if isinstance(node.this, exp.Distinct):
                return f"{_IN_WORDS[kind]} the different values of {self.value(node.this)}"
            return f"{_IN_WORDS[kind]} {self.value(node.this)}"
        if isinstance(node, exp.Anonymous) and node.name.lower() in _OWN_AGGREGATES and len(node.expressions) == 1:
            return f"{_OWN_AGGREGATES[node.name.lower()]} {self.value(node.expressions[0])}"
        if isinstance(node, exp.TimeToStr):
            return self._time_part(node)
        if isinstance(node, exp.Length) and _has_only(node, "this"):
            return f"the length of {self.value(node.this)}"
        if isinstance(node, exp.Abs):
            return f"the size of {self.value(node.this)} without its sign"
        if kind in _OF_ONE and _has_only(node, "this"):
            return f"{self.value(node.this)} {_OF_ONE[kind]}"
        if isinstance(node, exp.Round) and _has_only(node, "this", "decimals"):
            places = node.args.get("decimals")
            return f"{self.value(node.this)} rounded" + (f" to {self.value(places)} decimals" if places else "")
        if isinstance(node, exp.Coalesce) and _has_only(node, "this", "expressions"):
            others = [f"{self.value(item)} where that is missing" for item in node.expressions]
            return f"({', or '.join([self.value(node.this), *others])})"
        if isinstance(node, exp.Substring):
            return self._first_letters(node)
        if isinstance(node, exp.If):
            return self._branches([node], node.args.get("false"))
        return ""

    def _count(self, node: exp.Count) -> str:
        if counts_rows(node):
            return "the number of rows"
        if isinstance(node.this, exp.Distinct):
            return f"the number of different values of {self.value(node.this)}"
        return f"the number of {self.value(node.this)} values"

    def _time_part(self, node: exp.TimeToStr) -> str:
        form = node.args.get("format")
        words = _TIME_PARTS.get(form.name if isinstance(form, exp.Literal) else "")
        inner = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp) else None
        return f"{words} of {self.value(inner)}" if words and inner is not None else ""

    def _first_letters(self, node: exp.Substring) -> str:
        start, length = node.args.get("start"), node.args.get("length")
        if not (isinstance(start, exp.Literal) and start.name == "1" and isinstance(length, exp.Literal)):
            return ""
        letters = "first letter" if length.name == "1" else f"first {length.name} letters"
        return f"the {letters} of {self.value(node.this)}"

    def _case(self, node: exp.Case) -> str:
        return self._branches(node.args.get("ifs") or [], node.args.get("default"), node.this)

    def _branches(self, branches: Sequence[exp.Expr], default: exp.Expr | None, subject: exp.Expr | None = None) -> str:
        parts = []
        for branch in branches:
            test = f"{self.value(subject)} is {self.value(branch.this)}" if subject else self.condition(branch.this)
            parts.append(f"{self.value(branch.args['true'])} if {test}")
        otherwise = self.value(default) if default is not None else "nothing"
        return f"({', '.join(parts)}, otherwise {otherwise})"

    # Conditions

    def condition(self, node: exp.Expr) -> str:
        """A condition: "age is more than 30 and city is 'Prague'"."""
        node = node.unnest() if isinstance(node, exp.Paren) else node
        return self._test(node) or f"{self.value(node)} is true"

    def _test(self, node: exp.Expr) -> str:
        """Words for what is true or false by its form; empty for any other value."""
        for kind, word in ((exp.And, "and"), (exp.Or, "or")):
            if isinstance(node, kind):
                return f" {word} ".join(self.part(part) for part in conjuncts(node, kind))
        if isinstance(node, exp.Not):
            return self._negated(node.this)
        return self._positive(node, "")

    def part(self, node: exp.Expr) -> str:
        """A condition that stands beside others: in brackets where it would run into them."""
        words = self.condition(node)
        inner = node.this.unnest() if isinstance(node, exp.Not) else node
        return f"({words})" if isinstance(inner, exp.Connector | exp.Exists) else words

    def _negated(self, node: exp.Expr) -> str:
        node = node.unnest() if isinstance(node, exp.Paren) else node
        if isinstance(node, exp.Not):
            return self.condition(node.this)
        opposite = _OPPOSITES.get(type(node))
        if opposite is not None:
            return self.condition(opposite(this=node.this.copy(), expression=node.expression.copy()))
        if isinstance(node, exp.In | exp.Between | exp.Is | exp.Like | exp.Exists | exp.Glob):
            return self._positive(node, "not ") or f"not ({text_of(node)})"
        return f"it is not so that {self.part(node)}"

    def _positive(self, node: exp.Expr, negation: str) -> str:
        """Words for one comparison, or for its opposite if `negation` is "not "; empty for what is none."""
        if type(node) in _COMPARISONS and not negation:
            return self._comparison(node)
        if isinstance(node, exp.Between):
            low, high = self.value(node.args["low"]), self.value(node.args["high"])
            return f"{self.value(node.this)} is {negation}between {low} and {high}"
        if isinstance(node, exp.Is):
            return self._is(node, negation)
        if isinstance(node, exp.In):
            return self._in(node, negation)
        if isinstance(node, exp.Like) and _has_only(node, "this", "expression", "negate"):
            negated = bool(negation) != bool(node.args.get("negate"))
            return self._like(node, negated)
        if isinstance(node, exp.Glob):
            return f"{self.value(node.this)} {_do(bool(negation), 'match')} the pattern {self.value(node.expression)}"
        if isinstance(node, exp.Exists) and isinstance(node.this, exp.Query):
            return f"there are {'no ' if negation else ''}{self._tell_query(node.this, self.scope, 'rows')}"
        return ""

    def _comparison(self, node: exp.Expr) -> str:
        left, right = node.this, node.expression
        if isinstance(node, exp.EQ | exp.NEQ | exp.LT | exp.GT | exp.LTE | exp.GTE):
            for side, other in ((left, right), (right, left)):
                if isinstance(other, exp.Null):
                    return f"{self.value(side)} is compared with NULL, which is never true"
        words = _COMPARISONS[type(node)]
        if isinstance(right, exp.Literal) and right.is_string and _DATE.match(right.name):
            words = _ON_DATES.get(type(node), words)
        return f"{self.value(left)} {words} {self.value(right)}"

    def _is(self, node: exp.Is, negation: str) -> str:
        if isinstance(node.expression, exp.Null):
            return f"{self.value(node.this)} is {negation}missing"
        return f"{self.value(node.this)} is {negation}{self.value(node.expression)}"

    def _in(self, node: exp.In, negation: str) -> str:
        subject = self.value(node.this)
        query = node.args.get("query")
        if query is not None:
            return f"{subject} is {negation}among {self._tell_query(query.unnest(), self.scope, 'list')}"
        if node.expressions:
            items = [self.value(item) for item in node.expressions]
            if len(items) == 1:
                return f"{subject} is {negation}{items[0]}"
            return f"{subject} is {'none' if negation else 'one'} of {joined(items)}"
        return f"not ({text_of(node)})" if negation else text_of(node)

    def _like(self, node: exp.Like, negated: bool) -> str:
        subject, pattern = self.value(node.this), node.expression
        text = pattern.name if isinstance(pattern, exp.Literal) and pattern.is_string else None
        bare = text.strip("%") if text is not None else ""
        if text is None or not bare or "%" in bare or "_" in bare:
            return f"{subject} {_do(negated, 'match')} the pattern {self.value(pattern)}"
        literal = text_of(exp.Literal.string(bare))
        if text.startswith("%") and text.endswith("%"):
            return f"{subject} {_do(negated, 'contain')} {literal}"
        if text.endswith("%"):
            return f"{subject} {_do(negated, 'begin')} with {literal}"
        if text.startswith("%"):
            return f"{subject} {_do(negated, 'end')} with {literal}"
        return f"{subject} is {'not ' if negated else ''}{literal} in upper or lower case"

    def begins_with_column(self, node: exp.Expr) -> bool:
        """Whether each comparison in `node` is about a column of the query's own, so that "whose" can stand before."""
        node = node.unnest() if isinstance(node, exp.Paren) else node
        if isinstance(node, exp.Connector):
            return all(self.begins_with_column(part) for part in conjuncts(node, type(node)))
        if isinstance(node, exp.Not):
            opposite = isinstance(node.this.unnest(), exp.In | exp.Between | exp.Is | exp.Like | exp.EQ | exp.NEQ)
            return opposite and self.begins_with_column(node.this)
        subject = node.this if isinstance(node, exp.Predicate | exp.Is | exp.Binary) else None
        if not isinstance(subject, exp.Column):
            return False
        resolved = self.scope.resolve(subject)
        return resolved is not None and resolved.levels_out == 0


def _do(negated: bool, verb: str) -> str:
    if negated:
        return f"does not {verb}"
    return f"{verb}es" if verb.endswith("ch") else f"{verb}s"


def _name_as_written(column: exp.Column) -> str:
    return f"{column.table}.{column.name}" if column.table else column.name


def _has_only(node: exp.Expr, *names: str) -> bool:
    """Whether nothing but these arguments is given, so that the words leave nothing out."""
    return not any(value for key, value in node.args.items() if key not in names)
