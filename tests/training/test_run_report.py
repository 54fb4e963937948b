"""A run's curve and card."""

import json
from pathlib import Path

import pytest

from nl2sql_tui.errors import InputError
from nl2sql_tui.training.model_card import header_of
from nl2sql_tui.training.run_folder import Point, RunFolder
from nl2sql_tui.training.run_report import curve_in_terminal, smoothed, write_report

CURVE = [
    Point(step, 3.0 / step, 1e-3, 100.0, step * 8, 10**9, step * 2.0, 2.0 / step if step % 5 == 0 else None)
    for step in range(1, 21)
]


def test_the_terminal_curve_falls_from_left_to_right() -> None:
    *rows, axis = curve_in_terminal(CURVE)
    columns = [line.partition("│")[2] for line in rows]
    heights = [sum(row[place] != " " for row in columns) for place in range(len(CURVE))]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == len(rows) > heights[-1]
    assert axis.endswith("step 20")


def test_a_curve_of_one_point_can_be_shown() -> None:
    assert curve_in_terminal(CURVE[:1])[-1].endswith("step 1")


def test_smoothing_begins_at_the_first_value_and_keeps_a_constant() -> None:
    assert smoothed([2.0, 2.0, 2.0]) == pytest.approx([2.0] * 3)
    assert smoothed([4.0, 0.0])[1] == pytest.approx(4 * 0.09 / 0.19)


def test_the_report_has_a_picture_and_a_card_that_tells_the_recipe(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    folder.adapter.mkdir()
    (folder.adapter / "adapter_model.safetensors").write_bytes(b"x" * 5000)
    folder.write_settings(
        {
            "recipe": {"rank": 64, "learning_rate": 0.001, "steps": None},
            "base": "owner/model",
            "base_licence": "Apache-2.0",
            "answer_form": "tables first",
            "device": "cpu",
            "dtype": "bfloat16",
            "begun": "2026-11-22 10:00:00 UTC",
            "examples_by_source": {"Spider": 8000},
        }
    )
    for point in CURVE:
        folder.add(point)

    write_report(folder)

    for picture in (folder.picture, folder.adapter / "curve.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 5_000
    card = (folder.adapter / "README.md").read_text(encoding="utf-8")
    assert header_of(card)["base_model"] == "owner/model"
    for words in ("Spider", "8,000", "learning rate", "0.001", "FROM singer SELECT COUNT(*)", "curve.png"):
        assert words in card


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"recipe": {}}))
    with pytest.raises(InputError, match="no finished training run"):
        write_report(RunFolder(tmp_path))
