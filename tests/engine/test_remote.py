"""A served model on a fake server: what is asked to the letter, what the answer gives, what a server need not take."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.endpoint import Limits, endpoint_at
from nl2sql_tui.engine.events import (
    Generated,
    GenerationEvent,
    GenerationFailed,
    GenerationStopped,
    Message,
    Prompt,
    Started,
    Token,
)
from nl2sql_tui.engine.remote import RemoteEngine
from nl2sql_tui.errors import ModelError, Stopped
from tests.engine.fake_endpoint import (
    HANG_GUARD_SECONDS,
    MODELS,
    FakeEndpoint,
    Reply,
    event,
    finish,
    piece,
    refusal,
    spoken,
)

_PROMPT = (Message("system", "t(a int)"), Message("user", "How many rows has t?"))
_GRAMMAR = 'start: "SELECT 1"'
_SQL = "SELECT COUNT(*) FROM t"


@pytest.fixture
def server() -> Iterator[FakeEndpoint]:
    with FakeEndpoint() as fake:
        yield fake


@pytest.fixture
def engine(server: FakeEndpoint) -> Iterator[RemoteEngine]:
    opened = _open(server)
    yield opened
    opened.close()


def _unopened(server: FakeEndpoint, model: str = "", adapter: str = "", context_tokens: int = 0) -> RemoteEngine:
    limits = Limits(connect_seconds=HANG_GUARD_SECONDS, silent_seconds=HANG_GUARD_SECONDS)
    return RemoteEngine(endpoint_at(server.url, environment={}), model, adapter, context_tokens, limits)


def _open(server: FakeEndpoint, model: str = "", adapter: str = "", context_tokens: int = 0) -> RemoteEngine:
    engine = _unopened(server, model, adapter, context_tokens)
    engine.wait_until_ready(Cancel())
    return engine


def _answer(
    engine: RemoteEngine, prompt: Prompt = _PROMPT, tokens: int = 40, grammar: str = ""
) -> list[GenerationEvent]:
    return list(engine.stream(prompt, max_new_tokens=tokens, cancel=Cancel(), grammar=grammar))


def test_a_streamed_answer(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply(spoken(_SQL))]
    started, *pieces, last = _answer(engine)
    assert isinstance(started, Started)
    assert isinstance(last, Generated)
    assert [piece.text for piece in pieces if isinstance(piece, Token)] == ["SELECT", " COUNT(*)", " FROM", " t"]
    assert [piece.tokens for piece in pieces if isinstance(piece, Token)] == [1, 2, 3, 4]
    assert (last.text, last.prompt_tokens, last.tokens, last.cut) == (_SQL, 31, 17, False)
    assert 0 < last.seconds_to_first_token <= last.seconds
    assert last.log_probability is None


def test_what_is_sent_to_the_letter(server: FakeEndpoint, engine: RemoteEngine) -> None:
    started = _answer(engine)[0]
    assert [asked.path for asked in server.asked] == ["/v1/models", "/v1/chat/completions"]
    assert server.bodies == [
        {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "t(a int)"},
                {"role": "user", "content": "How many rows has t?"},
            ],
            "stream": True,
            "temperature": 0,
            "max_tokens": 40,
            "seed": 1,
            "stream_options": {"include_usage": True},
            "logprobs": True,
            "top_logprobs": 1,
        }
    ]
    assert isinstance(started, Started)
    assert started.prompt_text == f"to tiny at {server.url}\n\nsystem:\nt(a int)\n\nuser:\nHow many rows has t?"
    assert "authorization" not in server.asked[1].headers


def test_markers_of_turns_in_the_text_are_made_harmless(server: FakeEndpoint, engine: RemoteEngine) -> None:
    hostile = "a<|im_end|>b[/INST]c</s>d<<SYS>>e<end_of_turn>f<|end▁of▁sentence|>g <｜User｜> [NAME] a<b|c>d"
    _answer(engine, (Message("system", "s"), Message("user", hostile)))
    sent = server.bodies[0]["messages"][1]["content"]
    assert sent == (
        "a< |im_end|>b[ /INST]c< /s>d< <SYS>>e< end_of_turn>f< |end▁of▁sentence|>g < ｜User｜> [NAME] a<b|c>d"
    )


def test_a_plain_text_goes_past_the_chat_template(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply([event({"choices": [{"index": 0, "text": _SQL, "finish_reason": "stop"}]})])]
    prompt = (Message("frame", "[INST] Table: "), Message("fill", "t[/INST]"), Message("frame", " [/INST]"))
    last = _answer(engine, prompt)[-1]
    assert isinstance(last, Generated)
    assert last.text == _SQL
    assert server.asked[-1].path == "/v1/completions"
    assert server.bodies[0]["prompt"] == "[INST] Table: t[ /INST] [/INST]"
    assert "messages" not in server.bodies[0]


def test_one_document_in_the_place_of_a_stream_is_an_answer_too(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [refusal(200, {"choices": [{"message": {"content": _SQL}, "finish_reason": "stop"}]})]
    last = _answer(engine)[-1]
    assert isinstance(last, Generated)
    assert last.text == _SQL


def test_an_answer_at_its_limit_is_cut(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply(spoken(_SQL, "length"))]
    last = _answer(engine)[-1]
    assert isinstance(last, Generated)
    assert last.cut


def test_a_stream_may_end_without_a_last_word_once_it_has_said_why(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply([piece("SELECT 1"), finish()], ending="cut")]
    last = _answer(engine)[-1]
    assert isinstance(last, Generated)
    assert last.text == "SELECT 1"


def test_halves_of_characters_reach_nobody(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply([event('{"choices": [{"delta": {"content": "a\\ud83d"}}]}'), piece("é"), finish()])]
    last = _answer(engine)[-1]
    assert isinstance(last, Generated)
    assert last.text == "a�é"


def test_log_probabilities_are_added_up_where_every_piece_has_them(server: FakeEndpoint, engine: RemoteEngine) -> None:
    def told(*values: float) -> dict[str, Any]:
        return {"logprobs": {"content": [{"token": "x", "logprob": value} for value in values]}}

    server.replies = [
        Reply([piece("SELECT", **told(-0.5)), piece(" 1", **told(-0.25, -0.25)), finish()]),
        Reply([piece("SELECT", **told(-0.5)), piece(" 1"), finish()]),
    ]
    first, second = _answer(engine)[-1], _answer(engine)[-1]
    assert isinstance(first, Generated)
    assert isinstance(second, Generated)
    assert (first.log_probability, first.tokens) == (-1.0, 3)
    assert second.log_probability is None


# Which model, and how much it takes


def test_the_only_model_is_taken_and_its_context(server: FakeEndpoint) -> None:
    engine = _unopened(server)
    assert (engine.name, engine.load_state.phase) == (server.authority, "idle")
    engine.wait_until_ready(Cancel())
    assert (engine.name, engine.context_tokens, engine.schema_tokens) == ("tiny", 2048, 1024)
    state = engine.load_state
    assert (state.phase, state.device) == ("ready", server.authority)
    assert state.detail == engine.endpoint.disclosure


def test_of_several_models_one_has_to_be_named(server: FakeEndpoint) -> None:
    server.models = refusal(200, {"data": [{"id": "phi3"}, {"id": "sql\x1b[31m-lora"}]})
    with pytest.raises(ModelError, match="has several models") as caught:
        _open(server)
    assert caught.value.hint == "Choose one with --model: phi3, sql␛[31m-lora."


def test_a_server_without_models_is_told(server: FakeEndpoint) -> None:
    server.models = refusal(200, {"object": "list", "data": None})
    with pytest.raises(ModelError, match="lists no models"):
        _open(server)


def test_an_adapter_is_asked_for_by_its_name_as_the_model(server: FakeEndpoint) -> None:
    server.models = refusal(
        200, {"data": [{"id": "phi3"}, {"id": "sql-lora", "parent": "phi3", "max_model_len": 4096}]}
    )
    engine = _open(server, model="phi3", adapter="sql-lora")
    _answer(engine)
    assert server.bodies[0]["model"] == "sql-lora"
    assert (engine.name, engine.context_tokens) == ("sql-lora", 4096)


@pytest.mark.parametrize(
    "models", [refusal(404, {}), refusal(500, {}), Reply([b"<html>"], kind="text/html", status=405)]
)
def test_a_named_model_needs_no_list(server: FakeEndpoint, models: Reply) -> None:
    server.models = models
    engine = _open(server, model="tiny")
    assert isinstance(_answer(engine)[-1], Generated)
    assert engine.context_tokens == 4096


@pytest.mark.parametrize(
    ("entry", "wanted", "context"),
    [
        ({"max_model_len": 8192}, 0, 8192),
        ({"max_model_len": 8192}, 3000, 3000),
        ({"max_model_len": 2048}, 3000, 2048),
        ({"context_length": 32_768}, 0, 32_768),
        ({"meta": {"n_ctx": 5000, "n_ctx_train": 131_072}}, 0, 5000),
        ({"meta": {"n_ctx_train": 131_072}}, 0, 4096),
        ({"max_model_len": "8192", "context_length": -1, "meta": 7}, 0, 4096),
        ({}, 6000, 6000),
    ],
)
def test_the_context_is_the_servers_and_no_more_than_the_user_wants(
    server: FakeEndpoint, entry: dict[str, object], wanted: int, context: int
) -> None:
    server.models = refusal(200, {"data": [{"id": "tiny", **entry}]})
    assert _open(server, context_tokens=wanted).context_tokens == context


def test_tokens_are_estimated_and_a_prompt_that_does_not_fit_is_not_sent(
    server: FakeEndpoint, engine: RemoteEngine
) -> None:
    assert (engine.count_tokens(""), engine.count_tokens("x"), engine.count_tokens("x" * 35)) == (0, 1, 10)
    long = _answer(engine, (Message("user", "x" * 8_000),))
    short = _answer(engine, tokens=9_000)
    for events in (long, short):
        assert [type(one) for one in events] == [GenerationFailed]
    assert "about 2,286 tokens long" in str(long[0])
    assert "max_new_tokens" in str(short[0])
    assert server.bodies == []


def test_nothing_is_sent_ahead_of_a_question(server: FakeEndpoint, engine: RemoteEngine) -> None:
    one, other = ((Message("system", "t(a int)"), Message("user", text)) for text in ("a", "1"))
    engine.read_ahead(one, other, Cancel())
    assert server.bodies == []


# What a server need not take


@pytest.mark.parametrize("status", [400, 422])
def test_fields_that_are_refused_are_left_out_from_then_on(
    server: FakeEndpoint, engine: RemoteEngine, status: int
) -> None:
    server.replies = [refusal(status, {"detail": "Unexpected fields in the request"}), Reply(spoken(_SQL))]
    for _ in range(2):
        assert isinstance(_answer(engine)[-1], Generated)
    assert ["stream_options" in body for body in server.bodies] == [True, False, False]
    assert all(body["temperature"] == 0 and body["max_tokens"] == 40 for body in server.bodies)


def test_a_grammar_is_sent_where_it_is_taken(server: FakeEndpoint, engine: RemoteEngine) -> None:
    _answer(engine, grammar=_GRAMMAR)
    _answer(engine)
    assert [body.get("structured_outputs") for body in server.bodies] == [{"grammar": _GRAMMAR}, None]


def test_a_grammar_that_is_refused_is_not_sent_again(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [refusal(400, {"error": {"message": "unknown field"}}), Reply(spoken(_SQL))]
    for _ in range(2):
        last = _answer(engine, grammar=_GRAMMAR)[-1]
        assert isinstance(last, GenerationFailed)
        assert "does not hold answers to a grammar" in last.message
    assert isinstance(_answer(engine)[-1], Generated)
    # The second time it is known without asking.
    assert ["structured_outputs" in body for body in server.bodies] == [True, False, False]
    assert all("stream_options" in body for body in server.bodies)


def test_a_server_that_takes_grammars_may_refuse_one_of_them(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply(spoken(_SQL)), refusal(400, {"error": "grammar too large"}), Reply(spoken(_SQL))]
    ends = [type(_answer(engine, grammar=_GRAMMAR)[-1]) for _ in range(3)]
    assert ends == [Generated, GenerationFailed, Generated]
    assert ["structured_outputs" in body for body in server.bodies] == [True, True, False, True]


def test_a_server_that_refuses_grammars_alone_still_gives_several_answers_at_once(
    server: FakeEndpoint, engine: RemoteEngine
) -> None:
    several = [piece("A", 0), piece("B", 1), finish(index=0), finish(index=1), event("[DONE]")]
    server.replies = [refusal(400, {"error": "no grammars"}), Reply(several)]
    found = engine.candidates(_PROMPT, count=2, max_new_tokens=40, cancel=Cancel(), grammar=_GRAMMAR)
    assert {candidate.text for candidate in found} == {"A", "B"}
    assert [body.get("n") for body in server.bodies] == [2, 2]


def test_a_question_is_laid_out_by_the_template_that_was_asked_for(server: FakeEndpoint) -> None:
    engine = RemoteEngine(endpoint_at(server.url, environment={}), template="article instruction")
    assert engine.template == "article instruction"


# Candidates


def _candidates(engine: RemoteEngine, count: int = 3, cancel: Cancel | None = None) -> list[tuple[str, float]]:
    found = engine.candidates(_PROMPT, count=count, max_new_tokens=40, cancel=cancel or Cancel())
    return [(candidate.text, round(candidate.log_probability, 3)) for candidate in found]


def test_a_server_is_not_asked_for_more_answers_unless_the_user_says_so(engine: RemoteEngine) -> None:
    assert engine.more_answers == 0


def test_several_answers_at_once_different_ones_only_the_likeliest_first(
    server: FakeEndpoint, engine: RemoteEngine
) -> None:
    parts = [piece("A", 0), piece("B", 1), piece("A ", 2), finish(index=1), finish(index=0), finish(index=2)]
    server.replies = [Reply([*parts, event("[DONE]")])]
    assert _candidates(engine) == [("A", -0.405), ("B", -1.099)]
    (body,) = server.bodies
    assert (body["n"], body["seed"], body["temperature"]) == (3, 1, 0.7)


@pytest.mark.parametrize("first", [Reply(spoken("A")), refusal(422, {"detail": "n"})])
def test_a_server_of_one_answer_is_asked_with_several_seeds(
    server: FakeEndpoint, engine: RemoteEngine, first: Reply
) -> None:
    server.replies = [first, Reply(spoken("B")), Reply(spoken("C")), Reply(spoken("D"))]
    assert len(_candidates(engine)) == 3
    seeds = [body["seed"] for body in server.bodies if "n" not in body]
    assert server.bodies[0]["n"] == 3
    assert sorted({1, *seeds}) == [1, 2, 3]


def test_the_servers_own_probabilities_rank_the_candidates(server: FakeEndpoint, engine: RemoteEngine) -> None:
    def said(index: int, text: str, value: float) -> bytes:
        return piece(text, index, logprobs={"content": [{"logprob": value}]})

    parts = [said(0, "A", -2.0), said(1, "B", -0.5), said(2, "C", -9.0)]
    server.replies = [Reply([*parts, *(finish("stop" if index < 2 else "length", index) for index in range(3))])]
    assert _candidates(engine) == [("B", -0.5), ("A", -2.0)]


def test_no_candidates_from_a_server_that_takes_no_seed(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [refusal(422, {"detail": "seed"})]
    assert _candidates(engine) == []


def test_a_server_without_any_word_gives_no_candidates(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply([event("[DONE]")])]
    assert _candidates(engine) == []


def test_candidates_can_fail_and_be_stopped(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [refusal(500, {"error": {"message": "out of memory"}}), Reply([piece("A")], ending="stall")]
    with pytest.raises(ModelError, match="out of memory"):
        _candidates(engine)
    cancel = Cancel()
    _when(server.stalled, cancel.request)
    with pytest.raises(Stopped):
        _candidates(engine, cancel=cancel)


# Stopping


def _when(flag: threading.Event, action: Callable[[], None]) -> None:
    def wait() -> None:
        flag.wait(HANG_GUARD_SECONDS)
        action()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("chunks", [[], [piece("SELECT"), piece(" 1")]])
def test_a_cancel_closes_the_connection_and_keeps_what_came(
    server: FakeEndpoint, engine: RemoteEngine, chunks: list[bytes]
) -> None:
    server.replies = [Reply(chunks, ending="stall"), Reply(spoken(_SQL))]
    cancel = Cancel()
    _when(server.stalled, cancel.request)
    *_, last = engine.stream(_PROMPT, max_new_tokens=40, cancel=cancel)
    assert isinstance(last, GenerationStopped)
    assert last.text in ("SELECT 1", "SELECT", "")
    assert server.left.wait(HANG_GUARD_SECONDS)
    assert isinstance(_answer(engine)[-1], Generated)


def test_a_cancel_after_some_words_keeps_them(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply([piece("SELECT"), piece(" 1")], ending="stall")]
    cancel, events = Cancel(), []
    for one in engine.stream(_PROMPT, max_new_tokens=40, cancel=cancel):
        events.append(one)
        if isinstance(one, Token) and one.text == " 1":
            cancel.request()
    assert isinstance(events[-1], GenerationStopped)
    assert (events[-1].text, events[-1].tokens) == ("SELECT 1", 2)


def test_what_is_cancelled_before_it_begins_is_not_sent(server: FakeEndpoint, engine: RemoteEngine) -> None:
    cancel = Cancel()
    cancel.request()
    *_, last = engine.stream(_PROMPT, max_new_tokens=40, cancel=cancel)
    assert isinstance(last, GenerationStopped)
    assert server.bodies == []


def test_a_reader_that_leaves_closes_the_connection(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply([piece("SELECT")], ending="stall")]
    events = engine.stream(_PROMPT, max_new_tokens=40, cancel=Cancel())
    assert [type(next(events)), type(next(events))] == [Started, Token]
    events.close()  # type: ignore[attr-defined]
    assert server.left.wait(HANG_GUARD_SECONDS)


def test_closing_ends_every_answer_that_waits(server: FakeEndpoint, engine: RemoteEngine) -> None:
    server.replies = [Reply([piece("SELECT")], ending="stall")]
    endings: list[GenerationEvent] = []
    readers = [threading.Thread(target=lambda: endings.append(_answer(engine)[-1])) for _ in range(3)]
    for reader in readers:
        reader.start()
    assert server.stalled.wait(HANG_GUARD_SECONDS)
    engine.close()
    for reader in readers:
        reader.join(HANG_GUARD_SECONDS)
    assert [type(ending) for ending in endings] == [GenerationStopped] * 3
    with pytest.raises(Stopped):
        engine.wait_until_ready(Cancel())


def test_waiting_for_the_list_of_models_can_be_stopped(server: FakeEndpoint) -> None:
    server.models = Reply([b"{"], ending="stall")
    engine, cancel = _unopened(server), Cancel()
    _when(server.stalled, cancel.request)
    with pytest.raises(Stopped):
        engine.wait_until_ready(cancel)
    engine.close()
    assert server.left.wait(HANG_GUARD_SECONDS)


def test_a_failed_opening_can_be_tried_again(server: FakeEndpoint) -> None:
    server.models = refusal(503, {"error": {"message": "Loading model"}})
    engine = _unopened(server)
    with pytest.raises(ModelError, match="Loading model"):
        engine.wait_until_ready(Cancel())
    assert engine.load_state.phase == "failed"
    server.models = refusal(200, MODELS)
    engine.start()
    engine.wait_until_ready(Cancel())
    assert isinstance(_answer(engine)[-1], Generated)
