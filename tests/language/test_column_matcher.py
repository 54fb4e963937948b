"""Words that are nearly a column's name become it; words that are not stay as they are."""

import pytest

from nl2sql_tui.language.column_matcher import Replacement, match_columns
from nl2sql_tui.schema import Column, Schema, Table

SCHEMA = Schema(
    (
        Table("transaction", (Column("transaction_id", ""), Column("transaction_amount", ""), Column("Name", ""))),
        Table("other", (Column("transaction_amounts", ""), Column("Name", ""))),
    )
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Show the transacton_amount of all.", "Show the transaction_amount of all."),
        ("Which transaction-amount is largest?", "Which transaction_amount is largest?"),
        ("TRANSACTION_ID, please", "transaction_id, please"),
        ("the transaction_amounts", "the transaction_amounts"),
        ("name", "Name"),
        # 0.889 and 0.857: below the threshold.
        ("names", "names"),
        ("transaction amount", "transaction amount"),
        ("", ""),
    ],
)
def test_a_word_above_the_threshold_is_replaced(question: str, expected: str) -> None:
    assert match_columns(question, SCHEMA)[0] == expected


def test_what_was_replaced_is_told() -> None:
    _, replaced = match_columns("transacton_id and Name and transaction_id", SCHEMA)
    assert replaced == (Replacement("transacton_id", "transaction_id"),)


def test_a_schema_without_columns_changes_nothing() -> None:
    assert match_columns("any words", Schema(())) == ("any words", ())
