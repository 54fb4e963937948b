"""Reads the keyboard as Textual's own driver does, but finds out sooner that an Escape stands alone.

A terminal sends one Escape byte for the Escape key, and begins the sequences of other keys with the same byte.
Textual looks every tenth of a second whether more has come; here it is looked every few milliseconds after a key, so
that what runs is seen to stop when the key is pressed.
"""

import os
import select
import time
from codecs import getincrementaldecoder
from contextlib import suppress
from typing import Final

from textual import constants
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_BYTES_READ: Final = 4096
_WAIT_SECONDS: Final = 0.1
"""How long to wait for a key before looking whether the program is being left."""
_WAIT_BEHIND_A_KEY_SECONDS: Final = 0.01


class KeysDriver(LinuxDriver):
    """Textual's driver for terminals, with its own loop over the keyboard's bytes."""

    def run_input_thread(self) -> None:
        """Read until the driver is told to stop or the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        incomplete_until = 0.0
        while not self.exit_event.is_set():
            behind_a_key = time.monotonic() < incomplete_until
            seconds = _WAIT_BEHIND_A_KEY_SECONDS if behind_a_key else _WAIT_SECONDS
            if select.select([self.fileno], [], [], seconds)[0]:
                data = os.read(self.fileno, _BYTES_READ)
                if not data:
                    break
                text = decode(data)
                # The first bytes of a letter may come alone; the empty text would tell the parser that all is over.
                for event in parser.feed(text) if text else ():
                    self.process_message(event)
                incomplete_until = time.monotonic() + 2 * constants.ESCAPE_DELAY
            for event in parser.tick():
                self.process_message(event)
        with suppress(EOFError, ParseError):
            for event in parser.feed(""):
                self.process_message(event)
