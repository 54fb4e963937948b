"""How a model is taught, as data: the project's own settings and those of the article; runs nothing."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from nl2sql_tui.template_names import TemplateName

Schedule = Literal["linear", "constant, then down"]
"""How the learning rate moves after its warm-up: down to zero all the way, or constant until the last part."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every setting that changes what is learnt."""

    name: str
    rank: int
    alpha: int
    dropout: float
    """On the adapter's input."""
    learning_rate: float
    """The highest it gets."""
    schedule: Schedule
    warmup_steps: int
    packs_per_step: int
    questions_per_pack: int
    """Questions on one schema that share its tokens in one sequence; 1 keeps examples apart."""
    steps: int | None
    """Steps in all; None for as many as `passes` take."""
    passes: float
    """Times that every example is seen, if `steps` does not say."""
    longest_schema: int = 600
    """Tokens; examples over a longer schema are left out."""
    longest_answer: int = 260
    """Tokens of question and answer together."""
    shuffled_tables: float = 0.0
    """The share of packs whose schema has its tables in another order."""
    distractors: float = 0.0
    """The share of packs whose schema is widened by tables of other databases."""
    seed: int = 42
    decay_share: float = 0.3
    """The last part of the steps, in which "constant, then down" goes down."""
    template: TemplateName = "schema first"
    """How a question is laid out; the adapter has to be asked in the same way."""
    packs_at_once: int = 1
    """Packs of a step that are computed in one pass: what is learnt stays the same. A part of `packs_per_step`."""


OWN: Final = Recipe(
    name="default",
    rank=64,
    alpha=96,
    dropout=0.0,
    learning_rate=1e-3,
    schedule="constant, then down",
    warmup_steps=30,
    packs_per_step=2,
    questions_per_pack=16,
    steps=None,
    passes=2.0,
    shuffled_tables=0.3,
    distractors=0.15,
)
"""Found with the default model on two CPU cores; see the adapter's card."""

ARTICLE: Final = Recipe(
    name="article",
    rank=16,
    alpha=16,
    dropout=0.05,
    learning_rate=1e-4,
    schedule="linear",
    warmup_steps=100,
    # The article's batches of 4, accumulated 12 times.
    packs_per_step=48,
    packs_at_once=4,
    questions_per_pack=1,
    steps=400,
    passes=1.0,
    template="article instruction",
)
"""The article's settings for Phi-3-mini. Its target modules do not exist in that model; all linear ones are taken."""

FROM_HISTORY: Final = Recipe(
    name="from history",
    # In the place of these two comes what the adapter has that is taught further.
    rank=OWN.rank,
    alpha=OWN.alpha,
    dropout=0.0,
    learning_rate=2e-4,
    schedule="linear",
    warmup_steps=4,
    packs_per_step=1,
    questions_per_pack=4,
    steps=None,
    passes=4.0,
    # What the default model is shown of a schema at most; tables keep their order, as they do when it is asked.
    longest_schema=1500,
)
"""For a few dozen to a few hundred questions on one database: gentle, so that what was learnt before stays."""

RECIPES: Final = MappingProxyType({recipe.name: recipe for recipe in (OWN, ARTICLE)})
