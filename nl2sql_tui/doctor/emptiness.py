"""Finds which part of a statement leaves no row, and what value was probably meant."""

import re
from collections.abc import Iterator, Sequence

from sqlglot import exp

from nl2sql_tui.database.execute import Cell
from nl2sql_tui.doctor import Finding
from nl2sql_tui.doctor.nearest import nearest_text
from nl2sql_tui.doctor.probing import Prober, rows_before_grouping, with_conditions
from nl2sql_tui.doctor.statement import Statement
from nl2sql_tui.language.reading.expressions import joined
from nl2sql_tui.language.reading.scope import Source
from nl2sql_tui.language.syntax import conjuncts, text_of

_COMPARED = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EQ, exp.Between, exp.In, exp.Like)
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:[ T].*)?)?)?")
"""Texts that stand in the order of time."""


def why_empty(statement: Statement) -> list[Finding]:
    """The causes of an empty result, or of one row of zeros and missing values."""
    some_row = statement.some_row_meets(statement.conditions)
    if some_row is None:
        return []
    if some_row:
        return _after_filtering(statement)
    if statement.some_row_meets([]) is False:
        return _nothing_to_filter(statement)
    return _by_conditions(statement)


# Sources


def _nothing_to_filter(statement: Statement) -> list[Finding]:
    """For sources that have no row even before WHERE: an empty table, or a join without a match."""
    for source in statement.scope.sources:
        if statement.prober.has_rows(_alone(statement, source, [], exp.Literal.number(1))) is False:
            return [Finding(f"{source.shown} has no rows.")]
    joins = statement.select.args.get("joins") or []
    for count in range(1, len(joins) + 1):
        probe = rows_before_grouping(statement.select, statement.ties if count == len(joins) else [])
        probe.set("joins", [join.copy() for join in joins[:count]])
        if statement.prober.has_rows(probe) is False:
            return [Finding(_no_match(statement, joins[count - 1], statement.scope.sources[count]))]
    return []


def _no_match(statement: Statement, join: exp.Join, source: Source) -> str:
    on = join.args.get("on")
    ties = conjuncts(on) if on is not None else statement.ties
    told = " and ".join(statement.words.condition(part) for part in ties)
    return f"No row of {source.shown} matches what it is joined to" + (f": nowhere {told}." if told else ".")


def _alone(statement: Statement, source: Source, conditions: list[exp.Expr], *items: exp.Expr) -> exp.Select:
    """What one source has by itself, before anything is joined to it."""
    probe = exp.select(*items).from_(source.node.copy())
    probe.set("with_", statement.select.args.get("with_"))
    return with_conditions(probe, conditions)


# Conditions


def _by_conditions(statement: Statement) -> list[Finding]:
    """For conditions of which one, or several together, remove the last row."""
    alone = [(part, statement.some_row_meets([part])) for part in statement.conditions]
    failing = [part for part, holds in alone if holds is False]
    if failing:
        return _conditions_without_rows(statement, failing)
    if any(holds is None for _, holds in alone):
        return []
    return list(_conditions_at_odds(statement))


def _conditions_without_rows(statement: Statement, failing: list[exp.Expr]) -> list[Finding]:
    """For conditions that no joined row meets, each with what is stored instead or how many rows go without a match."""
    replaced: dict[int, exp.Expr] = {}
    texts: list[str] = []
    for part in failing:
        source = _source_about(statement, part)
        meeting = _count_meeting(statement, source, part) if source is not None else None
        told = f"this condition: {statement.words.condition(part)}"
        if source is not None and meeting:
            texts.append(_without_match(statement, source, meeting, told))
            continue
        # Where it is about several tables, or it took too long to look at one alone, only joined rows are known.
        is_joined = meeting is None and len(statement.scope.sources) > 1
        text = f"No {'joined row' if is_joined else 'row'} meets {told}."
        for place, literal, column in _compared_texts(part):
            changed, words = _mended(statement, replaced.get(id(part), part), place, literal, column)
            text += words
            if changed is not None:
                replaced[id(part)] = changed
        texts.append(text if id(part) in replaced else text + _range_words(statement, part, source))
    suggestion = None
    if replaced:
        conditions = [replaced.get(id(part), part) for part in statement.conditions]
        if statement.some_row_meets(conditions):
            suggestion = text_of(with_conditions(statement.select.copy(), [*statement.ties, *conditions]))
    findings = [Finding(text) for text in texts]
    first = next((place for place, part in enumerate(failing) if id(part) in replaced), 0)
    findings[first] = Finding(texts[first], suggestion)
    return findings


