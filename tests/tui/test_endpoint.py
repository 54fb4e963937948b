"""A served model in the terminal program: where the data goes is said, and a lost connection leaves the box free."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.endpoint import endpoint_at
from nl2sql_tui.engine.remote import RemoteEngine
from nl2sql_tui.history.accepted import History, default_history_file
from tests.engine.fake_endpoint import FakeEndpoint, Reply, piece, refusal, spoken
from tests.tui.harness import opened


@pytest.fixture
def server() -> Iterator[FakeEndpoint]:
    with FakeEndpoint() as fake:
        yield fake


async def test_a_connection_lost_in_the_middle_is_told_and_the_next_question_is_asked(
    concerts: Database, server: FakeEndpoint
) -> None:
    server.replies = [
        Reply([piece("SELECT Name"), piece(" FROM singer")], ending="cut"),
        Reply(spoken("SELECT COUNT(*) FROM singer")),
    ]
    engine = RemoteEngine(endpoint_at(server.url, environment={}))
    async with opened(concerts, cast(Any, engine)) as program:
        await program.until(lambda: f"{server.url}, on this computer." in program.text)
        assert not server.bodies
        await program.ask("how many singers")
        assert "was lost" in program.text
        assert (await program.ask("how many singers")).runnable
        assert server.authority in program.text.splitlines()[0]


async def test_what_is_remembered_names_the_model_that_answered(concerts: Database, server: FakeEndpoint) -> None:
    server.models = refusal(200, {"data": [{"id": "tiny"}, {"id": "sql", "parent": "tiny"}]})
    server.replies = [Reply(spoken("SELECT Name FROM singer"))]
    engine = RemoteEngine(endpoint_at(server.url, environment={}), model="tiny")
    history = History(default_history_file())
    async with opened(concerts, cast(Any, engine)) as program:
        await program.ask("Who sings?")
        await program.type("/adapter sql")
        await program.press("enter")
        await program.until(lambda: "from now on" in program.text)
        program.workspace.action_run()
        await program.until(lambda: bool(history.pairs(concerts.path)))
        assert [pair.model for pair in history.pairs(concerts.path)] == ["tiny"]
        await program.ask("Who is old?")
        await program.press("enter")
        await program.until(lambda: len(history.pairs(concerts.path)) == 2)
        assert [pair.model for pair in history.pairs(concerts.path)] == ["sql", "tiny"]


async def test_what_is_remembered_of_a_server_that_was_named_no_model(concerts: Database, server: FakeEndpoint) -> None:
    server.replies = [Reply(spoken("SELECT Name FROM singer"))]
    engine = RemoteEngine(endpoint_at(server.url, environment={}))
    history = History(default_history_file())
    async with opened(concerts, cast(Any, engine)) as program:
        await program.ask("Who sings?")
        await program.press("ctrl+t")
        await program.type(" LIMIT 2")
        await program.press("enter")
        await program.until(lambda: bool(history.pairs(concerts.path)))
        (pair,) = history.pairs(concerts.path)
        assert (pair.model, pair.edited) == ("tiny", True)


async def test_an_answer_that_does_not_come_can_be_stopped(concerts: Database, server: FakeEndpoint) -> None:
    server.replies = [Reply([piece("SELECT")], ending="stall")]
    engine = RemoteEngine(endpoint_at(server.url, environment={}))
    async with opened(concerts, cast(Any, engine)) as program:
        await program.type("how many")
        await program.press("enter")
        await program.until(server.stalled.is_set)
        await program.press("escape")
        await program.until(lambda: not program.workspace.chat.answering)
        assert "stopped" in program.text
