"""A served model in the terminal program: where the data goes is said, and a lost connection leaves the box free."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.endpoint import endpoint_at
from nl2sql_tui.engine.remote import RemoteEngine
from tests.engine.fake_endpoint import FakeEndpoint, Reply, piece, spoken
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
