"""Writes and reads model cards: a README.md whose YAML header the Hub reads and whose text a person reads."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from nl2sql_tui.errors import InputError
from nl2sql_tui.text import byte_size, visible, visible_lines

CARD: Final = "README.md"

Relation = Literal["adapter", "finetune"]
"""What the Hub calls an adapter for a base model, and a whole model that was made from one by merging an adapter.

Its "merge" means something else: a mixture of several base models.
"""

EXAMPLE_PROMPT: Final = (
    "<|im_start|>system\n"
    "singer(Singer_ID int pk, Name text, Country text)\n"
    "singer_in_concert(concert_ID int pk, Singer_ID int pk)\n"
    "singer_in_concert.Singer_ID = singer.Singer_ID<|im_end|>\n"
    "<|im_start|>user\n"
    "How many singers come from france?\n"
    "singer.Country = 'France'<|im_end|>\n"
    "<|im_start|>assistant\n"
)
"""The prompt's form in ChatML; another base model's template puts other markers around the same texts."""

_MOST_LOSS_POINTS: Final = 10
_TAGS: Final = ("text-to-sql", "sqlite")


@dataclass(frozen=True, slots=True)
class DataSource:
    """One source of training examples."""

    name: str
    rows: int
    licence: str
    """For a person; empty where it is not known."""
    hub_id: str = ""
    """Its name among the Hub's data sets, where it has one."""


@dataclass(frozen=True, slots=True)
class Score:
    """Execution accuracy on one set of questions."""

    name: str
    questions: int
    right: float
    """A share, 0 to 1; so are the others."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    valid: float | None = None
    """The share of statements that compile."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a model card says; nothing is asked of anybody else."""

    title: str
    base_model: str
    """Its name on the Hub where it has one: the Hub makes a link of it."""
    base_licence: str
    licence: str
    """The weights' licence as the Hub abbreviates it ("cc-by-sa-4.0"); empty where only the user can know it.

    A card without one is written all the same; `push` then asks for it.
    """
    data: Sequence[DataSource]
    recipe: Mapping[str, str]
    """Setting and value, in the order in which they are shown."""
    device: str
    started: date
    minutes: float
    examples: int
    """Question/SQL pairs seen, repetitions counted."""
    rank: int
    """Of the adapter; 0 where all weights were trained."""
    weights_bytes: int
    relation: Relation = "adapter"
    loss_points: Sequence[tuple[int, float]] = ()
    """Step and smoothed training loss, in order."""
    curve: str = ""
    """The file name of the picture of the loss, beside the card."""
    scores: Sequence[Score] = ()
    limits: Sequence[str] = ()
    prompt: str = EXAMPLE_PROMPT
    answer: str = ""
    """What the answer looks like, where it is not plain SQL."""
    language: str = "en"
    tags: Sequence[str] = field(default=_TAGS)


def write_card(facts: CardFacts, folder: Path) -> Path:
    """Write the card into `folder` as README.md and return its path. Raises OSError."""
    path = folder / CARD
    path.write_text(rendered(facts), encoding="utf-8")
    return path


def rendered(facts: CardFacts) -> str:
    """The whole text of the card."""
    parts = [
        f"# {_text(facts.title)}",
        _what_it_is(facts),
        "## Prompt",
        "The schema stands first, one table a line, then the foreign keys; the question follows. A line under the "
        "question names a cell of the database that the question mentions, spelt as it is stored. Decode greedily.",
        _fenced(facts.prompt),
        *([facts.answer] if facts.answer else []),
        "## Data",
        _table(["source", "rows", "licence"], [[s.name, f"{s.rows:,}", s.licence or "unknown"] for s in facts.data]),
        "## Training",
        _training(facts),
        *_scores(facts.scores),
        "## Limits",
        _limits(facts.limits),
        "## Licence",
        _licence(facts),
    ]
    return f"---\n{_yaml(_header(facts))}---\n\n" + "\n\n".join(parts) + "\n"


def _header(facts: CardFacts) -> dict[str, Any]:
    is_adapter = facts.relation == "adapter"
    header: dict[str, Any] = {
        "base_model": facts.base_model,
        "base_model_relation": facts.relation,
        "library_name": "peft" if is_adapter else "transformers",
        "pipeline_tag": "text-generation",
        "language": [facts.language],
        "license": facts.licence,
        "datasets": list(dict.fromkeys(source.hub_id for source in facts.data if source.hub_id)),
        "tags": [*(("lora",) if facts.rank else ()), *facts.tags],
    }
    return {key: value for key, value in header.items() if value}


def _yaml(header: Mapping[str, Any]) -> str:
    """The header as YAML, whatever characters its values have."""
    from huggingface_hub.repocard_data import CardData

    return CardData(**header).to_yaml() + "\n"


def _what_it_is(facts: CardFacts) -> str:
    what = (
        f"A LoRA adapter of rank {facts.rank} for {_text(facts.base_model)}"
        if facts.relation == "adapter"
        else f"{_text(facts.base_model)}, trained further"
    )
    return (
        f"{what} that turns a question in plain language and the schema of a SQLite database into one SQL statement. "
        f"Its weights are {byte_size(facts.weights_bytes)} of safetensors. Made with nl2sql-tui."
    )


