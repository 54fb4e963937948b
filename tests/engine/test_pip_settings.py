"""pip's configuration is understood as pip understands it, and so is the environment where there is no pip."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from nl2sql_tui.engine.pip_settings import PUBLIC_INDEX, IndexSettings, read_settings

needs_pip = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="no pip beside this Python")


def with_pip_file(tmp_path: Path, content: str, **variables: str) -> dict[str, str]:
    """An environment in which pip reads one file, and nothing of this computer's own."""
    file = tmp_path / "pip.conf"
    file.write_text(content, encoding="utf-8")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "XDG_"))}
    nowhere = str(tmp_path / "nowhere")
    return {
        **bare,
        "HOME": nowhere,
        "XDG_CONFIG_DIRS": nowhere,
        "XDG_CONFIG_HOME": nowhere,
        "PIP_CONFIG_FILE": str(file),
        **variables,
    }


@pytest.fixture
def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)


@needs_pip
def test_every_option_that_matters_comes_from_pips_file(tmp_path: Path) -> None:
    content = """
[global]
index-url = https://user:word@mirror.example/simple
extra-index-url =
    https://one.example/simple
    file:///srv/two
find-links = /srv/wheels ~/more
cert = /etc/mirror.pem
client-cert = /etc/me.pem
proxy = http://proxy.example:3128
trusted-host = mirror.example one.example:8080
timeout = 42
"""
    found = read_settings(with_pip_file(tmp_path, content))
    assert found == IndexSettings(
        indexes=("https://user:word@mirror.example/simple", "https://one.example/simple", "file:///srv/two"),
        find_links=("/srv/wheels", "~/more"),
        certificate="/etc/mirror.pem",
        client_certificate="/etc/me.pem",
        proxy="http://proxy.example:3128",
        trusted_hosts=("mirror.example", "one.example:8080"),
        timeout=42.0,
        pip=(sys.executable, "-P", "-m", "pip"),
    )


@needs_pip
def test_an_unset_configuration_means_the_public_index(tmp_path: Path) -> None:
    found = read_settings(with_pip_file(tmp_path, ""))
    assert (found.indexes, found.find_links, found.proxy) == ((PUBLIC_INDEX,), (), None)


@needs_pip
def test_the_environment_is_stronger_than_a_section_for_downloads_and_that_than_the_global_one(tmp_path: Path) -> None:
    content = "[global]\nindex-url = https://g.example\nproxy = http://g\n[download]\nproxy = http://d\ntimeout = 7\n"
    found = read_settings(with_pip_file(tmp_path, content, PIP_TIMEOUT="9"))
    assert (found.indexes, found.proxy, found.timeout) == (("https://g.example",), "http://d", 9.0)


@needs_pip
def test_no_index_leaves_only_the_folders(tmp_path: Path) -> None:
    found = read_settings(with_pip_file(tmp_path, "[global]\nno-index = true\nfind-links = /srv/wheels\n"))
    assert (found.indexes, found.find_links) == ((), ("/srv/wheels",))


def test_a_configuration_that_pip_cannot_read_falls_back_to_the_environment(tmp_path: Path) -> None:
    found = read_settings(with_pip_file(tmp_path, "not a configuration", PIP_INDEX_URL="https://e.example"))
    assert found.indexes == ("https://e.example",)


@pytest.mark.usefixtures("without_pip")
def test_without_pip_its_variables_still_count_and_are_stronger_than_uvs() -> None:
    found = read_settings({"PIP_INDEX_URL": "https://pip.example", "UV_INDEX_URL": "https://uv.example"})
    assert (found.indexes, found.pip) == (("https://pip.example",), ())


@pytest.mark.usefixtures("without_pip")
def test_uvs_variables_name_indexes_with_and_without_names() -> None:
    found = read_settings(
        {
            "UV_DEFAULT_INDEX": "main=https://a.example/simple",
            "UV_INDEX": "https://b.example/simple?x=1 other=https://c.example/simple",
            "UV_FIND_LINKS": "/srv/a,/srv/b",
        }
    )
    assert found.indexes == ("https://a.example/simple", "https://b.example/simple?x=1", "https://c.example/simple")
    assert found.find_links == ("/srv/a", "/srv/b")


@pytest.mark.usefixtures("without_pip")
@pytest.mark.parametrize("text", ["soon", "-3", ""])
def test_a_senseless_timeout_is_not_taken(text: str) -> None:
    assert read_settings({"PIP_TIMEOUT": text}).timeout >= 1.0


def test_addresses_with_passwords_do_not_show_in_a_repr() -> None:
    settings = IndexSettings(indexes=("https://user:word@a",), find_links=("https://user:word@b",), proxy="u:word@c")
    assert "word" not in repr(settings)
