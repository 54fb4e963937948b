"""The index of a large database is kept on disk: private, bounded, refreshed, and never in the way."""

import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nl2sql_tui.assistant import Assistant
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database import file as file_module
from nl2sql_tui.database import value_cache
from nl2sql_tui.database.file import Database
from nl2sql_tui.database.value_cache import LEAST_DATABASE_BYTES, ValueCache
from nl2sql_tui.database.value_index import write_index
from nl2sql_tui.errors import Stopped
from nl2sql_tui.folders import HOME_VARIABLE
from nl2sql_tui.schema import CellValue
from nl2sql_tui.settings import Settings
from tests.databases import make_database
from tests.fake_engine import ScriptedEngine

_SCRIPT = f"""
CREATE TABLE city (name TEXT, note BLOB);
INSERT INTO city VALUES ('Oslo', NULL), ('São Paulo', NULL), ('Filler', zeroblob({LEAST_DATABASE_BYTES}));
"""
_LONG_AGO = 1_600_000_000
_STATE = ((1, LEAST_DATABASE_BYTES),)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A database large enough to be kept an index of, and last changed long ago."""
    folder = tmp_path / "data"
    folder.mkdir()
    return _aged(make_database(folder / "large.sqlite", _SCRIPT))


def _aged(file: Path, seconds: int = _LONG_AGO) -> Path:
    os.utime(file, (seconds, seconds))
    return file


def _kept(home: Path) -> list[Path]:
    folder = home / "cache" / "values"
    return sorted(folder.iterdir()) if folder.exists() else []


def _finds(file: Path, text: str) -> bool:
    return bool(Database(file).values(Cancel()).find(text))


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on no cell can be read: what is found was kept."""

    def refuse(*_: object) -> Iterator[CellValue]:
        raise AssertionError("the cells are read again")
        yield

    monkeypatch.setattr(file_module, "cell_texts", refuse)


def test_an_index_is_used_again_without_reading_a_cell(large: Path, home: Path, request: pytest.FixtureRequest) -> None:
    assert _finds(large, "oslo")
    assert len(_kept(home)) == 1
    request.getfixturevalue("unreadable")
    values = Database(large).values(Cancel())
    assert values.find("OSLO") == [CellValue("city", "name", "Oslo")]
    assert values.similar("sao paolo") == [CellValue("city", "name", "São Paulo")]


