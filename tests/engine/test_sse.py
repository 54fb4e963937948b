"""Events come out of bytes the same way wherever these are cut, and nothing makes the parser pass its bound."""

import pytest

from nl2sql_tui.engine.sse import EventParser, EventTooLong

_STREAM = (
    ': a comment\n\ndata: {"a": 1}\n\n'
    "event: message\r\ndata: two\r\ndata:lines\r\nid: 7\r\n\r\n"
    "data: é ü 漢\r\r"
    "data: [DONE]\n\n"
).encode()
_EVENTS = ['{"a": 1}', "two\nlines", "é ü 漢", "[DONE]"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 1000])
def test_the_cuts_of_the_network_do_not_matter(size: int) -> None:
    parser = EventParser()
    found = [data for start in range(0, len(_STREAM), size) for data in parser.feed(_STREAM[start : start + size])]
    assert found + parser.end() == _EVENTS


@pytest.mark.parametrize("line_end", [b"", b"\n", b"\r\n", b"\r"])
def test_an_event_without_its_blank_line_is_given_at_the_end(line_end: bytes) -> None:
    parser = EventParser()
    assert parser.feed(b"data: one\n\ndata: last" + line_end) == ["one"]
    assert parser.end() == ["last"]
    assert parser.end() == []


def test_an_event_without_text_is_given_at_the_end_too() -> None:
    parser = EventParser()
    assert parser.feed(b"data:\n") == []
    assert parser.end() == [""]


def test_what_older_servers_send_as_error_is_an_event() -> None:
    assert EventParser().feed(b'error: {"code": 500}\n\n') == ['{"code": 500}']


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert EventParser().feed(b"data: \xff\n\n") == ["�"]


@pytest.mark.parametrize("chunk", [b"x" * 100, b"data: xxxxxxxxx\n", b"data:\n", b"data: " + b"y" * 94])
def test_what_never_ends_is_refused(chunk: bytes) -> None:
    parser = EventParser(most_bytes=1_000)
    with pytest.raises(EventTooLong):
        [parser.feed(chunk) for _ in range(1_000)]


def test_comments_without_end_take_no_memory() -> None:
    parser = EventParser(most_bytes=100)
    for _ in range(1_000):
        assert parser.feed(b": ping\n\n") == []
