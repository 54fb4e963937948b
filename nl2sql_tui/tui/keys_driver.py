"""Reads the keyboard as Textual's own driver does, but sooner knows a lone Escape, and takes a paste as one piece.

A terminal sends one Escape byte for the Escape key, and begins the sequences of other keys with the same byte.
Textual looks every tenth of a second whether more has come; here it is looked every few milliseconds after a key, so
that what runs is seen to stop when the key is pressed.

Textual reads keys within a paste where that holds escape sequences: text would be lost, and a line feed behind one
would send what was pasted. Here everything up to the paste's end is text; where no end comes, up to a silence.
"""

import os
import select
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from textual import constants, events
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_BYTES_READ: Final = 4096
_WAIT_SECONDS: Final = 0.1
"""How long to wait for a key before looking whether the program is being left."""
_WAIT_BEHIND_A_KEY_SECONDS: Final = 0.01

_PASTE_BEGINS: Final = "\x1b[200~"
_PASTE_ENDS: Final = "\x1b[201~"
_SHORTEST_HELD_BACK: Final = 3
"""Of a paste's beginning that arrives in two pieces; less could be a key by itself."""
_LONGEST_SILENCE_SECONDS: Final = 2.0
"""Within a paste: what is typed after its end was lost must not stay text for ever. A slow line may pause a while."""
_LARGEST_PIECE: Final = 1_000_000
"""Characters of a paste that are held at most; more of them are several pieces."""


class PasteSplitter:
    """Tells what is pasted, between the terminal's two marks, from what is typed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard_at = clock()
        self._waiting = ""
        self._pasting = False

    def feed(self, text: str) -> Iterator[tuple[str, bool]]:
        """The pieces of `text`, and of what was held back before, that are whole: (piece, whether it was pasted)."""
        self._heard_at = self._clock()
        self._waiting += text
        while self._waiting:
            mark = _PASTE_ENDS if self._pasting else _PASTE_BEGINS
            piece, found, rest = self._waiting.partition(mark)
            if found:
                yield piece, self._pasting
                self._waiting, self._pasting = rest, not self._pasting
            elif self._pasting:
                if len(self._waiting) > _LARGEST_PIECE:
                    held = len(_PASTE_ENDS) - 1
                    piece, self._waiting = self._waiting[:-held], self._waiting[-held:]
                    yield piece, True
                return
            else:
                held = self._held_back()
                typed, self._waiting = self._waiting[: len(self._waiting) - held], self._waiting[-held:] if held else ""
                yield typed, False
                return

    def overdue(self) -> Iterator[tuple[str, bool]]:
        """What was held back, as a piece, if its rest has not come for long; what comes then is typed."""
        if self._clock() - self._heard_at < _LONGEST_SILENCE_SECONDS:
            return
        piece, pasted = self._waiting, self._pasting
        self._waiting, self._pasting = "", False
        if piece:
            yield piece, pasted

    def _held_back(self) -> int:
        """How much of the end may be the beginning of a paste's first mark."""
        lengths = range(len(_PASTE_BEGINS) - 1, _SHORTEST_HELD_BACK - 1, -1)
        return next((length for length in lengths if self._waiting.endswith(_PASTE_BEGINS[:length])), 0)


class KeysDriver(LinuxDriver):
    """Textual's driver for terminals, with its own loop over the keyboard's bytes."""

    def run_input_thread(self) -> None:
        """Read until the driver is told to stop or the terminal is gone."""
        parser = XTermParser(self._debug)
        pastes = PasteSplitter()
        decode = getincrementaldecoder("utf-8")("replace").decode
        incomplete_until = 0.0
        while not self.exit_event.is_set():
            behind_a_key = time.monotonic() < incomplete_until
            seconds = _WAIT_BEHIND_A_KEY_SECONDS if behind_a_key else _WAIT_SECONDS
            if select.select([self.fileno], [], [], seconds)[0]:
                data = os.read(self.fileno, _BYTES_READ)
                if not data:
                    break
                pieces = pastes.feed(decode(data))
                incomplete_until = time.monotonic() + 2 * constants.ESCAPE_DELAY
            else:
                pieces = pastes.overdue()
            for piece, pasted in pieces:
                if pasted:
                    self.process_message(events.Paste(piece))
                    continue
                # The first bytes of a letter may come alone; the empty text would tell the parser that all is over.
                for event in parser.feed(piece) if piece else ():
                    self.process_message(event)
            for event in parser.tick():
                self.process_message(event)
        with suppress(EOFError, ParseError):
            for event in parser.feed(""):
                self.process_message(event)
