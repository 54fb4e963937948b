"""The served model on real servers: transformers' own, with a tiny random model, and vLLM where one is named."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.endpoint import endpoint_at
from nl2sql_tui.engine.events import Generated, GenerationFailed, GenerationStopped, Message, Started, Token
from nl2sql_tui.engine.remote import RemoteEngine
from nl2sql_tui.errors import ModelError
from tests.engine.tiny import tiny_llama

_PROMPT = (Message("system", "t(a int)"), Message("user", "How many rows has t?"))
_START_SECONDS = 240.0
_VLLM_VARIABLE = "NL2SQL_TUI_VLLM_URL"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of `transformers serve` on the loopback, and the model's name there."""
    home = tmp_path_factory.mktemp("served")
    folder = tiny_llama(home / "model")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    options = ["--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HOME": str(home / "hub"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log, env=environment)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process, home / "log")
        yield f"http://127.0.0.1:{port}", str(folder)
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    with httpx2.Client(trust_env=False) as client:
        while time.monotonic() < end and process.poll() is None:
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')}")


def _open(address: str, model: str = "") -> RemoteEngine:
    engine = RemoteEngine(endpoint_at(address, environment={}), model)
    engine.wait_until_ready(Cancel())
    return engine


def test_transformers_serve_streams_what_plain_generation_gives(served: tuple[str, str]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    address, model = served
    started, *pieces, last = _open(address, model).stream(_PROMPT, max_new_tokens=12, cancel=Cancel())
    assert isinstance(started, Started)
    assert isinstance(last, Generated)
    assert "".join(piece.text for piece in pieces if isinstance(piece, Token)) == last.text

    tokenizer = AutoTokenizer.from_pretrained(model)
    plainly: Any = AutoModelForCausalLM.from_pretrained(model)
    turns = [{"role": message.role, "content": message.text} for message in _PROMPT]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False)
    with torch.inference_mode():
        ids = plainly.generate(**inputs, max_new_tokens=12, do_sample=False)[0]
    plain = ids[inputs["input_ids"].shape[1] :]
    assert (last.prompt_tokens, last.tokens) == (inputs["input_ids"].shape[1], len(plain))
    # The server keeps back the beginning of a character that is not whole.
    assert last.text
    assert last.text == str(tokenizer.decode(plain, skip_special_tokens=True)).rstrip("�")
    assert last.cut


def test_transformers_serve_takes_no_grammar_and_it_is_told(served: tuple[str, str]) -> None:
    engine = _open(*served)
    for _ in range(2):
        *_, last = engine.stream(_PROMPT, max_new_tokens=4, cancel=Cancel(), grammar='start: "SELECT 1"')
        assert isinstance(last, GenerationFailed)
        assert "grammar" in last.message
    *_, free = engine.stream(_PROMPT, max_new_tokens=4, cancel=Cancel())
    assert isinstance(free, Generated)


def test_transformers_serve_takes_a_plain_text(served: tuple[str, str]) -> None:
    prompt = (Message("frame", "SQL for "), Message("fill", "t(a int)"))
    *_, last = _open(*served).stream(prompt, max_new_tokens=4, cancel=Cancel())
    assert isinstance(last, Generated)
    assert (last.prompt_tokens, last.tokens) == (len("SQL for t(a int)"), 4)


def test_a_cancel_on_transformers_serve_frees_it_for_the_next_question(served: tuple[str, str]) -> None:
    engine, cancel = _open(*served), Cancel()
    last = None
    for last in engine.stream(_PROMPT, max_new_tokens=900, cancel=cancel):
        if isinstance(last, Token):
            cancel.request()
    assert isinstance(last, GenerationStopped)
    *_, after = engine.stream(_PROMPT, max_new_tokens=4, cancel=Cancel())
    assert isinstance(after, Generated)


def test_a_wrong_name_on_transformers_serve_is_told(served: tuple[str, str]) -> None:
    *_, last = _open(served[0], "no-such-model").stream(_PROMPT, max_new_tokens=4, cancel=Cancel())
    assert isinstance(last, GenerationFailed)
    assert "no-such-model" in last.message


def test_transformers_serve_without_a_named_model_is_told(served: tuple[str, str]) -> None:
    with pytest.raises(ModelError):
        _open(served[0])


@pytest.mark.vllm
@pytest.mark.skipif(_VLLM_VARIABLE not in os.environ, reason=f"{_VLLM_VARIABLE} names no server")
def test_vllm_streams_keeps_to_a_grammar_and_samples() -> None:
    """On a vLLM server of one's own, also its build for the CPU, with one model.

    For example `vllm serve HuggingFaceTB/SmolLM2-135M-Instruct --structured-outputs-config.backend guidance`, and then
    `NL2SQL_TUI_VLLM_URL=http://127.0.0.1:8000 pytest -m vllm`.
    """
    engine = _open(os.environ[_VLLM_VARIABLE])
    *_, free = engine.stream(_PROMPT, max_new_tokens=32, cancel=Cancel())
    assert isinstance(free, Generated)
    assert free.log_probability is not None
    grammar = 'start: "SELECT COUNT(*) FROM " /[ab]/ ";"'
    *_, held = engine.stream(_PROMPT, max_new_tokens=32, cancel=Cancel(), grammar=grammar)
    assert isinstance(held, Generated)
    assert held.text in ("SELECT COUNT(*) FROM a;", "SELECT COUNT(*) FROM b;")
    once, again = (engine.candidates(_PROMPT, count=3, max_new_tokens=64, cancel=Cancel()) for _ in range(2))
    assert [candidate.text for candidate in once] == [candidate.text for candidate in again]
