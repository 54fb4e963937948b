"""Shows tables with their columns, keys and row counts as a tree; reads no database."""

from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from nl2sql_tui.quoting import identifier
from nl2sql_tui.schema import Column, Schema, Table
from nl2sql_tui.text import shortened
from nl2sql_tui.tui.messages import CopyRequested, EditRequested

Entry = Table | Column

_LONGEST_NAME = 80
_ROWS_PEEKED = 100


class SchemaTree(Tree[Entry]):
    """Tables, collapsed; the columns of one are made when it is opened, so that many tables cost little."""

    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "

    COMPONENT_CLASSES: ClassVar[set[str]] = {"schema--type", "schema--key", "schema--count"}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", id="schema.open"),
        Binding("s", "peek", "SELECT rows", id="schema.peek"),
        Binding("y", "copy_name", "Copy name", id="schema.copy"),
        Binding("right,l", "expand", "Open", id="schema.expand", show=False),
        Binding("left,h", "collapse", "Close", id="schema.collapse", show=False),
        Binding("j", "cursor_down", "Down", id="schema.down", show=False),
        Binding("k", "cursor_up", "Up", id="schema.up", show=False),
        Binding("home,g", "scroll_home", "First", id="schema.first", show=False),
        Binding("end,G", "scroll_end", "Last", id="schema.last", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("", id="tree")
        self.show_root = False
        self.guide_depth = 2
        self.schema = Schema(())
        self.counts: dict[str, int | None] = {}
        self._filter = ""
        self._opened: set[str] = set()
        self._table_nodes: dict[str, TreeNode[Entry]] = {}

    def show_schema(self, schema: Schema) -> None:
        """Show other tables; those of the same name stay open."""
        self.schema = schema
        self.counts = {}
        self._rebuild()

    def show_count(self, table: str, rows: int | None) -> None:
        """Show how many rows a table has."""
        self.counts[table] = rows
        if table in self._table_nodes:
            self._table_nodes[table].refresh()

    def show_only(self, wanted: str) -> None:
        """Show the tables whose name, or one of whose columns' names, contains `wanted`; all for the empty text."""
        self._filter = wanted.casefold().strip()
        self._rebuild()

    def _rebuild(self) -> None:
        self.clear()
        self._table_nodes.clear()
        for table in self.schema.tables:
            named = self._filter in table.name.casefold()
            by_column = not named and any(self._filter in column.name.casefold() for column in table.columns)
            if named or by_column:
                node = self.root.add(Text(""), table, allow_expand=bool(table.columns))
                self._table_nodes[table.name] = node
                if by_column or table.name in self._opened:
                    self._fill(node, table)
                    node.expand()
        self.root.expand()
        if self.root.children:
            self.cursor_line = 0

    def _fill(self, node: TreeNode[Entry], table: Table) -> None:
        """Make the nodes of the table's columns: of a table found by its columns, only of those that match."""
        if node.children:
            return
        by_name = self._filter in table.name.casefold()
        for column in table.columns:
            if by_name or self._filter in column.name.casefold():
                node.add_leaf(Text(""), column)

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Entry]) -> None:
        if isinstance(event.node.data, Table):
            self._fill(event.node, event.node.data)
            if not self._filter:
                self._opened.add(event.node.data.name)
            if event.node is self.cursor_node:
                self.call_after_refresh(self._show_columns, event.node)

    def _show_columns(self, node: TreeNode[Entry]) -> None:
        """Bring the columns of an opened table into view, and the table in any case."""
        height = self.scrollable_content_region.height
        last = node.line + len(node.children)
        if node.is_expanded and last >= self.scroll_y + height:
            self.scroll_to(y=min(node.line, last - height + 1), animate=False)

    def on_tree_node_collapsed(self, event: Tree.NodeCollapsed[Entry]) -> None:
        if isinstance(event.node.data, Table) and not self._filter:
            self._opened.discard(event.node.data.name)

    # Labels

    def render_label(self, node: TreeNode[Entry], base_style: Style, style: Style) -> Text:  # noqa: ARG002
        """The table with its row count to the right, or the column with its type and keys."""
        entry = node.data
        if isinstance(entry, Table):
            return self._table_label(node, entry, style)
        if isinstance(entry, Column) and node.parent is not None and isinstance(node.parent.data, Table):
            return self._column_label(node.parent.data, entry, style)
        return Text("")

    def _table_label(self, node: TreeNode[Entry], table: Table, style: Style) -> Text:
        icon = self.ICON_NODE_EXPANDED if node.is_expanded else self.ICON_NODE
        name = shortened(table.name, _LONGEST_NAME)
        label = Text.assemble(icon if node.allow_expand else "  ", name, style=style)
        count = self.counts.get(table.name)
        note = "view" if table.is_view else "" if count is None else f"{count:,}"
        if note:
            room = self._room - cell_len(note) - 1
            label.truncate(max(1, room), overflow="ellipsis", pad=True)
            label.append(f" {note}", self._look("schema--count"))
        else:
            label.truncate(self._room, overflow="ellipsis")
        return label

    @property
    def _room(self) -> int:
        """Cells for the label of a table; that of a column has a guide before it."""
        return max(1, self.scrollable_content_region.width - 1)

    def _column_label(self, table: Table, column: Column, style: Style) -> Text:
        label = Text.assemble(shortened(column.name, _LONGEST_NAME), style=style)
        if column.declared_type:
            label.append(" " + shortened(column.declared_type.lower(), _LONGEST_NAME), self._look("schema--type"))
        if column.primary_key:
            label.append(" pk", self._look("schema--key"))
        for key in table.foreign_keys:
            if key.column == column.name:
                label.append(f" → {shortened(key.to_table, _LONGEST_NAME)}", self._look("schema--key"))
        label.truncate(max(1, self._room - self.guide_depth), overflow="ellipsis")
        return label

    def described(self, node: TreeNode[Entry]) -> str:
        """All there is to say about a node, in full; not yet safe to show."""
        entry, parent = node.data, node.parent
        if isinstance(entry, Table):
            kind = "view" if entry.is_view else "table"
            count = self.counts.get(entry.name)
            rows = "" if count is None else f", {count:,} rows"
            return f"{entry.name}: {kind} of {len(entry.columns)} columns{rows}"
        if entry is None or parent is None or not isinstance(parent.data, Table):
            return ""
        facts = [entry.declared_type or "no type"]
        facts += ["primary key"] * bool(entry.primary_key) + ["not null"] * entry.not_null
        facts += [f"→ {key.to_table}.{key.to_column}" for key in parent.data.foreign_keys if key.column == entry.name]
        return f"{entry.name}: {', '.join(facts)}"

    def _look(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def on_resize(self) -> None:
        # The counts stand at the right edge.
        self.root.refresh()

    # Keys

    @property
    def table(self) -> Table | None:
        """The table under the cursor, also from one of its columns."""
        node = self.cursor_node
        while node is not None and not isinstance(node.data, Table):
            node = node.parent
        return node.data if node is not None and isinstance(node.data, Table) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a table there is nothing to do."""
        if action in ("peek", "copy_name", "expand", "collapse"):
            return self.table is not None
        return super().check_action(action, parameters)

    def action_peek(self) -> None:
        """Write a statement that shows the table's rows; it runs when it is sent."""
        if self.table is not None:
            name = identifier(self.table.name)
            self.post_message(EditRequested(f"SELECT * FROM {name} LIMIT {_ROWS_PEEKED}"))

    def action_copy_name(self) -> None:
        """Copy the name under the cursor as SQL writes it."""
        node = self.cursor_node
        if node is not None and node.data is not None:
            self.post_message(CopyRequested(identifier(node.data.name), "the name"))

    def action_expand(self) -> None:
        if self.cursor_node is not None and self.cursor_node.allow_expand:
            self.cursor_node.expand()

    def action_collapse(self) -> None:
        """Close the table; from a column, go to its table first."""
        node = self.cursor_node
        if node is None:
            return
        if isinstance(node.data, Column) and node.parent is not None:
            self.move_cursor(node.parent)
        else:
            node.collapse()
