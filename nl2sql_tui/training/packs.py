"""Lays examples out as token sequences: which share a schema, in which order, and how a pack looks to a model.

A plan is made whole before the training starts, from the seed alone: a run that is killed goes on with the very pack
that it would have seen.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch

from nl2sql_tui.engine.chat_format import chat_text
from nl2sql_tui.engine.events import Message
from nl2sql_tui.engine.profiles import AnswerForm
from nl2sql_tui.language.answer_form import tables_first
from nl2sql_tui.language.templates import pieces
from nl2sql_tui.template_names import TemplateName
from nl2sql_tui.training.prepare import Example
from nl2sql_tui.training.recipes import Recipe

IGNORED: Final = -100
"""The label of a token that is not learnt."""
_MOST_DISTRACTORS: Final = 4
"""Tables of other databases that a schema is widened by at most."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Examples that share one schema's tokens."""

    schema: str
    examples: tuple[int, ...]
    """Their places in the list of examples."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Every pack of a run in order."""

    packs: tuple[Pack, ...]
    tokens: tuple[int, ...]
    """About how many each pack has, padding left out."""
    examples_used: int
    """How many different examples there are in it."""
    too_long: int
    """Examples left out because they or their schema are too long."""


class Encoder:
    """Turns examples into tokens, exactly as a model is asked when it answers."""

    def __init__(
        self,
        tokenizer: Any,
        form: AnswerForm,
        end_tokens: frozenset[int],
        template: TemplateName = "schema first",
    ) -> None:
        """`end_tokens` are those at which the model stops; an answer ends with the one that its template uses."""
        self.tokenizer = tokenizer
        self.form = form
        self.template = template
        self._end = self._end_of_answer(end_tokens)

    def prompt(self, schema: str, question: str) -> list[int]:
        """What the model is shown."""
        laid_out = tuple(Message(role, text) for role, text in pieces(self.template, schema, question))
        return self._ids(chat_text(self.tokenizer, laid_out))

    def answer(self, sql: str) -> list[int]:
        """What it should write, with the token that ends an answer."""
        return [*self._ids(tables_first(sql) if self.form == "tables first" else sql), self._end]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _end_of_answer(self, end_tokens: frozenset[int]) -> int:
        """The first token behind an answer in the chat template, if the model stops there; else its end of text."""
        if self.template != "schema first":
            return int(self.tokenizer.eos_token_id)
        said = "SELECT 1"
        turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": said}]
        shown = str(self.tokenizer.apply_chat_template(turns, tokenize=False))
        behind = self._ids(shown.rpartition(said)[2])
        return next((token for token in behind if token in end_tokens), self.tokenizer.eos_token_id)

    def rough_lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by itself, for planning."""
        if not texts:
            return []
        return [len(ids) for ids in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]


def plan(examples: Sequence[Example], encoder: Encoder, recipe: Recipe, passes: float) -> Plan:
    """The packs of `passes` passes over `examples`; a part of a pass is taken from a whole one's beginning."""
    rng = random.Random(recipe.seed)
    schemas = sorted({example.schema for example in examples})
    schema_length = dict(zip(schemas, encoder.rough_lengths(schemas), strict=True))
    lengths = encoder.rough_lengths([f"{example.question}\n{example.sql}" for example in examples])
    fitting = [
        place
        for place, example in enumerate(examples)
        if schema_length[example.schema] <= recipe.longest_schema and lengths[place] <= recipe.longest_answer
    ]
    by_schema: dict[str, list[int]] = defaultdict(list)
    for place in fitting:
        by_schema[examples[place].schema].append(place)
    tables = [line for schema in by_schema for line in schema.split("\n") if _is_table(line)]
    packs: list[Pack] = []
    left = passes
    while left > 0 and fitting:
        one_pass = _one_pass(by_schema, lengths, tables, recipe, rng)
        packs += one_pass[: max(1, round(len(one_pass) * min(left, 1.0)))]
        left -= 1.0
    used = len({place for pack in packs for place in pack.examples})
    tokens = tuple(
        schema_length[examples[pack.examples[0]].schema] + sum(lengths[place] for place in pack.examples)
        for pack in packs
    )
    order = _like_beside_like(tokens, recipe)
    return Plan(
        tuple(packs[place] for place in order),
        tuple(tokens[place] for place in order),
        used,
        len(examples) - len(fitting),
    )


