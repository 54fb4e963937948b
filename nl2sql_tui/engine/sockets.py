"""Ends reads that sit in another thread, by the sockets that a client of httpx2 opens; reads nothing itself."""

import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def watcher(opened: Callable[[socket.socket], None]) -> Any:
    """A trace for httpx2 that gives each connection's socket as soon as there is one.

    That is before TLS, and before any header came; after TLS the wrapped socket is given as well.
    """

    def watch(event: str, details: Mapping[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            found = details["return_value"].get_extra_info("socket")
            if found is not None:
                opened(found)

    return watch


def shut(sockets: Sequence[socket.socket]) -> None:
    """End a read that sits in another thread; `close` would leave it sitting there."""
    for one in tuple(sockets):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
