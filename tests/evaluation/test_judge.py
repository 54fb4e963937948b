"""Answers judged by execution in a worker process: categories, several golds, broken golds, a stopped run."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import Stopped
from nl2sql_tui.evaluation import judge as judging
from nl2sql_tui.evaluation.judge import Judge, judge_all
from nl2sql_tui.evaluation.judgement import Category, Form, Judgeable, Judgement
from nl2sql_tui.evaluation.worker import Compared

_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
_NAMES = "SELECT Name FROM singer"


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge() as one:
        yield one


def _judged(judge: Judge, database: Path, sql: str, *golds: str) -> Judgement:
    return judge.judge(Judgeable(database, golds or (_NAMES,), sql))


@pytest.mark.parametrize(
    ("sql", "category", "error"),
    [
        ("SELECT s.name FROM singer AS s;", Category.RIGHT, ""),
        ("SELECT Name FROM singer -- all of them", Category.RIGHT, ""),
        ("SELECT Age FROM singer", Category.MISMATCH, ""),
        ("SELECT Name FROM singer WHERE Age > 100", Category.EMPTY, ""),
        ("SELECT nope FROM singer", Category.NO_COLUMN, "no such column: nope"),
        ("SELECT * FROM nope", Category.NO_TABLE, "no such table: nope"),
        ("SELECT Singer_ID FROM singer, singer_in_concert", Category.AMBIGUOUS, "ambiguous column name: Singer_ID"),
        ("SELECT Name FROM singer WHERE", Category.SYNTAX, "incomplete input"),
        ("SELECT Name FRM singer", Category.SYNTAX, 'near "singer": syntax error'),
        ("The names of all singers", Category.SYNTAX, "No statement begins with The."),
        ("SELECT nope(Name) FROM singer", Category.OTHER_ERROR, "no such function: nope"),
        ("SELECT Name FROM singer WHERE Age = ?", Category.OTHER_ERROR, "Incorrect number of bindings"),
        ("", Category.NO_SQL, ""),
        (" ;; -- nothing", Category.NO_SQL, ""),
        ("SELECT 1; SELECT 2", Category.SEVERAL, ""),
        ("DELETE FROM singer", Category.NOT_READING, "DELETE"),
    ],
)
def test_each_answer_falls_into_a_category(
    judge: Judge, concerts_file: Path, sql: str, category: Category, error: str
) -> None:
    found = _judged(judge, concerts_file, sql)
    assert found.category is category
    assert found.error.startswith(error)
    assert found.right == (category is Category.RIGHT)
    assert found.valid == (category in (Category.RIGHT, Category.MISMATCH, Category.EMPTY))
    assert (found.sample is not None) == found.valid
    assert found.gold_sample is not None


def test_an_answer_is_right_by_any_gold(judge: Judge, concerts_file: Path) -> None:
    found = _judged(judge, concerts_file, "SELECT Age FROM singer", _NAMES, "SELECT Age FROM singer ORDER BY Singer_ID")
    assert found.category is Category.RIGHT
    assert found.forms == frozenset(Form)


def test_a_broken_gold_is_left_aside_and_without_another_there_is_no_judgement(
    judge: Judge, concerts_file: Path
) -> None:
    assert _judged(judge, concerts_file, _NAMES, "SELECT nope FROM singer", _NAMES).right
    found = _judged(judge, concerts_file, _NAMES, "SELECT nope FROM singer", "DROP TABLE singer")
    assert (found.category, found.error) == (Category.NO_GOLD, "no such column: nope")
    assert _judged(judge, concerts_file.with_name("none.sqlite"), _NAMES).category is Category.NO_GOLD


def test_golds_are_told_one_by_one(judge: Judge, concerts_file: Path) -> None:
    good, broken, empty = judge.check_golds(
        concerts_file, (_NAMES, "SELECT * FROM nope", "SELECT 1 FROM singer WHERE 0")
    )
    assert (good.failure, good.sample and good.sample.row_count) == (None, 3)
    assert (broken.failure, broken.error) == (Category.NO_TABLE, "no such table: nope")
    assert (empty.failure, empty.sample and empty.sample.row_count) == (None, 0)


def test_double_quotes_mean_to_the_judge_what_they_mean_to_sqlite(judge: Judge, concerts_file: Path) -> None:
    gold = 'SELECT Name FROM singer WHERE Country = "France"'
    assert _judged(judge, concerts_file, "SELECT Name FROM singer WHERE Country = 'France'", gold).right


def test_the_first_rows_are_kept_safe_to_show_and_short(judge: Judge, concerts_file: Path) -> None:
    columns = "char(27) || '[2J' AS \"a\x1bb\", printf('%.*c', 5000, 'x'), NULL, x'00ff'"
    sql = f"SELECT {columns} FROM singer, concert, singer s"
    sample = _judged(judge, concerts_file, sql).sample
    assert sample is not None
    assert (sample.row_count, sample.column_count, len(sample.rows)) == (18, 4, 5)
    assert sample.columns[0] == "a␛b"
    first, second, third, fourth = sample.rows[0]
    assert (first, third, fourth) == ("␛[2J", "NULL", "BLOB 2 B")
    assert len(second) == 60


def test_the_worker_is_used_again(concerts_file: Path) -> None:
    with Judge() as judge:
        assert _judged(judge, concerts_file, _NAMES).right
        first = judge._worker
        assert _judged(judge, concerts_file, "SELECT Age FROM singer", "SELECT Age FROM singer").right
        assert judge._worker is first


def test_an_endless_gold_costs_the_question_no_more_than_that_gold(
    concerts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "_GRACE_SECONDS", 0.0)
    long_call = "SELECT instr(printf('%.*c', 60000000, 'a'), printf('%.*c', 30000000, 'a') || 'b')"
    with Judge(gold_seconds=2.0) as judge:
        runs = judge.check_golds(concerts_file, (_NAMES, long_call, "SELECT Age FROM singer"))
        assert [ran.failure for ran in runs] == [None, Category.TIMEOUT, None]
        assert _judged(judge, concerts_file, _NAMES, _NAMES, long_call, "SELECT Age FROM singer").right


def test_a_stopped_run_ends_its_worker(concerts_file: Path) -> None:
    cancel = Cancel()
    with Judge(cancel, answer_seconds=300) as judge:
        _judged(judge, concerts_file, _NAMES)
        worker = judge._worker
        assert worker is not None
        process = worker._process.pid
        assert process is not None
        threading.Timer(0.3, cancel.request).start()
        began = time.monotonic()
        with pytest.raises(Stopped):
            _judged(judge, concerts_file, _ENDLESS)
        assert time.monotonic() - began < 60
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_a_worker_that_dies_is_replaced(concerts_file: Path) -> None:
    with Judge() as judge:
        assert _judged(judge, concerts_file, _NAMES).right
        worker = judge._worker
        assert worker is not None
        assert worker._process.pid is not None
        os.kill(worker._process.pid, signal.SIGKILL)
        found = _judged(judge, concerts_file, _NAMES)
        assert (found.category, found.error) == (Category.OTHER_ERROR, "It ended the process that ran it.")
        assert _judged(judge, concerts_file, _NAMES).right


def test_a_worker_that_dies_while_idle_costs_the_next_question_nothing(concerts_file: Path) -> None:
    with Judge() as judge:
        assert _judged(judge, concerts_file, _NAMES).right
        worker = judge._worker
        assert worker is not None
        assert worker._process.pid is not None
        os.kill(worker._process.pid, signal.SIGKILL)
        assert _judged(judge, concerts_file, "SELECT 1", "SELECT 1").right


def test_an_interrupt_of_the_terminal_does_not_reach_the_worker(concerts_file: Path) -> None:
    with Judge() as judge:
        assert _judged(judge, concerts_file, _NAMES).right
        worker = judge._worker
        assert worker is not None
        assert worker._process.pid is not None
        os.kill(worker._process.pid, signal.SIGINT)
        assert _judged(judge, concerts_file, _NAMES).right
        assert judge._worker is worker


def test_many_are_judged_in_order(concerts_file: Path) -> None:
    done: list[int] = []
    asked = [Judgeable(concerts_file, (_NAMES,), sql) for sql in (_NAMES, "SELECT 1", _NAMES)]
    assert [one.right for one in judge_all(asked, report=done.append)] == [True, False, True]
    assert done == [1, 2, 3]


def test_a_comparison_without_a_result_is_undecided_and_not_right(
    judge: Judge, concerts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "_compared", lambda: Compared(frozenset((Form.BIRD,)), frozenset((Form.EXECUTION,))))
    found = _judged(judge, concerts_file, "SELECT Age FROM singer")
    assert (found.category, found.right, found.valid) == (Category.UNDECIDED, False, True)
    assert found.forms == {Form.BIRD}
