"""The statistics against published and hand-made figures."""

import pytest

from nl2sql_tui.evaluation.statistics import mcnemar, quantile, wilson


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    # The first three stand in Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)],
)
def test_wilson_intervals(right: int, total: int, low: float, high: float) -> None:
    assert wilson(right, total) == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    # Twice the smaller tail of a fair coin: (1 + 6) / 32 of 6 throws, and so on.
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 2 / 32), (5, 1, 2 * 7 / 64), (3, 3, 1.0), (10, 2, 2 * 79 / 4096)],
)
def test_mcnemars_exact_test(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p)
    assert mcnemar(lost, gained) == mcnemar(gained, lost)


def test_many_questions_are_no_trouble() -> None:
    assert 0 < mcnemar(5_000, 4_000) < 1e-20


def test_quantiles_are_values_that_occur() -> None:
    values = [5.0, 1.0, 2.0, 4.0, 3.0]
    assert [quantile(values, share) for share in (0.0, 0.2, 0.5, 0.95, 1.0)] == [1.0, 1.0, 3.0, 5.0, 5.0]
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)
