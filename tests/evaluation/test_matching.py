"""Perfect matchings, against trying every way."""

import random
from itertools import permutations

import pytest

from nl2sql_tui.evaluation.matching import has_matching_of_all


def _by_trying(choices: list[list[int]], rights: int) -> bool:
    return any(
        all(right in choices[left] for left, right in enumerate(order))
        for order in permutations(range(rights), len(choices))
    )


@pytest.mark.parametrize("seed", range(30))
def test_it_finds_one_exactly_where_there_is_one(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(20):
        lefts = dice.randint(0, 5)
        rights = dice.randint(lefts, 6)
        choices = [[right for right in range(rights) if dice.random() < 0.4] for _ in range(lefts)]
        assert has_matching_of_all(choices) == _by_trying(choices, rights)


def test_a_long_chain_of_moves_is_no_recursion() -> None:
    size = 5_000
    choices = [[place, place + 1] for place in range(size)]
    choices.append([0])
    assert has_matching_of_all(choices)
    choices.append([size])
    assert not has_matching_of_all(choices)
