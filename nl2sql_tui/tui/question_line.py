"""Sorts what is sent from the question box: a command, SQL of the user's own, a question, or nothing to go by."""

from collections.abc import Callable, Iterable
from typing import Final

from textual.message import Message

from nl2sql_tui.conversation import Conversation
from nl2sql_tui.database.check import begins_as_reading
from nl2sql_tui.errors import UserError
from nl2sql_tui.text import shortened
from nl2sql_tui.tui import adapter_switch
from nl2sql_tui.tui.adapter_switch import AdapterSwitch
from nl2sql_tui.tui.background import Stream
from nl2sql_tui.tui.messages import Flashed, TypedSqlChecked
from nl2sql_tui.tui.panes.chat import ChatPane, Check

_NEW: Final = "/new"
_HELP: Final = "/help"
_COMMANDS: Final = (_NEW, adapter_switch.COMMAND, _HELP)
_LONGEST_COMMAND: Final = 20


class QuestionLine:
    """Does what commands ask for, and hands the rest on to the chat."""

    def __init__(
        self,
        chat: ChatPane,
        adapters: AdapterSwitch,
        conversation: Conversation,
        check: Check,
        show_help: Callable[[], object],
        post: Callable[[Message], object],
    ) -> None:
        """`check` and `post` are called on other threads too."""
        self._chat = chat
        self._adapters = adapters
        self._conversation = conversation
        self._check = check
        self._show_help = show_help
        self._post = post
        self._being_checked = ""

    def take(self, text: str) -> None:
        """Do what `text` is; what cannot be done stays in the box."""
        if text.startswith("/"):
            self._do(text)
        elif not any(character.isalnum() for character in text):
            self._warn("There is nothing to look for in this: ask in words, such as: how many rows are there?")
        elif not begins_as_reading(text):
            self._chat.ask(text)
        elif text != self._being_checked:
            self._being_checked = text
            Stream("typed SQL", lambda: self._look(text))

    def end(self, text: str, *, is_sql: bool) -> None:
        """Go on with `text`, which looked like SQL, now that it is known."""
        self._being_checked = ""
        if is_sql:
            self._chat.submit_sql(text)
            self._post(Flashed("This is SQL: it runs as you wrote it, without the model."))
        else:
            self._chat.ask(text)

    def _look(self, text: str) -> Iterable[None]:
        try:
            is_sql = self._check(text).valid
        except UserError:
            # The question will meet the same, and tell.
            is_sql = False
        self._post(TypedSqlChecked(text, is_sql))
        return ()

    def _do(self, text: str) -> None:
        command, *rest = text.split(maxsplit=1)
        words = "".join(rest)
        name = command.casefold()
        if name == _NEW and not words:
            self._chat.question_box.remember(text)
            self._begin_anew()
        elif name == adapter_switch.COMMAND:
            if self._adapters.do(words, answering=self._chat.answering):
                self._chat.question_box.remember(text)
        elif name == _HELP:
            self._chat.question_box.remember(text)
            self._show_help()
        elif name == _NEW:
            self._warn(f"{_NEW} stands by itself: send it alone, and then the question.")
        else:
            unknown = shortened(command, _LONGEST_COMMAND)
            self._warn(f"There is no command {unknown}; there are {', '.join(_COMMANDS)}.")

    def _begin_anew(self) -> None:
        """Begin a conversation in which no question leans on what came before, nor Enter runs it."""
        self._conversation.begin_anew()
        self._chat.turns.choose_none()
        self._chat.remark("A new conversation: what follows does not refer to what stands above.")

    def _warn(self, words: str) -> None:
        self._post(Flashed(words, warning=True))
