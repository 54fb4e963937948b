"""From judged answers to the figures of a report: shares, categories, splits, speed, two runs; judges nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nl2sql_tui.evaluation.dataset import Example, Predicted
from nl2sql_tui.evaluation.judgement import Category, Form, Judgement, Ran
from nl2sql_tui.evaluation.splits import SPLITS, Traits
from nl2sql_tui.evaluation.statistics import mcnemar, quantile, wilson


@dataclass(frozen=True, slots=True)
class CheckedExample:
    """A question whose gold queries were run."""

    example: Example
    runs: tuple[Ran, ...]
    """How each of its gold queries ran, in their order."""
    traits: Traits

    @property
    def golds(self) -> tuple[str, ...]:
        """The gold queries that run."""
        return tuple(gold for gold, ran in zip(self.example.golds, self.runs, strict=True) if ran.failure is None)

    @property
    def broken(self) -> list[tuple[str, Ran]]:
        """The others, with how they failed."""
        return [(gold, ran) for gold, ran in zip(self.example.golds, self.runs, strict=True) if ran.failure]

    @property
    def is_empty(self) -> bool:
        """No gold query that runs has a row, so that a right answer says little."""
        return all(ran.sample is None or ran.sample.row_count == 0 for ran in self.runs)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question with its answer and what the judge found."""

    checked: CheckedExample
    answer: Predicted | None
    """None if the run has no answer to it."""
    judgement: Judgement
    other_answer: Predicted | None = None
    other_judgement: Judgement | None = None
    """Of the run it is compared with; None without one."""

    @property
    def id(self) -> str | int:
        return self.checked.example.question.id

    @property
    def left_out(self) -> bool:
        """It has no gold query that runs, and counts in no score."""
        return self.judgement.category is Category.NO_GOLD

    @property
    def failed(self) -> bool:
        """Judged, and wrong by the main measure."""
        return not self.judgement.right and not self.left_out

    @property
    def sql(self) -> str:
        """The answer's SQL; empty without an answer."""
        return self.answer.sql if self.answer else ""

    @property
    def other_sql(self) -> str:
        """The other run's SQL; empty without one."""
        return self.other_answer.sql if self.other_answer else ""

    @property
    def gained(self) -> bool:
        """Right here, wrong in the other run."""
        return self.other_judgement is not None and self.judgement.right and not self.other_judgement.right

    @property
    def lost(self) -> bool:
        """Wrong here, right in the other run."""
        return self.other_judgement is not None and not self.judgement.right and self.other_judgement.right


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with its 95 % interval (Wilson 1927)."""

    right: int
    total: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of nothing."""
        return self.right / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.right, self.total)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.1%} ({low:.1%} to {high:.1%}; {self.right:,} of {self.total:,})"

    def as_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {
            "right": self.right,
            "total": self.total,
            "share": round(self.value, 6),
            "low": round(low, 6),
            "high": round(high, 6),
        }


@dataclass(frozen=True, slots=True)
class TwoRuns:
    """This run beside another over the same questions, by the main measure."""

    other: Share
    gained: tuple[str | int, ...]
    """Ids of the questions that are right here alone."""
    lost: tuple[str | int, ...]
    """Ids of the questions that are right there alone."""

    @property
    def p_value(self) -> float:
        """Of McNemar's exact test, two-sided."""
        return mcnemar(len(self.gained), len(self.lost))


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of one run."""

    questions: int
    left_out: int
    """Questions without a gold query that runs; they count nowhere below."""
    unanswered: int
    """Questions that the run has no row for; they count as wrong."""
    empty_golds: int
    forms: dict[Form, Share]
    valid: Share
    categories: dict[Category, int]
    splits: dict[str, dict[str, Share]]
    """By title of the split and label of the part, by the main measure."""
    seconds: tuple[float, ...]
    """Of answering, where known, in order."""
    two_runs: TwoRuns | None

    @property
    def accuracy(self) -> Share:
        """By the main measure."""
        return self.forms[Form.EXECUTION]

    def seconds_at(self, share: float) -> float | None:
        """The quantile of the seconds of answering; None if they are not known."""
        return quantile(self.seconds, share) if self.seconds else None

    def as_json(self) -> dict[str, Any]:
        """All of it for a program."""
        return {
            "questions": self.questions,
            "judged": self.accuracy.total,
            "left_out": self.left_out,
            "unanswered": self.unanswered,
            "gold_without_rows": self.empty_golds,
            "forms": {form.value: share.as_json() for form, share in self.forms.items()},
            "valid": self.valid.as_json(),
            "categories": {category.value: count for category, count in self.categories.items()},
            "splits": {
                title: {label: share.as_json() for label, share in parts.items()}
                for title, parts in self.splits.items()
            },
            "seconds": {"known": len(self.seconds), "p50": self.seconds_at(0.5), "p95": self.seconds_at(0.95)},
            "compare": self.two_runs
            and {
                "other": self.two_runs.other.as_json(),
                "gained": list(self.two_runs.gained),
                "lost": list(self.two_runs.lost),
                "mcnemar_p": self.two_runs.p_value,
            },
        }


def scores_of(outcomes: Sequence[Outcome]) -> Scores:
    """The figures of a run."""
    judged = [outcome for outcome in outcomes if not outcome.left_out]
    counts = Counter(outcome.judgement.category for outcome in judged)
    return Scores(
        questions=len(outcomes),
        left_out=len(outcomes) - len(judged),
        unanswered=sum(outcome.answer is None for outcome in judged),
        empty_golds=sum(outcome.checked.is_empty for outcome in judged),
        forms={form: Share(sum(form in one.judgement.forms for one in judged), len(judged)) for form in Form},
        valid=_share(judged, lambda outcome: outcome.judgement.valid),
        categories={category: counts[category] for category in Category if counts[category]},
        splits={split.title: _parts(judged, split.label, split.ordered) for split in SPLITS},
        seconds=tuple(outcome.answer.seconds for outcome in judged if outcome.answer and outcome.answer.seconds),
        two_runs=_two_runs(judged),
    )


def _share(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> Share:
    return Share(sum(map(holds, outcomes)), len(outcomes))


def _parts(
    judged: Sequence[Outcome],
    label: Callable[[Traits], str],
    ordered: Callable[[dict[str, list[Outcome]]], Iterable[str]],
) -> dict[str, Share]:
    parts: dict[str, list[Outcome]] = {}
    for outcome in judged:
        parts.setdefault(label(outcome.checked.traits), []).append(outcome)
    return {part: _share(parts[part], lambda outcome: outcome.judgement.right) for part in ordered(parts)}


def _two_runs(judged: Sequence[Outcome]) -> TwoRuns | None:
    others = [outcome.other_judgement for outcome in judged if outcome.other_judgement is not None]
    if not others:
        return None
    return TwoRuns(
        other=Share(sum(other.right for other in others), len(others)),
        gained=tuple(outcome.id for outcome in judged if outcome.gained),
        lost=tuple(outcome.id for outcome in judged if outcome.lost),
    )
