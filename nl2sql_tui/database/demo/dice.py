"""Seeded chance that falls the same way on every computer and under every Python; knows nothing of banks.

Python promises an unchanged sequence for `Random.random` only, and the C library's `exp` and `log` may differ in
the last digit. So everything here is made of `random()` and of plain arithmetic.
"""

import random
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_FACTORS: Final = 6


class Dice:
    """One stream of chance: the same seed and the same calls give the same answers."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self._random() < probability

    def below(self, end: int) -> int:
        """A whole number from 0 up to and without `end`."""
        return int(self._random() * end)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely as the others."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[int]) -> T:
        """One of the items, each as likely as its weight is large."""
        point = self.below(sum(weights))
        for item, weight in zip(items, weights, strict=True):
            point -= weight
            if point < 0:
                return item
        raise ValueError("no item has a weight")

    def skewed(self, median: int, spread: float) -> int:
        """A positive whole number around `median` with a long tail upwards, as amounts of money have it.

        The median is multiplied or divided by each of six factors between 1 and `spread`: symmetric in the
        logarithm, and near enough to a lognormal distribution.
        """
        value = float(median)
        for _ in range(_FACTORS):
            factor = 1.0 + self._random() * (spread - 1.0)
            value = value * factor if self.chance(0.5) else value / factor
        return max(1, int(value))