def _source_about(statement: Statement, condition: exp.Expr) -> Source | None:
    """The one of several sources that a condition is about; None if it is about more than one."""
    sources = statement.scope.sources
    columns = list(condition.find_all(exp.Column))
    own = [column for column in columns if column.find_ancestor(exp.Select) is statement.select]
    found = [statement.source_of(column) for column in own]
    source = found[0] if found and all(one is found[0] for one in found) else None
    others = {one.name.casefold() for one in sources if one is not source}
    # A query within the condition may be about a row of another source.
    return None if any(column.table.casefold() in others for column in columns) or not others else source


def _count_meeting(statement: Statement, source: Source, condition: exp.Expr) -> int | None:
    """How many rows of `source` meet a condition before anything is joined; None if that is not known."""
    row = statement.prober.row(_alone(statement, source, [condition], exp.Count(this=exp.Star())))
    return row[0] if row is not None and isinstance(row[0], int) else None


def _without_match(statement: Statement, source: Source, count: int, condition: str) -> str:
    """For rows that meet a condition, of which none is left by the joins."""
    others = [one.shown for one in statement.scope.sources if one is not source]
    joined_to = others[0] if len(others) == 1 else "the tables joined to it"
    if count == 1:
        return f"1 row of {source.shown} meets {condition}, but it has no match in {joined_to}."
    return f"{count:,} rows of {source.shown} meet {condition}, but none of them has a match in {joined_to}."


def _compared_texts(condition: exp.Expr) -> Iterator[tuple[int, exp.Literal, exp.Column]]:
    """(place, text, column) of each text that a column has to be, or be like; place counts the literals."""
    places = list(condition.find_all(exp.Literal))
    for place, literal in enumerate(places):
        parent = literal.parent
        column = parent.this if isinstance(parent, exp.EQ | exp.In | exp.Like) else None
        if literal is column and isinstance(parent, exp.EQ):
            column = parent.expression
        is_denied = literal.find_ancestor(exp.Not) is not None or (parent is not None and parent.args.get("negate"))
        is_whole = literal.is_string and not set(literal.name) & set("%_")
        if is_whole and isinstance(column, exp.Column) and not is_denied:
            yield place, literal, column


def _mended(
    statement: Statement, condition: exp.Expr, place: int, literal: exp.Literal, column: exp.Column
) -> tuple[exp.Expr | None, str]:
    """The condition with what was probably meant, and words for that; (None, "") if nothing near is stored."""
    resolved = statement.scope.resolve(column)
    if resolved is None or resolved.source.table is None:
        return None, ""
    table = resolved.source.table
    near = nearest_text(statement.prober, table.name, resolved.name, literal.name)
    changed = condition.copy()
    target = list(changed.find_all(exp.Literal))[place]
    if near is not None and near != literal.name:
        target.replace(exp.Literal.string(near))
        return changed, f" {resolved.name} has {text_of(exp.Literal.string(near))}."
    return None, ""


def _range_words(statement: Statement, condition: exp.Expr, source: Source | None) -> str:
    """The smallest and the largest of the numbers or dates that something is compared with.

    Of all rows of `source`, which the condition is about, or else of the joined rows.
    """
    compared = _compared_with_literals(condition)
    if compared is None:
        return ""
    ends = [exp.Min(this=compared.copy()), exp.Max(this=compared.copy())]
    if source is not None:
        probe = _alone(statement, source, [], *ends)
    else:
        probe = rows_before_grouping(statement.select, statement.ties, *ends)
    row = statement.prober.row(probe)
    if row is None or not all(_has_an_order(cell) for cell in row):
        return ""
    low, high = (_cell_words(cell) for cell in row)
    told = statement.words.value(compared)
    if not isinstance(compared, exp.Column):
        told = told[:1].upper() + told[1:]
    return f" {told} is always {low}." if low == high else f" {told} goes from {low} to {high}."


def _compared_with_literals(condition: exp.Expr) -> exp.Expr | None:
    """The column, or what a function makes of one ("the year of …"), that a condition compares with literals."""
    if not isinstance(condition, _COMPARED) or condition.find(exp.Select) is not None:
        return None
    sides = [side for side in condition.iter_expressions() if side.find(exp.Column) is not None]
    return sides[0] if len(sides) == 1 and isinstance(sides[0], exp.Column | exp.Func) else None


