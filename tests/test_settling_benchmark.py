"""The likelihood by which the weights of several answers are chosen is that of the right ones among those with rows."""

import math

import pytest

from benchmarks.settling import Reading, log_likelihood


def test_the_likelihood_is_the_share_of_the_right_ones() -> None:
    right, wrong = Reading(-1.0, 0, False, True), Reading(-2.0, 1, False, False)
    weights = [math.exp(-0.5), math.exp(-1.0 - 0.3)]
    share = weights[0] / sum(weights)
    assert log_likelihood([[right, wrong]], power=0.5, price=0.3) == pytest.approx(math.log(share))
    assert log_likelihood([[right, wrong]] * 2, 0.5, 0.3) == pytest.approx(2 * math.log(share))


def test_what_says_nothing_steps_back_and_what_decides_nothing_counts_nothing() -> None:
    right, wrong = Reading(-1.0, 0, False, True), Reading(-0.1, 0, True, False)
    assert log_likelihood([[right, wrong]], 1.0, 1.0) == 0.0
    assert log_likelihood([[right], [wrong]], 1.0, 1.0) == 0.0
