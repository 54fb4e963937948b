"""A card says what it was given, to the Hub and to a person, whatever characters that has."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import InputError
from nl2sql_tui.training.model_card import (
    CardFacts,
    DataSource,
    Score,
    card_of_merged,
    header_of,
    rendered,
    write_card,
)
from nl2sql_tui.training.publish import collect
from tests.training.publishable import publishable_adapter

FACTS = CardFacts(
    title="SQL for a model",
    base_model="someone/base",
    base_licence="Apache-2.0",
    licence="cc-by-sa-4.0",
    data=(
        DataSource("Spider, training part", 7000, "CC BY-SA 4.0", "xlangai/spider"),
        DataSource("ours.jsonl", 12, ""),
    ),
    recipe={"learning rate": "1e-3", "rank": "32"},
    device="2 CPU cores",
    started=date(2026, 11, 22),
    minutes=75.4,
    examples=5750,
    rank=32,
    weights_bytes=19_593_480,
    loss_points=[(step, 2.0 / (step + 1)) for step in range(0, 1000, 10)],
    curve="curve.png",
    scores=(Score("development", 972, 0.347, 0.275, 0.426, 0.6),),
    limits=("English only.",),
)
HOSTILE = "a: b # c\n---\n- <script>x</script> | `y` \x1b[31m 'q' \"d\" {z}"


def test_the_header_is_what_the_hub_reads() -> None:
    assert header_of(rendered(FACTS)) == {
        "base_model": "someone/base",
        "base_model_relation": "adapter",
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "language": ["en"],
        "license": "cc-by-sa-4.0",
        "datasets": ["xlangai/spider"],
        "tags": ["lora", "text-to-sql", "sqlite"],
    }


def test_the_text_is_what_a_person_reads() -> None:
    text = rendered(FACTS)
    for words in (
        "# SQL for a model",
        "A LoRA adapter of rank 32 for someone/base",
        "| Spider, training part | 7,000 | CC BY-SA 4.0 |",
        "| ours.jsonl | 12 | unknown |",
        "| learning rate | 1e-3 |",
        "| begun | 2026-11-22 |",
        "| time | 75 minutes |",
        "![The loss over the steps](<curve.png>)",
        "| development | 972 | 34.7% | 27.5% to 42.6% | 60.0% |",
        "- English only.",
        "These weights are offered under cc-by-sa-4.0.",
        "<|im_start|>user\nHow many singers come from france?",
    ):
        assert words in text


def test_of_a_long_curve_ten_points_are_shown_the_ends_among_them() -> None:
    (steps,) = [line for line in rendered(FACTS).splitlines() if line.startswith("| step |")]
    shown = [cell.strip() for cell in steps.strip("|").split("|")][1:]
    assert (len(shown), shown[0], shown[-1]) == (10, "0", "990")


def test_what_is_not_known_is_left_out() -> None:
    bare = replace(FACTS, licence="", data=(), loss_points=(), curve="", scores=(), limits=())
    text = rendered(bare)
    assert {"license", "datasets"} & header_of(text).keys() == set()
    assert "## Scores" not in text
    assert "![" not in text
    assert "has not been stated yet" in text


@pytest.mark.parametrize("field", ["title", "base_model", "base_licence", "licence", "device", "curve", "prompt"])
def test_no_value_can_break_the_card(field: str) -> None:
    facts = replace(FACTS, recipe={HOSTILE: HOSTILE}, data=(DataSource(HOSTILE, 1, HOSTILE, HOSTILE),))
    text = rendered(replace(facts, **{field: HOSTILE}))  # type: ignore[arg-type]
    header = header_of(text)
    assert header["base_model_relation"] == "adapter"
    assert header["datasets"] == [HOSTILE]
    assert header["base_model"] == (HOSTILE if field == "base_model" else "someone/base")
    body = text.partition("\n---\n\n# ")[2]
    assert "\x1b" not in body
    assert field == "prompt" or "<script>" not in body
    rows = [line for line in body.splitlines() if line.startswith("| a: b")]
    assert [row.count("|") for row in rows] == [4, 3], "cells of the data's table and of the recipe's"


def test_a_prompt_with_fences_stays_one_block() -> None:
    text = rendered(replace(FACTS, prompt="```\n````\n# no heading"))
    assert "`````\n```\n````\n# no heading\n`````" in text


def test_a_written_card_can_be_published(tmp_path: Path) -> None:
    folder = publishable_adapter(tmp_path / "adapter")
    assert write_card(FACTS, folder) == folder / "README.md"
    assert collect(folder, Cancel()).licence == "cc-by-sa-4.0"


def test_a_card_without_its_licence_is_not_published_before_somebody_states_it(tmp_path: Path) -> None:
    folder = publishable_adapter(tmp_path / "adapter")
    write_card(replace(FACTS, licence=""), folder)
    with pytest.raises(InputError, match="does not state a licence"):
        collect(folder, Cancel())


def test_a_merged_models_card_keeps_what_the_adapters_said() -> None:
    card = rendered(FACTS)
    merged = card_of_merged(card)
    assert header_of(merged) == header_of(card) | {
        "base_model_relation": "finetune",
        "library_name": "transformers",
    }
    assert merged.index("# SQL for a model") < merged.index("merged into them") < merged.index("## Prompt")
    assert "\n\n\n" not in merged


def test_a_card_whose_header_cannot_be_read_is_not_touched() -> None:
    assert card_of_merged("---\na: [\n---\n# Title\n") == "---\na: [\n---\n# Title\n"
