"""Adapters of a served model: asked for by the server's names, switched without asking for anything else anew."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.endpoint import Limits, endpoint_at
from nl2sql_tui.engine.events import KnownAdapter, Message
from nl2sql_tui.engine.remote import RemoteEngine
from nl2sql_tui.errors import InputError, ModelError, Stopped
from tests.engine.fake_endpoint import HANG_GUARD_SECONDS, FakeEndpoint, Reply, refusal

_PROMPT = (Message("system", "t(a int)"), Message("user", "How many rows has t?"))
_BASE = {"id": "phi3", "max_model_len": 4096}
_SQL = {"id": "sql", "parent": "phi3", "max_model_len": 2048}
_NEW = {"id": "new\x1b", "parent": "phi3", "max_model_len": 1024}


@pytest.fixture
def server() -> Iterator[FakeEndpoint]:
    with FakeEndpoint() as fake:
        yield fake


def _listing(*models: dict[str, Any]) -> Reply:
    return refusal(200, {"object": "list", "data": list(models)})


def _open(server: FakeEndpoint, model: str = "", adapter: str = "", *models: dict[str, Any]) -> RemoteEngine:
    server.models = _listing(*models)
    limits = Limits(connect_seconds=HANG_GUARD_SECONDS, silent_seconds=HANG_GUARD_SECONDS)
    engine = RemoteEngine(endpoint_at(server.url, environment={}), model, adapter, 0, limits)
    engine.wait_until_ready(Cancel())
    return engine


def _asked(server: FakeEndpoint, engine: RemoteEngine) -> str:
    """The model that a question is put to."""
    list(engine.stream(_PROMPT, max_new_tokens=8, cancel=Cancel()))
    return str(server.bodies[-1]["model"])


def test_switching_changes_the_name_that_is_asked_for_and_the_context(server: FakeEndpoint) -> None:
    engine = _open(server, "phi3", "", _BASE, _SQL)
    assert (engine.adapter, _asked(server, engine)) == ("", "phi3")
    engine.use_adapter("sql", Cancel())
    assert (engine.adapter, engine.name, engine.context_tokens, _asked(server, engine)) == ("sql", "sql", 2048, "sql")
    engine.use_adapter(None, Cancel())
    assert (engine.adapter, engine.name, engine.context_tokens, _asked(server, engine)) == ("", "phi3", 4096, "phi3")


def test_those_that_the_server_lists_are_known(server: FakeEndpoint) -> None:
    engine = _open(server, "", "sql", _BASE, _SQL)
    assert engine.adapters() == (KnownAdapter("sql", "on phi3", in_use=True, is_loaded=True),)
    server.models = _listing(_BASE, _SQL, _NEW)
    engine.use_adapter("new\x1b", Cancel())
    assert [(one.name, one.in_use) for one in engine.adapters()] == [("sql", False), ("new\x1b", True)]
    engine.use_adapter(None, Cancel())
    assert engine.name == "phi3", "the base that the server told, though nobody named it"


def test_an_unknown_one_is_refused_with_what_there_is_and_the_one_before_goes_on(server: FakeEndpoint) -> None:
    engine = _open(server, "", "sql", _BASE, _SQL)
    with pytest.raises(InputError) as caught:
        engine.use_adapter("sqi\x1b[31m", Cancel())
    assert caught.value.message == f"{server.authority} has no model sqi␛[31m."
    assert caught.value.hint == "It has: phi3, sql."
    assert (engine.adapter, engine.load_state.phase, _asked(server, engine)) == ("sql", "ready", "sql")


def test_a_named_adapter_is_one_also_where_it_was_named_as_the_model(server: FakeEndpoint) -> None:
    assert _open(server, "sql", "", _BASE, _SQL).adapter == "sql"


def test_a_model_of_the_server_that_is_no_adapter_is_asked_as_such(server: FakeEndpoint) -> None:
    engine = _open(server, "", "sql", _BASE, _SQL, {"id": "mistral"})
    engine.use_adapter("mistral", Cancel())
    assert (engine.adapter, engine.name) == ("", "mistral")


def test_a_server_that_lists_nothing_is_believed(server: FakeEndpoint) -> None:
    engine = _open(server, "", "sql", _BASE, _SQL)
    server.models = refusal(404, {})
    engine.use_adapter("other", Cancel())
    assert (engine.adapter, _asked(server, engine)) == ("other", "other")
    assert engine.context_tokens == 4096


def test_without_its_base_an_adapter_is_not_left_for_another_model(server: FakeEndpoint) -> None:
    engine = _open(server, "", "sql", {"id": "phi3"}, {"id": "sql"})
    with pytest.raises(InputError, match="does not tell which model sql is an adapter of") as caught:
        engine.use_adapter(None, Cancel())
    assert caught.value.hint == "Name the model itself: phi3, sql."
    assert engine.adapter == "sql"
    assert _open(server, "phi3", "sql", {"id": "phi3"}, {"id": "sql"}).adapters() == (
        KnownAdapter("sql", "on phi3", in_use=True, is_loaded=True),
    )


def test_a_server_that_fails_leaves_the_one_before(server: FakeEndpoint) -> None:
    engine = _open(server, "phi3", "sql", _BASE, _SQL)
    server.models = refusal(401, {"error": {"message": "no"}})
    with pytest.raises(ModelError, match="401"):
        engine.use_adapter(None, Cancel())
    assert (engine.adapter, engine.load_state.phase) == ("sql", "ready")


def test_a_switch_can_be_stopped(server: FakeEndpoint) -> None:
    engine, cancel = _open(server, "phi3", "sql", _BASE, _SQL), Cancel()
    server.models = Reply([b"{"], ending="stall")

    def stop_it() -> None:
        server.stalled.wait(HANG_GUARD_SECONDS)
        cancel.request()

    threading.Thread(target=stop_it, daemon=True).start()
    with pytest.raises(Stopped):
        engine.use_adapter(None, cancel)
    assert (engine.adapter, engine.load_state.phase) == ("sql", "ready")