def _like_beside_like(tokens: Sequence[int], recipe: Recipe) -> list[int]:
    """The packs' places: each step keeps its own, by their length where several are computed at once."""
    places = list(range(len(tokens)))
    if recipe.packs_at_once == 1:
        return places
    size = recipe.packs_per_step
    steps = (places[start : start + size] for start in range(0, len(places), size))
    return [place for step in steps for place in sorted(step, key=lambda place: tokens[place])]


def _one_pass(
    by_schema: dict[str, list[int]], lengths: Sequence[int], tables: Sequence[str], recipe: Recipe, rng: random.Random
) -> list[Pack]:
    """Each example once. Those of like length stand together, as the branches of a pack are padded to the longest."""
    packs = []
    for schema, places in by_schema.items():
        by_length = sorted(places, key=lambda place: lengths[place] * rng.uniform(0.8, 1.25))
        size = recipe.questions_per_pack
        packs += [
            Pack(_varied(schema, tables, recipe, rng), tuple(by_length[start : start + size]))
            for start in range(0, len(by_length), size)
        ]
    rng.shuffle(packs)
    return packs


def _is_table(line: str) -> bool:
    return line.endswith(")")


def _varied(schema: str, strangers: Sequence[str], recipe: Recipe, rng: random.Random) -> str:
    """The schema, as often as the recipe says with its tables in another order or among tables that do not matter."""
    lines = schema.split("\n")
    own = [line for line in lines if _is_table(line)]
    keys = [line for line in lines if not _is_table(line)]
    if rng.random() < recipe.distractors:
        names = {line.partition("(")[0].casefold() for line in own}
        for line in rng.sample(strangers, min(len(strangers), rng.randint(1, _MOST_DISTRACTORS))):
            name = line.partition("(")[0].casefold()
            if name not in names:
                names.add(name)
                own.insert(rng.randint(0, len(own)), line)
    if rng.random() < recipe.shuffled_tables:
        rng.shuffle(own)
    return "\n".join([*own, *keys])


def sequence(pack: Pack, examples: Sequence[Example], encoder: Encoder) -> dict[str, Any]:
    """A pack as a model takes it; see `side_by_side`."""
    return side_by_side((pack,), examples, encoder)


def side_by_side(packs: Sequence[Pack], examples: Sequence[Example], encoder: Encoder) -> dict[str, Any]:
    """Packs as a model takes them: `input_ids`, `position_ids` and `labels`, each (1, tokens), and two measures.

    What all prompts have in common at their beginning is there once: the schema, if it is one pack, else the words
    before it. `schema_tokens` is its length, `branches` the number of what follows.
    """
    taught = [(pack.schema, examples[place]) for pack in packs for place in pack.examples]
    prompts = [encoder.prompt(schema, example.question) for schema, example in taught]
    answers = [encoder.answer(example.sql) for _, example in taught]
    shared = _common_beginning(prompts)
    rests = [prompt[shared:] for prompt in prompts]
    length = max(len(rest) + len(answer) for rest, answer in zip(rests, answers, strict=True))
    ids, labels = prompts[0][:shared], [IGNORED] * shared
    for rest, answer in zip(rests, answers, strict=True):
        padding = length - len(rest) - len(answer)
        # What pads stands behind the answer, where nothing that is learnt can see it.
        ids += rest + answer + [answer[-1]] * padding
        labels += [IGNORED] * len(rest) + answer + [IGNORED] * padding
    positions = [*range(shared), *(list(range(shared, shared + length)) * len(taught))]
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "labels": torch.tensor([labels]),
        "schema_tokens": shared,
        "branches": len(taught),
    }


def _common_beginning(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens that all prompts begin with; each keeps at least its last for itself, which says what comes next."""
    shortest = min(len(prompt) for prompt in prompts) - 1
    first = prompts[0]
    for place in range(shortest):
        if any(prompt[place] != first[place] for prompt in prompts):
            return place
    return shortest
