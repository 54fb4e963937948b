"""Pastes are told from keys, however their bytes arrive."""

from itertools import chain

import pytest

from nl2sql_tui.tui import keys_driver
from nl2sql_tui.tui.keys_driver import PasteSplitter

_BEGIN, _END = "\x1b[200~", "\x1b[201~"


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        (["abc"], [("abc", False)]),
        (["\x1b"], [("\x1b", False)]),
        (["\x1b[A"], [("\x1b[A", False)]),
        ([f"a{_BEGIN}b\r\x1b[0mc{_END}d"], [("a", False), ("b\r\x1b[0mc", True), ("d", False)]),
        ([f"a{_BEGIN[:4]}", f"{_BEGIN[4:]}b{_END[:2]}", f"{_END[2:]}c"], [("a", False), ("b", True), ("c", False)]),
        (["\x1b[2", "0~x"], [("\x1b[20~x", False)]),
        ([f"{_BEGIN}{_BEGIN}{_END}"], [(_BEGIN, True)]),
    ],
)
def test_pieces(pieces: list[str], told: list[tuple[str, bool]]) -> None:
    splitter = PasteSplitter()
    found = [part for piece in pieces for part in splitter.feed(piece) if part[0]]
    assert found == told


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("begun", "told"), [(f"{_BEGIN}abc", [("abc", True)]), (_BEGIN, []), (_BEGIN[:4], [(_BEGIN[:4], False)])]
)
def test_keys_come_through_again_where_the_end_of_a_paste_is_lost(begun: str, told: list[tuple[str, bool]]) -> None:
    clock = _Clock()
    splitter = PasteSplitter(clock)
    assert [part for part in splitter.feed(begun) if part[0]] == []
    clock.now += 1
    assert list(splitter.overdue()) == []
    clock.now += 2
    assert list(splitter.overdue()) == told
    assert list(splitter.overdue()) == []
    assert list(splitter.feed("\x11")) == [("\x11", False)]


def test_a_paste_that_goes_on_slowly_stays_one() -> None:
    clock = _Clock()
    splitter = PasteSplitter(clock)
    found = []
    for piece in (_BEGIN, "a", "b\r", "c", _END):
        found += [*splitter.feed(piece), *splitter.overdue()]
        clock.now += 1.5
        found += splitter.overdue()
    assert [part for part in found if part[0]] == [("ab\rc", True)]


def test_a_large_paste_comes_in_pieces_and_is_text_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_driver, "_LARGEST_PIECE", 20)
    splitter = PasteSplitter()
    text = "0123456\r" * 10
    sent = f"{_BEGIN}{text}{_END}x"
    found = list(chain.from_iterable(splitter.feed(sent[start : start + 7]) for start in range(0, len(sent), 7)))
    assert "".join(piece for piece, pasted in found if pasted) == text
    assert "".join(piece for piece, pasted in found if not pasted) == "x"
    assert max(len(piece) for piece, _ in found) < 40
