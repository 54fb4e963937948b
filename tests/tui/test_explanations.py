"""What the SQL does in words, and why a result is empty: in the chat, in full, and behind the key that mends it."""

import queue
import threading
from pathlib import Path

import pytest
from textual.message import Message

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.doctor import Diagnosis, Finding, ResultFacts
from nl2sql_tui.errors import Stopped
from nl2sql_tui.quoting import quoted, string_literal
from nl2sql_tui.tui import explainer
from nl2sql_tui.tui.messages import DiagnosisMade
from tests.databases import make_database
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import opened

IN_FRANCE = "SELECT Name FROM singer WHERE Country = 'France' AND Age = 52"
LONG = (
    "SELECT singer.Name, concert.Title FROM singer_in_concert JOIN singer USING (Singer_ID) JOIN concert "
    "USING (concert_ID) WHERE singer.Age > 30 AND concert.Year = 2014 AND singer.Country = 'France' "
    "AND concert.Fee IS NOT NULL AND singer.Name LIKE 'R%' ORDER BY singer.Name LIMIT 3"
)


async def test_an_answer_is_read_in_plain_words(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([IN_FRANCE])) as program:
        await program.ask("who comes from there?")
        await program.until(
            lambda: "Lists Name of the rows of singer whose Country is 'France' and Age is 52." in program.text
        )


async def test_sql_by_hand_is_read_too_and_sql_that_cannot_run_is_not(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT frobnicate(Name) FROM singer"])) as program:
        await program.run_by_hand("SELECT COUNT(*) FROM singer")
        await program.until(lambda: "Counts the rows of singer." in program.text)
        turn = await program.ask("who?")
        await program.pilot.pause(0.2)
        assert turn.reading is None


async def test_a_long_reading_takes_two_lines_and_a_key_shows_all_of_it(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([LONG]), size=(80, 24)) as program:
        turn = await program.ask("much")
        await program.until(lambda: turn.reading is not None)
        await program.until(lambda: "W in the chat (F3) shows all" in program.text)
        told = [line for line in program.text.split("\n") if "Lists singer.Name" in line or "shows all" in line]
        assert len(told) == 2
        assert "concert.Fee is not missing" not in program.text
        await program.press("f3", "w")
        await program.until(lambda: "What the SQL does" in program.text)
        assert "concert.Fee is not missing" in program.text
        await program.press("end")
        assert "Name: from singer.Name" in program.text
        await program.press("escape")
        assert "What the SQL does" not in program.text


async def test_the_cause_of_an_empty_result_is_told_and_a_key_mends_it(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine([IN_FRANCE]), size=(80, 24)) as program:
        turn = await program.ask("who is from France and 52?")
        await program.press("enter")
        await program.until_run_ended()
        await program.until(lambda: "This condition removes the last row: Country is" in program.text)
        assert "Ctrl+G" in program.text
        await program.press("ctrl+g")
        box = program.workspace.chat.sql_box
        await program.until(lambda: box.has_focus)
        assert box.text == "SELECT Name FROM singer WHERE Age = 52"
        # It stands ready; it has not run.
        await program.pilot.pause(0.2)
        assert turn.ending is not None
        assert turn.ending.row_count == 0
        assert len(program.workspace.chat.turns.turns) == 1
        await program.press("enter")
        await program.until(lambda: program.workspace.result.grid.rows == [("Joe Sharp",)])
        assert program.turn.answers == "who is from France and 52?"


async def test_the_key_does_nothing_where_there_is_nothing_to_mend(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.run_by_hand("SELECT Name FROM singer")
        await program.until(lambda: not program.workspace._explainer.examining)
        assert program.turn.suggestion is None
        await program.press("ctrl+g")
        assert not program.workspace.chat.sql_box.text
        assert "Ctrl+G" not in program.text


async def test_the_help_explains_the_keys(concerts: Database) -> None:
    async with opened(concerts, size=(120, 50)) as program:
        await program.run_by_hand(IN_FRANCE)
        await program.until(lambda: program.turn.suggestion is not None and program.turn.reading is not None)
        await program.press("f3", "f1")
        for words in ("Ctrl+G", "Mend SQL", "In words"):
            assert words in program.text


def _endless(_database: Database, _sql: str, _facts: ResultFacts, cancel: Cancel) -> Diagnosis:
    """An examination that ends only when it is told to."""
    while not cancel.requested:
        pass
    raise Stopped


async def test_esc_and_the_next_run_end_an_examination(concerts: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explainer, "examine", _endless)
    async with opened(concerts) as program:
        await program.run_by_hand(IN_FRANCE)
        await program.until(lambda: "looking for the cause" in program.text)
        await program.press("escape")
        await program.until(lambda: "looking for the cause" not in program.text)
        assert not program.workspace._explainer.examining
        first = await program.run_by_hand(IN_FRANCE)
        await program.until(lambda: first.diagnosis is None)
        await program.run_by_hand("SELECT Name FROM singer WHERE Age > 0")
        assert first.diagnosis == Diagnosis()
        await program.press("escape")


def test_a_new_examination_takes_the_place_of_the_last(concerts: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Diagnosis((Finding("why"),))
    ended = threading.Event()

    def endless_at_first(database: Database, sql: str, facts: ResultFacts, cancel: Cancel) -> Diagnosis:
        if sql != "first":
            return found
        try:
            return _endless(database, sql, facts, cancel)
        finally:
            ended.set()

    monkeypatch.setattr(explainer, "examine", endless_at_first)
    posted: queue.Queue[Message] = queue.Queue()
    doctor = explainer.Explainer(concerts, posted.put)
    doctor.examine(1, "first", ResultFacts(0))
    doctor.examine(2, "second", ResultFacts(0))
    assert ended.wait(60)
    told = [posted.get(timeout=60) for _ in range(3)]
    diagnoses = [(one.turn, one.diagnosis) for one in told if isinstance(one, DiagnosisMade)]
    assert diagnoses == [(1, Diagnosis()), (2, found)]
    # What was to be said of the first comes too late to end the second.
    doctor.end(1)
    assert doctor.examining
    doctor.end(2)
    assert not doctor.examining
    assert posted.empty()


async def test_a_bug_in_the_doctor_is_logged_and_nothing_is_said(
    concerts: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explainer, "examine", lambda *_: 1 / 0)
    async with opened(concerts) as program:
        await program.run_by_hand(IN_FRANCE)
        await program.until(lambda: not program.workspace._explainer.examining)
        assert program.turn.diagnosis == Diagnosis()


async def test_hostile_names_and_values_are_shown_not_obeyed(tmp_path: Path) -> None:
    hostile = "[/b]\x1b]52;c;aGk=\x07\u202e"
    column, value = quoted("c" + hostile), string_literal("v" + hostile)
    script = f"CREATE TABLE t (id INTEGER PRIMARY KEY, {column} TEXT); INSERT INTO t VALUES (1, 'a');"
    database = Database(make_database(tmp_path / "h.sqlite", script))
    reply = f"SELECT id FROM t WHERE {column} = {value}"
    async with opened(database, ScriptedEngine([reply])) as program:
        await program.ask("what has aGk?")
        await program.press("enter")
        await program.until_run_ended()
        await program.until(lambda: "No row meets this condition" in program.text)
        assert not {"\x1b", "\x07", "\u202e"} & set(program.text)
        await program.press("f3", "w")
        await program.until(lambda: "What the SQL does" in program.text)
        assert not {"\x1b", "\x07", "\u202e"} & set(program.text)
        assert "c[/b]␛]52" in program.text
