"""Lays a question out for a model: what it is shown of the schema, in which words, and how an answer may look."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from nl2sql_tui.answers import Linked
from nl2sql_tui.conversation import Conversation
from nl2sql_tui.engine.events import Engine, Message, Prompt
from nl2sql_tui.language.column_matcher import Replacement, match_columns
from nl2sql_tui.language.drafting import LikelyAnswer
from nl2sql_tui.language.grammar import schema_grammar
from nl2sql_tui.language.prompt import schema_text
from nl2sql_tui.language.pruning import prune
from nl2sql_tui.language.templates import render
from nl2sql_tui.schema import CellValue, Schema
from nl2sql_tui.settings import Settings

_EARLIER_KEPT: Final = 8
"""Answers. An older one is less like the next, and each is searched for every few tokens."""
_LEAST_SHOWN: Final = 60
"""Tokens, in which one or two tables can be shown."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what was made of it before the model saw it."""

    question: str
    schema: Schema
    """All of the database's."""
    shown: Schema
    """What the model sees of it."""
    linked: Linked
    put: str
    """The question as it is put to the model."""
    before: Prompt
    """What was said before it."""
    prompt: Prompt
    grammar: str
    """What an answer has to keep to that is to name only what there is; empty where none is wanted."""
    draft: Callable[[str], str] | None


class Layout:
    """Lays out the questions to one engine."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._earlier: deque[str] = deque(maxlen=_EARLIER_KEPT)
        """What the model wrote for the last questions: the next answer may repeat parts of it."""

    def wrote(self, text: str) -> None:
        """Remember what the model wrote."""
        self._earlier.append(text)

    def asked(
        self,
        question: str,
        schema: Schema,
        values: tuple[CellValue, ...],
        conversation: Conversation | None = None,
    ) -> Asked:
        """`question` laid out, with the `values` that it names and, in a `conversation`, what was said before."""
        put = question
        replaced: tuple[Replacement, ...] = ()
        if self._settings.column_matcher:
            put, replaced = match_columns(question, schema)
        shown, linked = self._linked(schema, question, values)
        linked = replace(linked, replaced=tuple((each.word, each.column) for each in replaced))
        before: Prompt = ()
        if conversation is not None and self._engine.history_tokens:
            before = conversation.messages(self._engine.history_tokens, self._engine.count_tokens)
        return self._laid_out(question, schema, shown, linked, put, before)

    def with_less(self, asked: Asked) -> Asked | None:
        """The same with about half of what was shown of the schema, the most relevant; None where that is no less."""
        most = max(_LEAST_SHOWN, self._engine.count_tokens(schema_text(asked.shown)) // 2)
        less = prune(asked.shown, asked.question, asked.linked.values, most, self._engine.count_tokens)
        if less == asked.shown:
            return None
        return self._laid_out(asked.question, asked.schema, less, asked.linked, asked.put, asked.before)

    def prompt(self, shown: Schema, question: str, values: tuple[CellValue, ...]) -> Prompt:
        """The messages for a question by itself."""
        return tuple(Message(role, text) for role, text in render(self._engine.template, shown, question, values))

    def _laid_out(
        self, question: str, schema: Schema, shown: Schema, linked: Linked, put: str, before: Prompt
    ) -> Asked:
        prompt = self.prompt(shown, put, linked.values)
        if prompt[0].role == "system":
            prompt = (prompt[0], *before, *prompt[1:])
        form = self._engine.answer_form
        grammar = schema_grammar(shown, linked.values, form) if self._settings.grammar else ""
        # What foresees answers knows this form alone.
        has_drafts = form == "tables first"
        draft = LikelyAnswer(shown, prompt[-1].text, linked.values, self._earlier) if has_drafts else None
        return Asked(question, schema, shown, linked, put, before, prompt, grammar, draft)

    def _linked(self, schema: Schema, question: str, values: tuple[CellValue, ...]) -> tuple[Schema, Linked]:
        """What of the schema the model is shown, and the event that says so."""
        engine = self._engine
        whole = readable(schema)
        shown = prune(whole, question, values, engine.schema_tokens, engine.count_tokens)
        names = tuple(table.name for table in shown.tables)
        left_out = tuple(table.name for table in whole.tables if table.name not in names)
        cut = sum(
            len(own.columns) - len(table.columns)
            for table in shown.tables
            if (own := whole.table(table.name)) is not None
        )
        return shown, Linked(names, left_out, values, columns_left_out=cut)


def readable(schema: Schema) -> Schema:
    """`schema` without views that cannot be read."""
    return Schema(tuple(table for table in schema.tables if table.columns))
