"""Reading training data in every shape it comes in, and naming the row that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from nl2sql_tui.errors import InputError
from nl2sql_tui.training.rows import read_rows
from tests.databases import make_database


def _file(folder: Path, name: str, rows: list[dict[str, Any]], *, as_array: bool = False) -> str:
    file = folder / name
    lines = json.dumps(rows) if as_array else "\n".join(json.dumps(row) for row in rows)
    file.write_text(lines + "\n", encoding="utf-8")
    return str(file)


ARTICLES = {"question": "How many heads?", "context": "CREATE TABLE head (age INTEGER)", "answer": "SELECT 1 FROM head"}


@pytest.mark.parametrize("as_array", [False, True])
def test_the_articles_shape(tmp_path: Path, as_array: bool) -> None:
    (row,) = read_rows([_file(tmp_path, "a.json", [ARTICLES], as_array=as_array)])
    assert (row.question, row.sql, row.statements) == (ARTICLES["question"], ARTICLES["answer"], ARTICLES["context"])
    assert row.database is None
    assert row.source == "a"


def test_our_shape_with_a_database_beside_the_file(tmp_path: Path) -> None:
    make_database(tmp_path / "s.sqlite")
    own = {"question": "q", "sql": "SELECT 1", "database": "s.sqlite", "evidence": "e", "source": "mine"}
    (row,) = read_rows([_file(tmp_path, "a.jsonl", [own])])
    assert (row.database, row.evidence, row.source) == (tmp_path / "s.sqlite", "e", "mine")


def test_databases_by_id(tmp_path: Path) -> None:
    (tmp_path / "dbs" / "s").mkdir(parents=True)
    make_database(tmp_path / "dbs" / "s" / "s.sqlite")
    file = _file(tmp_path, "a.json", [{"question": "q", "query": "SELECT 1", "db_id": "s"}], as_array=True)
    (row,) = read_rows([file], tmp_path / "dbs")
    assert row.database == tmp_path / "dbs" / "s" / "s.sqlite"


def test_parquet(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([ARTICLES]), tmp_path / "a.parquet")
    (row,) = read_rows([str(tmp_path / "a.parquet")])
    assert row.sql == ARTICLES["answer"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (json.dumps(ARTICLES) + "\nnot json\n", "Line 2 of a.jsonl"),
        (json.dumps(ARTICLES) + "\n\n" + json.dumps({"question": "q"}) + "\n", "Line 3 of a.jsonl"),
        (json.dumps([ARTICLES, 7]), "Row 2 of a.jsonl"),
        (json.dumps({**ARTICLES, "context": "", "db": "none.sqlite"}), "none.sqlite, which does not exist"),
        ("[1, 2", "is not valid JSON"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=named):
        list(read_rows([str(tmp_path / "a.jsonl")]))


def test_a_file_that_is_not_there_is_not_taken_for_a_data_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        list(read_rows([str(tmp_path / "deep" / "none.jsonl")]))


def test_a_db_id_names_nothing_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "dbs").mkdir()
    make_database(tmp_path / "secret.sqlite")
    file = _file(tmp_path, "a.jsonl", [{"question": "q", "sql": "SELECT 1", "db_id": "../secret"}])
    with pytest.raises(InputError, match="does not exist"):
        list(read_rows([file], tmp_path / "dbs"))


def test_what_the_hub_sends_opens_no_file_of_this_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = str(make_database(tmp_path / "mine.sqlite"))
    sent = [{**ARTICLES, "database": database}]
    monkeypatch.setattr("nl2sql_tui.training.rows._loader", lambda: lambda *_, **__: sent)
    (row,) = read_rows(["somebody/pairs"])
    assert (row.database, row.statements) == (None, ARTICLES["context"])


def test_evals_own_rows_can_be_kept_out_and_broken_characters_end_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(r'{"question": "q \ud83d", "gold": ["SELECT 1", "SELECT 2"], "schema": "CREATE TABLE t(x)"}')
    (row,) = read_rows([str(file)])
    assert (row.question, row.sql) == ("q ?", "SELECT 1")
