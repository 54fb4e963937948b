"""What a CREATE statement says in words is kept with the table and the column that it is about."""

from pathlib import Path

import pytest

from nl2sql_tui.database.comments import comments_in
from nl2sql_tui.database.file import Database
from tests.databases import make_database

_STATEMENT = """CREATE TABLE t -- people who pay
( -- the number
  a INT, -- from the register
  /* in full */ b TEXT DEFAULT ('x,y--z'), c, "D ""d" /* in days */ INT, -- since the start
  -- about e
  -- over two lines
  e INT CHECK (e > 0 /* never below */) -- itself
  , f INT
  -- of the key
  , PRIMARY KEY (a)
)"""


def test_each_comment_goes_to_what_it_stands_beside() -> None:
    found = comments_in(_STATEMENT)
    assert found.table == "people who pay"
    assert found.columns == {
        "a": "the number from the register",
        "b": "in full",
        'd "d': "in days since the start",
        "e": "about e over two lines never below itself",
        "f": "of the key",
    }


@pytest.mark.parametrize(
    "statement",
    ["", "CREATE TABLE t AS SELECT 1 --", "CREATE TABLE t (a", "((((--", "CREATE TABLE t (a /* no end", "))--)"],
)
def test_no_statement_does_harm(statement: str) -> None:
    assert not {name for name in comments_in(statement).columns if name != "a"}


def test_comments_are_bounded() -> None:
    long = comments_in(f"CREATE TABLE t (a INT -- {'word ' * 10_000}\n)")
    assert len(long.columns["a"]) <= 200
    assert not comments_in("CREATE TABLE t (a INT) --" + "x" * 300_000).table


def test_the_schema_holds_them(tmp_path: Path) -> None:
    file = make_database(tmp_path / "t.sqlite", _STATEMENT + "; CREATE VIEW v AS SELECT a -- the number\n FROM t;")
    table, view = Database(file).schema().tables
    assert table.comment == "people who pay"
    assert [column.comment for column in table.columns][:2] == ["the number from the register", "in full"]
    assert not view.comment
    assert not any(column.comment for column in view.columns)


def test_a_comment_before_a_constraint_is_no_columns() -> None:
    assert comments_in("CREATE TABLE t (a INT,\n-- the key\nPRIMARY KEY (a))").columns == {}
