"""How examples become packs of tokens."""

from dataclasses import replace
from pathlib import Path

import pytest

from nl2sql_tui.engine.chat_format import chat_text
from nl2sql_tui.engine.events import Message
from nl2sql_tui.language.templates import question_in, render, schema_in
from nl2sql_tui.schema import Column, Schema, Table
from nl2sql_tui.training.packs import IGNORED, Encoder, Pack, plan, sequence
from nl2sql_tui.training.recipes import ARTICLE, OWN
from tests.engine.tiny import tiny_tokenizer
from tests.training.examples import SHOPS, SINGERS, examples

PLAIN = replace(OWN, shuffled_tables=0.0, distractors=0.0, questions_per_pack=2)


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    tokenizer = tiny_tokenizer(tmp_path)
    return Encoder(tokenizer, "tables first", frozenset({tokenizer.eos_token_id}))


def test_the_prompt_is_that_of_use_and_the_answer_ends_its_turn(encoder: Encoder) -> None:
    decode = encoder.tokenizer.decode
    assert decode(encoder.prompt("t(x int)", "How many?")) == (
        "<|im_start|>system\nt(x int)<|im_end|>\n<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert decode(encoder.answer("SELECT COUNT(*) FROM t")) == "FROM t SELECT COUNT(*)<|im_end|>"


def test_the_articles_recipe_teaches_the_text_that_its_template_asks_with(tmp_path: Path) -> None:
    shown = Schema((Table("t", (Column("x", "int"),)),))
    template = ARTICLE.template
    tokenizer = tiny_tokenizer(tmp_path)
    taught = Encoder(tokenizer, "sql", frozenset({tokenizer.eos_token_id}), template)
    asked = tuple(Message(role, text) for role, text in render(template, shown, "How many?"))
    prompt = taught.prompt(schema_in(template, shown), question_in(template, "How many?"))
    assert template == "article instruction"
    assert tokenizer.decode(prompt) == chat_text(tokenizer, asked)
    assert taught.answer("SELECT 1")[-1] == tokenizer.eos_token_id


def test_plain_sql_is_taught_where_the_model_writes_sql(encoder: Encoder) -> None:
    plain = Encoder(encoder.tokenizer, "sql", frozenset())
    assert plain.tokenizer.decode(plain.answer("SELECT 1 FROM t")).startswith("SELECT 1 FROM t")


def test_a_sequence_has_the_schema_once_and_learns_the_answers_alone(encoder: Encoder) -> None:
    pack = sequence(Pack(SINGERS, (0, 1)), examples(), encoder)
    ids, labels, positions = (pack[name][0].tolist() for name in ("input_ids", "labels", "position_ids"))
    decode = encoder.tokenizer.decode

    shared = pack["schema_tokens"]
    assert decode(ids[:shared]).startswith(f"<|im_start|>system\n{SINGERS}<|im_end|>\n<|im_start|>user\n")
    length = (len(ids) - shared) // pack["branches"]
    for place, example in enumerate(examples()[:2]):
        branch = slice(shared + place * length, shared + (place + 1) * length)
        learnt = [label for label in labels[branch] if label != IGNORED]
        assert learnt == encoder.answer(example.sql)
        assert positions[branch] == list(range(shared, shared + length))
        assert all(label in (IGNORED, given) for label, given in zip(labels[branch], ids[branch], strict=True))
    assert labels[:shared] == [IGNORED] * shared


def test_a_plan_has_every_example_once_a_pass(encoder: Encoder) -> None:
    made = plan(examples(), encoder, PLAIN, 2.0)
    seen = sorted(place for pack in made.packs for place in pack.examples)
    assert seen == sorted([*range(5), *range(5)])
    assert all(len(pack.examples) <= 2 for pack in made.packs)
    for pack in made.packs:
        assert {examples()[place].schema for place in pack.examples} == {pack.schema}


def test_packs_computed_at_once_are_of_like_length_and_stay_in_their_step(encoder: Encoder) -> None:
    alone = replace(PLAIN, questions_per_pack=1, packs_per_step=5)
    shuffled = plan(examples(), encoder, alone, 2.0)
    ordered = plan(examples(), encoder, replace(alone, packs_at_once=5), 2.0)
    assert ordered != shuffled
    for step in (slice(0, 5), slice(5, 10)):
        assert list(ordered.tokens[step]) == sorted(shuffled.tokens[step])
        assert {pack.examples for pack in ordered.packs[step]} == {pack.examples for pack in shuffled.packs[step]}


def test_the_same_seed_gives_the_same_plan_and_a_longer_one_begins_alike(encoder: Encoder) -> None:
    first = plan(examples(), encoder, PLAIN, 2.0)
    assert plan(examples(), encoder, PLAIN, 2.0) == first
    assert plan(examples(), encoder, PLAIN, 3.0).packs[: len(first.packs)] == first.packs
    assert plan(examples(), encoder, replace(PLAIN, seed=1), 2.0).packs != first.packs


def test_long_examples_and_schemas_are_left_out_and_counted(encoder: Encoder) -> None:
    longest = max(encoder.rough_lengths([SINGERS, SHOPS])) - 1
    assert plan(examples(), encoder, replace(PLAIN, longest_schema=longest), 1.0).too_long == 3
    assert plan(examples(), encoder, replace(PLAIN, longest_answer=10), 1.0).packs == ()


def test_distractors_come_from_other_databases_and_keep_the_own_tables(encoder: Encoder) -> None:
    made = plan(examples(), encoder, replace(PLAIN, distractors=1.0), 4.0)
    widened = [pack for pack in made.packs if pack.schema not in (SINGERS, SHOPS)]
    assert widened
    for pack in widened:
        own = examples()[pack.examples[0]].schema.split("\n")
        lines = pack.schema.split("\n")
        assert [line for line in lines if line in own] == own
        names = [line.partition("(")[0] for line in lines if line.endswith(")")]
        assert len(names) == len(set(names))


def test_shuffled_tables_are_the_same_tables(encoder: Encoder) -> None:
    made = plan(examples(), encoder, replace(PLAIN, shuffled_tables=1.0), 4.0)
    assert any(pack.schema not in (SINGERS, SHOPS) for pack in made.packs)
    for pack in made.packs:
        assert sorted(pack.schema.split("\n")) == sorted(examples()[pack.examples[0]].schema.split("\n"))
