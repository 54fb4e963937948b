"""Finds where a pinned wheel can be had: asks package indexes and folders of wheels for its name.

Speaks the simple API in both its forms (JSON and HTML) and reads the local forms pip knows: folders, `file:`
addresses and pages of links. Fetching what is found is `download`'s part.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.pip_settings import IndexSettings
from nl2sql_tui.engine.profiles import IndexedFile
from nl2sql_tui.engine.transfer import FetchFailed, host_of, pause
from nl2sql_tui.engine.web import Web
from nl2sql_tui.errors import InputError
from nl2sql_tui.folders import user_path

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.2, text/html; q=0.1"
_MOST_PAGE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """One place that has the wheel: an address, or a file on this computer."""

    place: str
    """For a person: which index or folder."""
    url: str = field(default="", repr=False)
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One place that does not, and why, in a few words."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Link:
    url: str
    name: str
    sha256: str


def places_of(wheel: IndexedFile, settings: IndexSettings, web: Web, cancel: Cancel) -> Iterator[Found | Refusal]:
    """Go through what pip's configuration names, folders first, and say of each what it answers. Lazy."""
    for place in settings.find_links:
        yield _ask(place, place, wheel, web, cancel)
    for index in settings.indexes:
        page = f"{index.rstrip('/')}/{wheel.project}/"
        yield _ask(page, index, wheel, web, cancel)


def _ask(page: str, place: str, wheel: IndexedFile, web: Web, cancel: Cancel) -> Found | Refusal:
    shown = host_of(place)
    try:
        folder = local_path(page)
        links = _links_of_page(page, web, cancel) if folder is None else _links_of_path(folder, wheel)
    except FetchFailed as error:
        return Refusal(shown, error.reason)
    except InputError:
        return Refusal(shown, "its ~ is nobody's home folder")
    except ValueError:  # what urllib says of an address that is none
        return Refusal(shown, "its address, or one in it, cannot be used")
    named = [link for link in links if link.name == wheel.wheel]
    if not named:
        return Refusal(shown, f"does not have {wheel.requirement}")
    for link in named:
        if link.sha256 in ("", wheel.wheel_sha256):
            return Found(shown, link.url, local_path(link.url))
    return Refusal(shown, f"has another file under the name {wheel.wheel}")


def local_path(address: str) -> Path | None:
    """The path that `address` means, if it means one: a plain path or a `file:` address. Raises InputError."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    if "://" in address:
        return None
    return user_path(address)


def _links_of_path(path: Path, wheel: IndexedFile) -> list[_Link]:
    """What a folder of wheels, a folder with an index page in it, or a page of links holds."""
    try:
        if (path / wheel.wheel).is_file():
            return [_Link(str(path / wheel.wheel), wheel.wheel, "")]
        page = path / "index.html" if path.is_dir() else path
        if page.name == wheel.wheel:
            return [_Link(str(page), wheel.wheel, "")] if page.is_file() else []
        if page.suffix.lower() not in (".html", ".htm") or not page.is_file():
            return []
        return list(_links_of_html(page.read_text(encoding="utf-8", errors="replace"), page.absolute().as_uri()))
    except OSError as error:
        raise FetchFailed(f"cannot be read ({error.strerror})") from error


def _links_of_page(url: str, web: Web, cancel: Cancel) -> list[_Link]:
    kind, text, base = _page(url, web, cancel)
    try:
        return list(_links_of_json(text, base) if "json" in kind else _links_of_html(text, base))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FetchFailed("its list of files cannot be read") from error


def _page(url: str, web: Web, cancel: Cancel) -> tuple[str, str, str]:
    """The page's content type, text and final address. One hiccup is forgiven."""
    try:
        return _page_once(url, web)
    except FetchFailed as error:
        if not error.transient:
            raise
    pause(0.5, cancel)
    return _page_once(url, web)


def _page_once(url: str, web: Web) -> tuple[str, str, str]:
    body = bytearray()
    with web.open(url, {"Accept": _ACCEPT}) as response:
        for piece in response.iter_bytes():
            body += piece
            if len(body) > _MOST_PAGE_BYTES:
                raise FetchFailed("its list of files is too long")
        return response.headers.get("content-type", ""), body.decode("utf-8", "replace"), str(response.url)


def _links_of_json(text: str, base: str) -> Iterator[_Link]:
    for file in json.loads(text)["files"]:
        yield _Link(urljoin(base, file["url"]), file["filename"], file.get("hashes", {}).get("sha256", "").lower())


def _links_of_html(text: str, base: str) -> Iterator[_Link]:
    parser = _Anchors(base)
    parser.feed(text)
    for address in parser.addresses:
        parts = urlsplit(address)
        stated = re.search(r"(?:^|&)sha256=([0-9a-fA-F]{64})", parts.fragment)
        name = unquote(parts.path.rpartition("/")[2])
        yield _Link(address.partition("#")[0], name, stated[1].lower() if stated else "")


class _Anchors(HTMLParser):
    """Collects the addresses of a page's links, made absolute."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if href and tag == "base":
            self._base = urljoin(self._base, href)
        elif href and tag == "a":
            self.addresses.append(urljoin(self._base, href))
