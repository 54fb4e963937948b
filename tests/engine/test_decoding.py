"""Faster decoding writes what plain greedy generation writes; a grammar holds; samples are the same each time."""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, GenerationConfig

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import decoding, guidance, llama_passes, products
from nl2sql_tui.engine.events import Generated, GenerationFailed, Message, Prompt, Reading, Token
from nl2sql_tui.engine.loading import LoadedModel, load
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import Profile, profile
from nl2sql_tui.engine.recorded_passes import RecordedPasses
from nl2sql_tui.errors import ModelError, Stopped
from tests.engine.each_pass import before_each_pass
from tests.engine.tiny import tiny_llama

_TOKENS = 24
_SCHEMA = Message("system", "singer(id int pk, name text)\nconcert(id int pk, singer_id int)")
_ANYTHING = "start: /(?s:.*)/"
_TABLE_OF_TWO = (
    'start: "FROM " TABLE " SELECT " (COLUMN | "COUNT(*)")\nTABLE: "singer" | "concert"\nCOLUMN: "id" | "name"'
)


def _prompts(count: int) -> list[Prompt]:
    chance = random.Random(7)
    words = "how many singers concerts names in which year the most per country are there".split()
    return [
        (_SCHEMA, Message("user", " ".join(chance.choices(words, k=chance.randint(2, 12))) + "?")) for _ in range(count)
    ]


_EXACT = replace(profile("default"), form="float32")
_HALF = replace(profile("default"), form="bfloat16")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # What it writes is text, and the same tokens again when it is read; any marker ends it.
    folder = tiny_llama(tmp_path_factory.mktemp("model"), ascii_only=True, spread=0.2)
    config = GenerationConfig.from_pretrained(folder)
    config.eos_token_id = sorted(AutoTokenizer.from_pretrained(folder).get_added_vocab().values())
    config.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def loaded(folder: Path) -> LoadedModel:
    return load(folder, _EXACT)


@pytest.fixture(scope="module")
def loaded_half(folder: Path) -> LoadedModel:
    return load(folder, _HALF)


@pytest.fixture
def engine(folder: Path) -> Iterator[LocalEngine]:
    yield from _engine(folder, _EXACT)


@pytest.fixture
def engine_half(folder: Path) -> Iterator[LocalEngine]:
    yield from _engine(folder, _HALF)


def _engine(folder: Path, model: Profile) -> Iterator[LocalEngine]:
    engine = LocalEngine(replace(model, context_tokens=1024), lambda *_: folder)
    engine.wait_until_ready(Cancel())
    yield engine
    engine.close()


def _plain(loaded: LoadedModel, text: str, **options: Any) -> str:
    given = loaded.tokenizer(text, return_tensors="pt", add_special_tokens=False)
    ends = sorted(loaded.end_tokens)
    written = loaded.model.generate(
        **given, max_new_tokens=_TOKENS, do_sample=False, eos_token_id=ends, pad_token_id=ends[0], **options
    )
    return str(loaded.tokenizer.decode(written[0, given["input_ids"].shape[1] :], skip_special_tokens=True))


def _written(engine: LocalEngine, prompt: Prompt, **options: Any) -> tuple[str, Generated]:
    """The prompt as the model saw it, and the answer."""
    options = {"max_new_tokens": _TOKENS} | options
    first, *_, last = engine.stream(prompt, cancel=Cancel(), **options)
    assert isinstance(last, Generated), last
    return first.prompt_text, last  # type: ignore[union-attr]


def _drafts_from(answers: list[str]) -> Callable[[str], str]:
    """Foresees what one of `answers` says, which is right for some questions and wrong for the others."""

    def draft(text: str) -> str:
        return next((answer[len(text) :][:6] for answer in answers if answer.startswith(text)), "nonsense")

    return draft


def _watched_passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that gets the number of tokens of each pass through the model."""
    passes: list[int] = []
    before_each_pass(monkeypatch, lambda ids, _: passes.append(len(ids)))
    return passes


@pytest.mark.parametrize("features", ["none", "drafts", "chunks", "grammar", "all"])
def test_fifty_answers_are_those_of_plain_generation(
    engine: LocalEngine, loaded: LoadedModel, features: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prefix is reused from prompt to prompt in every case."""
    if features in ("chunks", "all"):
        monkeypatch.setattr(decoding, "_PREFILL_CHUNK", 16)
    _require_the_same(engine, features, lambda text: _plain(loaded, text))


@pytest.mark.parametrize("features", ["none", "drafts", "grammar", "all"])
def test_in_half_precision_they_are_so_too(engine_half: LocalEngine, loaded_half: LoadedModel, features: str) -> None:
    """By the same attention, whose last bits decide near ties there; `test_passes.py` says that they hold still."""
    _require_the_same(engine_half, features, lambda text: _plain(loaded_half, text))


