"""One line with the keys that do something just now, the focused widget's first; presses none."""

from typing import Any

from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from nl2sql_tui.text import content

_GAP = "  "
_NAMES = {
    "escape": "Esc",
    "slash": "/",
    "question_mark": "?",
    "dollar_sign": "$",
    "pageup": "PageUp",
    "pagedown": "PageDown",
}


def key_name(key: str) -> str:
    """A key as it is printed on a keyboard: "ctrl+r" is Ctrl+R."""
    first = key.split(",")[0]
    if first.startswith("ctrl+"):
        return f"Ctrl+{key_name(first.removeprefix('ctrl+')).capitalize()}"
    if len(first) == 1:
        return first
    is_function_key = first[0] == "f" and first[1:].isdigit()
    return _NAMES.get(first) or (first.upper() if is_function_key else first.capitalize())


class KeyBar(Widget):
    """As many keys as fit: those of the focused widget first, then its pane's, then the program's."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._on_bindings)

    def _on_bindings(self, _: Screen[Any]) -> None:
        self.refresh()

    def render(self) -> Content:
        """The keys that fit, each with what it does."""
        parts: list[Content] = []
        room = self.size.width
        for keys, words in live_keys(self.screen, only_shown=True):
            name = key_name(keys[0]).replace("Ctrl+", "^")
            part = Content.assemble((name, "$text-primary bold"), " ", content(words))
            needed = part.cell_length + (len(_GAP) if parts else 0)
            if needed <= room:
                parts.append(part)
                room -= needed
        return Content(_GAP).join(parts)


def live_keys(screen: Screen[Any], *, only_shown: bool) -> list[tuple[list[str], str]]:
    """(keys, what they do) for each thing that can be done now, from the focused widget outwards.

    Only this program's own bindings are listed, which are those with an id.
    """
    outwards = screen.focused.ancestors_with_self if screen.focused is not None else [screen, screen.app]
    found: list[tuple[int, int, Binding]] = []
    for active in screen.active_bindings.values():
        binding = active.binding
        if active.enabled and binding.id and binding.description and (binding.show or not only_shown):
            found.append((outwards.index(active.node), _written_place(active.node, binding), binding))
    keys: dict[str, list[str]] = {}
    for _, _, binding in sorted(found, key=lambda item: item[:2]):
        keys.setdefault(binding.description, []).append(binding.key)
    return [(names, words) for words, names in keys.items()]


def _written_place(node: DOMNode, binding: Binding) -> int:
    """Where the binding stands in its class; Textual puts keys that a base class binds too before the others."""
    written = [item.id for item in node.BINDINGS if isinstance(item, Binding)]
    return written.index(binding.id) if binding.id in written else len(written)
