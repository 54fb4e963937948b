"""Texts on a terminal that change while they are written, seen through a terminal emulator."""

import io

import pyte
import pytest

from nl2sql_tui.terminal import Draft


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> pyte.Screen:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "8")
    return pyte.Screen(20, 8)


def _shown(screen: pyte.Screen, texts: list[str]) -> list[str]:
    out = io.StringIO()
    draft = Draft(out)
    for text in texts:
        draft.show(text)
    draft.end()
    pyte.Stream(screen).feed(out.getvalue().replace("\n", "\r\n"))
    return [line.rstrip() for line in screen.display if line.strip()]


def test_a_text_that_grows_is_written_on(screen: pyte.Screen) -> None:
    assert _shown(screen, ["SELECT", "SELECT x", "SELECT x FROM a"]) == ["SELECT x FROM a"]


def test_a_text_that_changes_takes_the_old_ones_place(screen: pyte.Screen) -> None:
    texts = ["SELECT … FROM singer JOIN", "SELECT … FROM singer JOIN concert ON a = b", "SELECT n FROM singer JOIN c"]
    assert _shown(screen, texts) == ["SELECT n FROM singer", " JOIN c"]


def test_control_characters_of_a_model_do_not_reach_the_terminal(screen: pyte.Screen) -> None:
    assert _shown(screen, ["SELECT '\x1b[2J'"]) == ["SELECT '␛[2J'"]
