"""The download takes up what it has, forgives a bad connection, and gives out nothing that was not checked."""

import threading
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.download import Expected, Patience, download
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.transfer import FetchFailed, Meter
from nl2sql_tui.engine.web import Web
from nl2sql_tui.errors import Stopped
from tests.engine.fake_web import HANG_GUARD_SECONDS, Answer, FakeWeb, settings_for, wait_for
from tests.engine.tiny_wheel import tiny_wheel

TINY = tiny_wheel()
CONTENT = TINY.content
WHOLE = Expected("tiny.whl", TINY.pinned.wheel_bytes, TINY.pinned.wheel_sha256)
HASTY = Patience(tries=3, first_wait=0.01, longest_wait=0.01)


class Fetch:
    """One way of calling `download`, with what it reported."""

    def __init__(self, server: FakeWeb, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.part = folder / "tiny.whl.part"
        self.cancel = Cancel()
        self.states: list[LoadState] = []
        self.timeout = 5.0

    def __call__(self) -> Path:
        settings = settings_for(timeout=self.timeout)
        meter = Meter(self.states.append, "tiny", WHOLE.bytes)
        with Web(settings, self.cancel) as client:
            return download(client, f"{self.server.url}/tiny.whl", WHOLE, self.folder, meter, self.cancel, HASTY)

    @property
    def wishes(self) -> list[str | None]:
        return [asked.headers.get("range") for asked in self.server.requests_for("/tiny.whl")]


@pytest.fixture
def fetch(server: FakeWeb, tmp_path: Path) -> Fetch:
    return Fetch(server, tmp_path / "downloads")


def test_a_whole_file_arrives_under_its_own_name_with_its_bytes_reported(fetch: Fetch) -> None:
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT)]
    assert fetch().read_bytes() == CONTENT
    assert not fetch.part.exists()
    last = fetch.states[-1]
    assert (last.phase, last.done, last.total) == ("fetching", WHOLE.bytes, WHOLE.bytes)


def test_a_cut_connection_is_taken_up_where_it_broke(fetch: Fetch) -> None:
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT, cut_after=100_000), Answer(CONTENT)]
    assert fetch().read_bytes() == CONTENT
    assert fetch.wishes == [None, "bytes=100000-"]


def test_what_an_earlier_process_left_is_taken_up(fetch: Fetch) -> None:
    fetch.folder.mkdir()
    fetch.part.write_bytes(CONTENT[:70_000])
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT)]
    assert fetch().read_bytes() == CONTENT
    assert fetch.wishes == ["bytes=70000-"]
    assert fetch.states[0].done == 70_000


def test_a_server_that_ignores_ranges_sends_everything_again(fetch: Fetch) -> None:
    fetch.folder.mkdir()
    fetch.part.write_bytes(CONTENT[:70_000])
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT, ranges=False)]
    assert fetch().read_bytes() == CONTENT


def test_a_whole_part_needs_no_request(fetch: Fetch) -> None:
    fetch.folder.mkdir()
    fetch.part.write_bytes(CONTENT)
    assert fetch().read_bytes() == CONTENT
    assert fetch.wishes == []


@pytest.mark.parametrize("left", [CONTENT + b"more", b"x" * 70_000], ids=["too-long", "of-another-file"])
def test_a_part_that_is_no_beginning_of_the_file_is_fetched_anew(fetch: Fetch, left: bytes) -> None:
    fetch.folder.mkdir()
    fetch.part.write_bytes(left)
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT)]
    assert fetch().read_bytes() == CONTENT


def test_a_range_of_another_file_starts_over_once(fetch: Fetch) -> None:
    fetch.folder.mkdir()
    fetch.part.write_bytes(CONTENT[:70_000])
    other = Answer(CONTENT, headers={"Content-Range": "bytes 70000-80000/80001"})
    fetch.server.pages["/tiny.whl"] = [other, Answer(CONTENT)]
    assert fetch().read_bytes() == CONTENT
    assert fetch.wishes == ["bytes=70000-", None]


