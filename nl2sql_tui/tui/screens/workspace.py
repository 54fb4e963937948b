"""The screen with the three panes: carries their messages to each other; does no work itself."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from nl2sql_tui.answers import AssistantEvent
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.conversation import Conversation
from nl2sql_tui.database.execute import Limits
from nl2sql_tui.database.file import Database
from nl2sql_tui.doctor import Diagnosis, ResultFacts
from nl2sql_tui.engine.events import Engine
from nl2sql_tui.errors import UserError
from nl2sql_tui.history.accepted import History, default_history_file
from nl2sql_tui.settings import Settings
from nl2sql_tui.text import content
from nl2sql_tui.tui import messages
from nl2sql_tui.tui.adapter_switch import AdapterSwitch, list_text
from nl2sql_tui.tui.background import Stream
from nl2sql_tui.tui.explainer import Explainer
from nl2sql_tui.tui.history_keeper import HistoryKeeper
from nl2sql_tui.tui.model_watch import LOOKS_PER_SECOND, ModelWatch
from nl2sql_tui.tui.panes.chat import ChatPane
from nl2sql_tui.tui.panes.result import ResultPane
from nl2sql_tui.tui.panes.schema import SchemaPane
from nl2sql_tui.tui.question_line import QuestionLine
from nl2sql_tui.tui.screens.viewing import ViewingScreen
from nl2sql_tui.tui.screens.workspace_keys import KEYS, does_something_with
from nl2sql_tui.tui.widgets.key_bar import KeyBar
from nl2sql_tui.tui.widgets.prompt_box import SqlBox
from nl2sql_tui.tui.widgets.status_line import StatusLine
from nl2sql_tui.tui.widgets.turn import Turn

if TYPE_CHECKING:
    from nl2sql_tui.assistant import Assistant

_FOLDER = Path(__file__).parents[1]
_BYTES_IN_A_MEGABYTE = 2**20


class Workspace(ViewingScreen):
    """Schema to the left, chat above the result to the right."""

    CSS_PATH: ClassVar = [
        Path(__file__).with_name("workspace.tcss"),
        *sorted(_FOLDER.glob("panes/*.tcss")),
        *sorted(_FOLDER.glob("widgets/*.tcss")),
    ]
    AUTO_FOCUS = ""
    ESCAPE_TO_MINIMIZE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (40, "-narrow"), (72, "-medium"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-too-short"), (10, "-flat"), (18, "-short"), (32, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(
        self, database: Database, engine: Engine, settings: Settings, sample_questions: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.database = database
        self.engine = engine
        self.settings = settings
        self.status = StatusLine(database.name, engine.name)
        self.schema = SchemaPane(database.schema, database.row_counts)
        self.chat = ChatPane(self._answer, database.check, lambda: engine.load_state, sample_questions)
        self.result = ResultPane(lambda sql, cancel: database.execute(sql, cancel, self._limits))
        self._explainer = Explainer(database, self.post_message)
        self._adapters = AdapterSwitch(engine, self.status, self.post_message)
        self._keeper = (
            HistoryKeeper(database, History(default_history_file()), self._tell) if settings.history else None
        )
        keeper = self._keeper if settings.memory else None
        self.conversation = Conversation(keeper.remembered) if keeper is not None else Conversation()
        self._line = QuestionLine(
            self.chat, self._adapters, self.conversation, database.check, self.action_help, self.post_message
        )
        self._has_samples = bool(sample_questions)

    def compose(self) -> ComposeResult:
        yield self.status
        with Horizontal(id="body"):
            yield self.schema
            with Vertical(id="work"):
                yield self.chat
                yield self.result
        yield Static(content("This window is too small: 40 columns and 10 lines are needed."), id="too-small")
        yield KeyBar()

    @cached_property
    def _assistant(self) -> "Assistant":
        # Imported by the first question, on its thread: what it needs to know of SQL would hold up the first paint.
        from nl2sql_tui.assistant import Assistant

        return Assistant(self.database, self.engine, self.settings)

    def _answer(self, question: str, cancel: Cancel, ask_model: bool) -> Iterator[AssistantEvent]:
        yield from self._assistant.answer(question, cancel, self.conversation, ask_model=ask_model)

    @property
    def _limits(self) -> Limits:
        settings = self.settings
        return Limits(settings.max_rows, settings.max_megabytes * _BYTES_IN_A_MEGABYTE, settings.query_seconds)

    # The model

    def on_mount(self) -> None:
        if self._has_samples:
            self.chat.focus_samples()
        else:
            self.chat.open_box("question")
        # Loading imports large libraries, which would hold up the first paint.
        self.call_after_refresh(self._begin_loading)

    def _begin_loading(self) -> None:
        self.engine.start()
        watch = ModelWatch(
            self.engine,
            self.status,
            self._read_ahead,
            self.chat.remark,
            self._tell_failed_load,
            lambda: self._adapters.switching,
        )
        self.set_interval(1 / LOOKS_PER_SECOND, watch.look)

    def _read_ahead(self) -> None:
        """Have the schema read while the user still thinks of a question. What fails here, the question tells of."""

        def work() -> Iterable[None]:
            with suppress(UserError):
                self._assistant.read_ahead(Cancel())
            return ()

        Stream("reading ahead", work)

    def _tell_failed_load(self, detail: str) -> None:
        hint = "Ctrl+L loads it again. SQL by hand (F4) works without it."
        self.chat.notice(f"The model could not be loaded. {detail}".strip(), hint)
        self.refresh_bindings()

    def action_load_model(self) -> None:
        """Try again to load a model that could not be loaded."""
        self.engine.start()
        self.status.flash("Loading the model again.")
        self.refresh_bindings()

    # Asking and running

    def on_question_submitted(self, message: messages.QuestionSubmitted) -> None:
        self.chat.open_box("question")
        self._line.take(message.question)

    def on_typed_sql_checked(self, message: messages.TypedSqlChecked) -> None:
        self._line.end(message.text, is_sql=message.is_sql)

    def on_adapters_listed(self, message: messages.AdaptersListed) -> None:
        self.chat.remark(list_text(message.adapters))

    def on_adapter_switched(self, message: messages.AdapterSwitched) -> None:
        text, hint = self._adapters.end(message.problem)
        if hint:
            self.chat.notice(text, hint)
        else:
            self.chat.remark(text)
        # What was read of the schema with the one adapter is of no use to the other.
        self._read_ahead()
        self.refresh_bindings()

    def action_ask_model(self) -> None:
        """Have the model asked the question of the chosen turn, whose answer came without it."""
        turn = self.chat.turns.chosen
        if turn is not None and turn.question is not None:
            self.chat.ask(turn.question, ask_model=True)

    def action_other_reading(self) -> None:
        """Show what another of the model's answers takes the chosen question for."""
        if (answer := self.chat.show_other_reading()) is not None:
            self.conversation.note_sql(answer.sql, answer.doubt)

    def on_sql_submitted(self, message: messages.SqlSubmitted) -> None:
        self.chat.submit_sql(message.sql, message.source)

    def on_empty_line_submitted(self) -> None:
        """Run the statement that stands ready, once; Ctrl+R runs it again."""
        turn = self.chat.turns.chosen
        if turn is not None and turn.runnable and not turn.has_run and not self.result.running:
            self.action_run_if_sure()

    def on_run_requested(self, message: messages.RunRequested) -> None:
        self._explainer.stop()
        turn = self.chat.turns.turn(message.turn)
        if turn is not None:
            turn.has_run = True
            self.chat.turns.follow_last(turn)
        self.conversation.note_run(message.sql)
        self.result.run(message.sql, message.turn)

    def on_run_ended(self, message: messages.RunEnded) -> None:
        turn = self.chat.turns.turn(message.turn)
        if turn is None or turn.sql != message.sql:
            return  # another reading may have been taken while it ran, of which this says nothing
        turn.show_ending(message.ending)
        if message.ending.error is not None:
            return
        if turn.question is None:
            self.conversation.note_sql(turn.sql)
        if self._keeper is not None:
            self._keeper.note_run(turn, message.ending.row_count)
        self._examine(turn, message.ending.row_count)

    def _examine(self, turn: Turn, row_count: int) -> None:
        """Look for what is odd about a result, and say so meanwhile if it is empty."""
        rows = self.result.grid.rows
        first = rows[0] if rows and len(rows) == row_count and not self.result.running else None
        turn.show_diagnosis(Diagnosis() if row_count else None)
        self._explainer.examine(turn.number, turn.sql, ResultFacts(row_count, first))

    def on_sql_checked(self, message: messages.SqlChecked) -> None:
        self._explainer.read(message.turn, message.sql)

    def on_reading_made(self, message: messages.ReadingMade) -> None:
        self.chat.show_reading(message.turn, message.sql, message.reading)
        self.refresh_bindings()

    def on_diagnosis_made(self, message: messages.DiagnosisMade) -> None:
        self._explainer.end(message.turn)
        if self._keeper is not None:
            self._keeper.note_examined(message.turn, has_findings=bool(message.diagnosis.findings))
        self.chat.show_diagnosis(message.turn, message.diagnosis)
        self.refresh_bindings()

    def _tell(self, error: UserError) -> None:
        """Say in the chat that something is wrong; any thread may call."""
        self.post_message(messages.Noticed(error.message, error.hint))

    def on_noticed(self, message: messages.Noticed) -> None:
        self.chat.notice(message.message, message.hint)

    def on_prompt_measured(self, message: messages.PromptMeasured) -> None:
        self.status.show_context(message.tokens, message.context_tokens)

    def on_answer_ended(self, message: messages.AnswerEnded) -> None:
        if message.answer is None:
            return
        self.conversation.note(message.answer)
        if message.answer.origin == "model":
            self.status.show_speed(message.answer.tokens_per_second)

    def on_resize(self) -> None:
        """A window that was too small has hidden the panes, and with them the cursor."""
        self.call_after_refresh(self._keep_cursor)

    def _keep_cursor(self) -> None:
        if self.focused is None and self.is_current:
            self.set_focus(self.chat.box)

    def on_activity_changed(self) -> None:
        self.chat.suggest()
        turn = self.chat.turns.chosen
        is_to_be_read = self.chat.answering or (turn is not None and turn.awaits_reading)
        self.set_class(is_to_be_read and not self.result.running, "-waiting")
        self.refresh_bindings()

    def action_run(self) -> None:
        """Run the SQL in the SQL box if that is where the cursor is, otherwise that of the chosen turn."""
        if isinstance(self.focused, SqlBox) and self.focused.text.strip():
            self.focused.action_submit()
            return
        turn = self.chat.turns.chosen
        if turn is not None and turn.runnable:
            self.post_message(messages.RunRequested(turn.sql, turn.number))

    def action_refuse_run(self) -> None:
        """Say why the chosen turn's SQL is not run."""
        turn = self.chat.turns.chosen
        if turn is not None and turn.verdict is not None:
            self.status.flash("This SQL cannot run as it is; Ctrl+T edits it.", warning=True)
        else:
            self.status.flash("This SQL has not been checked, so it cannot be run; Ctrl+T edits it.", warning=True)

    def action_run_if_sure(self) -> None:
        """Run it as `action_run` does, an answer in doubt only when told so twice."""
        turn = self.chat.turns.chosen
        if turn is None or turn.consent():
            self.action_run()
        else:
            self.chat.suggest()
            self.status.flash("Not sure of this SQL: Enter again runs it.", warning=True)

    def action_stop(self) -> None:
        """Stop what runs: that of the pane with the focus first."""
        if self.result.has_focus_within:
            self.result.stop() or self.chat.stop() or self._explainer.stop() or self._adapters.stop()
        else:
            self.chat.stop() or self.result.stop() or self._explainer.stop() or self._adapters.stop()

    def action_return(self) -> None:
        """Go back to the question box."""
        self.remove_class("-zoomed")
        self.chat.open_box("question")

    def action_interrupt(self) -> None:
        """What a hand does by itself: stop what runs, otherwise say how to quit."""
        if self._busy:
            self.action_stop()
        else:
            self.status.flash("Ctrl+Q quits.")

    @property
    def _busy(self) -> bool:
        asked = self.chat.answering or self._adapters.switching
        return asked or self.result.running or self._explainer.examining

    # Boxes and panes

    def action_edit(self) -> None:
        """Put the chosen turn's SQL into the SQL box."""
        turn = self.chat.turns.chosen
        if turn is not None and turn.sql:
            self.chat.edit(turn.sql, turn.number)
        else:
            self.chat.open_box("sql")

    def action_apply(self) -> None:
        """Put SQL without the cause of the chosen turn's empty or odd result into the SQL box; it does not run."""
        turn = self.chat.turns.chosen
        if turn is not None and turn.suggestion is not None:
            self.chat.edit(turn.suggestion, turn.number)

    def on_edit_requested(self, message: messages.EditRequested) -> None:
        self.chat.edit(message.sql, message.turn)

    def action_sql_box(self) -> None:
        self.chat.open_box("sql")

    def action_question_box(self) -> None:
        self.chat.open_box("question")

    def action_go_to_schema(self) -> None:
        self._show_schema(True)
        self.set_focus(self.schema.tables)

    def action_go_to_chat(self) -> None:
        """Go to the box, and from the box to the answers."""
        at_box = self.focused is self.chat.box
        target = self.chat.turns if at_box else self.chat.box
        self.set_focus(target)

    def action_go_to_result(self) -> None:
        self.set_focus(self.result.grid)

    def action_read_schema(self) -> None:
        self.schema.action_refresh()

    def action_toggle_schema(self) -> None:
        """Hide the schema or show it; in a narrow window it is there only while the cursor is in it."""
        if not self.has_class("-narrow"):
            self._show_schema(not self.schema.display)
        elif self.schema.has_focus_within:
            self.action_return()
        else:
            self.action_go_to_schema()

    def _show_schema(self, shown: bool) -> None:
        self.set_class(shown, "-with-schema")
        self.set_class(not shown, "-without-schema")

    def action_zoom(self) -> None:
        """Give the pane with the focus the whole window, or take it back."""
        self.toggle_class("-zoomed")

    def on_flashed(self, message: messages.Flashed) -> None:
        self.status.flash(message.text, warning=message.warning)

    # Which keys are live

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys are offered only where they do something."""
        if action == "stop":
            return self._busy
        if action == "return":
            return not self._busy and self.focused is not self.chat.question_box
        if action in ("sql_box", "question_box"):
            return isinstance(self.focused, SqlBox) == (action == "question_box")
        if action == "load_model":
            return self.engine.load_state.phase == "failed"
        if action == "run" and isinstance(self.focused, SqlBox):
            return True
        does_something = does_something_with(self.chat.turns.chosen, action)
        return super().check_action(action, parameters) if does_something is None else does_something
