"""Hostile predictions before the judge: each ends in a category, the file keeps its bytes, and the judging goes on."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from nl2sql_tui.evaluation import judge as judging
from nl2sql_tui.evaluation.judge import Judge
from nl2sql_tui.evaluation.judgement import Category, Judgeable
from tests.databases import make_database

_COUNT_TO = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) "
_GOLD = "SELECT Name FROM singer"

_HOSTILE = [
    ("DROP TABLE singer", Category.NOT_READING),
    ("DROP TABLE singer; SELECT Name FROM singer", Category.NOT_READING),
    ("SELECT Name FROM singer; DROP TABLE singer", Category.SEVERAL),
    ("DELETE FROM singer", Category.NOT_READING),
    ("WITH x AS (SELECT 1) DELETE FROM singer", Category.NOT_READING),
    ("UPDATE singer SET Name = 'x' RETURNING Name", Category.NOT_READING),
    ("ATTACH 'stolen.sqlite' AS other", Category.NOT_READING),
    ("VACUUM INTO 'stolen.sqlite'", Category.NOT_READING),
    ("PRAGMA writable_schema = 1", Category.NOT_READING),
    ("PRAGMA journal_mode = DELETE", Category.NOT_READING),
    ("PRAGMA hard_heap_limit = 0", Category.NOT_READING),
    ("SELECT load_extension('evil')", Category.NOT_READING),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT COUNT(*) FROM n", Category.TIMEOUT),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n WHERE i = 0", Category.TIMEOUT),
    ("SELECT instr(printf('%.*c', 60000000, 'a'), printf('%.*c', 30000000, 'a') || 'b')", Category.TIMEOUT),
    (_COUNT_TO.format(1_000_000) + "SELECT i FROM n", Category.TOO_LARGE),
    (_COUNT_TO.format(100_000) + "SELECT i, zeroblob(1000000) FROM n", Category.TOO_LARGE),
    ("SELECT zeroblob(2000000000)", Category.TOO_LARGE),
    ("SELECT randomblob(2000000000)", Category.TOO_LARGE),
    ("SELECT " + ", ".join(["zeroblob(60000000)"] * 100), Category.TOO_LARGE),
    ("SELECT " + ", ".join(["1"] * 5_000), Category.OTHER_ERROR),
    ("SELECT " + ", ".join(["1"] * 2_000), Category.MISMATCH),
    ("SELECT printf('%*c', 1000000000, 'x') IS NULL", Category.MISMATCH),
    ("SELECT CAST(x'ff00fe' AS TEXT) FROM singer", Category.MISMATCH),
    ("SELECT Name\x00 FROM singer", Category.OTHER_ERROR),
    ("\x00", Category.SYNTAX),
    ("SELECT '\ud800'", Category.OTHER_ERROR),
    ("", Category.NO_SQL),
    ("SELECT " + "(" * 5_000 + "1" + ")" * 5_000, Category.OTHER_ERROR),
    ("SELECT " + "1+" * 50_000 + "1", Category.OTHER_ERROR),
    ("x" * 3_000_000, Category.SYNTAX),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database(tmp_path_factory.mktemp("hostile") / "concerts.sqlite")


@pytest.fixture(scope="module")
def patient() -> Iterator[Judge]:
    """Gives time enough for what is bounded by something else, on a busy computer too."""
    with Judge(answer_seconds=60.0) as one:
        yield one


@pytest.fixture(scope="module")
def impatient() -> Iterator[Judge]:
    with pytest.MonkeyPatch.context() as patch, Judge(answer_seconds=1.0) as one:
        patch.setattr(judging, "_GRACE_SECONDS", 1.0)
        yield one


@pytest.mark.parametrize(("sql", "category"), _HOSTILE, ids=[repr(sql[:50]) for sql, _ in _HOSTILE])
def test_it_ends_in_a_category_and_changes_nothing(
    patient: Judge,
    impatient: Judge,
    database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sql: str,
    category: Category,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = hashlib.sha256(database.read_bytes()).digest()
    judge = impatient if category is Category.TIMEOUT else patient
    assert judge.judge(Judgeable(database, (_GOLD,), sql)).category is category
    assert hashlib.sha256(database.read_bytes()).digest() == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]
    assert not list(tmp_path.iterdir())
    assert judge.judge(Judgeable(database, (_GOLD,), _GOLD)).right
