"""Walks a question from words to checked SQL: link, render, decode, check, settle; knows nobody who listens."""

from collections.abc import Iterator
from dataclasses import replace

from nl2sql_tui.answers import Answer, AnswerFailed, AnswerStopped, AssistantEvent, Linked
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import (
    Engine,
    Generated,
    GenerationFailed,
    GenerationStopped,
    Message,
    Prompt,
    Started,
    Token,
)
from nl2sql_tui.errors import InputError, Stopped, UserError
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.prompt import question_text, schema_text
from nl2sql_tui.language.pruning import prune
from nl2sql_tui.language.repair import quote_reserved_names, sql_of
from nl2sql_tui.schema import CellValue, NoValues, Schema
from nl2sql_tui.settings import Settings

_LONGEST_QUESTION = 4_000
"""Characters. A longer text is a document pasted by mistake, and would take minutes to read."""


class Assistant:
    """Answers questions about one database with one engine. Nothing it does runs the SQL that it writes."""

    def __init__(self, database: Database, engine: Engine, settings: Settings) -> None:
        self.database = database
        self.engine = engine
        self.settings = settings

    def answer(self, question: str, cancel: Cancel) -> Iterator[AssistantEvent]:
        """Give what happens while `question` is answered: in the end exactly one `LastEvent`.

        Waits until the engine is ready. Never raises for what a user, a model or a file can cause.
        """
        try:
            yield from self._answer(question, cancel)
        except Stopped:
            yield AnswerStopped("")
        except UserError as error:
            yield AnswerFailed(error.message, error.hint, exit_code=error.exit_code)

    def _answer(self, question: str, cancel: Cancel) -> Iterator[AssistantEvent]:
        _require_usable(question)
        schema = self.database.require_tables()
        values = link_values(question, self.database.values(cancel) if self.settings.values else NoValues())
        self.engine.wait_until_ready(cancel)
        shown, linked = self._linked(schema, question, values)
        yield linked
        prompt: Prompt = (Message("system", schema_text(shown)), Message("user", question_text(question, values)))
        started = Started("", 0, 0)
        generation = self.engine.stream(prompt, max_new_tokens=self.settings.max_new_tokens, cancel=cancel)
        for event in generation:
            match event:
                case Started():
                    started = event
                    yield event
                case Token():
                    yield event
                case GenerationStopped():
                    yield AnswerStopped(sql_of(event.text, unfinished=True))
                case GenerationFailed():
                    yield AnswerFailed(event.message, event.hint, sql_of(event.text, unfinished=True))
                case Generated():
                    yield self._settled_or_failed(question, schema, linked, started, event)

    def _linked(self, schema: Schema, question: str, values: tuple[CellValue, ...]) -> tuple[Schema, Linked]:
        """What of the schema the model is shown, and the event that says so."""
        readable = Schema(tuple(table for table in schema.tables if table.columns))
        shown = prune(readable, question, values, self.engine.schema_tokens, self.engine.count_tokens)
        names = tuple(table.name for table in shown.tables)
        left_out = tuple(table.name for table in readable.tables if table.name not in names)
        return shown, Linked(names, left_out, values)

    def _settled_or_failed(
        self, question: str, schema: Schema, linked: Linked, started: Started, generated: Generated
    ) -> Answer | AnswerFailed:
        """The answer, or what kept it from being checked, with the SQL that had come."""
        try:
            return self._settled(question, schema, linked, started, generated)
        except UserError as error:
            return AnswerFailed(error.message, error.hint, sql_of(generated.text), error.exit_code)

    def _settled(self, question: str, schema: Schema, linked: Linked, started: Started, generated: Generated) -> Answer:
        sql, repairs, verdict = self._checked(sql_of(generated.text), schema)
        if generated.cut and not verdict.valid:
            verdict = replace(
                verdict,
                error=f"The answer was cut at {generated.tokens} tokens, before it ended.",
                hint="Ask for less at once, or raise the setting max_new_tokens.",
            )
        return Answer(
            question=question,
            sql=sql,
            model_text=generated.text,
            repairs=repairs,
            verdict=verdict,
            linked=linked,
            prompt_text=started.prompt_text,
            prompt_tokens=generated.prompt_tokens,
            context_tokens=started.context_tokens,
            tokens=generated.tokens,
            seconds_to_first_token=generated.seconds_to_first_token,
            seconds=generated.seconds,
            cut=generated.cut,
            model=self.engine.name,
        )

    def _checked(self, sql: str, schema: Schema) -> tuple[str, tuple[str, ...], Verdict]:
        """The SQL to show, what was changed in it, and its verdict. What compiles is never changed."""
        verdict = self.database.check(sql)
        if verdict.valid or verdict.writes:
            return sql, (), verdict
        mended, repairs = quote_reserved_names(sql, schema)
        return (mended, repairs, self.database.check(mended)) if repairs else (sql, (), verdict)


def _require_usable(question: str) -> None:
    """Raise InputError for a question that no model could answer."""
    if not question.strip():
        raise InputError("The question is empty.", "Ask in plain words, for example: how many rows has each table?")
    try:
        question.encode()
    except UnicodeEncodeError:
        raise InputError("The question holds bytes that are no text.", "Type it again, in UTF-8.") from None
    if len(question) > _LONGEST_QUESTION:
        raise InputError(
            f"The question is {len(question):,} characters long; {_LONGEST_QUESTION:,} is the most.",
            "Ask a shorter one.",
        )
