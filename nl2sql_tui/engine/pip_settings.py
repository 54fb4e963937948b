"""Where this computer gets its Python packages: pip's own configuration, read and made plain.

Whoever set up a mirror, a proxy or a certificate for pip gets the model the same way. Asking the indexes is
`package_index`'s part.
"""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

PUBLIC_INDEX = "https://pypi.org/simple"
_DEFAULT_TIMEOUT = 15.0
_CONFIG_SECONDS = 60.0
_SECTIONS = ("global", "install", "download", ":env:")
"""Weakest first, as for `pip download`. [install] counts too: a mirror is often set there and nowhere else."""


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Everything needed to ask package indexes; addresses may hold credentials, so it has no repr of them."""

    indexes: tuple[str, ...] = field(default=(PUBLIC_INDEX,), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    certificate: str | None = None
    """A file or folder of trusted authorities, in the place of the system's."""
    client_certificate: str | None = None
    proxy: str | None = field(default=None, repr=False)
    """In the place of the environment's proxies."""
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = _DEFAULT_TIMEOUT
    """Seconds without a byte after which a server counts as stalled."""
    pip: tuple[str, ...] = ()
    """The command that runs pip; empty where there is none."""


def read_settings(environment: Mapping[str, str] = os.environ) -> IndexSettings:
    """pip's configuration, or what the environment says where pip is not installed (uv's tools have none)."""
    pip = _pip_command(environment)
    options = _options_from_pip(pip, environment) if pip else {}
    if not options:
        options = _options_from_environment(environment)
    offline = options.get("no-index", "").strip().lower() in ("1", "true", "yes", "y", "on", "t")
    indexes = (options.get("index-url") or PUBLIC_INDEX, *options.get("extra-index-url", "").split())
    return IndexSettings(
        indexes=() if offline else indexes,
        find_links=tuple(options.get("find-links", "").split()),
        certificate=options.get("cert") or environment.get("REQUESTS_CA_BUNDLE") or None,
        client_certificate=options.get("client-cert") or None,
        proxy=options.get("proxy") or None,
        trusted_hosts=tuple(options.get("trusted-host", "").split()),
        timeout=_seconds(options.get("timeout") or options.get("default-timeout")),
        pip=pip,
    )


def _pip_command(environment: Mapping[str, str]) -> tuple[str, ...]:
    if importlib.util.find_spec("pip") is not None:
        return (sys.executable, "-P", "-m", "pip")  # -P: pip is not looked for where the user happens to stand
    elsewhere = shutil.which("pip", path=environment.get("PATH"))
    return (elsewhere,) if elsewhere else ()


def _options_from_pip(pip: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """`pip config list` merges its files; the sections are merged here. Empty where pip cannot say."""
    try:
        answer = subprocess.run(
            [*pip, "--disable-pip-version-check", "config", "list"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_CONFIG_SECONDS,
            env=dict(environment),
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in answer.stdout.splitlines():
        key, separator, value = line.partition("=")
        section, _, option = key.strip().rpartition(".")
        if separator and section in found:
            found[section][option] = _unquoted(value)
    merged: dict[str, str] = {}
    for section in _SECTIONS:
        merged.update({option: value for option, value in found[section].items() if value.strip()})
    return merged


def _unquoted(value: str) -> str:
    """pip prints values as Python literals."""
    try:
        plain = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        return value
    return plain if isinstance(plain, str) else value


def _options_from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """uv's variables, overridden by pip's."""
    indexes = [_address(entry) for entry in environment.get("UV_INDEX", "").split()]
    indexes += environment.get("UV_EXTRA_INDEX_URL", "").split()
    options = {
        "index-url": _address(environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL") or ""),
        "extra-index-url": " ".join(indexes),
        "find-links": environment.get("UV_FIND_LINKS", "").replace(",", " "),
        "no-index": environment.get("UV_NO_INDEX", ""),
        "trusted-host": environment.get("UV_INSECURE_HOST", ""),
        "cert": environment.get("SSL_CERT_FILE", ""),
        "timeout": environment.get("UV_HTTP_TIMEOUT", ""),
    }
    for name, value in environment.items():
        if name.startswith("PIP_"):
            options[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return {option: value for option, value in options.items() if value.strip()}


def _address(entry: str) -> str:
    """uv writes an index as `name=address` or as the address alone."""
    name, separator, address = entry.partition("=")
    return address if separator and "/" not in name else entry


def _seconds(text: str | None) -> float:
    try:
        return max(1.0, float(text)) if text else _DEFAULT_TIMEOUT
    except ValueError:
        return _DEFAULT_TIMEOUT
