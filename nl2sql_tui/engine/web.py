"""Opens web addresses the way pip's configuration says: certificates, proxy, credentials, trusted hosts.

httpx2 does it rather than urllib: it comes with huggingface_hub anyway, trusts the system's certificate store
(urllib finds none in python.org's macOS builds), knows NO_PROXY, and gives out the socket, without which a
stalled read could not be stopped. What the answers mean is `package_index`'s and `download`'s part.
"""

import contextlib
import netrc
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx2

from nl2sql_tui import __version__
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.pip_settings import IndexSettings
from nl2sql_tui.engine.sockets import shut, watcher
from nl2sql_tui.engine.transfer import FetchFailed, without_secrets
from nl2sql_tui.errors import InputError
from nl2sql_tui.folders import user_path

_MOST_REDIRECTS = 10
_MOST_CONNECT_SECONDS = 10.0
_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

Origin = tuple[str, str, int | None]


class Web:
    """A client for one fetch. Not for several threads; `close` it, or use it in a `with`."""

    def __init__(self, settings: IndexSettings, cancel: Cancel) -> None:
        self._settings = settings
        self._cancel = cancel
        self._clients: dict[bool, httpx2.Client] = {}
        self._credentials: dict[Origin, tuple[str, str]] = {}
        self._netrc = _read_netrc()

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()

    @contextmanager
    def open(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """GET `url`, with redirects followed, and give the response before its body is read.

        Raises FetchFailed for a status that is not success (416 is left to the caller) and for everything that
        can go wrong on the way, also inside the block; Stopped as soon as the user asks to stop.
        """
        sockets: list[socket.socket] = []
        with self._cancel.calling(lambda: shut(sockets)):
            try:
                response = self._follow(url, headers, sockets)
                with contextlib.closing(response):
                    _raise_for_status(response)
                    yield response
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError, OSError) as error:
                self._cancel.raise_if_requested()
                if isinstance(error, OSError) and not isinstance(error, ssl.SSLError | ConnectionError | TimeoutError):
                    raise  # the disk's, from the block: not a matter of the network
                raise _failed(error) from error
        self._cancel.raise_if_requested()

    def _follow(self, url: str, headers: Mapping[str, str], sockets: list[socket.socket]) -> httpx2.Response:
        """Redirects are followed here, so that each host is sent its own credentials and nobody else's."""
        for _ in range(_MOST_REDIRECTS):
            self._cancel.raise_if_requested()
            url = self._remember_credentials(url)
            client = self._client_for(url)
            request = client.build_request(
                "GET",
                url,
                headers={**headers, **self._authorization(url)},
                extensions={"trace": watcher(sockets.append)},
            )
            response = client.send(request, stream=True)
            if not response.has_redirect_location:
                return response
            response.close()
            url = str(httpx2.URL(url).join(response.headers["location"]))
        raise FetchFailed("redirects without end")

    def _client_for(self, url: str) -> httpx2.Client:
        verify = not _is_trusted(url, self._settings.trusted_hosts)
        if verify not in self._clients:
            self._clients[verify] = _client(self._settings, verify)
        return self._clients[verify]

    def _remember_credentials(self, url: str) -> str:
        """`url` without user and password; both are kept for every address on the same host."""
        parts = urlsplit(url)
        if parts.username is None:
            return url
        self._credentials[_origin(url)] = (unquote(parts.username), unquote(parts.password or ""))
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def _authorization(self, url: str) -> dict[str, str]:
        found = self._credentials.get(_origin(url))
        if found is None and self._netrc is not None:
            entry = self._netrc.authenticators(urlsplit(url).hostname or "")
            found = (entry[0], entry[2]) if entry is not None else None
        if found is None:
            return {}
        return {"Authorization": "Basic " + b64encode(":".join(found).encode()).decode("ascii")}


def _client(settings: IndexSettings, verify: bool) -> httpx2.Client:
    proxy = settings.proxy
    if proxy is not None and "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        return httpx2.Client(
            verify=_ssl_context(settings) if verify else False,
            proxy=proxy,
            timeout=httpx2.Timeout(settings.timeout, connect=min(settings.timeout, _MOST_CONNECT_SECONDS)),
            # A connection serves one request: the watcher sees each one's socket when it is opened.
            limits=httpx2.Limits(max_keepalive_connections=0),
            headers={"User-Agent": f"nl2sql-tui/{__version__}", "Accept-Encoding": "identity"},
        )
    except (ValueError, ImportError, httpx2.InvalidURL) as error:
        # Without the error's own words: they repeat the proxy's address with its password.
        raise FetchFailed("the proxy that is set cannot be used") from error


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _is_trusted(url: str, trusted_hosts: tuple[str, ...]) -> bool:
    _, host, port = _origin(url)
    return host in trusted_hosts or f"{host}:{port}" in trusted_hosts


def _ssl_context(settings: IndexSettings) -> ssl.SSLContext:
    try:
        if settings.certificate:
            place = user_path(settings.certificate)
            context = ssl.create_default_context(
                cafile=None if place.is_dir() else str(place), capath=str(place) if place.is_dir() else None
            )
        else:
            context = httpx2.create_ssl_context()
        if settings.client_certificate:
            context.load_cert_chain(user_path(settings.client_certificate))
    except OSError as error:
        raise FetchFailed(f"the certificate named in pip's configuration cannot be read ({error.strerror})") from error
    except InputError as error:
        raise FetchFailed("the certificate named in pip's configuration lies in nobody's home folder") from error
    return context


def _read_netrc() -> netrc.netrc | None:
    for name in (".netrc", "_netrc"):
        try:
            return netrc.netrc(str(Path.home() / name))
        except (OSError, RuntimeError, netrc.NetrcParseError):
            continue
    return None


def _raise_for_status(response: httpx2.Response) -> None:
    status = response.status_code
    if response.is_success or status == 416:
        return
    meaning = {401: "asks for a password", 403: "refuses access", 404: "does not have it", 407: "asks for a password"}
    reason = f"answered {status}" + (f", {meaning[status]}" if status in meaning else "")
    raise FetchFailed(reason, transient=status in _TRANSIENT_STATUSES)


def _failed(error: Exception) -> FetchFailed:
    text = re.sub(r"^\[Errno -?\d+\] ", "", without_secrets(str(error)))
    match error:
        case httpx2.ConnectTimeout():
            return FetchFailed("could not be reached in time", transient=True)
        case httpx2.TimeoutException() | TimeoutError():
            return FetchFailed("stalled", transient=True)
        case httpx2.ProxyError():
            return FetchFailed(f"the proxy refused ({text})")
        case httpx2.ConnectError() if "CERTIFICATE" in text.upper():
            return FetchFailed("its certificate is not trusted here")
        case httpx2.ConnectError():
            return FetchFailed(f"could not be reached ({text})", transient=True)
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | ValueError():
            return FetchFailed("its address cannot be used")
        case _:
            return FetchFailed("the connection was lost", transient=True)
