"""The keys that do something in every pane, as data; what they do is the workspace's."""

from typing import Final

from textual.binding import Binding, BindingType

KEYS: Final[list[BindingType]] = [
    Binding("escape", "stop", "Stop", id="program.stop"),
    Binding("escape", "return", "Back", id="program.return"),
    Binding("ctrl+r,f9", "run", "Run SQL", id="program.run"),
    Binding("ctrl+t", "edit", "Edit SQL", id="program.edit", priority=True),
    Binding("ctrl+g", "apply", "Mend SQL", id="program.apply", priority=True),
    Binding("ctrl+o", "ask_model", "Ask the model", id="program.ask_model", priority=True),
    Binding("ctrl+n", "other_reading", "Other reading", id="program.other_reading", priority=True),
    Binding("f4", "sql_box", "Own SQL", id="program.sql_box", priority=True),
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
