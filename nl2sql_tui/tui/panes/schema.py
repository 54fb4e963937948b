"""The schema: reads the tables and counts their rows in the background, and filters what the tree shows."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import UserError
from nl2sql_tui.schema import Schema
from nl2sql_tui.text import content
from nl2sql_tui.tui.background import Stream
from nl2sql_tui.tui.messages import Flashed
from nl2sql_tui.tui.widgets.schema_tree import Entry, SchemaTree

ReadSchema = Callable[[], Schema]
CountRows = Callable[[Cancel], Iterable[tuple[str, int | None]]]

_DRAINS_PER_SECOND = 10
"""Row counts may come late and together."""


class SchemaPane(Vertical):
    """The tables, and a box that narrows them down."""

    help_text: ClassVar[str] = (
        "The tables and views of the database. Enter opens a table; pk marks its primary key, an arrow the column "
        "that a foreign key points to, the number at the right its rows.\n\n"
        "/ goes to the filter, which looks at table and column names. S writes a SELECT for the table into the SQL "
        "box. F5 reads the database again after another program has changed it."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority, so that what is typed right behind it goes to the filter already.
        Binding("slash", "focus_filter", "Filter", id="schema.filter", priority=True),
        Binding("r", "refresh", "Refresh", id="schema.refresh", show=False),
    ]

    def __init__(self, read: ReadSchema, count: CountRows) -> None:
        super().__init__(id="schema")
        self._read = read
        self._count = count
        self._reading: Stream[Schema] | None = None
        self._counting: Stream[tuple[str, int | None]] | None = None
        self._cancel = Cancel()
        self._timer: Timer | None = None
        self._asked_by_user = False
        self.border_title = Content("Schema")
        self.tables = SchemaTree()
        self._filter = FilterBox()
        self._message = Static(content("reading the tables…"), id="schema-message")
        self._detail = Static("", id="schema-detail")

    def compose(self) -> ComposeResult:
        yield self._filter
        yield self._message
        yield self.tables
        yield self._detail

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / _DRAINS_PER_SECOND, self._drain)
        self.read()

    def read(self) -> None:
        """Read the schema, and then the row counts, anew."""
        self._cancel.request()
        self._cancel = Cancel()
        self._counting = None
        self._reading = Stream("schema", lambda: [self._read()])
        if self._timer is not None:
            self._timer.resume()

    def action_refresh(self) -> None:
        """Read again because the user says that something changed."""
        self._asked_by_user = True
        self.read()

    def _drain(self) -> None:
        if self._reading is not None:
            self._drain_schema(self._reading)
        elif self._counting is not None:
            self._drain_counts(self._counting)
        elif self._timer is not None:
            self._timer.pause()

    def _drain_schema(self, reading: Stream[Schema]) -> None:
        schemas, ended, error = reading.take()
        if schemas:
            self._reading = None
            self._show(schemas[0])
        elif ended:
            self._reading = None
            self._say_error(error)

    def _show(self, schema: Schema) -> None:
        self.tables.show_schema(schema)
        self.border_title = Content.assemble("Schema", " · ", (f"{len(schema.tables):,}", "$foreground 60%"))
        self._say("" if schema.tables else "This database has no tables.")
        cancel = self._cancel
        self._counting = Stream("counts", lambda: self._count(cancel))
        if self._asked_by_user:
            self._asked_by_user = False
            self.post_message(Flashed(f"Read again: {len(schema.tables):,} tables and views."))

    def _drain_counts(self, counting: Stream[tuple[str, int | None]]) -> None:
        counts, ended, error = counting.take()
        for table, rows in counts:
            self.tables.show_count(table, rows)
        if ended:
            self._counting = None
            if error is not None:
                self.post_message(Flashed(error.message, warning=True))

    def _say_error(self, error: UserError | None) -> None:
        if error is not None:
            self._say(f"{error.message}\n{error.hint}".strip() + "\nF5 tries again.")
            self.post_message(Flashed(error.message, warning=True))

    def _say(self, words: str) -> None:
        self._message.update(content(words))
        self._message.display = bool(words)

    def action_focus_filter(self) -> None:
        self.screen.set_focus(self._filter)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the filter a slash is a letter."""
        if action == "focus_filter":
            return not self._filter.has_focus
        return super().check_action(action, parameters)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.tables.show_only(event.value)
        found = bool(self.tables.root.children) or not self.tables.schema.tables
        self._say("" if found else "No table or column has this in its name.")

    def on_tree_node_highlighted(self, event: SchemaTree.NodeHighlighted[Entry]) -> None:
        """Say in full what the narrow tree may cut."""
        event.stop()
        self._detail.update(content(self.tables.described(event.node)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.tables.focus()


class FilterBox(Input):
    """Where the filter is typed. Escape clears it, and in the empty box is left to the program."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear", id="filter.clear"),
        Binding("down", "to_tree", "To the tables", id="filter.down", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="filter", placeholder="/ filter", compact=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return action != "clear" or bool(self.value)

    def action_clear(self) -> None:
        self.value = ""

    def action_to_tree(self) -> None:
        self.screen.query_one(SchemaTree).focus()
