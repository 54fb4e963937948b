"""Makes the sentence for a whole query out of the words for its parts; inner queries are told on the way."""

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from nl2sql_tui.language.reading import ColumnOrigin, Reading
from nl2sql_tui.language.reading.expressions import ExpressionWords, Use, counts_rows, is_aggregate, joined
from nl2sql_tui.language.reading.ordering import limit_words, order_words
from nl2sql_tui.language.reading.scope import (
    Scope,
    add_named,
    is_star,
    item_outputs,
    outputs_of,
    scope_of,
    tables_of,
    with_queries,
)
from nl2sql_tui.language.reading.sources import form_of_sources, joined_sources, links_of, name_of
from nl2sql_tui.language.syntax import conjuncts, text_of
from nl2sql_tui.schema import Schema

_KNOWN_PARTS: Final = frozenset(
    "expressions from_ joins where group having order limit offset distinct with_ kind".split()
)
_SET_OPERATIONS: Final[dict[type[exp.Expr], str]] = {
    exp.Intersect: "lists what {all} of these give",
    exp.Except: "lists what the first of these gives and the {others} not",
}


class Teller:
    """Tells one statement."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._filters: dict[str, None] = {}

    def reading(self, tree: exp.Query) -> Reading:
        """The reading of `tree`."""
        outermost = Scope(self._schema)
        text = self.sentence(tree, outermost)
        return Reading(
            text=f"{text[:1].upper()}{text[1:]}.",
            tables=tuple(tables_of(tree, self._schema)),
            filters=tuple(self._filters),
            columns=self._origins(tree, outermost),
        )

    def _origins(self, tree: exp.Expr, around: Scope) -> tuple[ColumnOrigin, ...]:
        outputs = outputs_of(tree, around)
        named = dict(around.named)
        while isinstance(tree, exp.SetOperation | exp.Subquery):
            add_named(tree, around, named)
            around = Scope(self._schema, named=named)
            tree = tree.this
        if outputs is None or not isinstance(tree, exp.Select):
            return ()
        scope = scope_of(tree, around)
        words = self.words_for(scope)
        told: list[str] = []
        for item in tree.expressions:
            is_several = is_star(item)
            told += [one.name for one in item_outputs(item, scope) or ()] if is_several else [words.value(item)]
        return tuple(
            ColumnOrigin(output.name, what, output.sources) for output, what in zip(outputs, told, strict=True)
        )

    # Whole queries

    def sentence(self, query: exp.Expr, around: Scope) -> str:
        """What `query` does, from its verb on: "lists name of the rows of singer"."""
        if isinstance(query, exp.Subquery):
            return self.sentence(query.this, around)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, around)
        if not isinstance(query, exp.Select):
            return f"gives {text_of(query)}"
        select = _SelectWords(self, query, scope_of(query, around))
        return select.sentence() + self._named(query, select.scope)

    def _named(self, query: exp.Query, scope: Scope) -> str:
        """What the queries are that WITH names, to stand behind a sentence."""
        told = ""
        for cte in with_queries(query):
            inner = self.sentence(cte.this, Scope(self._schema, named=scope.named))
            told += f"; here {cte.alias} {inner}"
        return told

    def _set_operation(self, query: exp.SetOperation, around: Scope) -> str:
        named = dict(around.named)
        scope = Scope(self._schema, around.select, around.sources, around.around, named)
        add_named(query, scope, named)
        kind, distinct = type(query), bool(query.args.get("distinct"))
        parts: list[exp.Expr] = [query.expression]
        left = query.this
        while type(left) is kind and bool(left.args.get("distinct")) == distinct and not _has_tail(left):
            parts.append(left.expression)
            left = left.this
        parts.append(left)
        told = [f"({place}) {self.sentence(part, scope)}" for place, part in enumerate(reversed(parts), start=1)]
        count = len(parts)
        verb = _SET_OPERATIONS.get(
            kind, f"lists what these give together, {'each once' if distinct else 'repeats kept'}"
        )
        verb = verb.format(all="both" if count == 2 else "all", others="second does" if count == 2 else "others do")
        first = _first_select(query)
        words = self.words_for(scope_of(first, scope) if first is not None else scope)
        tail = [part for part in (order_words(query, words), limit_words(query, words)) if part]
        ending = f"; of all these, {', '.join(tail)}" if tail else ""
        return f"{verb}: {'; '.join(told)}{ending}{self._named(query, scope)}"

    def _inner(self, query: exp.Query, around: Scope, use: Use) -> str:
        """A query within another, as a noun: "the largest age over the rows of singer"."""
        if not isinstance(query, exp.Select):
            return f"({self.sentence(query, around)})"
        select = _SelectWords(self, query, scope_of(query, around))
        noun = select.noun(use) + self._named(query, select.scope)
        runs_on = use != "rows" and any(mark in noun for mark in ("; ", ", ", " whose ", " where "))
        return f"({noun})" if runs_on or _is_item(query) else noun

    def note_filters(self, conditions: Sequence[str]) -> None:
        """Keep the conditions of a query for the list of all."""
        self._filters.update(dict.fromkeys(conditions))

    def words_for(self, scope: Scope) -> ExpressionWords:
        """The words for the expressions of one SELECT."""
        return ExpressionWords(scope, self._inner)


class _SelectWords:
    """Tells one SELECT."""

    def __init__(self, teller: Teller, select: exp.Select, scope: Scope) -> None:
        self.scope = scope
        self._teller = teller
        self._select = select
        self._words = teller.words_for(scope)
        self._items = list(select.expressions)
        group = select.args.get("group")
        self._keys = [self._named_item(key) for key in group.expressions] if group is not None else []
        self._is_outermost = select.parent is None

    def sentence(self) -> str:
        rows, filters = self._rows("the rows", "each with")
        return self._with_tail(self._verb_and_object(rows + filters))

    def noun(self, use: Use) -> str:
        """The same without its verb, for what stands around it."""
        if use == "rows":
            rows, filters = self._rows("rows", "each with")
            return self._with_tail(rows + filters)
        sums_up = bool(self._keys) or any(is_aggregate(item) for item in self._items)
        picks_one = use == "value" and not sums_up and not self._select.args.get("limit")
        rows, filters = self._rows("the first row", "with") if picks_one else self._rows("the rows", "each with")
        told = self._verb_and_object(rows + filters).removeprefix("lists ").removeprefix("gives ")
        if told.startswith("counts the rows"):
            told = f"the number of{told.removeprefix('counts')}"
        elif told.startswith("counts "):
            told = f"the number of {told.removeprefix('counts the ')}"
        return self._with_tail(told if told.startswith(("the ", "each ", "all ")) else f"the {told}")

    # Which rows

    def _rows(self, lead: str, each: str) -> tuple[str, str]:
        """(which sources, which of their rows), each empty where there is nothing to say."""
        if not self.scope.sources:
            where = self._select.args.get("where")
            return "", self._filter_words(conjuncts(where.this), "where") if where is not None else ""
        found = links_of(self._select, self.scope)
        if found is None:
            where = self._select.args.get("where")
            left = conjuncts(where.this) if where is not None else []
            return f"{lead} of {form_of_sources(self._select)}", self._filter_words(left, "where")
        links, left = found
        whose = not links and all(self._words.begins_with_column(part) for part in left)
        filters = self._filter_words(left, "whose" if whose else "where")
        root, others = joined_sources(self.scope, links, self._words)
        told = f"{lead} of {name_of(root)}{self._subquery(root.node)}"
        if links:
            told += f"{', ' if each.startswith('each') else ' '}{each} {others}"
            told += "".join(self._subquery(link.source.node) for link in links)
            filters = f",{filters}" if filters else ""
        return told, filters

    def _subquery(self, node: exp.Expr) -> str:
        """What a query in brackets does, behind its first mention."""
        if not isinstance(node, exp.Subquery):
            return ""
        return f" ({'which ' if not node.alias else f'{node.alias} '}{self._teller.sentence(node, self._outside())})"

    def _outside(self) -> Scope:
        return Scope(self.scope.schema, named=self.scope.named)

    def _filter_words(self, conditions: list[exp.Expr], word: str) -> str:
        if not conditions:
            return ""
        told = [self._words.condition(part) for part in conditions]
        self._teller.note_filters(told)
        if len(told) > 1:
            told = [self._words.part(part) for part in conditions]
        return f" {word} {' and '.join(told)}"

    # What of them

    def _verb_and_object(self, rows: str) -> str:
        distinct = self._select.args.get("distinct") is not None
        items = [self._words.value(item) for item in self._items]
        if not rows:
            return f"gives {joined(items)}{', each once' if distinct else ''}"
        if self._keys:
            told = self._grouped(items, rows)
            return f"{told}, each once" if distinct else told
        if any(is_aggregate(item) for item in self._items):
            return self._summed_up(items, rows)
        if distinct:
            what = "values" if len(items) == 1 and not is_star(self._items[0]) else "combinations"
            return f"lists the different {what} of {joined(items)} in {rows}"
        return f"lists {joined(items)} of {rows}"

    def _summed_up(self, items: list[str], rows: str) -> str:
        """For a select list with aggregates."""
        if len(items) == 1:
            only = self._items[0].unalias()
            if counts_rows(only):
                return f"counts {rows}"
            if isinstance(only, exp.Count):
                return f"counts the {items[0].removeprefix('the number of ')} in {rows}"
        return f"gives {joined(items)} over {rows}"

    def _grouped(self, items: list[str], rows: str) -> str:
        """For a query with GROUP BY."""
        keys = [self._words.value(key) for key in self._keys]
        told_keys = keys[0].removeprefix("the ") if len(keys) == 1 else f"combination of {joined(keys)}"
        if not any(is_aggregate(item) for item in self._items):
            if items == keys:
                return f"lists each {told_keys} among {rows}"
            return f"lists {joined(items)} of {rows}, once for each {told_keys}"
        others = [(item, words) for item, words in zip(self._items, items, strict=True) if words not in keys]
        self_items, self._items = self._items, [item for item, _ in others]
        told = f"{self._summed_up([words for _, words in others], rows)}, for each {told_keys}"
        self._items = self_items
        hidden = [key for key in keys if key not in items]
        if hidden and self._is_outermost:
            told += f" ({joined(hidden)} {'itself is' if len(hidden) == 1 else 'themselves are'} not shown)"
        return told

    def _named_item(self, key: exp.Expr) -> exp.Expr:
        """The item of the select list that a number or a name in GROUP BY stands for."""
        if isinstance(key, exp.Literal) and not key.is_string and key.name.isdigit():
            place = int(key.name)
            return self._items[place - 1].unalias() if 0 < place <= len(self._items) else key
        if isinstance(key, exp.Column) and self.scope.resolve(key) is None:
            return self.scope.aliased(key) or key
        return key

    # What comes behind

    def _with_tail(self, told: str) -> str:
        having = self._select.args.get("having")
        if having is not None:
            conditions = [self._words.condition(part) for part in conjuncts(having.this)]
            self._teller.note_filters(conditions)
            told += f", only where {' and '.join(conditions)}"
        parts = [told, order_words(self._select, self._words), limit_words(self._select, self._words)]
        others = [
            text_of(value) if isinstance(value, exp.Expr) else key.rstrip("_")
            for key, value in self._select.args.items()
            if value and key not in _KNOWN_PARTS
        ]
        return "; ".join([part for part in parts if part] + [f"also: {part}" for part in others])


def _is_item(query: exp.Query) -> bool:
    """Whether `query`, in its brackets, is by itself an item of a select list."""
    item: exp.Expr | None = query.find_ancestor(exp.Subquery)
    while item is not None and isinstance(item.parent, exp.Subquery | exp.Paren | exp.Alias):
        item = item.parent
    return item is not None and isinstance(item.parent, exp.Select) and item.arg_key == "expressions"


def _has_tail(query: exp.Expr) -> bool:
    return any(query.args.get(key) for key in ("order", "limit", "offset", "with_"))


def _first_select(query: exp.Expr) -> exp.Select | None:
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    return query if isinstance(query, exp.Select) else None
