"""Asks a model that is unsure for more answers to a question, and lets what they give decide which one to take.

More answers are of two kinds: drawn at random from what the model may say to the same prompt, and the one that it gives
where it is shown half of the schema.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from nl2sql_tui.answers import Answer
from nl2sql_tui.asked import Asked, Layout
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.confidence import oddities, words_missed
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Engine, Generated
from nl2sql_tui.errors import ModelError
from nl2sql_tui.language.coverage import Coverage
from nl2sql_tui.language.repair import sql_of
from nl2sql_tui.settings import Settings
from nl2sql_tui.settling import Proposal, settle

Checked = tuple[str, tuple[str, ...], Verdict]
"""SQL to show, what was changed in it, and its verdict."""

_SURE_ENOUGH: Final = -1.5
"""By the logarithm of its probability. Comparing likelier answers, which half of them are, hardly changes one for the
better, if there is nothing odd about it; see `benchmarks/RESULTS.md`."""
_TIMES_AS_LONG, _TOKENS_MORE = 2, 24
"""How long another answer may get beside the first: one that runs away is never right, and the user waits for it."""
_TIMES_AS_LONG_TO_COMPARE: Final = 4
"""As the first answer, which is drafted, took all the others together, on a CPU."""
_SHORTEST_COMPARISON: Final = 0.5
"""Seconds that the answers have to be run in, however long the model took to write them."""


def room_for_another(tokens: int, settings: Settings) -> int:
    """How many tokens another answer may have where the first has so many."""
    return min(settings.max_new_tokens, _TIMES_AS_LONG * tokens + _TOKENS_MORE)


class Comparer:
    """Compares answers to questions about one database."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        settings: Settings,
        layout: Layout,
        checked: Callable[[str, Asked, Cancel], Checked],
    ) -> None:
        """`checked` repairs and checks SQL for a question."""
        self._database = database
        self._engine = engine
        self._settings = settings
        self._layout = layout
        self._checked = checked

    @property
    def more_answers(self) -> int:
        """How many the model is asked for at most; 0 where none are compared."""
        return self._drawn + self._settings.with_less if self._drawn else 0

    @property
    def _drawn(self) -> int:
        """How many answers to the same prompt."""
        return (self._settings.candidates or self._engine.more_answers) if self._settings.compare else 0

    def is_worth_it(self, answer: Answer) -> bool:
        """Whether other answers are likely to change what is shown, and there is time to ask for them."""
        if self.more_answers == 0 or answer.log_probability is None or answer.verdict.writes:
            return False
        if not answer.verdict.valid:
            # It is of no use, so that any other that comes within the time is better.
            return answer.seconds < self._settings.answer_seconds
        in_time = (1 + _TIMES_AS_LONG_TO_COMPARE) * answer.seconds <= self._settings.answer_seconds
        if not in_time or answer.log_probability < _SURE_ENOUGH:
            return in_time
        return bool(oddities(answer.sql, answer.question, self._database.schema()))

    def compared(self, asked: Asked, first: Answer, words: Coverage, cancel: Cancel) -> Answer:
        """`first`, or the answer that more of the model's answers agree with.

        They are written freely, as the first is; only where that led to nothing that can run, within the grammar.
        """
        began = time.monotonic()
        grammar = asked.grammar if first.written_again or not first.verdict.valid else ""
        most_tokens = room_for_another(first.tokens, self._settings)
        proposals: dict[str, Proposal] = {}

        def propose(checked: Checked, log_probability: float, *, saw_less: bool = False) -> None:
            sql, repairs, verdict = checked
            if verdict.valid and sql not in proposals:
                proposals[sql] = Proposal(
                    sql,
                    repairs,
                    log_probability,
                    verdict,
                    words_missed=len(words_missed(sql, verdict, words)),
                    oddities=len(oddities(sql, asked.question, asked.schema)),
                    saw_less=saw_less,
                )

        propose((first.sql, first.repairs, first.verdict), first.log_probability or 0.0)
        try:
            for candidate in self._engine.candidates(
                asked.prompt, count=self._drawn, max_new_tokens=most_tokens, cancel=cancel, grammar=grammar
            ):
                propose(self._checked(sql_of(candidate.text), asked, cancel), candidate.log_probability)
            if (other := self._with_less(asked, bool(grammar), most_tokens, cancel)) is not None:
                checked = self._checked(sql_of(other.text), asked, cancel)
                propose(checked, other.log_probability or 0.0, saw_less=True)
        except ModelError:
            # As where memory does not suffice for several: there is an answer, and it stays.
            return first
        left = max(_SHORTEST_COMPARISON, self._settings.answer_seconds - first.seconds - (time.monotonic() - began))
        interpretations = settle(self._database, list(proposals.values()), left, cancel)
        seconds = first.seconds + time.monotonic() - began
        if not interpretations:
            return replace(first, seconds=seconds)
        taken = replace(first, seconds=seconds, interpretations=interpretations).read_as(0)
        # Of the others, one that was cut is not among them.
        return replace(taken, cut=first.cut and taken.sql == first.sql)

    def _with_less(self, asked: Asked, is_held: bool, most_tokens: int, cancel: Cancel) -> Generated | None:
        """What the model writes where it sees less of the schema; None where there is no less, or it came to no end."""
        less = self._layout.with_less(asked) if self._settings.with_less else None
        if less is None:
            return None
        *_, last = self._engine.stream(
            less.prompt,
            max_new_tokens=most_tokens,
            cancel=cancel,
            grammar=less.grammar if is_held else "",
            draft=less.draft,
        )
        cancel.raise_if_requested()
        return last if isinstance(last, Generated) and not last.cut else None