def test_a_wrong_checksum_leaves_nothing_behind(fetch: Fetch) -> None:
    fetch.server.pages["/tiny.whl"] = [Answer(b"x" * WHOLE.bytes)]
    with pytest.raises(FetchFailed, match="wrong checksum"):
        fetch()
    assert list(fetch.folder.iterdir()) == []


def test_a_file_of_another_size_is_refused_before_it_is_read(fetch: Fetch) -> None:
    fetch.server.pages["/tiny.whl"] = [Answer(b"<html>please log in</html>")]
    with pytest.raises(FetchFailed, match=r"has a file of 26 bytes there"):
        fetch()


def test_a_body_without_end_is_not_followed(fetch: Fetch) -> None:
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT + b"more", states_length=False)]
    with pytest.raises(FetchFailed, match="more than the file has"):
        fetch()


@pytest.mark.parametrize(("status", "words"), [(404, "does not have it"), (403, "refuses access"), (401, "password")])
def test_a_final_refusal_is_not_asked_twice(fetch: Fetch, status: int, words: str) -> None:
    fetch.server.pages["/tiny.whl"] = [Answer(status=status)]
    with pytest.raises(FetchFailed, match=words):
        fetch()
    assert len(fetch.wishes) == 1


def test_a_server_in_trouble_is_asked_again_and_the_user_told(fetch: Fetch) -> None:
    fetch.server.pages["/tiny.whl"] = [Answer(status=500), Answer(CONTENT)]
    assert fetch().read_bytes() == CONTENT
    assert any("answered 500" in state.detail for state in fetch.states)


def test_patience_ends_when_nothing_new_comes(fetch: Fetch) -> None:
    fetch.server.pages["/tiny.whl"] = [Answer(status=503)]
    with pytest.raises(FetchFailed, match="answered 503"):
        fetch()
    assert len(fetch.wishes) == HASTY.tries


def test_patience_starts_anew_with_every_byte_that_comes(fetch: Fetch) -> None:
    step = 60_000
    cuts = [Answer(CONTENT, cut_after=step) for _ in range(HASTY.tries + 2)]
    fetch.server.pages["/tiny.whl"] = [*cuts, Answer(CONTENT)]
    assert fetch().read_bytes() == CONTENT


def test_a_stall_ends_at_the_timeout_and_is_taken_up(fetch: Fetch) -> None:
    fetch.timeout = 1.0
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT, stall_after=90_000), Answer(CONTENT)]
    assert fetch().read_bytes() == CONTENT
    assert fetch.wishes == [None, "bytes=90000-"]


@pytest.mark.parametrize("sent", [-1, 0, 90_000], ids=["before-the-headers", "before-the-body", "within-the-body"])
def test_a_stop_ends_a_stalled_read_at_once_and_keeps_what_came(fetch: Fetch, sent: int) -> None:
    fetch.timeout = HANG_GUARD_SECONDS
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT, stall_after=sent)]
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            fetch()
        except Stopped as stopped:
            outcome.append(stopped)

    worker = threading.Thread(target=run)
    worker.start()
    assert fetch.server.stalled.wait(HANG_GUARD_SECONDS)
    assert wait_for(lambda: sent <= 0 or size(fetch.part) == sent)
    fetch.cancel.request()
    worker.join(HANG_GUARD_SECONDS / 3)
    assert not worker.is_alive()
    assert [type(error) for error in outcome] == [Stopped]
    assert size(fetch.part) == max(0, sent)


def size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def test_a_full_disk_is_the_disks_error_and_not_the_networks(fetch: Fetch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    fetch.folder.mkdir()
    fetch.part.symlink_to(full)
    fetch.server.pages["/tiny.whl"] = [Answer(CONTENT)]
    with pytest.raises(OSError, match="No space left"):
        fetch()
