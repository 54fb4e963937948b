"""Addresses are read one way only, and a key goes nowhere that its owner did not mean it to."""

import pytest

from nl2sql_tui.engine.endpoint import endpoint_at
from nl2sql_tui.errors import ExitCode, InputError

_KEY = {"NL2SQL_TUI_API_KEY": "secret-key"}


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("http://gpu-box:8000/v1/", "http://gpu-box:8000/v1"),
        (" https://api.example.org/api/v1 ", "https://api.example.org/api/v1"),
        ("https://api.example.org/v1/chat/completions", "https://api.example.org/v1"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
    ],
)
def test_the_address_may_be_given_short_or_long(address: str, base: str) -> None:
    assert endpoint_at(address, environment={}).base == base


@pytest.mark.parametrize(
    "address",
    [
        "gpu-box:8000",
        "ftp://gpu-box/v1",
        "http://",
        "http://:8000/v1",
        "http://gpu box/v1",
        "http://gpu-box:99999/v1",
        "http://gpu-box:port/v1",
        "http://gpu-box\\.example.org/v1",
        "http://gpu-box/v1\nHost: other",
        "http://gpu-bôx/v1",
        "http://[::zz]/v1",
        "http://gpu-box/v1?key=secret",
        "http://gpu-box/v1#x",
    ],
)
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(InputError) as caught:
        endpoint_at(address, environment={})
    assert caught.value.exit_code == ExitCode.INPUT
    assert "secret" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("address", ["http://me:hunter2@gpu-box/v1", "me:hunter2@gpu-box", "http://me@127.0.0.1\\@x/"])
def test_a_user_name_or_password_in_the_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(InputError, match="user name or password") as caught:
        endpoint_at(address, environment={})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "127.8.9.1", "localhost", "[::1]:8000", "LOCALHOST."])
def test_this_computer_may_have_the_key_over_plain_http(host: str) -> None:
    endpoint = endpoint_at(f"http://{host}/v1", environment=_KEY)
    assert (endpoint.key, endpoint.is_loopback) == ("secret-key", True)


@pytest.mark.parametrize("host", ["gpu-box", "10.0.0.1", "0.0.0.0", "localhost.example.org", "2130706433", "127.1"])
def test_no_key_over_plain_http_to_another_computer_without_the_flag(host: str) -> None:
    address = f"http://{host}:8000/v1"
    with pytest.raises(InputError, match="NL2SQL_TUI_API_KEY would go unencrypted") as caught:
        endpoint_at(address, environment=_KEY)
    assert "--allow-plain-http" in caught.value.hint
    assert endpoint_at(address, allow_plain_http=True, environment=_KEY).key == "secret-key"
    assert endpoint_at(address, environment={}).key == ""


def test_a_key_is_not_shown_with_the_endpoint() -> None:
    endpoint = endpoint_at("https://api.example.org/v1", environment=_KEY)
    assert "secret-key" not in repr(endpoint) + str(endpoint) + endpoint.disclosure


def test_openais_key_goes_to_openai_alone() -> None:
    keys = {"OPENAI_API_KEY": "openai-key"}
    assert endpoint_at("https://api.openai.com/v1", environment=keys).key == "openai-key"
    assert endpoint_at("https://api.openai.com/v1", environment={**keys, **_KEY}).key == "secret-key"
    for address in ("https://api.openai.com.example.org/v1", "http://127.0.0.1:8000/v1", "https://gpu-box/v1"):
        assert endpoint_at(address, environment=keys).key == ""


@pytest.mark.parametrize("key", ["two words", "line\nline", "schlüssel"])
def test_a_key_that_could_break_out_of_its_header_is_refused(key: str) -> None:
    with pytest.raises(InputError, match="holds characters that no key has"):
        endpoint_at("https://gpu-box/v1", environment={"NL2SQL_TUI_API_KEY": key})


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1, on this computer."),
        ("http://gpu-box:8000", "http://gpu-box:8000/v1, unencrypted."),
        ("https://api.example.org", "https://api.example.org/v1."),
    ],
)
def test_where_the_data_goes_is_said(address: str, words: str) -> None:
    said = endpoint_at(address, environment={}).disclosure
    assert said.startswith("Questions, the schema and the cell values")
    assert said.endswith(words)


def test_openais_key_does_not_go_to_a_like_name_or_unencrypted() -> None:
    keys = {"OPENAI_API_KEY": "openai-key"}
    for address in ("https://evil-openai.com/v1", "https://evil.openai.com/v1", "https://api.openai.com.evil.org/v1"):
        assert endpoint_at(address, environment=keys).key == ""
    assert endpoint_at("http://api.openai.com/v1", allow_plain_http=True, environment=keys).key == ""
