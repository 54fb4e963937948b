"""The demo bank: the same everywhere, true to itself, worth asking about, and its file always whole."""

import hashlib
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.database.demo import DEMO_VERSION, SAMPLE_QUESTIONS, TRANSACTION_QUESTIONS, ensure_demo
from nl2sql_tui.errors import DatabaseError

CONTENTS_OF_VERSION = {1: "2e59453a8ac47e35ae152dbeadc0a08b31c19bec13ad36e421066897a7432d63"}
"""SHA-256 of the contents by version: a change here needs a new DEMO_VERSION, or old files would stay."""

GOLD = {
    SAMPLE_QUESTIONS[0]: 'SELECT transaction_id, transaction_amount, transaction_date FROM "transaction"',
    SAMPLE_QUESTIONS[1]: """
        SELECT transaction_id, transaction_amount FROM "transaction"
        WHERE transaction_type = 'transfer' AND transaction_status = 'pending'""",
    SAMPLE_QUESTIONS[2]: """
        SELECT transaction_currency, SUM(transaction_fee) FROM "transaction" GROUP BY transaction_currency""",
    SAMPLE_QUESTIONS[3]: """
        SELECT transaction_id, transaction_amount, transaction_description FROM "transaction"
        ORDER BY transaction_amount DESC LIMIT 10""",
    SAMPLE_QUESTIONS[4]: """
        SELECT transaction_id, transaction_amount, transaction_date FROM "transaction"
        WHERE transaction_source_account = 1045 AND transaction_date BETWEEN '2024-01-01' AND '2024-03-31'""",
    SAMPLE_QUESTIONS[5]: "SELECT COUNT(*) FROM customer WHERE email IS NULL",
    SAMPLE_QUESTIONS[6]: "SELECT first_name, last_name FROM customer WHERE city = 'São Paulo'",
    SAMPLE_QUESTIONS[7]: """
        SELECT name FROM branch WHERE branch_id NOT IN (SELECT branch_id FROM customer)""",
    SAMPLE_QUESTIONS[8]: """
        SELECT merchant.name FROM merchant JOIN card_payment ON merchant.merchant_id = card_payment.merchant_id
        GROUP BY merchant.merchant_id ORDER BY COUNT(*) DESC LIMIT 1""",
    SAMPLE_QUESTIONS[9]: """
        SELECT customer.first_name, customer.last_name FROM customer
        JOIN loan ON customer.customer_id = loan.customer_id WHERE loan.status = 'overdue'""",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def bank(demo: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{demo.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def rows(bank: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    return bank.execute(sql).fetchall()


def value(bank: sqlite3.Connection, sql: str) -> Any:
    ((only,),) = rows(bank, sql)
    return only


def contents(path: Path) -> str:
    """A digest of the schema and of every row, in the order of the keys."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(path)) as connection:
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall():
            digest.update(f"{name}\n{sql}\n".encode())
            if str(sql).startswith("CREATE TABLE"):
                for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1'):
                    digest.update(f"{row!r}\n".encode())
    return digest.hexdigest()


class TestContents:
    def test_two_builds_are_equal_and_the_known_ones(self, demo: Path, tmp_path: Path) -> None:
        again = contents(ensure_demo(tmp_path))
        assert again == contents(demo)
        assert again == CONTENTS_OF_VERSION[DEMO_VERSION]

    def test_the_transaction_table_has_the_columns_of_the_article(self, bank: sqlite3.Connection) -> None:
        columns = [name for (name,) in rows(bank, "SELECT name FROM pragma_table_info('transaction')")]
        assert columns == [
            "transaction_id",
            "transaction_amount",
            "transaction_date",
            "transaction_type",
            "transaction_status",
            "transaction_description",
            "transaction_source_account",
            "transaction_destination_account",
            "transaction_currency",
            "transaction_fee",
        ]

    def test_the_schema_is_small_enough_for_a_small_model(self, bank: sqlite3.Connection) -> None:
        counted = value(
            bank,
            "SELECT COUNT(*) FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table'",
        )
        assert 45 <= counted <= 55

    def test_every_table_but_the_outermost_points_to_another(self, bank: sqlite3.Connection) -> None:
        pairs = rows(
            bank,
            'SELECT m.name, k."table" FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS k '
            "WHERE m.type = 'table'",
        )
        assert sorted(pairs) == [
            ("account", "customer"),
            ("card", "account"),
            ("card_payment", "card"),
            ("card_payment", "merchant"),
            ("card_payment", "transaction"),
            ("customer", "branch"),
            ("loan", "customer"),
            ("transaction", "account"),
            ("transaction", "account"),
        ]
        assert rows(bank, "PRAGMA foreign_key_check") == []

    def test_the_file_is_plain_and_compact(self, bank: sqlite3.Connection) -> None:
        assert value(bank, "PRAGMA integrity_check") == "ok"
        assert value(bank, "PRAGMA journal_mode") == "delete"
        assert value(bank, "PRAGMA freelist_count") == 0
        assert value(bank, "PRAGMA user_version") == DEMO_VERSION

    def test_there_are_about_twenty_thousand_transactions(self, bank: sqlite3.Connection) -> None:
        assert 19_000 <= value(bank, 'SELECT COUNT(*) FROM "transaction"') <= 21_000
        for table in ("customer", "account", "card", "loan", "merchant", "branch", "card_payment"):
            assert value(bank, f"SELECT COUNT(*) FROM {table}") >= 15, table

    def test_transactions_are_numbered_by_date_over_three_years(self, bank: sqlite3.Connection) -> None:
        dates = [day for (day,) in rows(bank, 'SELECT transaction_date FROM "transaction" ORDER BY transaction_id')]
        assert dates == sorted(dates)
        assert (dates[0], dates[-1]) == ("2023-01-01", "2025-12-31")
        assert value(bank, """SELECT COUNT(DISTINCT substr(transaction_date, 1, 7)) FROM "transaction" """) == 36

    def test_shopping_follows_the_week_and_the_year(self, bank: sqlite3.Connection) -> None:
        for part, busiest in (("%w", "6"), ("%m", "12")):
            counts = rows(
                bank,
                f"""SELECT strftime('{part}', transaction_date), COUNT(*) FROM "transaction"
                WHERE transaction_type = 'card payment' GROUP BY 1 ORDER BY 2 DESC""",
            )
            assert counts[0][0] == busiest


class TestWorthAsking:
    @pytest.mark.parametrize("kind", ["card payment", "deposit", "transfer", "salary", "withdrawal"])
    def test_amounts_have_a_long_tail(self, bank: sqlite3.Connection, kind: str) -> None:
        amounts = [
            amount
            for (amount,) in bank.execute(
                'SELECT transaction_amount FROM "transaction" WHERE transaction_type = ?', (kind,)
            )
        ]
        assert statistics.mean(amounts) > 1.15 * statistics.median(amounts)

    def test_a_few_amounts_dwarf_the_others(self, bank: sqlite3.Connection) -> None:
        count = value(bank, 'SELECT COUNT(*) FROM "transaction" WHERE transaction_amount >= 100000')
        assert 10 <= count <= 100

    @pytest.mark.parametrize(
        ("status", "least", "most"),
        [("completed", 0.9, 0.99), ("failed", 0.005, 0.05), ("pending", 0.005, 0.05), ("reversed", 0.002, 0.03)],
    )
    def test_statuses_are_mixed(self, bank: sqlite3.Connection, status: str, least: float, most: float) -> None:
        share = value(bank, f"""SELECT AVG(transaction_status = '{status}') FROM "transaction" """)
        assert least <= share <= most

    def test_euro_and_dollar_come_first_among_several_currencies(self, bank: sqlite3.Connection) -> None:
        currencies = [
            currency
            for currency, _ in rows(
                bank, 'SELECT transaction_currency, COUNT(*) FROM "transaction" GROUP BY 1 ORDER BY 2 DESC'
            )
        ]
        assert currencies[:2] == ["EUR", "USD"]
        assert len(currencies) >= 5

    def test_null_means_what_the_schema_says(self, bank: sqlite3.Connection) -> None:
        sides = rows(
            bank,
            """SELECT DISTINCT transaction_type, transaction_source_account IS NULL,
            transaction_destination_account IS NULL FROM "transaction" ORDER BY 1""",
        )
        assert sides == [
            ("card payment", 0, 1),
            ("deposit", 1, 0),
            ("direct debit", 0, 1),
            ("interest", 1, 0),
            ("loan payment", 0, 1),
            ("salary", 1, 0),
            ("transfer", 0, 0),
            ("withdrawal", 0, 1),
        ]
        for table, column in (
            ("customer", "email"),
            ("merchant", "city"),
            ("card", "credit_limit"),
            ('"transaction"', "transaction_description"),
        ):
            assert 0 < value(bank, f"SELECT AVG({column} IS NULL) FROM {table}") < 1, column

    @pytest.mark.parametrize("letters", ["O'Brien", "D'Angelo", "Zoë", "Müller", "Łukasz", "São Paulo", "L'Épicerie"])
    def test_names_have_accents_and_apostrophes(self, bank: sqlite3.Connection, letters: str) -> None:
        names = rows(
            bank,
            "SELECT first_name FROM customer UNION SELECT last_name FROM customer "
            "UNION SELECT city FROM customer UNION SELECT name FROM merchant",
        )
        assert any(letters in name for (name,) in names)

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT COUNT(*) FROM account WHERE status = 'dormant'",
            "SELECT COUNT(*) FROM account WHERE balance < 0",
            "SELECT COUNT(*) FROM card WHERE status = 'blocked'",
            "SELECT COUNT(*) FROM customer WHERE customer_id NOT IN (SELECT customer_id FROM account)",
            "SELECT COUNT(*) FROM branch WHERE branch_id NOT IN (SELECT branch_id FROM customer)",
            "SELECT COUNT(*) FROM merchant WHERE merchant_id NOT IN (SELECT merchant_id FROM card_payment)",
            "SELECT COUNT(*) FROM loan WHERE status = 'overdue'",
        ],
    )
    def test_there_are_exceptions_to_find(self, bank: sqlite3.Connection, sql: str) -> None:
        assert value(bank, sql) > 0


class TestTrueToItself:
    def test_balances_are_what_the_transactions_leave(self, bank: sqlite3.Connection) -> None:
        differing = rows(
            bank,
            """SELECT account_id, balance, (
                SELECT TOTAL(CASE WHEN transaction_destination_account = account_id THEN transaction_amount
                             ELSE -transaction_amount - transaction_fee END)
                FROM "transaction" WHERE transaction_status = 'completed'
                AND account_id IN (transaction_source_account, transaction_destination_account)
            ) AS left_over
            FROM account WHERE opened_date >= '2023-01-01' AND ABS(balance - left_over) > 0.005""",
        )
        assert differing == []

    def test_nothing_is_left_on_closed_accounts_and_nothing_happens_on_them_later(
        self, bank: sqlite3.Connection
    ) -> None:
        closed = rows(bank, "SELECT account_id, balance FROM account WHERE status = 'closed'")
        assert closed
        for account_id, balance in closed:
            assert balance == 0
            ((last,),) = rows(
                bank,
                f"""SELECT transaction_description FROM "transaction"
                WHERE {account_id} IN (transaction_source_account, transaction_destination_account)
                ORDER BY transaction_id DESC LIMIT 1""",
            )
            assert last == "Account closed"

    def test_currencies_of_transactions_are_those_of_their_accounts(self, bank: sqlite3.Connection) -> None:
        assert not rows(
            bank,
            """SELECT transaction_id FROM "transaction" JOIN account
            ON account_id IN (transaction_source_account, transaction_destination_account)
            WHERE currency <> transaction_currency OR opened_date > transaction_date""",
        )

    def test_cards_pay_from_their_own_account_before_they_expire(self, bank: sqlite3.Connection) -> None:
        assert value(bank, """SELECT COUNT(*) FROM "transaction" WHERE transaction_type = 'card payment'""") == value(
            bank,
            """SELECT COUNT(*) FROM card_payment JOIN "transaction" USING (transaction_id) JOIN card USING (card_id)
            WHERE account_id = transaction_source_account AND transaction_date <= expiry_date""",
        )

    def test_loans_are_paid_off_or_not_as_their_status_says(self, bank: sqlite3.Connection) -> None:
        assert not rows(bank, "SELECT * FROM loan WHERE (status = 'paid') <> (remaining_amount = 0)")
        overdue = rows(bank, "SELECT loan_id FROM loan WHERE status = 'overdue'")
        for (loan_id,) in overdue:
            ((last,),) = rows(
                bank,
                f"""SELECT transaction_status FROM "transaction"
                WHERE transaction_description LIKE 'Loan {loan_id}, instalment %'
                ORDER BY transaction_id DESC LIMIT 1""",
            )
            assert last == "failed"

    def test_totals_of_fees_have_no_rounding_error(self, bank: sqlite3.Connection) -> None:
        assert (
            value(bank, 'SELECT SUM(transaction_fee * 4 <> CAST(transaction_fee * 4 AS INTEGER)) FROM "transaction"')
            == 0
        )


class TestQuestions:
    def test_the_questions_about_transactions_are_among_the_samples(self) -> None:
        assert len(TRANSACTION_QUESTIONS) == 5
        assert set(TRANSACTION_QUESTIONS) < set(SAMPLE_QUESTIONS)
        assert 8 <= len(set(SAMPLE_QUESTIONS)) == len(SAMPLE_QUESTIONS) <= 10

    @pytest.mark.parametrize("question", SAMPLE_QUESTIONS)
    def test_each_has_an_answer_worth_seeing(self, bank: sqlite3.Connection, question: str) -> None:
        answer = rows(bank, GOLD[question])
        assert answer
        assert len(set(answer)) == len(answer), "a row twice would make two right queries differ"
        assert all(cell not in (None, 0, "") for cell in answer[0])

    def test_the_largest_and_the_most_have_no_ties(self, bank: sqlite3.Connection) -> None:
        amounts = rows(bank, 'SELECT transaction_amount FROM "transaction" ORDER BY 1 DESC LIMIT 11')
        assert len(set(amounts)) == 11
        counts = rows(bank, "SELECT COUNT(*) FROM card_payment GROUP BY merchant_id ORDER BY 1 DESC LIMIT 2")
        assert counts[0] > counts[1]


class TestFile:
    def test_a_sound_file_is_left_alone(self, tmp_path: Path) -> None:
        path = ensure_demo(tmp_path / "new" / "folder")
        before = path.stat()
        assert ensure_demo(path.parent) == path
        assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
        assert [found.name for found in path.parent.iterdir()] == [path.name]

    @pytest.mark.parametrize("damage", ["empty", "text", "cut", "overwritten", "old", "foreign"])
    def test_any_other_file_is_replaced(self, demo: Path, tmp_path: Path, damage: str) -> None:
        path = tmp_path / demo.name
        whole = demo.read_bytes()
        path.write_bytes(
            {
                "empty": b"",
                "text": b"not a database at all\n" * 500,
                "cut": whole[: len(whole) // 2],
                "overwritten": whole[:40_960] + b"\xff" * 8192 + whole[49_152:],
            }.get(damage, whole)
        )
        if damage in ("old", "foreign"):
            mark = "user_version" if damage == "old" else "application_id"
            with closing(sqlite3.connect(path)) as connection:
                connection.execute(f"PRAGMA {mark} = {DEMO_VERSION + 1000}")
        assert contents(ensure_demo(tmp_path)) == contents(demo)
        assert [found.name for found in tmp_path.iterdir()] == [path.name]

    def test_the_log_of_a_damaged_file_goes_with_it(self, demo: Path, tmp_path: Path) -> None:
        path = tmp_path / demo.name
        path.write_bytes(b"damaged")
        for ending in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + ending).write_bytes(b"left over")
        ensure_demo(tmp_path)
        assert [found.name for found in tmp_path.iterdir()] == [path.name]

    def test_a_file_that_somebody_is_writing_to_is_not_taken_for_damaged(self, tmp_path: Path) -> None:
        path = ensure_demo(tmp_path)
        inode = path.stat().st_ino
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert ensure_demo(tmp_path) == path
        assert path.stat().st_ino == inode

    def test_a_file_where_the_folder_should_be_is_a_clear_error(self, tmp_path: Path) -> None:
        blocked = tmp_path / "blocked"
        blocked.write_text("here already", encoding="utf-8")
        for folder in (blocked, blocked / "deeper"):
            with pytest.raises(DatabaseError) as raised:
                ensure_demo(folder)
            assert str(folder) in raised.value.message
            assert "\n" not in raised.value.message
            assert raised.value.hint
        assert blocked.read_text(encoding="utf-8") == "here already"

    def test_a_folder_where_the_file_should_be_is_a_clear_error(self, demo: Path, tmp_path: Path) -> None:
        (tmp_path / demo.name).mkdir()
        with pytest.raises(DatabaseError):
            ensure_demo(tmp_path)
        assert [found.name for found in tmp_path.iterdir()] == [demo.name]

    def test_nothing_is_left_when_the_disk_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_: Path, __: Path) -> Path:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(DatabaseError, match="No space left on device"):
            ensure_demo(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_several_processes_may_ask_at_once(self, demo: Path, tmp_path: Path) -> None:
        program = (
            "import pathlib, sys; from nl2sql_tui.database.demo import ensure_demo; "
            "ensure_demo(pathlib.Path(sys.argv[1]))"
        )
        asking = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(3)]
        assert [process.wait(timeout=60) for process in asking] == [0, 0, 0]
        assert contents(tmp_path / demo.name) == contents(demo)
        assert [found.name for found in tmp_path.iterdir()] == [demo.name]
