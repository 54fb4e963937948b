"""The few statistics of a report: intervals for shares, a test for two runs, quantiles; knows nothing of SQL."""

import math
from collections.abc import Sequence
from typing import Final

_Z: Final = 1.959963984540054
"""The normal quantile of a two-sided interval of 95 %."""


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share by the score method (Wilson 1927), as (low, high) within 0 to 1.

    Of no observations nothing is known: (0.0, 1.0).
    """
    if total == 0:
        return 0.0, 1.0
    share = right / total
    weight = _Z * _Z / total
    middle = (share + weight / 2) / (1 + weight)
    reach = _Z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    # At the ends the bound is exactly 0 or 1; floating point may miss it by a hair.
    low = 0.0 if right == 0 else max(0.0, middle - reach)
    high = 1.0 if right == total else min(1.0, middle + reach)
    return low, high


def mcnemar(gained: int, lost: int) -> float:
    """The two-sided p-value of McNemar's exact test (McNemar 1947) for two runs over the same questions.

    `gained` questions are right in the one run alone, `lost` in the other alone; if neither run is better, each of
    them is as likely the one as the other. 1.0 where no question tells the runs apart.
    """
    total = gained + lost
    term = tail = 1
    for count in range(1, min(gained, lost) + 1):
        term = term * (total - count + 1) // count
        tail += term
    orders: int = 2**total
    return min(1.0, 2 * tail / orders)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least a part `share` of them does not exceed (nearest rank).

    Raises ValueError if there are none.
    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
