"""Compares what a model says before and after its adapter was merged, on a few questions to the demo database."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.demo import SAMPLE_QUESTIONS, ensure_demo
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.chat_format import chat_text
from nl2sql_tui.engine.events import Message, Prompt
from nl2sql_tui.folders import cache_folder
from nl2sql_tui.language.prompt import question_text, schema_text
from nl2sql_tui.language.pruning import prune
from nl2sql_tui.training.base_model import Dtype

if TYPE_CHECKING:
    import torch

QUESTIONS: Final = SAMPLE_QUESTIONS
"""What can be asked; the first ones are taken."""

TOLERANCES: Final[dict[Dtype, float]] = {"float32": 0.01, "float16": 0.25, "bfloat16": 1.0}
"""The largest difference of two logits that rounding explains, in logits.

Each weight is rounded once to the type's digits when it is written: float32 keeps 24 bits, float16 11, bfloat16 8.
The default adapter on its base, merged and asked on a CPU, differs by 0.0001, 0.03 and 0.17. The rest is room for
deeper models, and for a GPU's forward pass, which is itself in that type.
"""

_SCHEMA_TOKENS: Final = 600
_ANSWER_TOKENS: Final = 64


@dataclass(frozen=True, slots=True)
class Reference:
    """What the model with its adapter beside it answered to one question."""

    question: str
    prompt_ids: tuple[int, ...]
    answer_ids: tuple[int, ...]
    logits: "torch.Tensor"
    """One row for each token of the answer: the logits it was chosen by, in float32."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A question that is answered otherwise after the merge."""

    question: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far a merged model is from the model with its adapter beside it."""

    questions: int
    differences: tuple[Difference, ...]
    largest_logit_difference: float
    """Over all tokens of all answers and the whole vocabulary; infinite where a logit is no number."""
    tolerance: float

    @property
    def equal(self) -> int:
        """Answers that are the same to the letter."""
        return self.questions - len(self.differences)

    @property
    def is_within_tolerance(self) -> bool:
        """Whether rounding explains what differs. An answer may differ all the same where two tokens are a near tie."""
        return self.largest_logit_difference <= self.tolerance


def prompts_for(questions: Sequence[str], count_tokens: Callable[[str], int]) -> list[tuple[str, Prompt]]:
    """Each question with its prompt over the demo database, in the form in which the program asks."""
    schema = Database(ensure_demo(cache_folder())).require_tables()
    shown = ((question, prune(schema, question, (), _SCHEMA_TOKENS, count_tokens)) for question in questions)
    return [
        (question, (Message("system", schema_text(tables)), Message("user", question_text(question, ()))))
        for question, tables in shown
    ]


def reference_answers(
    model: Any, tokenizer: Any, questions: Sequence[str], cancel: Cancel, on_question: Callable[[int], None]
) -> list[Reference]:
    """The greedy answers of `model` with the logits behind them; `on_question` hears how many came before.

    Raises Stopped, within one token.
    """

    def count_tokens(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    found = []
    for done, (question, prompt) in enumerate(prompts_for(questions, count_tokens)):
        on_question(done)
        ids = tuple(tokenizer(chat_text(tokenizer, prompt), add_special_tokens=False)["input_ids"])
        answer = _greedy(model, ids, cancel)
        found.append(Reference(question, ids, answer, _logits(model, ids, answer)))
    return found


def compare(
    model: Any,
    tokenizer: Any,
    references: Sequence[Reference],
    tolerance: float,
    cancel: Cancel,
    on_question: Callable[[int], None],
) -> Comparison:
    """How `model` answers what was answered before, and how far its logits are along the answers of before."""
    differences, largest = [], 0.0
    for done, reference in enumerate(references):
        on_question(done)
        answer = _greedy(model, reference.prompt_ids, cancel)
        if answer != reference.answer_ids:
            before, after = (tokenizer.decode(ids, skip_special_tokens=True) for ids in (reference.answer_ids, answer))
            differences.append(Difference(reference.question, before, after))
        logits = _logits(model, reference.prompt_ids, reference.answer_ids)
        distance = float((logits - reference.logits).abs().max())
        largest = max(largest, math.inf if math.isnan(distance) else distance)
    return Comparison(len(references), tuple(differences), largest, tolerance)


def _greedy(model: Any, prompt_ids: tuple[int, ...], cancel: Cancel) -> tuple[int, ...]:
    import torch

    def asked_to_stop(ids: "torch.Tensor", *_: Any, **__: Any) -> "torch.Tensor":
        return torch.full((ids.shape[0],), cancel.requested, device=ids.device)

    ids = torch.tensor([prompt_ids], device=model.device)
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=_ANSWER_TOKENS,
            stopping_criteria=[asked_to_stop],
        )
    cancel.raise_if_requested()
    return tuple(out[0, len(prompt_ids) :].tolist())


def _logits(model: Any, prompt_ids: tuple[int, ...], answer_ids: tuple[int, ...]) -> "torch.Tensor":
    """The logits that each token of the answer is chosen by, all in one pass."""
    import torch

    ids = torch.tensor([[*prompt_ids, *answer_ids]], device=model.device)
    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits
    return logits[0, len(prompt_ids) - 1 : -1].float().cpu()
