"""Accepted pairs come back as they were kept; whatever is wrong with their file is one clear error."""

import dataclasses
import os
import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.history import accepted
from nl2sql_tui.history.accepted import AcceptedPair, History, HistoryError, can_be_accepted, schema_fingerprint
from nl2sql_tui.schema import Column, ForeignKey, Schema, Table
from tests.databases import CONCERTS, make_database

_START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "data" / "history.sqlite")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "concerts.sqlite"


def _pair(database: Path, question: str = "How many?", sql: str = "SELECT 1", minute: int = 0) -> AcceptedPair:
    return AcceptedPair(
        database=database,
        schema_fingerprint="0123",
        question=question,
        sql=sql,
        edited=False,
        model="default",
        row_count=1,
        last_run=_START + timedelta(minutes=minute),
    )


def test_a_history_that_was_never_written_is_empty_and_stays_away(history: History, database: Path) -> None:
    assert history.pairs(database) == []
    assert history.databases() == []
    assert history.forget(database) == 0
    assert not history.file.parent.exists()


def test_a_pair_comes_back_as_it_was_kept(history: History, database: Path) -> None:
    pair = AcceptedPair(
        database, "9f", 'Zoë\'s\x00 "fans"?', "SELECT 'a''b'\nFROM t", True, "phi3", 12, _START, 1, 0.25
    )
    history.accept(pair)
    assert history.pairs(database) == [pair]


def test_the_newest_question_comes_first(history: History, database: Path) -> None:
    for minute, question in enumerate(("first", "second", "third")):
        history.accept(_pair(database, question, minute=minute))
    assert [pair.question for pair in history.pairs(database)] == ["third", "second", "first"]


def test_running_it_again_counts_and_takes_over_what_is_new(history: History, database: Path) -> None:
    history.accept(_pair(database))
    again = dataclasses.replace(_pair(database, minute=5), row_count=7, model="phi3", schema_fingerprint="45")
    history.accept(again)
    assert history.pairs(database) == [dataclasses.replace(again, times_run=2)]


def test_of_several_statements_for_a_question_the_last_accepted_counts(history: History, database: Path) -> None:
    history.accept(_pair(database, sql="SELECT 1", minute=0))
    history.accept(dataclasses.replace(_pair(database, sql="SELECT 2", minute=1), edited=True))
    assert [(pair.sql, pair.edited) for pair in history.pairs(database)] == [("SELECT 2", True)]
    history.accept(_pair(database, sql="SELECT 1", minute=2))
    assert [(pair.sql, pair.times_run) for pair in history.pairs(database)] == [("SELECT 1", 2)]


def test_pairs_that_arrive_out_of_order_stand_in_the_order_of_their_runs(history: History, database: Path) -> None:
    history.accept(_pair(database, sql="later", minute=9))
    history.accept(_pair(database, sql="earlier", minute=3))
    history.accept(_pair(database, sql="later", minute=1))
    newest = history.pairs(database)[0]
    assert (newest.sql, newest.last_run) == ("later", _START + timedelta(minutes=9))


def test_white_space_does_not_make_another_question(history: History, database: Path) -> None:
    history.accept(_pair(database, "How  many\nsingers? ", minute=0))
    history.accept(_pair(database, "How many singers?", minute=1))
    assert [(pair.question, pair.times_run) for pair in history.pairs(database)] == [("How many singers?", 2)]


def test_what_only_ran_stands_in_the_log_and_becomes_accepted_when_it_is(history: History, database: Path) -> None:
    history.log(_pair(database))
    assert history.pairs(database) == []
    assert [(run.pair.question, run.accepted) for run in history.runs(database)] == [("How many?", False)]
    history.accept(_pair(database, minute=1))
    history.log(_pair(database, minute=2))
    (run,) = history.runs(database)
    assert (run.accepted, run.pair.times_run) == (True, 3)
    assert history.pairs(database) == [run.pair]


