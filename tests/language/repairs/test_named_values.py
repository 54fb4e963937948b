"""A value that the question names beyond doubt becomes a condition where the SQL has nothing of it; no other does."""

from pathlib import Path

import pytest

from tests.language.repairs.workbench import Workbench

_BANK = """
CREATE TABLE account (account_id INTEGER PRIMARY KEY, owner TEXT, branch TEXT);
CREATE TABLE transfer (
    transfer_id INTEGER PRIMARY KEY, account_id INT REFERENCES account, transfer_type TEXT, status TEXT, amount INT,
    source_number INT, note TEXT
);
INSERT INTO account VALUES (1, 'Anna Berg', 'Oslo'), (2, 'Luc', 'Lyon');
INSERT INTO transfer VALUES (1, 1, 'fee', 'pending', 5, 1045, 'x'), (2, 1, 'wire', 'pending', 7, 88, 'Lyon'),
    (3, 2, 'fee', 'done', 9, 1045, 'Luc'),
    (4, 2, 'wire', 'done', 3, 88, 'Transfer');
"""
_IDS = "SELECT transfer_id FROM transfer"


@pytest.mark.parametrize(
    ("question", "sql", "mended"),
    [
        ("those of type fee with status pending", _IDS, f"{_IDS} WHERE transfer_type = 'fee' AND status = 'pending'"),
        (
            "transfers with the status pending, of type fee",
            f"{_IDS} WHERE status = 'pending'",
            f"{_IDS} WHERE status = 'pending' AND transfer_type = 'fee'",
        ),
        ("all fee type transfers", _IDS, f"{_IDS} WHERE transfer_type = 'fee'"),
        ("transfers from source number 1045", _IDS, f"{_IDS} WHERE source_number = 1045"),
        ("transfers whose amount is equal to 7", _IDS, f"{_IDS} WHERE amount = 7"),
        (
            "How many accounts does Anna Berg have?",
            "SELECT COUNT(*) FROM account",
            "SELECT COUNT(*) FROM account WHERE owner = 'Anna Berg'",
        ),
        (
            'the branch of "anna berg"',
            "SELECT branch FROM account",
            "SELECT branch FROM account WHERE owner = 'Anna Berg'",
        ),
        (
            "the sum of all amounts of Anna Berg",
            "SELECT SUM(amount) FROM transfer",
            "SELECT SUM(transfer.amount) FROM transfer JOIN account ON transfer.account_id = account.account_id "
            "WHERE account.owner = 'Anna Berg'",
        ),
        (
            "the amounts of the branch Oslo, largest first",
            "SELECT transfer.amount FROM transfer JOIN account ON transfer.account_id = account.account_id "
            "ORDER BY transfer.amount DESC",
            "SELECT transfer.amount FROM transfer JOIN account ON transfer.account_id = account.account_id "
            "WHERE account.branch = 'Oslo' ORDER BY transfer.amount DESC",
        ),
    ],
)
def test_what_the_question_names_is_asked_for(tmp_path: Path, question: str, sql: str, mended: str) -> None:
    found, lines = Workbench(tmp_path, _BANK).repaired(sql, question)
    assert found == mended
    assert lines
    assert all("added: the question" in line for line in lines)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("fee transfers", _IDS),
        ("Fee transfers that are pending", _IDS),
        ("transfers of type fee or wire", _IDS),
        ("transfers not of type fee", _IDS),
        ("transfers larger than those of Anna Berg", _IDS),
        ("transfers of type fee", f"{_IDS} WHERE transfer_type LIKE '%FEE%'"),
        ("transfers of type fee", f"{_IDS} WHERE transfer_type <> 'wire'"),
        ("transfers of type fee", f"{_IDS} WHERE amount = 5 OR amount = 9"),
        ("transfers of type fee", f"{_IDS} WHERE transfer_id IN ({_IDS} WHERE amount > 5)"),
        ("transfers of type fee", f"{_IDS} UNION SELECT account_id FROM account"),
        (
            "What did Luc pay?",
            "SELECT account.branch FROM account JOIN transfer ON account.account_id = transfer.transfer_id",
        ),
        ("What did Anna Berg pay?", "SELECT amount FROM transfer WHERE note = 'Berg'"),
        # A join would count each branch as often as it has transfers.
        ("How many branches have a status pending?", "SELECT COUNT(branch) FROM account"),
        # A table read twice.
        ("those of type fee", "SELECT a.amount FROM transfer AS a JOIN transfer AS b ON a.account_id = b.account_id"),
        ("the branch of Anna Berg", "SELECT a.branch FROM account AS a JOIN account AS b ON a.branch = b.branch"),
        ("the 7 transfers with amount 7", _IDS),
        ("the type of the fee", "SELECT transfer_type FROM transfer"),
        ("the note of the transfer", "SELECT note FROM transfer"),
    ],
)
def test_what_may_be_meant_otherwise_is_left(tmp_path: Path, question: str, sql: str) -> None:
    assert Workbench(tmp_path, _BANK).repaired(sql, question) == (sql, ())


_PLAN = """
CREATE TABLE trip (trip_id INTEGER PRIMARY KEY, start_date DATE, end_date DATE, price INT, noted TEXT, date_code INT);
CREATE TABLE sale (sale_id INTEGER PRIMARY KEY, sold DATE, amount INT);
INSERT INTO trip VALUES (1, '2024-01-05', '2024-01-09', 100, '2024-01-01', 5);
INSERT INTO sale VALUES (1, '2024-01-05', 3), (2, '2024-02-05', 4);
"""


@pytest.mark.parametrize(
    ("question", "sql", "mended"),
    [
        (
            "sales between 2024-01-01 and 2024-01-31",
            "SELECT amount FROM sale WHERE amount > 1",
            "SELECT amount FROM sale WHERE amount > 1 AND sold BETWEEN '2024-01-01' AND '2024-01-31'",
        ),
        (
            "prices of trips with a start date from 2024-01-01 to 2024-01-31",
            "SELECT price FROM trip",
            "SELECT price FROM trip WHERE start_date BETWEEN '2024-01-01' AND '2024-01-31'",
        ),
    ],
)
def test_days_that_the_question_goes_from_and_to_are_asked_for(
    tmp_path: Path, question: str, sql: str, mended: str
) -> None:
    found, (line,) = Workbench(tmp_path, _PLAN).repaired(sql, question)
    assert found == mended
    assert "the question names the days" in line


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("trips between 2024-01-01 and 2024-01-31", "SELECT price FROM trip"),
        ("sales between 2024-01-01 and 2024-01-31", "SELECT amount FROM sale WHERE sold >= '2024-01-01'"),
        ("sales between 3 and 5", "SELECT amount FROM sale"),
    ],
)
def test_days_are_left_where_they_stand_or_may_be_of_several_columns(tmp_path: Path, question: str, sql: str) -> None:
    found, _ = Workbench(tmp_path, _PLAN).repaired(sql, question)
    assert "added" not in found
    assert found.count("BETWEEN") == sql.count(">=")
