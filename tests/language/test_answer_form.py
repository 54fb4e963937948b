"""The tables-first form: there, back again, and half-way."""

import pytest

from nl2sql_tui.language.answer_form import as_sql, draft_of_sql, tables_first

PAIRS = [
    ("SELECT x FROM a", "FROM a SELECT x"),
    ("SELECT DISTINCT x, y FROM a WHERE z = 1", "FROM a SELECT DISTINCT x, y WHERE z = 1"),
    (
        "SELECT a.x, COUNT(*) FROM a JOIN b ON a.i = b.i GROUP BY a.x ORDER BY COUNT(*) DESC LIMIT 1",
        "FROM a JOIN b ON a.i = b.i SELECT a.x, COUNT(*) GROUP BY a.x ORDER BY COUNT(*) DESC LIMIT 1",
    ),
    (
        "SELECT x FROM a WHERE i IN (SELECT i FROM b WHERE y > (SELECT AVG(y) FROM b))",
        "FROM a SELECT x WHERE i IN (FROM b SELECT i WHERE y > (FROM b SELECT AVG(y)))",
    ),
    ("SELECT x FROM a EXCEPT SELECT x FROM b", "FROM a SELECT x EXCEPT FROM b SELECT x"),
    ("SELECT x FROM a UNION ALL SELECT y FROM b", "FROM a SELECT x UNION ALL FROM b SELECT y"),
    ("SELECT t.x FROM (SELECT x FROM a) AS t", "FROM (FROM a SELECT x) AS t SELECT t.x"),
    ("WITH t AS (SELECT x FROM a) SELECT x FROM t", "WITH t AS (FROM a SELECT x) FROM t SELECT x"),
    ("SELECT (SELECT MAX(x) FROM a) - y FROM b", "FROM b SELECT (FROM a SELECT MAX(x)) - y"),
    (
        'SELECT "from" FROM "select" WHERE s = \'from ( select\'',
        'FROM "select" SELECT "from" WHERE s = \'from ( select\'',
    ),
    ("SELECT x IS NOT DISTINCT FROM y FROM a", "FROM a SELECT x IS NOT DISTINCT FROM y"),
]


@pytest.mark.parametrize(("sql", "text"), PAIRS)
def test_there_and_back_again(sql: str, text: str) -> None:
    assert tables_first(sql) == text
    assert as_sql(text) == sql


def test_a_comment_at_a_clauses_end_swallows_nothing() -> None:
    assert as_sql("FROM a -- all of them\nSELECT x WHERE y") == "SELECT x FROM a -- all of them\n WHERE y"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "SELECT x FROM a WHERE i IN (SELECT i FROM b)",
        "DELETE FROM a WHERE x = 1",
        "SELECT x FROM a)) junk (",
        "no SQL at all",
        "FROM a SELECT x" + "(" * 5000,
        "",
    ],
)
def test_what_is_sql_or_nothing_stays_as_it_is(text: str) -> None:
    assert as_sql(text) == text


@pytest.mark.parametrize(
    ("beginning", "shown"),
    [
        ("FROM a JO", "SELECT … FROM a JO"),
        ("FROM a SELECT x, y", "SELECT x, y FROM a"),
        ("FROM a SELECT x WHERE i IN (FROM b", "SELECT x FROM a WHERE i IN (SELECT … FROM b"),
        ("FROM a SELECT x UNION FROM b", "SELECT x FROM a UNION SELECT … FROM b"),
        ("WITH t AS (FROM a SELECT x) FROM t", "WITH t AS (SELECT x FROM a) SELECT … FROM t"),
        ("SELECT x FROM a", "SELECT x FROM a"),
        ("DELETE FROM a", "DELETE FROM a"),
        ("FRO", "FRO"),
    ],
)
def test_a_beginning_is_shown_as_sql(beginning: str, shown: str) -> None:
    assert draft_of_sql(beginning) == shown
