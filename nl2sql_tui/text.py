"""The one door for text that came out of a database, a file name or a model on its way to a screen.

A terminal obeys what it is sent: a cell that holds ESC ] 52 overwrites the clipboard, one that holds a
right-to-left override turns a file name around. Whatever reaches a screen passes through here and shows such
characters as glyphs instead. Nothing here parses markup.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.content import Content

ELLIPSIS = "…"

_BIDI_AND_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028\u2029\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0100-\U000e01ef"
)
"""Every format character but the Arabic, Syriac and Kaithi signs that are drawn, and but U+200D and U+FE0F."""
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINING_NOTHING = (
    f"(?<![{_EMOJI}\ufe0f])\u200d|\u200d(?![{_EMOJI}])|(?<![{_EMOJI}])\ufe0f(?!\u20e3)|(?<![{_EMOJI}0-9#*])\ufe0f"
)
"""U+200D where it does not join two emoji, U+FE0F where it colours none and makes no keycap of a digit."""
_HIDDEN = f"{_BIDI_AND_INVISIBLE}\ud800-\udfff\U000e0000-\U000e007f"
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f{_HIDDEN}]|{_JOINING_NOTHING}")
_UNSAFE_KEEPING_LINES = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_HIDDEN}]|{_JOINING_NOTHING}")


def _glyph(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"⟨{code:04X}⟩"


def visible(text: str) -> str:
    """`text` on one line, with each control, bidi and invisible character as a visible glyph.

    C0 and DEL become their Unicode pictures (ESC is ␛), other characters their code in brackets (⟨202E⟩),
    lone surrogates the replacement character.
    """
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_glyph, text)


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing of `text`: it has only white space, invisible and control characters."""
    return not _UNSAFE.sub("", text).replace("\u2800", " ").strip()


def visible_lines(text: str) -> str:
    """Like `visible`, but line feeds and tabs stay: for SQL and messages of several lines."""
    return _UNSAFE_KEEPING_LINES.sub(_glyph, text)


def shortened(text: str, limit: int) -> str:
    """`visible(text)` of at most `limit` characters, the last of them an ellipsis where it was cut."""
    shown = visible(text[: limit + 1])
    return shown if len(shown) <= limit else shown[: max(0, limit - 1)] + ELLIPSIS


def byte_size(count: int) -> str:
    """`count` bytes as a person reads it, e.g. "812 B", "1.2 kB"."""
    if count < 1000:
        return f"{count} B"
    units = [(10**9, "GB"), (10**6, "MB"), (10**3, "kB")]
    size, unit = next((count / one, name) for one, name in units if count >= one)
    return f"{size:.1f} {unit}"


def content(text: str, style: str = "") -> "Content":
    """`text` for a Textual widget: shown as it is, never read as markup; line feeds stay."""
    from textual.content import Content

    shown = visible_lines(text)
    return Content.styled(shown, style) if style else Content(shown)
