"""Shows SQL with colours while it arrives and afterwards; knows nothing of where it comes from."""

from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from nl2sql_tui.text import content
from nl2sql_tui.tui.highlight import SQL_CLASSES, sql_spans


class SqlView(Static):
    """A statement, wrapped to the width there is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(SQL_CLASSES)

    def __init__(self, sql: str = "") -> None:
        super().__init__()
        self.sql = sql

    def on_mount(self) -> None:
        self.show(self.sql)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.show(self.sql))

    def show(self, sql: str, tail: str = "") -> None:
        """Show `sql`, and behind it `tail`, which is not part of it: the mark of a text still arriving."""
        self.sql = sql
        if not self.is_mounted:
            return
        text = content(sql)
        # Spans are found in what is shown, so that glyphs in place of unsafe characters do not shift them.
        for start, end, name in sql_spans(text.plain):
            text = text.stylize(self.get_visual_style(name, partial=True), start, end)
        self.update(text + Content(tail) if tail else text)