def _has_an_order(cell: Cell) -> bool:
    """Whether it is a number or a date: what lies between two other texts tells nobody anything."""
    return isinstance(cell, int | float) or (isinstance(cell, str) and _DATE.fullmatch(cell) is not None)


def _cell_words(cell: Cell) -> str:
    return text_of(exp.Literal.string(cell)) if isinstance(cell, str) else repr(cell)


def _conditions_at_odds(statement: Statement) -> Iterator[Finding]:
    """For conditions that each hold for some row, but never together."""
    conditions = statement.conditions
    for place, part in enumerate(conditions):
        others = conditions[:place] + conditions[place + 1 :]
        if len(conditions) > 1 and statement.some_row_meets(others):
            told = statement.words.condition(part)
            suggestion = text_of(with_conditions(statement.select.copy(), [*statement.ties, *others]))
            yield Finding(f"This condition removes the last row: {told}. Without it there are rows.", suggestion)
            return
    for count in range(2, len(conditions)):
        if statement.some_row_meets(conditions[:count]) is False:
            told = joined([statement.words.part(part) for part in conditions[:count]])
            yield Finding(f"No row meets these conditions together: {told}.")
            return


# What comes after filtering


def _after_filtering(statement: Statement) -> list[Finding]:
    """For rows that there are, but of which HAVING, LIMIT or missing values leave nothing."""
    having = statement.select.args.get("having")
    if having is not None:
        grouped = statement.select.copy()
        for part in ("order", "limit", "offset"):
            grouped.set(part, None)
        if statement.prober.has_rows(grouped) is False:
            told = " and ".join(statement.words.condition(part) for part in conjuncts(having.this))
            best = _largest_words(statement, having.this)
            return [Finding(f"No group meets this condition: {told}.{best}", text_of(statement.without("having")))]
    for part in ("offset", "limit"):
        if statement.select.args.get(part) is not None:
            less = statement.without(part)
            if statement.prober.has_rows(less) and not statement.prober.has_rows(statement.select):
                return [Finding(f"There are rows, but {part.upper()} leaves none of them.", text_of(less))]
    return _missing_values(statement)


def _largest_words(statement: Statement, condition: exp.Expr) -> str:
    """What the aggregate that a single condition of HAVING compares reaches at most or at least."""
    if not isinstance(condition, exp.GT | exp.GTE | exp.LT | exp.LTE | exp.EQ):
        return ""
    inner = statement.select.copy()
    for part in ("having", "order", "limit", "offset", "distinct", "with_"):
        inner.set(part, None)
    inner.set("expressions", [exp.alias_(condition.this.copy(), "v")])
    function = exp.Min if isinstance(condition, exp.LT | exp.LTE) else exp.Max
    outer = exp.select(function(this=exp.column("v"))).from_(inner.subquery())
    outer.set("with_", statement.select.args.get("with_"))
    row = statement.prober.row(outer)
    if row is None or row[0] is None:
        return ""
    return f" {'At least' if function is exp.Min else 'At most'} it is {_cell_words(row[0])}."


def _missing_values(statement: Statement) -> list[Finding]:
    """For aggregates over columns in which every row that matches has no value."""
    columns = [column for item in statement.select.expressions for column in item.find_all(exp.Column)]
    named: Sequence[str] = list(dict.fromkeys(statement.words.value(column) for column in columns))
    if not named:
        return []
    tests = [exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null())) for column in columns]
    if statement.some_row_meets([*statement.conditions, exp.or_(*tests)]) is False:
        return [
            Finding(f"There are rows, but in all of them {joined(named)} {'is' if len(named) == 1 else 'are'} missing.")
        ]
    return []


def of_set_operation(tree: exp.SetOperation, prober: Prober) -> list[Finding]:
    """Why two queries put together give nothing."""
    if not isinstance(tree, exp.Intersect | exp.Except):
        return []
    sides = []
    for side in (tree.this, tree.expression):
        query = side.unnest().copy()
        if not isinstance(query, exp.Query):
            return []
        if not query.args.get("with_"):
            query.set("with_", tree.args.get("with_"))
        sides.append(prober.has_rows(query))
    if sides[0] is False:
        return [Finding("The first of the two queries gives no rows by itself.")]
    if isinstance(tree, exp.Except):
        return (
            [Finding("Every row of the first query is also one of the second, which takes it away.")]
            if all(sides)
            else []
        )
    if sides[1] is False:
        return [Finding("The second of the two queries gives no rows by itself.")]
    return [Finding("Both queries give rows, but none that is the same in both.")] if all(sides) else []