def test_a_statement_that_only_ran_does_not_stand_in_for_an_older_one_that_was_accepted(
    history: History, database: Path
) -> None:
    history.accept(_pair(database, sql="SELECT 1", minute=0))
    history.log(_pair(database, sql="SELECT 2", minute=1))
    assert [pair.sql for pair in history.pairs(database)] == ["SELECT 1"]
    assert [run.pair.sql for run in history.runs(database)] == ["SELECT 2", "SELECT 1"]


@pytest.mark.parametrize("written_to", [False, True])
def test_a_file_of_an_earlier_version_keeps_what_it_has_as_accepted(
    history: History, database: Path, written_to: bool
) -> None:
    history.accept(_pair(database))
    with sqlite3.connect(history.file) as connection:
        for column in ("confidence", "accepted"):
            connection.execute(f"ALTER TABLE accepted DROP COLUMN {column}")
    connection.close()
    if written_to:
        history.log(_pair(database, "Another?", minute=1))
    assert history.pairs(database) == [_pair(database)]
    assert [run.accepted for run in history.runs(database)] == [False, True][not written_to :]


@pytest.mark.parametrize(
    ("is_unsure", "row_count", "has_findings", "accepted"),
    [(False, 1, False, True), (True, 1, False, False), (False, 0, False, False), (False, 1, True, False)],
)
def test_what_a_person_can_be_taken_to_have_accepted(
    is_unsure: bool, row_count: int, has_findings: bool, accepted: bool
) -> None:
    assert can_be_accepted(is_unsure=is_unsure, row_count=row_count, has_findings=has_findings) is accepted


