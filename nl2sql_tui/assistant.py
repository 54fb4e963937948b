"""Walks a question from words to checked SQL: link, render, decode, check, settle; knows nobody who listens."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from nl2sql_tui.answers import Answer, AnswerFailed, AnswerStopped, AssistantEvent, Comparing, Linked, WritingAgain
from nl2sql_tui.asked import Asked, Layout, readable
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.comparing import Checked, Comparer, room_for_another
from nl2sql_tui.confidence import calibration_of, weighed
from nl2sql_tui.conversation import Conversation, ReadyAnswer, ready_answer, require_whole_question
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import (
    Engine,
    Generated,
    GenerationFailed,
    GenerationStopped,
    Prompt,
    Reading,
    Started,
    Token,
)
from nl2sql_tui.errors import InputError, Stopped, UserError
from nl2sql_tui.language.coverage import coverage
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.language.repair import repaired, sql_of
from nl2sql_tui.schema import NoValues, ValueLookup
from nl2sql_tui.settings import Settings
from nl2sql_tui.text import is_blank, shortened

_LONGEST_QUESTION = 4_000
"""Characters. A longer text is a document pasted by mistake, and would take minutes to read."""
_LONGEST_TOLD = 200


class Assistant:
    """Answers questions about one database with one engine.

    It runs no SQL but to compare several answers of the model, where it is unsure and the settings allow that: reading,
    within limits, and showing nothing of the rows but one that tells two answers apart.
    """

    def __init__(self, database: Database, engine: Engine, settings: Settings) -> None:
        self.database = database
        self.engine = engine
        self.settings = settings
        self._layout = Layout(engine, settings)
        self._comparer = Comparer(database, engine, settings, self._layout, self._checked)

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
            ready = ready_answer(
                question,
                conversation,
                schema,
                lookup,
                lambda sql: self.database.check(sql).valid,
                self.settings.ask_below,
            )
            if ready is not None:
                yield self._without_model(question, ready, Linked((), (), values), began)
                return
            if not self.engine.history_tokens:
                require_whole_question(question, conversation, schema)
        self.engine.wait_until_ready(cancel)
        self.read_ahead(cancel)
        asked = self._layout.asked(question, schema, values, conversation)
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
                    self._layout.wrote(event.text)
                    yield from self._settled_or_failed(asked, started, event, cancel)

    def read_ahead(self, cancel: Cancel) -> None:
        """Have the engine read the schema before there is a question; returns at once where it is not ready.

        A schema that is shown in part is not read: which part it is depends on the question.
        """
        schema = self.database.schema()
        shown = readable(schema)
        if self.engine.load_state.phase != "ready" or not shown.tables:
            return
        if self.engine.count_tokens(schema_text(shown)) <= self.engine.schema_tokens:
            one, other = (self._layout.prompt(shown, text, ()) for text in ("a", "1"))
            self.engine.read_ahead(one, other, cancel)

    def prompt_for(self, question: str, cancel: Cancel) -> tuple[Prompt, Callable[[str], str] | None]:
        """What the model is shown for `question`, and what foresees its answer. Raises what `answer` tells."""
        _require_usable(question)
        schema = self.database.require_tables()
        self.engine.wait_until_ready(cancel)
        asked = self._layout.asked(question, schema, link_values(question, self._lookup(cancel), schema))
        return asked.prompt, asked.draft

    def _lookup(self, cancel: Cancel) -> ValueLookup:
        """The stored values, where they may be looked at."""
        return self.database.values(cancel) if self.settings.values else NoValues()

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
            confidence=ready.confidence,
            doubt=ready.doubt,
        )

    def _settled_or_failed(
        self, asked: Asked, started: Started, generated: Generated, cancel: Cancel
    ) -> Iterator[AssistantEvent]:
        """The answer, or what kept it from being checked, with the SQL that had come."""
        try:
            answer = self._settled(asked, started, generated, cancel)
            if asked.grammar and not answer.verdict.valid and not answer.verdict.writes:
                yield WritingAgain(answer.verdict.error)
                answer = self._held(asked, started, answer, cancel)
            words = coverage(asked.question, asked.schema, self._lookup(cancel))
            if self._comparer.is_worth_it(answer):
                yield Comparing(self._comparer.more_answers)
                # Stopped in the middle, there is still an answer that is checked, and it stays.
                with suppress(Stopped):
                    answer = self._comparer.compared(asked, answer, words, cancel)
            yield weighed(answer, words, asked.schema, calibration_of(self.engine), self.settings.ask_below)
        except Stopped:
            yield AnswerStopped(sql_of(generated.text))
        except UserError as error:
            yield AnswerFailed(error.message, error.hint, sql_of(generated.text), error.exit_code)

    def _settled(self, asked: Asked, started: Started, generated: Generated, cancel: Cancel) -> Answer:
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

    def _held(self, asked: Asked, started: Started, free: Answer, cancel: Cancel) -> Answer:
        """`free`, or the answer that the model gives where it can name only what there is, if that one compiles.

        What it writes freely and a repair puts right is right more often than what it writes within the grammar, which
        leads it along names that exist and mean something else. So this comes second.
        """
        *_, last = self.engine.stream(
            asked.prompt,
            max_new_tokens=room_for_another(free.tokens, self.settings),
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

    def _checked(self, sql: str, asked: Asked, cancel: Cancel) -> Checked:
        """The SQL to show, what was changed in it, and its verdict."""
        verdict = self.database.check(sql)
        if verdict.writes or not self.settings.repair:
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
