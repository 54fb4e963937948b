"""Texts that differ in accents, or in one or two slips of the fingers."""

import pytest

from nl2sql_tui.spelling import folded, slips_between, slips_forgiven


def test_accents_case_and_ligatures_are_folded() -> None:
    assert folded("SÃO PAULO") == folded("são paulo") == "sao paulo"
    assert folded("ﬁne Ünïcödé") == "fine unicode"
    assert folded("東京") == "東京"


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("france", "france", 0),
        ("france", "frnce", 1),
        ("france", "fraance", 1),
        ("france", "frence", 1),
        ("france", "farnce", 1),
        ("france", "frnaec", 2),
        ("france", "frnaxc", None),
        ("caribbean", "carribean", 2),
        ("caribbean", "carribaen", None),
        ("france", "ecnarf", None),
        ("", "ab", 2),
        ("version 12", "version 13", None),
        ("version 12", "verison 12", 1),
    ],
)
def test_slips_are_counted_up_to_the_limit(one: str, other: str, slips: int | None) -> None:
    assert slips_between(one, other, 2) == slips
    assert slips_between(other, one, 2) == slips
    if slips == 2 or slips is None:
        assert slips_between(one, other, 1) is None


def test_short_words_are_forgiven_nothing() -> None:
    assert [slips_forgiven("x" * length) for length in (1, 4, 5, 8, 9, 40)] == [0, 0, 1, 1, 2, 2]