def test_databases_are_kept_apart_and_known_by_their_real_path(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one.sqlite", tmp_path / "other.sqlite"
    link = tmp_path / "link.sqlite"
    link.symlink_to(one)
    monkeypatch.chdir(tmp_path)
    history.accept(_pair(Path("one.sqlite"), "from here"))
    history.accept(_pair(link, "through a link"))
    history.accept(_pair(link, "through a link", "SELECT 2"))
    history.accept(_pair(other, "another"))
    assert {pair.question for pair in history.pairs(one)} == {"from here", "through a link"}
    assert {pair.database for pair in history.pairs(one)} == {one.resolve()}
    assert history.databases() == [(str(one.resolve()), 2), (str(other.resolve()), 1)]


def test_a_path_of_any_bytes_can_be_kept(history: History, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.sqlite"))
    history.accept(_pair(path))
    assert len(history.pairs(path)) == 1
    assert history.databases()[0][0].endswith("\\udcff.sqlite")


def test_what_is_forgotten_is_gone_from_the_file(history: History, tmp_path: Path) -> None:
    one, other = tmp_path / "one.sqlite", tmp_path / "other.sqlite"
    history.accept(_pair(one, "A private question?"))
    history.accept(_pair(one, "A private question?", "SELECT 2"))
    history.accept(_pair(other, "Another?"))
    assert b"A private question?" in history.file.read_bytes()
    assert history.forget(one) == 2
    assert history.pairs(one) == []
    assert len(history.pairs(other)) == 1
    assert b"A private question?" not in history.file.read_bytes()


def test_only_the_owner_may_read_it(history: History, database: Path) -> None:
    before = os.umask(0)
    try:
        history.accept(_pair(database))
    finally:
        os.umask(before)
    assert stat.S_IMODE(history.file.stat().st_mode) == 0o600


def test_several_programs_at_once_lose_nothing(
    history: History, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy computer each of them may wait longer for the others than anyone would in the program.
    monkeypatch.setattr(accepted, "_BUSY_SECONDS", 60.0)
    begin = threading.Barrier(4)

    def write(writer: int) -> None:
        begin.wait()
        for number in range(5):
            History(history.file).accept(_pair(database, f"question {writer}-{number}"))
            History(history.file).accept(_pair(database, "the same for all"))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pairs = {pair.question: pair.times_run for pair in history.pairs(database)}
    assert len(pairs) == 21
    assert pairs["the same for all"] == 20


def test_a_history_that_another_program_holds_is_told_and_left_alone(
    history: History, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepted, "_BUSY_SECONDS", 0.05)
    history.accept(_pair(database))
    holder = sqlite3.connect(history.file, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryError, match="another program has locked it"):
            history.accept(_pair(database, "more"))
        with pytest.raises(HistoryError, match="another program has locked it"):
            history.pairs(database)
    finally:
        holder.close()
    assert [pair.question for pair in history.pairs(database)] == ["How many?"]


@pytest.mark.parametrize(
    "content", [b"Dear diary, today nothing happened.\n" * 100, b"SQLite format 3\x00" + b"\x55" * 8000]
)
def test_a_damaged_history_is_told_and_not_touched(history: History, database: Path, content: bytes) -> None:
    history.file.parent.mkdir()
    history.file.write_bytes(content)
    for call in (
        lambda: history.accept(_pair(database)),
        lambda: history.pairs(database),
        history.databases,
        lambda: history.forget(database),
    ):
        with pytest.raises(HistoryError, match="it is damaged") as caught:
            call()
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == ExitCode.INPUT
    assert history.file.read_bytes() == content


def test_a_time_that_is_none_is_told(history: History, database: Path) -> None:
    history.accept(_pair(database))
    with sqlite3.connect(history.file) as connection:
        connection.execute("UPDATE accepted SET last_run = 'yesterday'")
    connection.close()
    with pytest.raises(HistoryError, match="cannot be used"):
        history.pairs(database)


def test_a_history_from_elsewhere_is_told(history: History, database: Path) -> None:
    history.file.parent.mkdir()
    make_database(history.file, "CREATE TABLE accepted (something TEXT)")
    with pytest.raises(HistoryError, match="cannot be used"):
        history.accept(_pair(database))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(history: History, database: Path) -> None:
    history.file.parent.mkdir(mode=0o500)
    with pytest.raises(HistoryError, match="Permission denied"):
        history.accept(_pair(database))


def test_a_place_that_cannot_be_a_folder_is_told(tmp_path: Path, database: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(HistoryError, match="cannot be used"):
        History(tmp_path / "data" / "history.sqlite").accept(_pair(database))


def test_a_folder_in_its_place_is_told(history: History, database: Path) -> None:
    history.file.mkdir(parents=True)
    with pytest.raises(HistoryError, match="it cannot be opened, or not be written to"):
        history.accept(_pair(database))


def test_a_disk_without_room_is_told_and_keeps_what_was_there(
    history: History, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.accept(_pair(database, "before"))
    connect = sqlite3.connect

    def without_room(*words: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", without_room)
    with pytest.raises(HistoryError, match="the disk is full"):
        history.accept(_pair(database, "long " * 10_000))
    monkeypatch.undo()
    assert [pair.question for pair in history.pairs(database)] == ["before"]


def test_no_cell_of_a_result_has_a_place_in_it(history: History, database: Path) -> None:
    history.accept(_pair(database))
    with sqlite3.connect(history.file) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(accepted)")}
    connection.close()
    assert columns == {field.name for field in dataclasses.fields(AcceptedPair)} | {"accepted"}


def test_the_fingerprint_of_a_schema_follows_the_schema_alone(tmp_path: Path) -> None:
    first = Database(make_database(tmp_path / "a.sqlite"))
    second = Database(make_database(tmp_path / "b.sqlite", CONCERTS + "DELETE FROM singer;"))
    assert schema_fingerprint(first.schema()) == schema_fingerprint(second.schema())


def test_every_change_of_a_schema_changes_its_fingerprint() -> None:
    key = ForeignKey("b", "u", "x")
    tables = [
        Table("t", (Column("a", "INT"),)),
        Table("u", (Column("a", "INT"),)),
        Table("t", (Column("b", "INT"),)),
        Table("t", (Column("a", "TEXT"),)),
        Table("t", (Column("a", "INT", primary_key=1),)),
        Table("t", (Column("a", "INT", not_null=True),)),
        Table("t", (Column("a", "INT"),), (key,)),
        Table("t", (Column("a", "INT"),), is_view=True),
        Table("t", (Column("ä\udcff", "INT"),)),
    ]
    fingerprints = {schema_fingerprint(Schema((table,))) for table in tables}
    assert len(fingerprints) == len(tables)
