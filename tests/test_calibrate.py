"""The fit behind the confidence finds the weights that made its data, and its figures are those of the books."""

import math
import random
from pathlib import Path

import pytest

from benchmarks.calibrate import Weighed, fit, left_out_shares, print_costs, print_curve


def _answers(count: int) -> list[Weighed]:
    """Answers whose odds are 1 + 2·a - b; c says nothing and never changes."""
    dice = random.Random(7)
    found = []
    for number in range(count):
        known = {"a": dice.gauss(0, 1), "b": dice.gauss(0, 10), "c": 5.0}
        odds = 1 + 2 * known["a"] - known["b"]
        found.append(Weighed(Path(f"{number % 4}.sqlite"), known, dice.random() < 1 / (1 + math.exp(-odds))))
    return found


def test_the_fit_finds_the_weights() -> None:
    found = fit(_answers(3000), ["a", "b", "c"])
    assert found.intercept == pytest.approx(1.0, abs=0.35)
    assert found.weights == {
        "a": pytest.approx(2.0, abs=0.4),
        "b": pytest.approx(-1.0, abs=0.2),
        "c": pytest.approx(0.0, abs=0.2),
    }


def test_the_shares_of_a_database_come_from_the_others() -> None:
    answers = _answers(400)
    turned = [Weighed(one.database, one.known, one.right != (one.database.stem == "0")) for one in answers]
    shares = left_out_shares(answers, ["a", "b"])
    others = left_out_shares(turned, ["a", "b"])
    for answer, share, other in zip(answers, shares, others, strict=True):
        assert (share == other) == (answer.database.stem == "0")


def test_the_curve_and_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    answers = [Weighed(Path("x"), {}, right) for right in (False, False, True, True)]
    print_curve(answers, [0.1, 0.3, 0.2, 1.0])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "4 valid answers, 50.0% of them right"
    assert lines[-2].startswith(f"Brier score {(0.01 + 0.09 + 0.64 + 0) / 4:.3f} ")
    # Each stands in a bin of its own: the error is the mean distance to what it is.
    assert lines[-1] == "expected calibration error 0.300, area under the ROC curve 0.750"


def test_the_costs_of_thresholds(capsys: pytest.CaptureFixture[str]) -> None:
    answers = [Weighed(Path("x"), {}, right) for right in (False, False, True, True)]
    print_costs(answers, [0.05, 0.3, 0.15, 1.0])
    by_threshold = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()[1:]}
    assert by_threshold["0.20"][1:] == ["2", "50%", "1", "of", "2", "50.0%", "1", "of", "2", "50.0%"]
    assert by_threshold["0.10"][1:3] == ["1", "25%"]
