"""Nothing that a terminal obeys gets through, and everything that is text does."""

import sys
import unicodedata

import pytest

from nl2sql_tui.text import content, is_blank, shortened, visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Zoë 日本 👩‍👩‍👧", "Zoë 日本 👩‍👩‍👧"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("a\r\nb\tc", "a␍␊b␉c"),
        ("\x7f\x9b31m", "␡⟨009B⟩31m"),
        ("gpj.\u202eexe", "gpj.⟨202E⟩exe"),
        ("zero\u200bwidth\ufeff", "zero⟨200B⟩width⟨FEFF⟩"),
        ("ad\u00admin \u3164 \ufe0f👍", "ad⟨00AD⟩min ⟨3164⟩ ⟨FE0F⟩👍"),
        ("pass\u200dword\ufe0f", "pass⟨200D⟩word⟨FE0F⟩"),
        (
            "👍\u200da \u200d👍 👍\ufe0f\ufe0f 1\ufe0f a\ufe0f\u20e3",
            "👍⟨200D⟩a ⟨200D⟩👍 👍\ufe0f⟨FE0F⟩ 1⟨FE0F⟩ a⟨FE0F⟩\u20e3",
        ),
        ("❤️‍🔥 👩🏽‍⚕️ 🏳️‍🌈 1️⃣ #️⃣ ©️", "❤️‍🔥 👩🏽‍⚕️ 🏳️‍🌈 1️⃣ #️⃣ ©️"),
        ("\ud800", "\ufffd"),
        ("\U000e0041", "⟨E0041⟩"),
        ("[/b] [red]x[/red]", "[/b] [red]x[/red]"),
    ],
)
def test_what_a_terminal_would_obey_becomes_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_format_character_that_is_not_drawn_becomes_visible() -> None:
    drawn = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    every = {code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"}
    assert {code for code in every if visible(f"a{chr(code)}b") == f"a{chr(code)}b"} == drawn


def test_lines_stay_where_they_are_wanted() -> None:
    assert visible_lines("SELECT 1\n\tFROM t\r\x1b[2J") == "SELECT 1\n\tFROM t␍␛[2J"


def test_shortening_marks_the_cut() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"
    assert shortened("\x1b" * 3, 2) == "␛…"


def test_content_never_reads_markup() -> None:
    assert content("[bold]x[/] \x1b", "red").plain == "[bold]x[/] ␛"


def test_what_nobody_sees_is_blank() -> None:
    assert all(map(is_blank, ("", " \n", "\u200b\u00a0", "\u2800", "\x1b", "\u3164", "\u200d\ufe0f")))
    assert not any(map(is_blank, ("?", " a ", "👍", "\u200bx")))
