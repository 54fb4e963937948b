"""Walks a question from words to checked SQL: link, render, decode, check, settle; knows nobody who listens."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from nl2sql_tui.answers import Answer, AnswerFailed, AnswerStopped, AssistantEvent, Comparing, Linked, WritingAgain
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.confidence import calibration_of, weighed, words_missed
from nl2sql_tui.conversation import Conversation, ReadyAnswer, ready_answer
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import (
    Engine,
    Generated,
    GenerationFailed,
    GenerationStopped,
    Message,
    Prompt,
    Reading,
    Started,
    Token,
)
from nl2sql_tui.errors import InputError, ModelError, Stopped, UserError
from nl2sql_tui.language.column_matcher import Replacement, match_columns
from nl2sql_tui.language.coverage import Coverage, coverage
from nl2sql_tui.language.drafting import LikelyAnswer
from nl2sql_tui.language.grammar import schema_grammar
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.language.pruning import prune
from nl2sql_tui.language.repair import repaired, sql_of
from nl2sql_tui.language.templates import render
from nl2sql_tui.schema import CellValue, NoValues, Schema, ValueLookup
from nl2sql_tui.settings import Settings
from nl2sql_tui.settling import Proposal, settle
from nl2sql_tui.text import is_blank, shortened

_LONGEST_QUESTION = 4_000
"""Characters. A longer text is a document pasted by mistake, and would take minutes to read."""
_EARLIER_KEPT = 8
"""Answers. An older one is less like the next, and each is searched for every few tokens."""
_LONGEST_TOLD = 200
_SURE_ENOUGH = -2.5
"""By the logarithm of its probability. Comparing likelier answers, which half of them are, hardly changes one for the
better; see `benchmarks/RESULTS.md`."""
_TIMES_AS_LONG, _TOKENS_MORE = 2, 24
"""How long another answer may get beside the first: all wait for the longest, and one that runs away is never right."""
_SHORTEST_COMPARISON = 0.5
"""Seconds that the answers have to be run in, however long the model took to write them."""


class Assistant:
    """Answers questions about one database with one engine.

    It runs no SQL but to compare several answers of the model, where it is unsure and the settings allow that: reading,
    within limits, and showing nothing of the rows but one that tells two answers apart.
    """

    def __init__(self, database: Database, engine: Engine, settings: Settings) -> None:
        self.database = database
        self.engine = engine
        self.settings = settings
        self._earlier: deque[str] = deque(maxlen=_EARLIER_KEPT)
        """What the model wrote for the last questions: the next answer may repeat parts of it."""

    def answer(
        self, question: str, cancel: Cancel, conversation: Conversation | None = None, *, ask_model: bool = False
    ) -> Iterator[AssistantEvent]:
        """Give what happens while `question` is answered: in the end exactly one `LastEvent`.

        Within a `conversation`, a question that was answered before and one that only changes the last SQL are answered
        without the model, unless `ask_model`. Who listens adds to the conversation what it has shown.

        Waits until the engine is ready. Never raises for what a user, a model or a file can cause.
        """
        try:
            yield from self._answer(question, cancel, conversation, ask_model)
        except Stopped:
            yield AnswerStopped("")
        except UserError as error:
            yield AnswerFailed(error.message, error.hint, exit_code=error.exit_code)

    def _answer(
        self, question: str, cancel: Cancel, conversation: Conversation | None, ask_model: bool
    ) -> Iterator[AssistantEvent]:
        _require_usable(question)
        schema = self.database.require_tables()
        began = time.monotonic()
        lookup = self._lookup(cancel)
        values = link_values(question, lookup, schema)
        if conversation is not None and not ask_model:
            ready = ready_answer(question, conversation, schema, lookup, lambda sql: self.database.check(sql).valid)
            if ready is not None:
                yield self._without_model(question, ready, Linked((), (), values), began)
                return
        self.engine.wait_until_ready(cancel)
        self.read_ahead(cancel)
        asked = self._asked(question, schema, values, conversation)
        yield asked.linked
        generation = self.engine.stream(
            asked.prompt,
            max_new_tokens=self.settings.max_new_tokens,
            cancel=cancel,
            draft=asked.draft,
        )
        started = Started("", 0, 0)
        for event in generation:
            match event:
                case Started():
                    started = event
                    yield event
                case Reading() | Token():
                    yield event
                case GenerationStopped():
                    yield AnswerStopped(sql_of(event.text, unfinished=True))
                case GenerationFailed():
                    yield AnswerFailed(event.message, event.hint, sql_of(event.text, unfinished=True))
                case Generated():
                    self._earlier.append(event.text)
                    yield from self._settled_or_failed(asked, started, event, cancel)

    def read_ahead(self, cancel: Cancel) -> None:
        """Have the engine read the schema before there is a question; returns at once where it is not ready.

        A schema that is shown in part is not read: which part it is depends on the question.
        """
        schema = self.database.schema()
        readable = _readable(schema)
        if self.engine.load_state.phase != "ready" or not readable.tables:
            return
        if self.engine.count_tokens(schema_text(readable)) <= self.engine.schema_tokens:
            one, other = (self._prompt(readable, text, ()) for text in ("a", "1"))
            self.engine.read_ahead(one, other, cancel)

    def prompt_for(self, question: str, cancel: Cancel) -> tuple[Prompt, Callable[[str], str] | None]:
        """What the model is shown for `question`, and what foresees its answer. Raises what `answer` tells."""
        _require_usable(question)
        schema = self.database.require_tables()
        self.engine.wait_until_ready(cancel)
        asked = self._asked(question, schema, link_values(question, self._lookup(cancel), schema))
        return asked.prompt, asked.draft

    def _lookup(self, cancel: Cancel) -> ValueLookup:
        """The stored values, where they may be looked at."""
        return self.database.values(cancel) if self.settings.values else NoValues()

    def _asked(
        self,
        question: str,
        schema: Schema,
        values: tuple[CellValue, ...],
        conversation: Conversation | None = None,
    ) -> "_Asked":
        put = question
        replaced: tuple[Replacement, ...] = ()
        if self.settings.column_matcher:
            put, replaced = match_columns(question, schema)
        shown, linked = self._linked(schema, question, values)
        linked = replace(linked, replaced=tuple((each.word, each.column) for each in replaced))
        prompt = self._prompt(shown, put, values)
        if conversation is not None and self.engine.history_tokens and prompt[0].role == "system":
            earlier = conversation.messages(self.engine.history_tokens, self.engine.count_tokens)
            prompt = (prompt[0], *earlier, *prompt[1:])
        # The phrases that it knows are those of this form.
        has_drafts = self.engine.answer_form != "sql"
        draft = LikelyAnswer(shown, prompt[-1].text, values, self._earlier) if has_drafts else None
        return _Asked(question, schema, linked, prompt, self._grammar(shown, values), draft)

    def _prompt(self, shown: Schema, question: str, values: tuple[CellValue, ...]) -> Prompt:
        return tuple(Message(role, text) for role, text in render(self.engine.template, shown, question, values))

    def _grammar(self, shown: Schema, values: tuple[CellValue, ...]) -> str:
        return schema_grammar(shown, values, self.engine.answer_form) if self.settings.grammar else ""

    def _without_model(self, question: str, ready: ReadyAnswer, linked: Linked, began: float) -> Answer:
        return Answer(
            question=question,
            sql=ready.sql,
            model_text=ready.sql,
            repairs=ready.changes,
            verdict=self.database.check(ready.sql),
            linked=linked,
            prompt_text="",
            prompt_tokens=0,
            context_tokens=0,
            tokens=0,
            seconds_to_first_token=0.0,
            seconds=time.monotonic() - began,
            writing_seconds=0.0,
            cut=False,
            model=self.engine.name,
            origin=ready.origin,
            provenance=ready.provenance,
            doubt=ready.doubt,
        )

    def _linked(self, schema: Schema, question: str, values: tuple[CellValue, ...]) -> tuple[Schema, Linked]:
        """What of the schema the model is shown, and the event that says so."""
        readable = _readable(schema)
        shown = prune(readable, question, values, self.engine.schema_tokens, self.engine.count_tokens)
        names = tuple(table.name for table in shown.tables)
        left_out = tuple(table.name for table in readable.tables if table.name not in names)
        cut = sum(
            len(whole.columns) - len(table.columns)
            for table in shown.tables
            if (whole := readable.table(table.name)) is not None
        )
        return shown, Linked(names, left_out, values, columns_left_out=cut)

    def _settled_or_failed(
        self, asked: "_Asked", started: Started, generated: Generated, cancel: Cancel
    ) -> Iterator[AssistantEvent]:
        """The answer, or what kept it from being checked, with the SQL that had come."""
        try:
            answer = self._settled(asked, started, generated, cancel)
            if asked.grammar and not answer.verdict.valid and not answer.verdict.writes:
                yield WritingAgain(answer.verdict.error)
                answer = self._held(asked, started, answer, cancel)
            words = coverage(asked.question, asked.schema, self._lookup(cancel))
            if self._is_worth_comparing(answer):
                yield Comparing(self._more_answers)
                # Stopped in the middle, there is still an answer that is checked, and it stays.
                with suppress(Stopped):
                    answer = self._compared(asked, answer, words, cancel)
            yield weighed(answer, words, asked.schema, calibration_of(self.engine), self.settings.ask_below)
        except Stopped:
            yield AnswerStopped(sql_of(generated.text))
        except UserError as error:
            yield AnswerFailed(error.message, error.hint, sql_of(generated.text), error.exit_code)

    def _settled(self, asked: "_Asked", started: Started, generated: Generated, cancel: Cancel) -> Answer:
        sql, repairs, verdict = self._checked(sql_of(generated.text), asked, cancel)
        if generated.cut and not verdict.valid:
            verdict = replace(
                verdict,
                error=f"The answer was cut at {generated.tokens} tokens, before it ended.",
                hint="Ask for less at once, or raise the setting max_new_tokens.",
            )
        return Answer(
            question=asked.question,
            sql=sql,
            model_text=generated.text,
            repairs=repairs,
            verdict=verdict,
            linked=asked.linked,
            prompt_text=started.prompt_text,
            prompt_tokens=generated.prompt_tokens,
            context_tokens=started.context_tokens,
            tokens=generated.tokens,
            seconds_to_first_token=generated.seconds_to_first_token,
            seconds=generated.seconds,
            writing_seconds=generated.seconds,
            cut=generated.cut,
            model=self.engine.name,
            log_probability=generated.log_probability,
        )

    def _held(self, asked: "_Asked", started: Started, free: Answer, cancel: Cancel) -> Answer:
        """`free`, or the answer that the model gives where it can name only what there is, if that one compiles.

        What it writes freely and a repair puts right is right more often than what it writes within the grammar, which
        leads it along names that exist and mean something else. So this comes second.
        """
        *_, last = self.engine.stream(
            asked.prompt,
            max_new_tokens=self.settings.max_new_tokens,
            cancel=cancel,
            grammar=asked.grammar,
            draft=asked.draft,
        )
        cancel.raise_if_requested()
        if not isinstance(last, Generated):
            return free
        answer = self._settled(asked, started, last, cancel)
        seconds = free.seconds + answer.seconds
        if not answer.verdict.valid:
            return replace(free, seconds=seconds)
        told = f"{shortened(free.sql, _LONGEST_TOLD)} cannot run; written again with names of this database alone"
        return replace(answer, seconds=seconds, repairs=(told, *answer.repairs), written_again=True)

    def _is_worth_comparing(self, answer: Answer) -> bool:
        """Whether other answers are likely to change what is shown, and there is time to ask for them."""
        if self._more_answers == 0 or answer.log_probability is None or answer.verdict.writes:
            return False
        # Several at once take about twice the time of one that is drafted.
        in_time = 3 * answer.seconds <= self.settings.answer_seconds
        return in_time and (not answer.verdict.valid or answer.log_probability < _SURE_ENOUGH)

    @property
    def _more_answers(self) -> int:
        return (self.settings.candidates or self.engine.more_answers) if self.settings.compare else 0

    def _compared(self, asked: "_Asked", first: Answer, words: Coverage, cancel: Cancel) -> Answer:
        """`first`, or the answer that more of the model's answers agree with.

        They are written freely, as the first is; only where that led to nothing that can run, within the grammar.
        """
        began = time.monotonic()
        try:
            written = self.engine.candidates(
                asked.prompt,
                count=self._more_answers,
                max_new_tokens=min(self.settings.max_new_tokens, _TIMES_AS_LONG * first.tokens + _TOKENS_MORE),
                cancel=cancel,
                grammar=asked.grammar if first.written_again or not first.verdict.valid else "",
            )
        except ModelError:
            # As where memory does not suffice for several: there is an answer, and it stays.
            return first
        proposals: dict[str, Proposal] = {}

        def propose(sql: str, repairs: tuple[str, ...], verdict: Verdict, log_probability: float) -> None:
            if verdict.valid and sql not in proposals:
                missed = len(words_missed(sql, verdict, words))
                proposals[sql] = Proposal(sql, repairs, log_probability, verdict, missed)

        propose(first.sql, first.repairs, first.verdict, first.log_probability or 0.0)
        for candidate in written:
            propose(*self._checked(sql_of(candidate.text), asked, cancel), candidate.log_probability)
        left = max(_SHORTEST_COMPARISON, self.settings.answer_seconds - first.seconds - (time.monotonic() - began))
        interpretations = settle(self.database, list(proposals.values()), left, cancel)
        seconds = first.seconds + time.monotonic() - began
        if not interpretations:
            return replace(first, seconds=seconds)
        taken = replace(first, seconds=seconds, interpretations=interpretations).read_as(0)
        # Of the others, one that was cut is not among them.
        return replace(taken, cut=first.cut and taken.sql == first.sql)

    def _checked(self, sql: str, asked: "_Asked", cancel: Cancel) -> tuple[str, tuple[str, ...], Verdict]:
        """The SQL to show, what was changed in it, and its verdict."""
        verdict = self.database.check(sql)
        if verdict.writes:
            return sql, (), verdict
        cells = self.database.cells(cancel) if self.settings.values else None
        mended, repairs = repaired(
            sql,
            asked.schema,
            asked.question,
            asked.linked.values,
            self._lookup(cancel),
            cells,
            lambda text: self.database.check(text).valid,
        )
        return (mended, repairs, self.database.check(mended)) if repairs else (sql, (), verdict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with what was made of it before the model saw it."""

    question: str
    schema: Schema
    linked: Linked
    prompt: Prompt
    grammar: str
    draft: Callable[[str], str] | None


def _readable(schema: Schema) -> Schema:
    """`schema` without views that cannot be read."""
    return Schema(tuple(table for table in schema.tables if table.columns))


def _require_usable(question: str) -> None:
    """Raise InputError for a question that no model could answer."""
    try:
        question.encode()
    except UnicodeEncodeError:
        raise InputError("The question holds bytes that are no text.", "Type it again, in UTF-8.") from None
    if is_blank(question):
        raise InputError("The question is empty.", "Ask in plain words, for example: how many rows has each table?")
    if len(question) > _LONGEST_QUESTION:
        raise InputError(
            f"The question is {len(question):,} characters long; {_LONGEST_QUESTION:,} is the most.",
            "Ask a shorter one.",
        )