def _training(facts: CardFacts) -> str:
    rows = [
        *facts.recipe.items(),
        ("device", facts.device),
        ("begun", facts.started.isoformat()),
        ("time", f"{facts.minutes:,.0f} minutes"),
        ("examples seen", f"{facts.examples:,}"),
    ]
    parts = [_table(["setting", "value"], [[name, value] for name, value in rows])]
    if facts.loss_points:
        points = _thinned(facts.loss_points)
        parts.append(
            _table(["step", *(f"{step:,}" for step, _ in points)], [["loss", *(f"{loss:.2f}" for _, loss in points)]])
        )
    if facts.curve:
        parts.append(f"![The loss over the steps](<{_text(facts.curve)}>)")
    return "\n\n".join(parts)


def _thinned(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most ten of the points, evenly spread, the first and the last among them."""
    if len(points) <= _MOST_LOSS_POINTS:
        return list(points)
    last = len(points) - 1
    return [points[round(place * last / (_MOST_LOSS_POINTS - 1))] for place in range(_MOST_LOSS_POINTS)]


def _scores(scores: Sequence[Score]) -> list[str]:
    if not scores:
        return []
    rows = [
        [
            score.name,
            f"{score.questions:,}",
            f"{score.right:.1%}",
            f"{score.low:.1%} to {score.high:.1%}",
            "" if score.valid is None else f"{score.valid:.1%}",
        ]
        for score in scores
    ]
    return [
        "## Scores",
        "Right means: the statement runs, and its rows are those of the reference. Intervals are at 95 %.",
        _table(["set", "questions", "right", "interval", "compiles"], rows),
    ]


def _limits(limits: Sequence[str]) -> str:
    always = ("Read the SQL before you trust its rows: it can be wrong without any error.",)
    return "\n".join(f"- {_text(limit)}" for limit in (*always, *limits))


def _licence(facts: CardFacts) -> str:
    base = f"The base model's licence is {_text(facts.base_licence)}."
    if not facts.licence:
        return f"{base} The licence of these weights has not been stated yet: add `license:` to the header above."
    return f"{base} These weights are offered under {_text(facts.licence)}."


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return _text(text).replace("|", "&#124;")


def _text(text: str) -> str:
    """`text` on one line, without control characters and HTML."""
    return visible(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;")


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{visible_lines(text.rstrip())}\n{fence}"


def header_of(card: str) -> dict[str, Any]:
    """The YAML header of a card; empty where it has none. Raises InputError for one that cannot be read."""
    return _parsed(card)[0]


def card_of_merged(card: str) -> str:
    """The adapter's `card` as that of the model it was merged into; as it is where its header cannot be read."""
    try:
        header, text = _parsed(card)
    except InputError:
        return card
    header |= {"base_model_relation": "finetune", "library_name": "transformers"}
    note = (
        "These are the weights of the base model with the adapter described below merged into them "
        "(`nl2sql-tui merge`). They load without peft."
    )
    heading, _, rest = text.strip().partition("\n")
    parts = [heading, note, rest.strip()] if heading.startswith("# ") else [note, text.strip()]
    return f"---\n{_yaml(header)}---\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def card_of_mean(cards: Sequence[str], rank: int, kept: float) -> str:
    """The card of the mean of the adapters that have these `cards`, of which `rank` holds the share `kept`.

    It has all that theirs say, and a licence where they agree on one. Empty where one of them has no header.
    """
    if not all(cards):
        return ""
    try:
        parsed = [_parsed(card) for card in cards]
    except InputError:
        return ""
    headers = [header for header, _ in parsed]
    if not all(headers):
        return ""
    header = dict(headers[0])
    header["datasets"] = list(dict.fromkeys(name for each in headers for name in each.get("datasets") or ()))
    if len({str(each.get("license")) for each in headers}) > 1:
        header.pop("license", None)
    parts = [
        f"# The mean of {len(cards)} adapters",
        "What each of the adapters described below does to the weights was averaged (`nl2sql-tui average`); rank "
        f"{rank} holds {kept:.1%} of the mean. Scores below are theirs and not the mean's.",
        *(f"## Adapter {number}\n\n{_as_a_part(text)}" for number, (_, text) in enumerate(parsed, 1)),
    ]
    return f"---\n{_yaml({key: value for key, value in header.items() if value})}---\n\n" + "\n\n".join(parts) + "\n"


def _as_a_part(text: str) -> str:
    """The text of a card as a part of another: its headings two levels lower, and no picture, which stays behind."""
    lines: list[str] = []
    is_code = False
    for line in text.strip().splitlines():
        is_code ^= line.startswith("```")
        if not is_code and line.startswith("!["):
            continue
        lines.append(f"##{line}" if line.startswith("#") and not is_code else line)
    return "\n".join(lines)


def _parsed(card: str) -> tuple[dict[str, Any], str]:
    """Header and text."""
    from huggingface_hub.repocard import RepoCard

    try:
        parsed = RepoCard(card)
    except Exception as error:  # whatever the YAML library, or a header that is no mapping, raises
        raise InputError(
            f"The header of the model card ({CARD}) is no YAML: {visible(str(error))}.", "Mend what is between its ---."
        ) from error
    return dict(vars(parsed.data)), parsed.text
