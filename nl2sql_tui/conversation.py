"""What was asked and answered so far, and what of a question can be answered from it without asking a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nl2sql_tui.answers import Answer, Doubt, Origin
from nl2sql_tui.engine.events import Message
from nl2sql_tui.errors import InputError
from nl2sql_tui.language.prompt import question_text
from nl2sql_tui.language.recall import Remembered, recall
from nl2sql_tui.schema import Schema, ValueLookup
from nl2sql_tui.text import shortened

Compiles = Callable[[str], bool]
"""Whether SQL is one valid statement that only reads, on the database as it is."""
_QUESTION_SHOWN = 60


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """A question and the SQL that was shown for it as valid."""

    question: str
    """As a model is shown it, with the values that it names; empty for SQL written by hand."""
    sql: str
    reply: str
    """What a model has written or should have: the SQL in the form in which it answers."""


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """SQL for a question that no model needs to be asked."""

    sql: str
    origin: Origin
    provenance: str
    """Where it comes from, in one line for a person."""
    changes: tuple[str, ...] = ()
    """A line for each thing in which it differs from what it comes from."""
    doubt: Doubt | None = None
    """That of the answer which it was made of, unless that one was run all the same."""
    confidence: float | None = None
    """How likely it was said to be right when it was answered; None where that is not known of this very SQL."""


class Conversation:
    """The turns of one conversation about one database. Any thread may call: every state is replaced as a whole."""

    def __init__(self, remembered: Callable[[], Sequence[Remembered]] = tuple) -> None:
        """`remembered` gives the accepted pairs of the database, the newest first; without it there is no memory."""
        self.remembered = remembered
        self._turns: tuple[ConversationTurn, ...] = ()
        self._standing: tuple[str, ...] = ()
        """The statements that follow-ups change, the last one first in line; "undo" takes it away."""
        self._doubts: dict[str, Doubt] = {}
        """By the statement: why to ask about those that nobody has run yet."""
        self._explained: dict[str, str] = {}
        """By a statement that was made to tell why a row is missing: the one from which it is."""
        self._first_shown = 0
        """The first turn that a prompt holds."""

    def begin_anew(self) -> None:
        """Forget every turn; what is remembered of the database stays."""
        self._turns, self._standing, self._doubts, self._first_shown = (), (), {}, 0
        self._explained = {}

    @property
    def turns(self) -> tuple[ConversationTurn, ...]:
        return self._turns

    @property
    def last_sql(self) -> str | None:
        """What a follow-up changes; None where there is nothing yet."""
        return self._standing[-1] if self._standing else None

    @property
    def sql_before(self) -> str | None:
        """What stood before the last SQL."""
        return self._standing[-2] if len(self._standing) > 1 else None

    def sql_meant_by(self, question: str) -> str | None:
        """The SQL that a follow-up changes: a second "why is … missing?" asks of the same rows as the first one."""
        from nl2sql_tui.language.followup.recognise import asks_why

        last = self.last_sql
        explained = self._explained.get(last) if last is not None else None
        return explained if explained is not None and asks_why(question) else last

    def note(self, answer: Answer) -> None:
        """Add an answer that has been shown; one that is not valid is nothing to go on from."""
        if not answer.verdict.valid:
            return
        self._note_doubt(answer.sql, answer.doubt)
        if answer.origin == "undo":
            self._standing = self._standing[:-1]
            return
        if answer.origin == "follow-up":
            self._note_explained(answer)
        question = question_text(answer.question, answer.linked.values)
        self._turns += (ConversationTurn(question, answer.sql, answer.model_text),)
        self._standing += (answer.sql,)

    def _note_explained(self, answer: Answer) -> None:
        from nl2sql_tui.language.followup.recognise import asks_why

        meant = self.sql_meant_by(answer.question)
        if meant is not None and asks_why(answer.question):
            self._explained = {**self._explained, answer.sql: meant}

    def note_sql(self, sql: str, doubt: Doubt | None = None) -> None:
        """Add a valid statement that the user wrote, edited or chose."""
        self._note_doubt(sql, doubt)
        if sql != self.last_sql:
            self._turns += (ConversationTurn("", sql, sql),)
            self._standing += (sql,)

    def note_run(self, sql: str) -> None:
        """Note that the user has run it, whatever spoke against it: what is made of it is not asked about."""
        self._note_doubt(sql, None)

    def doubt_of(self, sql: str) -> Doubt | None:
        """Why to ask about SQL that is made of `sql`; None where there is no reason."""
        doubt = self._doubts.get(sql)
        # Which columns that one takes says nothing of another one.
        return replace(doubt, taken=()) if doubt is not None else None

    def _note_doubt(self, sql: str, doubt: Doubt | None) -> None:
        others = {other: known for other, known in self._doubts.items() if other != sql}
        self._doubts = others if doubt is None else {**others, sql: doubt}

    def messages(self, budget: int, count_tokens: Callable[[str], int]) -> tuple[Message, ...]:
        """The newest turns, as question and reply, that together take at most `budget` tokens.

        From one question to the next they only grow at the end, so that what a model has computed for them serves
        again. When they no longer fit, the oldest leave until half the budget is free, so that this is seldom.
        """
        turns = self._turns
        costs = [count_tokens(turn.question) + count_tokens(turn.reply) if turn.question else 0 for turn in turns]
        first = self._first_shown if self._first_shown <= len(turns) else 0
        if sum(costs[first:]) > budget:
            while first < len(turns) and sum(costs[first:]) > budget // 2:
                first += 1
        self._first_shown = first
        return tuple(
            message
            for turn in turns[first:]
            if turn.question
            for message in (Message("user", turn.question), Message("assistant", turn.reply))
        )


def ready_answer(
    question: str,
    conversation: Conversation,
    schema: Schema,
    values: ValueLookup,
    compiles: Compiles,
    ask_below: float = 0.0,
) -> ReadyAnswer | None:
    """SQL made out of the last one or from memory; None if a model has to be asked.

    What can be said of the last SQL is meant so: "how many are there?" was remembered of another one. What is
    remembered and was said to be right less often than `ask_below` is doubted as it was then.
    Raises InputError for an "undo" with nothing to go back to.
    """
    from nl2sql_tui.language.followup.recognise import is_undo
    from nl2sql_tui.language.followup.understand import follow_up

    if is_undo(question):
        return _undone(conversation, compiles)
    last = conversation.sql_meant_by(question)
    changed = follow_up(question, last, schema, values, compiles) if last is not None else None
    if changed is not None:
        doubt = conversation.doubt_of(last) if last is not None else None
        return ReadyAnswer(changed.sql, "follow-up", "from the answer before", (changed.change,), doubt)
    found = recall(question, conversation.remembered(), schema, values, compiles)
    if found is None:
        return None
    is_same = not found.changes
    known = found.pair.confidence
    doubt = Doubt(known) if known is not None and known < ask_below else None
    provenance = _provenance(found.pair, is_same=is_same)
    return ReadyAnswer(found.sql, "memory", provenance, found.changes, doubt, known if is_same else None)


def require_whole_question(question: str, conversation: Conversation, schema: Schema) -> None:
    """Raise InputError for a question that leans on the last answer, and for which `ready_answer` found nothing.

    A model that is shown nothing of what came before could only make something up.
    """
    from nl2sql_tui.language.followup.refusal import needs_the_last, why_not

    meant = conversation.sql_meant_by(question)
    if meant is not None and needs_the_last(question):
        said = shortened(question, _QUESTION_SHOWN)
        raise InputError(
            f"“{said}” cannot be applied to the answer before: {why_not(question, meant, schema)}.",
            "Type the whole question; or /new, where nothing leans on what came before.",
        )


def _undone(conversation: Conversation, compiles: Compiles) -> ReadyAnswer:
    before = conversation.sql_before
    if before is None or not compiles(before):
        raise InputError("There is nothing to go back to.", "The question box keeps what was asked: Up brings it back.")
    return ReadyAnswer(before, "undo", "the answer before the last one", doubt=conversation.doubt_of(before))


def _provenance(pair: Remembered, *, is_same: bool) -> str:
    day = pair.last_run.astimezone()
    ran = f"as you ran it on {day.day} {day:%b %Y}"
    return ran if is_same else f"{ran} for: {shortened(pair.question, _QUESTION_SHOWN)}"
