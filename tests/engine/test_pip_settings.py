"""pip's configuration is understood as pip understands it, and so is the environment where there is no pip."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nl2sql_tui.engine import pip_settings
from nl2sql_tui.engine.pip_settings import PUBLIC_INDEX, IndexSettings, read_settings

Say = Callable[..., IndexSettings]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Reads the settings with a pip whose `config list` prints these lines."""

    def read_with(*lines: str, status: int = 0, **variables: str) -> IndexSettings:
        stand_in = tmp_path / "pip.py"
        stand_in.write_text(f"print({chr(10).join(lines)!r})\nraise SystemExit({status})\n", encoding="utf-8")
        monkeypatch.setattr(pip_settings, "_pip_command", lambda _: (sys.executable, str(stand_in)))
        return read_settings(variables)

    return read_with


@pytest.fixture
def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)


def test_every_option_that_matters_comes_from_pips_configuration(read: Say) -> None:
    found = read(
        "global.index-url='https://user:word@mirror.example/simple'",
        "global.extra-index-url='\\nhttps://one.example/simple\\nfile:///srv/two'",
        "global.find-links='/srv/wheels ~/more'",
        "global.cert='/etc/mirror.pem'",
        "global.client-cert='/etc/me.pem'",
        "global.proxy='http://proxy.example:3128'",
        "global.trusted-host='mirror.example one.example:8080'",
        "global.timeout='42'",
    )
    assert replace(found, pip=()) == IndexSettings(
        indexes=("https://user:word@mirror.example/simple", "https://one.example/simple", "file:///srv/two"),
        find_links=("/srv/wheels", "~/more"),
        certificate="/etc/mirror.pem",
        client_certificate="/etc/me.pem",
        proxy="http://proxy.example:3128",
        trusted_hosts=("mirror.example", "one.example:8080"),
        timeout=42.0,
    )


def test_an_unset_configuration_means_the_public_index(read: Say) -> None:
    assert replace(read(), pip=()) == IndexSettings(indexes=(PUBLIC_INDEX,))


def test_the_environment_is_stronger_than_a_section_for_downloads_and_that_than_the_global_one(read: Say) -> None:
    found = read(
        ":env:.timeout='9'",
        "download.proxy='http://d.example'",
        "download.timeout='7'",
        "freeze.proxy='http://f.example'",
        "global.index-url='https://g.example'",
        "global.proxy='http://g.example'",
    )
    assert (found.indexes, found.proxy, found.timeout) == (("https://g.example",), "http://d.example", 9.0)


def test_no_index_leaves_only_the_folders(read: Say) -> None:
    found = read("global.no-index='true'", "global.find-links='/srv/wheels'")
    assert (found.indexes, found.find_links) == ((), ("/srv/wheels",))


def test_a_configuration_that_pip_cannot_read_falls_back_to_the_environment(read: Say) -> None:
    found = read("global.index-url='https://g.example'", status=1, PIP_INDEX_URL="https://e.example")
    assert found.indexes == ("https://e.example",)


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="no pip beside this Python")
def test_the_real_pip_prints_what_is_understood_here() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    found = read_settings(
        {**bare, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "https://e.example/it's", "PIP_FIND_LINKS": "/a\n/b"}
    )
    assert (found.indexes, found.find_links) == (("https://e.example/it's",), ("/a", "/b"))
    assert found.pip == (sys.executable, "-P", "-m", "pip")


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
