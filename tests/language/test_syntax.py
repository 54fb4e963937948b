"""Which texts are parsed, up to where they may nest, and how the parts of a tree are found and written."""

import pytest
from sqlglot import exp

from nl2sql_tui.language.syntax import (
    LONGEST,
    column_node,
    conjuncts,
    is_result_in_order,
    name_node,
    parsed,
    text_of,
)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT a FROM t UNION SELECT b FROM u;",
        "(SELECT 1)",
        "WITH t AS (SELECT 1 AS a) SELECT a FROM t",
        "SELECT a FROM t WHERE b = " + "1" * (LONGEST - 26),
        "SELECT " + ", ".join(["1"] * 999) + " FROM t",
        "SELECT " + "(" * 30 + "a" + ")" * 30 + " FROM t",
        "SELECT " + "CASE WHEN a THEN " * 30 + "b" + " END" * 30 + " FROM t",
        "SELECT " + "NOT " * 30 + "a FROM t",
        "SELECT " + "date(" * 5 + "a" + ")" * 5 + " FROM t",
        "SELECT " + ", ".join(["date(a)"] * 40) + " FROM t",
        "SELECT " + "own_function(" * 12 + "a" + ")" * 12 + " FROM t",
        "SELECT " + ", ".join(["(a)"] * 40) + " FROM t",
        "SELECT " + ", ".join(["-a"] * 40) + " FROM t",
        "SELECT 1 FROM a" + " JOIN b" * 8,
        "SELECT 1 FROM a" + " CROSS JOIN b" * 12,
        "SELECT 1 FROM a" + " NATURAL JOIN b" * 12,
        "SELECT 1 FROM a" + " JOIN b ON 1" * 12,
        "SELECT 1 FROM a" + " JOIN b USING (c)" * 12,
        "SELECT 1 FROM a WHERE " + " AND ".join(["b"] * 300),
        "SELECT 1 FROM a WHERE " + " OR ".join(["b"] * 300),
    ],
)
def test_a_query_is_parsed(sql: str) -> None:
    tree = parsed(sql)
    assert isinstance(tree, exp.Query)
    assert text_of(tree)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "nonsense",
        "SELECT",
        "SELECT FROM t",
        "SELECT a FROM (SELECT FROM t)",
        "SELECT 1; SELECT 2",
        "DELETE FROM t",
        "INSERT INTO t SELECT 1",
        "SELECT 'a",
        "SELECT a FROM t WHERE b = " + "1" * (LONGEST - 25),
        "SELECT " + ", ".join(["1"] * 1_001) + " FROM t",
        "SELECT " + "(" * 31 + "a" + ")" * 31 + " FROM t",
        "SELECT " + "CASE WHEN a THEN " * 31 + "b" + " END" * 31 + " FROM t",
        "SELECT " + "NOT " * 31 + "a FROM t",
        "SELECT " + "- " * 31 + "a FROM t",
        "SELECT " + "date(" * 6 + "a" + ")" * 6 + " FROM t",
        "SELECT 1 FROM a" + " JOIN b" * 9,
        "SELECT 1 FROM a WHERE " + " + ".join(["b"] * 110),
    ],
)
def test_anything_else_is_not(sql: str) -> None:
    assert parsed(sql) is None


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("a", ["a"]),
        ("a AND b AND c", ["a", "b", "c"]),
        ("(a AND (b)) AND ((c))", ["a", "b", "c"]),
        ("a OR b", ["a OR b"]),
        ("a AND (b OR c)", ["a", "b OR c"]),
        ("NOT (a AND b)", ["NOT (a AND b)"]),
    ],
)
def test_what_stands_between_the_ands(condition: str, parts: list[str]) -> None:
    tree = parsed(f"SELECT 1 FROM t WHERE {condition}")
    assert tree is not None
    assert [text_of(part) for part in conjuncts(tree.args["where"].this)] == parts


def test_what_stands_between_the_ors() -> None:
    tree = parsed("SELECT 1 FROM t WHERE a OR (b AND c) OR d")
    assert tree is not None
    assert [text_of(part) for part in conjuncts(tree.args["where"].this, exp.Or)] == ["a", "b AND c", "d"]
    assert conjuncts(None) == []


def test_names_are_quoted_where_they_need_it_and_comments_go() -> None:
    assert text_of(name_node("order")) == '"order"'
    assert text_of(column_node("unit price", "city")) == '"unit price".city'
    tree = parsed("SELECT a -- all\nFROM t /* of it */")
    assert tree is not None
    assert text_of(tree) == "SELECT a FROM t"


@pytest.mark.parametrize(
    ("order", "is_result"), [("N", True), ("n DESC", True), ("t.n", False), ("m", False), ("n + 1", False)]
)
def test_an_order_by_a_result_is_told_from_one_by_a_column(order: str, is_result: bool) -> None:
    tree = parsed(f"SELECT SUM(n) AS n FROM t GROUP BY m ORDER BY {order}")
    assert isinstance(tree, exp.Select)
    column = tree.args["order"].find(exp.Column)
    assert column is not None
    assert is_result_in_order(column, tree) == is_result
