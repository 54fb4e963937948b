"""The chat: questions and their answers as they arrive, and the boxes for questions and for SQL; runs no SQL."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from nl2sql_tui.answers import (
    Answer,
    AnswerFailed,
    AnswerStopped,
    AssistantEvent,
    Comparing,
    LastEvent,
    Linked,
    WritingAgain,
)
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.check import Verdict
from nl2sql_tui.doctor import Diagnosis
from nl2sql_tui.engine.events import LoadState, Reading, Started, Token
from nl2sql_tui.language import reading
from nl2sql_tui.language.answer_form import draft_of_sql
from nl2sql_tui.load_text import load_text
from nl2sql_tui.text import content, visible
from nl2sql_tui.tui.background import DRAINS_PER_SECOND, Stream
from nl2sql_tui.tui.messages import ActivityChanged, AnswerEnded, Flashed, PromptMeasured, RunRequested, SqlChecked
from nl2sql_tui.tui.widgets.chat_log import ChatLog
from nl2sql_tui.tui.widgets.chips import DIM, failure_text, seconds_text
from nl2sql_tui.tui.widgets.prompt_box import PromptBox, QuestionBox, SqlBox
from nl2sql_tui.tui.widgets.samples import Samples
from nl2sql_tui.tui.widgets.turn import Turn

Ask = Callable[[str, Cancel, bool], Iterator[AssistantEvent]]
"""Has a question answered; the flag says that the model is to be asked even where that is not needed."""
Check = Callable[[str], Verdict]
_ASK = "Ask about this database in plain words"
_RUN_OR_ASK = "Enter runs the SQL above; or ask something else"
_UNSURE = "Unsure: Enter twice runs it; or ask in other words"
_ONCE_MORE = "Enter again runs it; or ask in other words"
_EDIT_OR_ASK = "Ctrl+T edits the SQL above; or ask in other words"

Mode = Literal["question", "sql"]


@dataclass
class _Answering:
    """The question that is being answered."""

    turn: Turn
    cancel: Cancel
    stream: Stream[AssistantEvent]
    sql: str = ""
    started: bool = False
    read: Reading | None = None
    last_token: Token | None = None
    after: WritingAgain | Comparing | None = None
    """What is done since the model wrote its first answer."""


@dataclass
class _Checking:
    """SQL written by hand that is being checked, to be run if it is valid."""

    turn: Turn
    box: PromptBox
    """Where it was written, and stays until it is found to be valid."""
    stream: Stream[Verdict]


class ChatPane(Vertical):
    """What was asked and answered, and below it the box to write in."""

    help_text: ClassVar[str] = (
        "Ask about the database in plain words. The model writes SQL, which is checked against the database; its "
        "rows come only when you say so: with Enter on the empty line, or Ctrl+R.\n\n"
        "F3 goes from the box to the answers and back: there Up and Down choose one, which can be run again, "
        "edited, copied, or opened to see exactly what the model was shown. F4 is for SQL of your own, which needs "
        "no model.\n\n"
        "Below the SQL stands what it does in plain words, made from the SQL itself and never by the model; W shows "
        "all of it, with where each column comes from. After an empty or odd result the cause is looked for; where "
        "there is a change that mends it, Ctrl+G puts the mended SQL into the box, and you run it or not.\n\n"
        "An answer that is likely to be wrong, or to a question of which the database seems to have nothing, is marked "
        "unsure, with the words that name nothing here: Enter runs it only when pressed twice, Ctrl+R at once. The "
        "setting ask_below says from where on, 0 turns it off.\n\n"
        "Where the model is not sure of its answer and there is time, it writes more of them, and what they give is "
        "compared: the answer that most agree with is shown, and Ctrl+N shows the next one. The setting compare "
        "turns that off.\n\n"
        'A question may lean on the answer before it: "only for 2023", "and per month", "the other way round", '
        '"their names too", "how many are there?", "why is Anna missing?", "undo". Such a one changes the last '
        "SQL, or is told why it cannot; a question of which you have accepted an answer gets that SQL, also with "
        "another value. Both happen without the model, which Ctrl+O asks all the same. /new begins a conversation in "
        "which nothing leans on what came before. /adapter lists the model's adapters, /adapter NAME has another one "
        "answer, /help shows this. SQL that is written here runs as it stands.\n\n"
        "A question is kept with the SQL that ran for it, edited or not, but never with its rows. It is accepted if it "
        "gave rows with nothing odd about them, and was not unsure when you ran it, unless you edited it or chose "
        "another reading. It stays on this computer; the setting history turns it off."
    )

    def __init__(
        self, ask: Ask, check: Check, load_state: Callable[[], LoadState], samples: Sequence[str] = ()
    ) -> None:
        super().__init__(id="chat")
        self._ask = ask
        self._check = check
        self._load_state = load_state
        self._samples = samples
        self._answering: _Answering | None = None
        self._checkings: list[_Checking] = []
        self._turns_begun = 0
        self._timer: Timer | None = None
        self.border_title = Content("Chat")
        self.turns = ChatLog()
        self.question_box = QuestionBox(id="question", placeholder=_ASK)
        self.question_box.border_title = Content("Question")
        self.sql_box = SqlBox(id="sql", placeholder="SELECT …")
        self.sql_box.display = False

    def compose(self) -> ComposeResult:
        with self.turns:
            yield Static(_welcome(bool(self._samples)), id="welcome")
            if self._samples:
                yield Samples(self._samples)
        yield self.question_box
        yield self.sql_box

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / DRAINS_PER_SECOND, self._drain, pause=True)

    # The boxes

    @property
    def box(self) -> PromptBox:
        """The box that is open now."""
        return self.sql_box if self.sql_box.display else self.question_box

    def open_box(self, mode: Mode) -> None:
        """Show the box of that mode and put the cursor into it; the other keeps its text."""
        self.question_box.display, self.sql_box.display = mode == "question", mode == "sql"
        # At once, so that what is typed right behind the key goes into this box.
        self.screen.set_focus(self.box)

    def focus_samples(self) -> None:
        """Go to the questions to try."""
        self.query_one(Samples).focus()

    def suggest(self) -> None:
        """Say in the empty question box what Enter does now."""
        turn = self.turns.chosen
        if self.answering or turn is None or turn.verdict is None or turn.has_run:
            self.question_box.placeholder = _ASK
        elif turn.in_doubt:
            self.question_box.placeholder = _ONCE_MORE if turn.enter_pressed else _UNSURE
        else:
            self.question_box.placeholder = _RUN_OR_ASK if turn.runnable else _EDIT_OR_ASK

    def edit(self, sql: str, number: int | None = None) -> None:
        """Put `sql` into the SQL box; with the number of the turn it stands in, if it stands in one."""
        source = self._turn(number)
        if source is not None and source.answers is not None:
            self.sql_box.hold_answer(sql, source.number, source.answers)
        else:
            self.sql_box.hold(sql)
        self.open_box("sql")

    def on_samples_typed_ahead(self, message: Samples.TypedAhead) -> None:
        self.open_box("question")
        self.box.insert(message.character)

    # Asking

    @property
    def answering(self) -> bool:
        """A question is being answered, or about to stop."""
        return self._answering is not None

    def ask(self, question: str, *, ask_model: bool = False) -> None:
        """Have `question` answered, by the model in any case if `ask_model`; it waits for one still being answered."""
        if self._answering is not None:
            if not self._answering.cancel.requested:
                self.post_message(Flashed("The last question is still being answered; Esc stops it.", warning=True))
                return
            self._abandon(self._answering)
        turn = self._begin_turn(question)
        self.question_box.remember(question)
        cancel = Cancel()
        stream = Stream("answer", lambda: self._ask(question, cancel, ask_model))
        self._answering = _Answering(turn, cancel, stream)
        turn.show_state(self._waiting_words(self._answering))
        self._wake()

    def submit_sql(self, sql: str, source: int | None = None) -> None:
        """Check SQL that the user wrote, or made of that of the turn `source`, and have it run if it is valid."""
        if any(checking.turn.sql == sql for checking in self._checkings):
            return  # Enter was pressed twice
        turn = self._begin_turn(None, sql, self._turn(source))
        turn.show_state("checking…")
        self.box.keep(sql)
        self._checkings.append(_Checking(turn, self.box, Stream("check", lambda: [self._check(sql)])))
        self._wake()

    def _turn(self, number: int | None) -> Turn | None:
        return None if number is None else self.turns.turn(number)

    def _begin_turn(self, question: str | None, sql: str = "", source: Turn | None = None) -> Turn:
        self._turns_begun += 1
        turn = Turn(self._turns_begun, question, sql, source)
        self.turns.add(turn)
        return turn

    def stop(self) -> bool:
        """Stop answering, if a question is being answered; a second time, without waiting for the engine."""
        answering = self._answering
        if answering is None:
            return False
        if answering.cancel.requested:
            self._abandon(answering)
        else:
            answering.turn.show_state("stopping…")
            answering.cancel.request()
        return True

    def _abandon(self, answering: _Answering) -> None:
        """Let go of an answer that was cancelled; whatever still comes of it is ignored."""
        self._finish(answering, AnswerStopped(answering.sql))

    # What arrives

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.resume()
        self.post_message(ActivityChanged())

    def _drain(self) -> None:
        if self._answering is not None:
            self._drain_answer(self._answering)
        for checking in tuple(self._checkings):
            self._drain_check(checking)
        if self._answering is None and not self._checkings and self._timer is not None:
            self._timer.pause()

    def _drain_answer(self, answering: _Answering) -> None:
        events, ended, error = answering.stream.take()
        sql_before = answering.sql
        for event in events:
            match event:
                case Linked():
                    answering.turn.show_linked(event)
                case Started():
                    answering.started = True
                    answering.turn.prompt = event
                    self.post_message(PromptMeasured(event.prompt_tokens, event.context_tokens))
                case Reading():
                    answering.read = event
                case Token():
                    answering.sql += event.text
                    answering.last_token = event
                case WritingAgain() | Comparing():
                    answering.after = event
                case _:
                    self._finish(answering, event)
                    return
        if ended:
            message, hint = (error.message, error.hint) if error else ("The answer ended without a word.", "")
            self._finish(answering, AnswerFailed(message, hint, answering.sql))
            return
        if answering.sql != sql_before:
            answering.turn.show_sql(draft_of_sql(answering.sql))
        if not answering.cancel.requested:
            answering.turn.show_state(self._waiting_words(answering))

    def _waiting_words(self, answering: _Answering) -> str:
        state = self._load_state()
        if state.phase != "ready" and not answering.started:
            return f"waiting for the model: {load_text(state)} · Esc stops"
        token = answering.last_token
        match answering.after:
            case WritingAgain(problem):
                return f"{visible(problem)} Writing again · Esc stops"
            case Comparing(answers):
                return f"the model is not sure: comparing up to {answers} more answers · Esc stops"
        if token is not None:
            return f"writing · {token.tokens} tokens in {seconds_text(token.seconds)} · Esc stops"
        if answering.turn.prompt is not None:
            done = f"{answering.read.done:,} of " if answering.read is not None else ""
            return f"reading {done}{answering.turn.prompt.prompt_tokens:,} tokens · Esc stops"
        return "looking at the database · Esc stops"

    def _finish(self, answering: _Answering, last: LastEvent) -> None:
        self._answering = None
        answering.turn.finish(last)
        if isinstance(last, Answer):
            self.turns.hold(answering.turn)
        if answering.turn.runnable:
            self.post_message(SqlChecked(answering.turn.number, last.sql))
        self.post_message(AnswerEnded(last if isinstance(last, Answer) else None))
        self.post_message(ActivityChanged())

    def _drain_check(self, checking: _Checking) -> None:
        verdicts, _, error = checking.stream.take()
        if error is not None:
            verdicts = [Verdict(False, error.message, error.hint)]
        if not verdicts:
            return
        self._checkings.remove(checking)
        checking.turn.finish_check(verdicts[0])
        if verdicts[0].valid:
            if checking.box.text.strip() == checking.turn.sql:
                checking.box.remember(checking.turn.sql)
            self.post_message(SqlChecked(checking.turn.number, checking.turn.sql))
            self.post_message(RunRequested(checking.turn.sql, checking.turn.number))
        self.post_message(ActivityChanged())

    # What is said of a turn from outside

    def show_other_reading(self) -> Answer | None:
        """Show the chosen turn's question as its next interpretation; give the answer as it is now, if it has one."""
        turn = self.turns.chosen
        if turn is None or turn.answer is None or len(turn.answer.interpretations) < 2:
            return None
        turn.show_other_reading()
        self.turns.hold(turn)
        self.post_message(SqlChecked(turn.number, turn.sql))
        self.post_message(ActivityChanged())
        return turn.answer

    def show_reading(self, number: int, sql: str, read: reading.Reading) -> None:
        """Say in its turn what `sql` does in plain words, if the turn still has that."""
        if (turn := self.turns.turn(number)) is not None and turn.sql == sql:
            turn.show_reading(read)

    def show_diagnosis(self, number: int, diagnosis: Diagnosis | None) -> None:
        """Say in its turn what was found about the result, if that still stands there; None: it is being looked for."""
        if (turn := self.turns.turn(number)) is not None and turn.ending is not None:
            turn.show_diagnosis(diagnosis)

    def notice(self, message: str, hint: str) -> None:
        """Say in the chat that something is wrong."""
        self.turns.mount(Static(failure_text(message, hint), classes="notice"))
        self.turns.follow()

    def remark(self, text: str) -> None:
        """Say something in the chat that is not about one question."""
        self.turns.mount(Static(content(text, DIM), classes="notice"))
        self.turns.follow()


def _welcome(with_samples: bool) -> Content:
    """What to do first."""
    steps: Iterable[str] = (
        "Ask in plain words; the model writes SQL.",
        "Enter again runs it and shows its rows.",
        "F4 is for SQL of your own, F1 explains the keys.",
    )
    text = Content("\n").join([content(step) for step in steps])
    if with_samples:
        text += Content.styled("\n\nTo begin with: a number or Enter asks one of these.", "$foreground 60%")
    return text
