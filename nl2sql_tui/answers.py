"""What the assistant says while it answers a question; whoever listens reads these, and only these."""

from dataclasses import dataclass, replace
from typing import Literal

from nl2sql_tui.database.check import Verdict
from nl2sql_tui.engine.events import Reading, Started, Token
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.schema import CellValue
from nl2sql_tui.settling import Interpretation
from nl2sql_tui.text import shortened

Origin = Literal["model", "memory", "follow-up", "undo"]
"""Where an answer's SQL comes from: written by the model, accepted before, or made out of the answer before."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What of the database the question seems to be about, found before the model was asked."""

    tables: tuple[str, ...]
    """The tables the model is shown, in the order of the schema."""
    left_out: tuple[str, ...]
    """Tables the model is not shown because the schema is larger than its budget."""
    values: tuple[CellValue, ...]
    """Cell values that the question names and the model is told of."""
    columns_left_out: int = 0
    """Columns that it is not shown of the tables that it is shown, for the same reason."""
    replaced: tuple[tuple[str, str], ...] = ()
    """Words of the question that the model is shown as the names of columns, as (word, column)."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the user is asked about an answer, which is not offered to be run at once."""

    confidence: float | None
    """See `Answer.confidence`."""
    unplaced: tuple[str, ...] = ()
    """Words of the question that nothing in the database accounts for."""
    nearest: tuple[str, ...] = ()
    """Names in the database that are spelt like one of them."""
    taken: tuple[str, ...] = ()
    """Columns that the SQL reads and no word of the question names."""
    odd: tuple[str, ...] = ()
    """What hardly any right answer to the question has, a few words each, to follow "it"."""
    tables: tuple[str, ...] = ()
    """All tables, where the database seems to have nothing on the matter; otherwise empty."""

    @property
    def text(self) -> str:
        """In a sentence or two, safe to show."""
        if self.tables:
            return f"This database seems to have nothing on {_quoted(self.unplaced)}: its {_tables(self.tables)}."
        if self.unplaced:
            others = f"; nearest: {_listed(self.nearest)}" if self.nearest else ""
            others = others or (f"; the SQL takes {_listed(self.taken)}" if self.taken else "")
            return f"Nothing here is called {_quoted(self.unplaced)}{others}."
        why = " and ".join(shortened(one, _LONGEST_ODDITY) for one in self.odd)
        if self.confidence is None:
            return f"It {why}, as hardly any right answer does."
        return f"Of answers like this one, {self.confidence:.0%} are right{f': it {why}' if why else ''}."


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: the SQL, what it was checked to be, and what it took."""

    question: str
    sql: str
    """What would run: the model's text, with the repairs below applied."""
    model_text: str
    """What the model wrote, to the letter."""
    repairs: tuple[str, ...]
    """One line for each change between `model_text` and `sql`; none is made silently."""
    verdict: Verdict
    linked: Linked
    prompt_text: str
    """What the model was shown, to the letter."""
    prompt_tokens: int
    context_tokens: int
    tokens: int
    seconds_to_first_token: float
    seconds: float
    """In all, further answers of the model and their comparison included."""
    writing_seconds: float
    """That the model took for `model_text`."""
    cut: bool
    """The answer reached the limit on its length before it ended."""
    model: str
    origin: Origin = "model"
    provenance: str = ""
    """For a person, where SQL comes from that no model was asked for; empty where one was."""
    log_probability: float | None = None
    """See `engine.events.Generated`; of what the model wrote first."""
    interpretations: tuple[Interpretation, ...] = ()
    """What several answers of the model come to, the one that `sql` stands for first; empty if it was asked for one."""
    written_again: bool = False
    """What the model wrote first could not run; this was written within the grammar."""
    confidence: float | None = None
    """How likely it is to be right, from 0 to 1, as calibrated; None where nothing is known of that."""
    doubt: Doubt | None = None
    """Why the user should be asked about it; None where it is offered as it is."""

    def read_as(self, place: int) -> "Answer":
        """This answer with the interpretation at `place` taken, which stands first then.

        How likely that one is to be right has not been weighed. That the database seems to have nothing on the matter
        is said of the question, and holds for every reading of it.
        """
        taken = self.interpretations[place]
        others = tuple(one for one in self.interpretations if one is not taken)
        best = taken.best
        doubt = self.doubt if self.doubt is not None and self.doubt.tables else None
        answer = replace(self, sql=best.sql, repairs=best.repairs, verdict=best.verdict, confidence=None, doubt=doubt)
        return replace(answer, interpretations=(taken, *others))

    @property
    def tokens_per_second(self) -> float:
        """Speed of the decoding alone, the prompt left out; 0.0 where there was nothing to measure."""
        decoding = self.writing_seconds - self.seconds_to_first_token
        return (self.tokens - 1) / decoding if self.tokens > 1 and decoding > 0 else 0.0


@dataclass(frozen=True, slots=True)
class AnswerStopped:
    """The user stopped it; `sql` is what had come, unchecked."""

    sql: str


@dataclass(frozen=True, slots=True)
class AnswerFailed:
    """There is no answer; `sql` is what had come before, unchecked."""

    message: str
    hint: str = ""
    sql: str = ""
    exit_code: ExitCode = ExitCode.MODEL
    """What a command that got no further should return."""

    @property
    def problem(self) -> str:
        """Message and hint in one line."""
        return f"{self.message} {self.hint}".strip()


@dataclass(frozen=True, slots=True)
class WritingAgain:
    """What the model wrote cannot run; it writes again, held to the names of the schema."""

    problem: str
    """Why it cannot run, in one line."""


@dataclass(frozen=True, slots=True)
class Comparing:
    """The model is asked for more answers, to compare what they give."""

    answers: int
    """At most."""


LastEvent = Answer | AnswerStopped | AnswerFailed
AssistantEvent = Linked | Started | Reading | Token | WritingAgain | Comparing | LastEvent

_NAMES_SHOWN = 6
_LONGEST_NAME = 40
_LONGEST_ODDITY = 60


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(shortened(name, _LONGEST_NAME) for name in names[:_NAMES_SHOWN]) + more


def _quoted(words: tuple[str, ...]) -> str:
    return _listed(tuple(f"“{shortened(word, _LONGEST_NAME - 2)}”" for word in words))


def _tables(names: tuple[str, ...]) -> str:
    return f"only table is {_listed(names)}" if len(names) == 1 else f"tables are {_listed(names)}"
