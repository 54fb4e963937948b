"""Pastes are told from keys, however their bytes arrive."""

import pytest

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
