"""The statement is found in what a model answers."""

import pytest

from nl2sql_tui.language.repair import sql_of


@pytest.mark.parametrize(
    ("answer", "sql"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("  SELECT 1 ;\n", "SELECT 1"),
        ("Here you are:\n```sql\nSELECT 1;\n```\nEnjoy", "SELECT 1"),
        ("```\nSELECT 2", "SELECT 2"),
        ("", ""),
    ],
)
def test_the_statement_is_taken_from_the_answer(answer: str, sql: str) -> None:
    assert sql_of(answer) == sql
