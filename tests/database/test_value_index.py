"""Texts are found again to the letter, without accents, and with slips; a damaged index finds nothing."""

import sqlite3
import threading
from pathlib import Path

import pytest

from nl2sql_tui.database.value_index import ValueIndex, identity_of, open_in_memory, write_index
from nl2sql_tui.schema import CellValue


def _index(*texts: str) -> ValueIndex:
    connection = open_in_memory()
    write_index(connection, (CellValue("t", "c", text) for text in texts), "state 1")
    return ValueIndex(connection)


def _similar(index: ValueIndex, text: str) -> list[str]:
    return [cell.text for cell in index.similar(text)]


def test_find_disregards_case_and_nothing_else() -> None:
    index = _index("São Paulo", "SÃO PAULO", "Sao Paulo", "Oslo ")
    assert [cell.text for cell in index.find("são paulo")] == ["São Paulo", "SÃO PAULO"]
    assert index.find("Oslo") == []


def test_similar_prefers_the_same_letters_without_accents() -> None:
    index = _index("São Paulo", "Sao Paula", "SAO PAULO")
    assert _similar(index, "sao paulo") == ["São Paulo", "SAO PAULO"]


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("slip", ["left out", "added", "changed", "swapped"])
def test_one_slip_at_any_place_is_forgiven(place: int, slip: str) -> None:
    text = "Oslofjord"
    before, letter, after = text[:place], text[place], text[place + 1 :]
    swapped = after[:1] + letter + after[1:] if after else letter + "x"
    forms = {"left out": after, "added": letter + "q" + after, "changed": "q" + after, "swapped": swapped}
    assert _similar(_index(text, "Mandalay", "Heidelberg"), before + forms[slip]) == [text]


@pytest.mark.parametrize("written", ["frnce", "francee", "frence", "farnce", "ffance", "franec", "rance"])
def test_a_slip_in_a_short_word_is_forgiven(written: str) -> None:
    assert _similar(_index("France", "Greece", "Gabon"), written) == ["France"]


def test_two_slips_are_forgiven_in_a_long_word_only() -> None:
    index = _index("Mediterranean", "Norway", "Chad")
    assert _similar(index, "mediteranan") == ["Mediterranean"]
    assert _similar(index, "norvey") == []
    assert _similar(index, "chat") == []


def test_other_digits_are_no_slip() -> None:
    index = _index("Boeing 737-800", "Version 12")
    assert _similar(index, "Boeing 747-800") == []
    assert _similar(index, "Boing 737-800") == ["Boeing 737-800"]


def test_the_nearest_texts_win_and_too_many_are_none() -> None:
    assert _similar(_index("Marian", "Marion", "Marina"), "marion") == ["Marion"]
    assert _similar(_index("Marian", "Mariam", "Mariab"), "mariax") == []
    assert _similar(_index("Marian", "Mariam"), "mariax") == ["Marian", "Mariam"]


def test_a_text_in_several_columns_is_found_in_the_order_in_which_it_was_given() -> None:
    connection = open_in_memory()
    cells = [CellValue("b", "y", "Heidelberg"), CellValue("a", "x", "heidelberg")]
    write_index(connection, cells, "")
    index = ValueIndex(connection)
    assert index.find("HEIDELBERG") == cells
    assert index.similar("Heidleberg") == cells
    assert len(index) == 2


def test_texts_of_any_script_and_questions_of_any_bytes_do_no_harm() -> None:
    index = _index("東京タワー", "Łódź", "I%_'\"")
    assert index.find("東京タワー")
    assert _similar(index, "Łodz") == ["Łódź"]
    assert index.find("i%_'\"")
    assert index.find("\udc80") == index.similar("abc\udc80def") == []
    assert index.find("a\x00b") == index.similar("abc\x00def") == []
    assert index.similar("x" * 4000) == []
    assert not index.damaged


def test_an_index_says_what_it_was_made_from() -> None:
    connection = open_in_memory()
    write_index(connection, (), "state 7")
    assert identity_of(connection) == "state 7"
    with pytest.raises(sqlite3.Error):
        identity_of(open_in_memory())


def test_a_damaged_index_finds_nothing_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "index"
    writing = sqlite3.connect(file, isolation_level=None)
    write_index(writing, (CellValue("t", "c", f"text {number}") for number in range(5_000)), "")
    writing.close()
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))
    index = ValueIndex(sqlite3.connect(file, check_same_thread=False))
    assert index.find("text 77") == []
    assert index.damaged
    assert len(index) == 0


def test_an_index_answers_several_threads() -> None:
    index = _index(*(f"name {number}" for number in range(500)))
    found: list[bool] = []

    def ask() -> None:
        found.extend(bool(index.find(f"NAME {number}")) for number in range(500))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [True] * 2_000
