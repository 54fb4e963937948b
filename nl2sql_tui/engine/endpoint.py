"""Where a served model is, with which key it is asked and how long is waited for it; opens no connection."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from nl2sql_tui.errors import InputError
from nl2sql_tui.text import shortened

KEY_VARIABLE: Final = "NL2SQL_TUI_API_KEY"
_OPENAI_KEY_VARIABLE: Final = "OPENAI_API_KEY"
_OPENAI_HOST: Final = "api.openai.com"

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?")
_PATH: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_KEY: Final = re.compile(r"[\x21-\x7e]+")
_EXAMPLE: Final = "It is written like http://127.0.0.1:8000/v1."
_CHAT_PATH: Final = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that speaks the OpenAI-compatible API."""

    base: str
    """The address that `/models` and `/chat/completions` are appended to; nothing in it is secret."""
    host: str
    authority: str
    """Host and port as the user gave them, for a person."""
    is_encrypted: bool
    is_loopback: bool
    """It is on this computer."""
    key: str = field(default="", repr=False)
    """Empty where none is sent."""

    @property
    def disclosure(self) -> str:
        """Where the data goes, in a sentence for the person whose data it is."""
        goes = f"Questions, the schema and the cell values that a question names go to {self.base}"
        if self.is_loopback:
            return f"{goes}, on this computer."
        return f"{goes}." if self.is_encrypted else f"{goes}, unencrypted."


@dataclass(frozen=True, slots=True)
class Limits:
    """How long is waited for what, in seconds."""

    connect_seconds: float = 10.0
    silent_seconds: float = 60.0
    """For the first byte, and between two."""
    event_seconds: float = 600.0
    """For the next event from a server that does give signs of life."""


def endpoint_at(
    address: str, *, allow_plain_http: bool = False, environment: Mapping[str, str] = os.environ
) -> Endpoint:
    """The endpoint at `address`, which may leave `/v1` out or go on to the chat path, with its key.

    The key is that of NL2SQL_TUI_API_KEY; for OpenAI's own host also that of OPENAI_API_KEY, which is nobody else's
    business. Raises InputError for an address that cannot be used, and for a key that would travel unencrypted to
    another computer without `allow_plain_http`.
    """
    scheme, host, port, path = _parts(address)
    is_loopback = _is_loopback(host)
    shown_host = f"[{host}]" if ":" in host else host
    authority = f"{shown_host}:{port}" if port is not None else shown_host
    path = path.rstrip("/").removesuffix(_CHAT_PATH).rstrip("/") or "/v1"
    variable, key = _key(host, scheme, environment)
    if key and scheme == "http" and not is_loopback and not allow_plain_http:
        raise InputError(
            f"The key in {variable} would go unencrypted to {host}.",
            "Use an https address, or --allow-plain-http if nobody else is on the network between, or unset the key.",
        )
    return Endpoint(f"{scheme}://{authority}{path}", host, authority, scheme == "https", is_loopback, key)


def _parts(address: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and path, of characters that every reader of addresses reads alike. Raises InputError."""
    text = address.strip()
    if "@" in (text.partition("://")[2] or text).partition("/")[0]:
        raise InputError(
            "The endpoint's address holds a user name or password.", f"Leave it out; a key goes into {KEY_VARIABLE}."
        )
    if "?" in text or "#" in text:
        raise InputError(
            "The endpoint's address must end with its path, without ? and #.", f"A key goes into {KEY_VARIABLE}."
        )
    shown = shortened(text, 80)
    try:
        found = urlsplit(text)
        port = found.port
        host = (found.hostname or "").rstrip(".")
        if ":" in host:
            host = str(ipaddress.IPv6Address(host))
        elif not _HOST.fullmatch(host):
            raise ValueError
    except ValueError:
        raise InputError(f"{shown} is no address of an endpoint.", _EXAMPLE) from None
    if found.scheme not in ("http", "https") or not _PATH.fullmatch(found.path):
        raise InputError(f"{shown} is no address of an endpoint.", _EXAMPLE)
    return found.scheme, host, port, found.path


def _is_loopback(host: str) -> bool:
    """By the name or the number alone: what cannot be told without asking the network counts as another computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key(host: str, scheme: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The variable that holds the key, and the key; an empty one where there is none. Raises InputError."""
    variables = [KEY_VARIABLE]
    if host == _OPENAI_HOST and scheme == "https":
        variables.append(_OPENAI_KEY_VARIABLE)
    for variable in variables:
        key = environment.get(variable, "").strip()
        if key and not _KEY.fullmatch(key):
            raise InputError(f"{variable} holds characters that no key has.", "Set it again.")
        if key:
            return variable, key
    return KEY_VARIABLE, ""
