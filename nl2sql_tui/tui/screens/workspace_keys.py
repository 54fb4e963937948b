"""The keys that do something in every pane, as data, and which of them a turn is for; they do the workspace's work."""

from typing import Final

from textual.binding import Binding, BindingType

from nl2sql_tui.tui.widgets.turn import Turn

KEYS: Final[list[BindingType]] = [
    Binding("escape", "stop", "Stop", id="program.stop"),
    Binding("escape", "return", "Back", id="program.return"),
    Binding("ctrl+r,f9", "run", "Run SQL", id="program.run"),
    # Without words: told by the key that would run it, but nothing to offer.
    Binding("ctrl+r,f9", "refuse_run", "", id="program.refuse_run", show=False),
    Binding("ctrl+t", "edit", "Edit SQL", id="program.edit", priority=True),
    Binding("ctrl+g", "apply", "Mend SQL", id="program.apply", priority=True),
    Binding("ctrl+o", "ask_model", "Ask the model", id="program.ask_model", priority=True),
    Binding("ctrl+n", "other_reading", "Other reading", id="program.other_reading", priority=True),
    Binding("f4", "sql_box", "Own SQL", id="program.sql_box", priority=True),
    Binding("f4", "question_box", "Question", id="program.question_box", priority=True),
    Binding("ctrl+l", "load_model", "Load the model again", id="program.load_model", priority=True),
    Binding("f1", "help", "Help", id="program.help", priority=True),
    Binding("f2", "go_to_schema", "Schema", id="program.schema", priority=True),
    Binding("f3", "go_to_chat", "Chat", id="program.chat", priority=True),
    Binding("f6", "go_to_result", "Result", id="program.result", priority=True),
    Binding("f5", "read_schema", "Read the database again", id="program.read_schema", show=False, priority=True),
    Binding("f7", "zoom", "Zoom the pane", id="program.zoom", show=False, priority=True),
    Binding("f8", "toggle_schema", "Show or hide the schema", id="program.toggle_schema", show=False, priority=True),
    Binding("question_mark", "help", "Help", id="program.help_too", show=False),
    Binding("ctrl+c", "interrupt", "Stop", id="program.interrupt", show=False),
]
"""Each has an id, so that it can be laid on another key."""


def does_something_with(turn: Turn | None, action: str) -> bool | None:
    """Whether `action` does something with `turn`, the chosen one; None for what is not done with a turn."""
    answer = turn.answer if turn is not None else None
    match action:
        case "edit":
            return turn is not None and bool(turn.sql)
        case "run" | "run_if_sure":
            return turn is not None and turn.runnable
        case "refuse_run":
            return turn is not None and bool(turn.sql) and not turn.runnable
        case "ask_model":
            return answer is not None and answer.origin != "model"
        case "other_reading":
            return answer is not None and len(answer.interpretations) > 1
        case "apply":
            return turn is not None and turn.suggestion is not None
    return None
