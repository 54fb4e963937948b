"""The turns of the chat, one below the other, of which one is chosen; what is done with it is left to its pane."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from nl2sql_tui.tui.messages import (
    ActivityChanged,
    CopyRequested,
    EditRequested,
    PromptRequested,
    ReadingRequested,
)
from nl2sql_tui.tui.widgets.turn import Turn

_MOST_TURNS = 200
"""More would make the layout slow; the oldest leave."""


class ChatLog(VerticalScroll, can_focus=True):
    """Scrolls along with the newest turn until its answer is there, or the user scrolls or chooses another.

    An answer is read before it is run: its SQL stays in view, however much is said below it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.run_if_sure", "Run SQL", id="log.run"),
        Binding("enter", "screen.refuse_run", "", id="log.refuse_run", show=False),
        Binding("e", "edit", "Edit SQL", id="log.edit"),
        Binding("y", "copy", "Copy SQL", id="log.copy"),
        Binding("p", "prompt", "Prompt", id="log.prompt"),
        Binding("w", "words", "In words", id="log.words"),
        Binding("up,k", "choose(-1)", "Turn above", id="log.up", show=False),
        Binding("down,j", "choose(1)", "Turn below", id="log.down", show=False),
        Binding("home,g", "first", "First turn", id="log.first", show=False),
        Binding("end,G", "last", "Last turn", id="log.last", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="log")
        self.turns: list[Turn] = []
        self.chosen: Turn | None = None
        self._held: Turn | None = None
        """The turn whose SQL is kept in view."""

    def add(self, turn: Turn) -> None:
        """Append `turn`, choose it and follow it."""
        self.turns.append(turn)
        if len(self.turns) > _MOST_TURNS:
            self.turns.pop(0).remove()
        self.mount(turn)
        self._choose(turn)
        self.follow()

    def follow(self) -> None:
        """Keep the end in view, also when more comes."""
        self._held = None
        self.anchor()

    def follow_last(self, turn: Turn) -> None:
        """Keep the end in view, where what comes of `turn` will be said, if it is the last one."""
        if self.turns[-1] is turn:
            self.follow()

    def hold(self, turn: Turn) -> None:
        """Keep the beginning of the SQL of `turn` in view, with the question above it where there is room."""
        self._held = turn
        self.anchor(False)
        self.call_after_refresh(self._show_held)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_held)

    def _show_held(self) -> None:
        if (turn := self._held) is None:
            return
        sql = turn.sql_lines
        fits = sql.stop <= self.scrollable_content_region.height
        top = turn.virtual_region.y + (0 if fits else sql.start)
        self.scroll_to(y=top, animate=False, immediate=True)

    def turn(self, number: int) -> Turn | None:
        """The turn of that number, if it is still here."""
        return next((turn for turn in self.turns if turn.number == number), None)

    def _choose(self, turn: Turn) -> None:
        if self.chosen is not None and self.chosen is not turn:
            self.chosen.enter_pressed = False
        for other in self.turns:
            other.set_class(other is turn, "-selected")
        self.chosen = turn
        self.post_message(ActivityChanged())

    def choose_none(self) -> None:
        """Leave no turn chosen, so that no key does anything with one; Up chooses the last."""
        if self.chosen is not None:
            self.chosen.remove_class("-selected")
            self.chosen.enter_pressed = False
        self.chosen = None
        self.post_message(ActivityChanged())

    def action_choose(self, step: int) -> None:
        """Choose the turn `step` places further; at the end, scroll."""
        place = (len(self.turns) if self.chosen is None else self.turns.index(self.chosen)) + step
        if 0 <= place < len(self.turns):
            self._choose(self.turns[place])
            self.turns[place].scroll_visible(animate=False)
            self._let_go()
        elif step < 0:
            self._let_go()
            self.scroll_home(animate=False)
        else:
            self.follow()

    def _let_go(self) -> None:
        """Leave the place to the user."""
        self._held = None
        self.release_anchor()

    def action_first(self) -> None:
        if self.turns:
            self._choose(self.turns[0])
        self._let_go()
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        if self.turns:
            self._choose(self.turns[-1])
        self.follow()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that need SQL or a prompt are live only where the chosen turn has one."""
        if action in ("edit", "copy"):
            return self.chosen is not None and bool(self.chosen.sql)
        if action == "prompt":
            return self.chosen is not None and self.chosen.prompt is not None
        if action == "words":
            return self.chosen is not None and self.chosen.reading is not None
        return True

    def action_edit(self) -> None:
        if self.chosen is not None:
            self.post_message(EditRequested(self.chosen.sql, self.chosen.number))

    def action_copy(self) -> None:
        if self.chosen is not None:
            self.post_message(CopyRequested(self.chosen.sql, "the SQL"))

    def action_prompt(self) -> None:
        if self.chosen is not None and (prompt := self.chosen.prompt) is not None:
            self.post_message(PromptRequested(prompt.prompt_text, prompt.prompt_tokens, prompt.context_tokens))

    def action_words(self) -> None:
        """Show all that is said of the chosen turn's SQL in plain words, with what was changed in it."""
        turn = self.chosen
        if turn is not None and turn.reading is not None:
            changes = turn.answer.repairs if turn.answer is not None else ()
            self.post_message(ReadingRequested(turn.reading, changes))