@pytest.mark.parametrize("features", ["none", "all"])
def test_by_recorded_passes_they_are_so_too(
    folder: Path, loaded: LoadedModel, features: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a GPU, with what they record done again in the place of being played back."""

    def recorded(model: Any, before_layer: Callable[[], None]) -> RecordedPasses:
        return RecordedPasses(model, before_layer, 1024, lambda work: work)

    monkeypatch.setattr(llama_passes, "LlamaPasses", recorded)
    monkeypatch.setattr(products, "can_lay_out", lambda _: False)
    for engine in _engine(folder, _EXACT):
        _require_the_same(engine, features, lambda text: _plain(loaded, text))


def _require_the_same(engine: LocalEngine, features: str, plain: Callable[[str], str]) -> None:
    answers: list[str] = []
    for prompt in _prompts(50):
        options: dict[str, Any] = {}
        if features in ("drafts", "all"):
            options["draft"] = _drafts_from(answers)
        if features in ("grammar", "all"):
            options["grammar"] = _ANYTHING
        text, last = _written(engine, prompt, **options)
        assert last.text == plain(text)
        answers.append(last.text)
    assert len(set(answers)) > 5


def test_a_right_draft_saves_passes(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    (prompt,) = _prompts(1)
    _, first = _written(engine, prompt)
    passes = _watched_passes(monkeypatch)
    _, again = _written(engine, prompt, draft=lambda text: first.text[len(text) :])
    assert again.text == first.text
    assert again.tokens == first.tokens
    # Five are tried at once in float32.
    assert len(passes) <= 2 + _TOKENS / 6


def test_a_long_prompt_is_read_in_chunks_that_are_told(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_PREFILL_CHUNK", 32)
    (prompt,) = _prompts(1)
    events = list(engine.stream(prompt, max_new_tokens=3, cancel=Cancel()))
    readings = [event for event in events if isinstance(event, Reading)]
    assert readings
    assert all(0 < reading.done < reading.prompt_tokens for reading in readings)
    assert all(isinstance(event, Token) for event in events[events.index(readings[-1]) + 1 : -1])


def test_what_was_read_ahead_is_not_read_again(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    (prompt,) = _prompts(1)
    engine.read_ahead((_SCHEMA, Message("user", "a")), (_SCHEMA, Message("user", "1")), Cancel())
    passes = _watched_passes(monkeypatch)
    text, _ = _written(engine, prompt)
    # The tokenizer of the tiny model has a token for each byte and marker.
    assert passes[0] < len(text) - len(_SCHEMA.text)


def test_an_answer_keeps_to_its_grammar(engine: LocalEngine) -> None:
    for prompt in _prompts(5):
        _, last = _written(engine, prompt, grammar=_TABLE_OF_TWO, draft=lambda _: "FROM nowhere", max_new_tokens=60)
        assert re.fullmatch(r"FROM (singer|concert) SELECT (id|name|COUNT\(\*\))", last.text)
        assert last.log_probability is not None


def test_a_grammar_that_is_none_is_told_and_the_next_answer_is_whole(engine: LocalEngine) -> None:
    (prompt,) = _prompts(1)
    *_, last = engine.stream(prompt, max_new_tokens=_TOKENS, cancel=Cancel(), grammar="start: (")
    assert isinstance(last, GenerationFailed)
    assert _written(engine, prompt)[1].tokens > 0
    found = engine.candidates(prompt, count=3, max_new_tokens=60, cancel=Cancel(), grammar="start: (")
    assert all(isinstance(candidate.text, str) for candidate in found)


@pytest.mark.parametrize("name", ["a<|im_start|>b", "<|im_end|>", "x<|endoftext|>"])
def test_a_name_that_holds_a_special_token_is_written_letter_by_letter(engine: LocalEngine, name: str) -> None:
    (prompt,) = _prompts(1)
    grammar = f"start: {json.dumps(f'SELECT {name} FROM singer')}"
    assert _written(engine, prompt, grammar=grammar, max_new_tokens=80)[1].text == f"SELECT {name} FROM singer"
    found = engine.candidates(prompt, count=2, max_new_tokens=80, cancel=Cancel(), grammar=grammar)
    assert [candidate.text for candidate in found] == [f"SELECT {name} FROM singer"]


def test_a_parser_that_gives_up_in_the_middle_ends_no_answer_as_if_it_were_whole(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """llguidance offers the end alone once it has met a limit."""
    consumed: list[int] = []
    take = guidance.Guide.take

    def breaking(guide: guidance.Guide, token: int) -> None:
        take(guide, token)
        consumed.append(token)
        if len(consumed) == 5:
            # A token that cannot stand there puts the parser into its state of error, as a limit does.
            guide._matcher.consume_token(0)

    monkeypatch.setattr(guidance.Guide, "take", breaking)
    (prompt,) = _prompts(1)
    *_, last = engine.stream(prompt, max_new_tokens=60, cancel=Cancel(), grammar=_TABLE_OF_TWO)
    assert isinstance(last, GenerationFailed)


def test_a_panic_of_a_library_ends_the_answer_and_not_the_engine(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Panic(BaseException):
        pass

    def panicking(_guide: guidance.Guide, _logits: torch.Tensor) -> torch.Tensor:
        raise Panic("internal error")

    (prompt,) = _prompts(1)
    with monkeypatch.context() as broken:
        broken.setattr(guidance.Guide, "held", panicking)
        *_, last = engine.stream(prompt, max_new_tokens=9, cancel=Cancel(), grammar=_ANYTHING)
        assert isinstance(last, GenerationFailed)
        with pytest.raises(ModelError, match="Panic"):
            engine.candidates(prompt, count=2, max_new_tokens=9, cancel=Cancel(), grammar=_ANYTHING)
    assert _written(engine, prompt)[1].tokens > 0


def test_what_a_model_brings_along_for_generating_changes_no_greedy_answer(
    folder: Path, tmp_path: Path, loaded: LoadedModel
) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    config = GenerationConfig.from_pretrained(other)
    config.repetition_penalty, config.no_repeat_ngram_size = 5.0, 2
    config.save_pretrained(other)
    engine = LocalEngine(replace(_EXACT, context_tokens=1024), lambda *_: other)
    engine.wait_until_ready(Cancel())
    for prompt in _prompts(5):
        text, last = _written(engine, prompt)
        assert last.text == _plain(loaded, text)
    engine.close()


def test_no_more_context_is_used_than_the_model_was_made_for(folder: Path) -> None:
    engine = LocalEngine(replace(_EXACT, context_tokens=100_000, schema_tokens=50_000), lambda *_: folder)
    engine.wait_until_ready(Cancel())
    assert engine.context_tokens == 1024
    assert engine.schema_tokens < 1024
    engine.close()


def _log_probabilities(loaded: LoadedModel, prompt: str, answer: str, *, ended: bool) -> list[float]:
    """Of `answer` after `prompt`; if it `ended`, with each of the tokens that may have ended it."""
    given, written = (loaded.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, answer))
    with torch.inference_mode():
        rows = loaded.model(torch.tensor([given + written])).logits[0, len(given) - 1 :].log_softmax(-1)
    of_text = float(rows[:-1].gather(-1, torch.tensor(written)[:, None]).sum())
    return [of_text + float(rows[-1, end]) for end in loaded.end_tokens] if ended else [of_text]


def test_the_log_probability_is_that_of_the_whole_text(engine: LocalEngine, loaded: LoadedModel) -> None:
    for prompt in _prompts(5):
        text, last = _written(engine, prompt, draft=lambda _: "x")
        expected = _log_probabilities(loaded, text, last.text, ended=not last.cut)
        assert any(last.log_probability == pytest.approx(one, rel=1e-4) for one in expected)


def test_candidates_keep_to_the_grammar_and_are_the_same_each_time(engine: LocalEngine) -> None:
    (prompt,) = _prompts(1)
    options: dict[str, Any] = {"count": 6, "max_new_tokens": 60, "cancel": Cancel(), "grammar": _TABLE_OF_TWO}
    found = engine.candidates(prompt, **options)
    assert found == engine.candidates(prompt, **options)
    assert 1 < len(found) <= 6
    assert len({candidate.text for candidate in found}) == len(found)
    assert all(re.fullmatch(r"FROM (singer|concert) SELECT (id|name|COUNT\(\*\))", one.text) for one in found)
    likeliest_first = sorted(found, key=lambda candidate: -candidate.log_probability)
    assert list(found) == likeliest_first


def test_a_candidate_that_was_cut_is_none(engine: LocalEngine) -> None:
    (prompt,) = _prompts(1)
    assert engine.candidates(prompt, count=3, max_new_tokens=2, cancel=Cancel(), grammar=_TABLE_OF_TWO) == ()


def test_candidates_leave_the_answer_to_the_next_question_as_it_is(engine: LocalEngine, loaded: LoadedModel) -> None:
    one, other = _prompts(2)
    engine.candidates(one, count=3, max_new_tokens=10, cancel=Cancel())
    text, last = _written(engine, other)
    assert last.text == _plain(loaded, text)


def test_the_log_probability_of_a_candidate_is_that_of_its_text(engine: LocalEngine, loaded: LoadedModel) -> None:
    (prompt,) = _prompts(1)
    text, _ = _written(engine, prompt)
    for found in engine.candidates(prompt, count=3, max_new_tokens=60, cancel=Cancel(), grammar=_TABLE_OF_TWO):
        expected = _log_probabilities(loaded, text, found.text, ended=True)
        assert any(found.log_probability == pytest.approx(one, rel=1e-4) for one in expected)


def test_candidates_can_be_stopped_and_a_prompt_too_long_is_told(engine: LocalEngine) -> None:
    (prompt,) = _prompts(1)
    stopped = Cancel()
    stopped.request()
    with pytest.raises(Stopped):
        engine.candidates(prompt, count=2, max_new_tokens=5, cancel=stopped)
    with pytest.raises(ModelError, match="tokens long"):
        engine.candidates((Message("user", "x" * 2000),), count=2, max_new_tokens=5, cancel=Cancel())