def test_that_there_is_no_text_is_remembered_too(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    script = f"CREATE TABLE t (a BLOB); INSERT INTO t VALUES (zeroblob({LEAST_DATABASE_BYTES}))"
    file = _aged(make_database(tmp_path / "no_texts.sqlite", script))
    assert len(Database(file).values(Cancel())) == 0
    request.getfixturevalue("unreadable")
    assert len(Database(file).values(Cancel())) == 0


def test_a_link_to_the_database_uses_the_same_index(large: Path, home: Path, tmp_path: Path) -> None:
    assert _finds(large, "oslo")
    link = tmp_path / "link.sqlite"
    link.symlink_to(large)
    assert _finds(link, "oslo")
    assert len(_kept(home)) == 1


def test_a_change_of_the_database_is_seen(large: Path, home: Path) -> None:
    database = Database(large)
    assert not database.values(Cancel()).find("Bergen")
    with closing(sqlite3.connect(large)) as connection:
        connection.execute("UPDATE city SET name = 'Bergen' WHERE name = 'Oslo'")
        connection.commit()
    _aged(large, _LONG_AGO + 60)
    assert database.values(Cancel()).find("Bergen")
    assert _finds(large, "Bergen")
    assert not _finds(large, "Oslo")
    assert len(_kept(home)) == 1


def test_a_change_in_the_log_of_another_program_is_seen(large: Path, home: Path) -> None:
    with closing(sqlite3.connect(large, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE city SET name = 'Bergen' WHERE name = 'Oslo'")
        log = large.with_name(large.name + "-wal")
        _aged(large), _aged(log)
        database = Database(large)
        assert database.values(Cancel()).find("Bergen")
        assert len(_kept(home)) == 1
        connection.execute("UPDATE city SET name = 'Tromsø' WHERE name = 'Bergen'")
        _aged(large), _aged(log)
        assert database.values(Cancel()).find("Tromsø")
        assert _finds(large, "Tromsø")
        assert not _finds(large, "Bergen")


def test_a_database_that_changed_just_now_is_not_kept(large: Path, home: Path) -> None:
    """Another change within the same step of the file system's clock could not be told from it."""
    _aged(large, int(time.time()))
    assert _finds(large, "oslo")
    assert _kept(home) == []


def test_a_small_database_is_not_copied_to_disk(tmp_path: Path, home: Path) -> None:
    small = _aged(make_database(tmp_path / "small.sqlite"))
    assert _finds(small, "france")
    assert _kept(home) == []


def test_forbidden_values_leave_no_index(large: Path, home: Path) -> None:
    assistant = Assistant(Database(large), ScriptedEngine(("SELECT 1",)), Settings(values=False))
    assert list(assistant.answer("How many cities like Oslo are there?", Cancel()))
    assert _kept(home) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permissions of this kind")
def test_only_the_user_may_read_it_and_nothing_lies_beside_the_database(large: Path, home: Path) -> None:
    before = os.umask(0)
    try:
        assert _finds(large, "oslo")
    finally:
        os.umask(before)
    (file,) = _kept(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in large.parent.iterdir()] == [large.name]


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage", "another format", "a text"])
def test_a_damaged_index_is_made_anew(large: Path, home: Path, damage: str) -> None:
    assert _finds(large, "oslo")
    (file,) = _kept(home)
    whole = file.read_bytes()
    if damage == "another format":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE source SET identity = '0'")
            connection.commit()
    else:
        broken = {"empty": b"", "cut": whole[:1000], "garbage": os.urandom(9000), "a text": b"hello"}
        file.write_bytes(broken[damage])
    assert _finds(large, "oslo")
    assert _kept(home) == [file]
    assert file.stat().st_size == len(whole)


def test_damage_that_shows_only_when_asked_is_mended_for_the_next_question(large: Path, home: Path) -> None:
    assert _finds(large, "oslo")
    (file,) = _kept(home)
    whole = file.read_bytes()
    page = 4096
    # The first two pages hold the schema and the source; those behind hold the texts.
    file.write_bytes(whole[: 2 * page] + b"\xff" * (len(whole) - 2 * page))
    database = Database(large)
    database.values(Cancel()).find("oslo")
    assert database.values(Cancel()).find("oslo")
    assert _finds(large, "oslo")


@pytest.mark.parametrize("place", ["home", "cache", "cache/values"])
def test_where_nothing_can_be_written_the_index_stays_in_memory(large: Path, home: Path, place: str) -> None:
    blocked = home.parent / "home" / ("" if place == "home" else place)
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("no folder")
    assert _finds(large, "oslo")


def test_a_full_disk_leaves_the_index_in_memory_and_no_rest(
    large: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def full_at_first(connection: sqlite3.Connection, cells: Iterable[CellValue], identity: str) -> None:
        calls.append(identity)
        if len(calls) == 1:
            raise sqlite3.OperationalError("database or disk is full")
        write_index(connection, cells, identity)

    monkeypatch.setattr(value_cache, "write_index", full_at_first)
    assert _finds(large, "oslo")
    assert _kept(home) == []


def test_a_cancel_leaves_no_half_index(large: Path, home: Path) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Stopped):
        Database(large).values(cancel)
    assert _kept(home) == []


def test_several_programs_at_once_do_not_disturb_each_other(large: Path, home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from nl2sql_tui.cancellation import Cancel\n"
        "from nl2sql_tui.database.file import Database\n"
        "for _ in range(10): assert Database(Path(sys.argv[1])).values(Cancel()).find('oslo')"
    )
    programs = [subprocess.Popen([sys.executable, "-c", code, str(large)]) for _ in range(3)]
    assert [program.wait(120) for program in programs] == [0, 0, 0]
    assert len(_kept(home)) == 1


def test_an_open_index_outlives_its_successor(large: Path) -> None:
    before = Database(large).values(Cancel())
    with closing(sqlite3.connect(large)) as connection:
        connection.execute("DELETE FROM city WHERE name = 'Oslo'")
        connection.commit()
    _aged(large, _LONG_AGO + 60)
    assert not _finds(large, "oslo")
    assert before.find("oslo")


def _make(cache: ValueCache, database: Path, texts: int = 2_000) -> None:
    cache.index(database, _STATE, lambda: (CellValue("t", "c", f"text {number}") for number in range(texts)))


def test_the_least_recently_used_index_goes_first(tmp_path: Path) -> None:
    folder = tmp_path / "values"
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    cache = ValueCache(folder)
    _make(cache, first)
    size = next(folder.iterdir()).stat().st_size
    _make(cache, second)
    for age, file in enumerate(sorted(folder.iterdir())):
        _aged(file, int(time.time()) - 1000 - age)
    _make(cache, first, texts=0)  # It is used again: nothing is read, for the index is there.
    _make(ValueCache(folder, most_bytes=2 * size + size // 2), third)
    assert [cache.forget(database) for database in (first, second, third)] == [True, False, True]


def test_an_index_that_is_larger_than_all_may_be_together_is_kept_while_it_is_the_newest(tmp_path: Path) -> None:
    cache = ValueCache(tmp_path / "values", most_bytes=10)
    _make(cache, tmp_path / "first")
    _make(cache, tmp_path / "second")
    assert [cache.forget(tmp_path / name) for name in ("first", "second")] == [False, True]


def test_what_was_unused_for_long_and_what_a_crash_left_goes(tmp_path: Path) -> None:
    cache = ValueCache(tmp_path / "values")
    _make(cache, tmp_path / "old")
    _aged(next(cache.folder.iterdir()))
    left, being_written = cache.folder / "left.new", cache.folder / "now.new"
    left.touch()
    being_written.touch()
    _aged(left)
    _make(cache, tmp_path / "new")
    assert not left.exists()
    assert being_written.exists()
    assert [cache.forget(tmp_path / name) for name in ("old", "new")] == [False, True]


def test_an_index_is_forgotten_on_request(large: Path, home: Path) -> None:
    assert _finds(large, "oslo")
    large.unlink()
    assert ValueCache().forget(large)
    assert not ValueCache().forget(large)
    assert _kept(home) == []
